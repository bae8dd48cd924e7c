/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_JOIN_H
#define TASKSTATS_JOIN_H

#include "track/tracker.h"

/* A rule that excludes the process, even as a descendant; or of which that is
 * unknown. */
struct join_exclusion {
  const struct rule *rule;
  bool is_sure;
};

/*
 * Determines the groups of a process, and makes it their member. One per
 * thread: used for one process at a time.
 */
struct join {
  struct tracker *tracker;
  /* Each has room for the number of rules. */
  struct match *matches; /* to be filled by the caller */
  size_t match_count;
  struct join_exclusion *excluded; /* the same */
  size_t excluded_count;
  struct membership *inherited, *memberships;
  size_t inherited_count, count;
  bool is_short; /* there is no memory for some of these groups */
};

/* Starts with the next process: so far, no rule selects or excludes it. */
void join_begin(struct join *join);

/* Stores what the next of the matches says about its rule, and keeps it if the
 * rule selects the process. */
void join_note_match(struct join *join, const struct rule *rule,
                     enum selector_match result);

/* Whether a process inherits by a rule of which it is unknown whether it
 * excludes the process. After the groups were determined. */
bool join_is_in_doubt(const struct join *join);

/* Sets that it is unknown whether any rule excludes the process. */
void join_doubt_exclusions(struct join *join);

/* Resolves unknown exclusions as for another process, of which this one is a
 * copy, or as for the process itself before it changed its name. */
void join_settle_exclusions(struct join *join, const struct member *model,
                            bool has_other_name) REQUIRES(tracker_mutex);

/* Copies the exclusions of another process. */
void join_copy_exclusions(struct join *join, const struct member *member)
    REQUIRES(tracker_mutex);

/* Whether a process inherits by a rule, after the groups were determined. */
bool join_inherits(const struct join *join, const struct rule *rule);

/* Returns 0 or -ENOMEM. */
int join_init(struct join *join, struct tracker *tracker);

/* join may be zeroed, or may have failed to initialise. */
void join_clear(struct join *join);

/* Determines the groups of a process, or of one not entered yet (NULL): those
 * that it inherits, if it has none so far from the process that had its
 * parent's pid at this time since boot, and those of the matches. (A process
 * that adopts an orphan is also its ancestor.) */
void join_work_out(struct join *join, const struct process *process, pid_t ppid,
                   uint64_t time_ns) REQUIRES(tracker_mutex);

/* Determines the groups of a process that its parent has just forked: it is a
 * copy of the parent. By rules with Descendants, it inherits. Returns false if
 * a group's name depends on its pid, in which case that group is left out; or
 * if a rule excludes the parent by its pid. */
bool join_copy(struct join *join, const struct process *parent)
    REQUIRES(tracker_mutex);

/* Whether a process belongs to no group. */
static inline bool join_is_empty(const struct join *join) {
  return join->count == 0 && !join->is_short;
}

/* Makes a process a member of exactly these groups. A new member counts from
 * its start if from_zero, else from now. Returns false if out of memory, also
 * for one of the groups: then nothing has changed. */
bool join_admit(const struct join *join, struct process *process,
                bool from_zero) REQUIRES(tracker_mutex);

#endif
