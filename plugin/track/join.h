/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_JOIN_H
#define TASKSTATS_JOIN_H

#include "track/tracker.h"

/* A rule that leaves the process out, though it may be a descendant; or of
 * which that is not known. */
struct join_exclusion {
  const struct rule *rule;
  bool is_sure;
};

/*
 * Works out to which groups a process belongs, and makes it their member. One a
 * thread: it is used for one process after the other.
 */
struct join {
  struct tracker *tracker;
  /* Each has room for as many as there are rules. */
  struct match *matches; /* the caller's to fill */
  size_t match_count;
  struct join_exclusion *excluded; /* the same */
  size_t excluded_count;
  struct membership *inherited, *memberships;
  size_t inherited_count, count;
};

/* Begins the next process: no rule selects it, or leaves it out, so far. */
void join_begin(struct join *join);

/* Notes what the next of the matches says of its rule, and keeps it if the rule
 * selects the process. */
void join_note_match(struct join *join, const struct rule *rule,
                     enum selector_match result);

/* Whether a process inherits by a rule of which it is not known whether it
 * leaves the process out. Once its groups are worked out. */
bool join_is_in_doubt(const struct join *join);

/* It is not known of any rule whether it leaves the process out. */
void join_doubt_exclusions(struct join *join);

/* Decides what is not known of that as it was for another process, of which
 * this one is a copy, or for itself, before it changed its name. */
void join_settle_exclusions(struct join *join, const struct member *model,
                            bool has_other_name) REQUIRES(tracker_mutex);

/* Leaves a process out of what another one was left out of. */
void join_copy_exclusions(struct join *join, const struct member *member)
    REQUIRES(tracker_mutex);

/* Whether a process inherits by a rule, once its groups are worked out. */
bool join_inherits(const struct join *join, const struct rule *rule);

/* Returns 0 or -ENOMEM. */
int join_init(struct join *join, struct tracker *tracker);

/* Takes what is zeroed, or failed to be made. */
void join_clear(struct join *join);

/* Fills in the groups of a process, or of one not entered yet (NULL): those
 * that it inherits, if it has none so far from whom its parent was at that time
 * after boot, and those of the matches. (Who adopts an orphan is its ancestor,
 * too.) */
void join_work_out(struct join *join, const struct process *process, pid_t ppid,
                   uint64_t time_ns) REQUIRES(tracker_mutex);

/* Fills in the groups of a process that its parent has just forked: it is a
 * copy of that. By the rules that want descendants it inherits. Returns false
 * if the name of one of the groups depends on its pid, and then that is left
 * out; or if a rule leaves the parent out by its pid. */
bool join_copy(struct join *join, const struct process *parent)
    REQUIRES(tracker_mutex);

/* Makes a process a member of these groups and no others. If it is none yet it
 * counts from its start, or else from now. Returns false if memory is short:
 * then it stays what it was. */
bool join_admit(const struct join *join, struct process *process,
                bool from_zero) REQUIRES(tracker_mutex);

#endif
