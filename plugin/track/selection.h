/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_SELECTION_H
#define TASKSTATS_SELECTION_H

#include "kernel/procfs.h"
#include "track/join.h"
#include "track/sampler.h"
#include "track/tracker.h"

/*
 * Which groups a process belongs to that lives: by what procfs tells of it. The
 * reader has one, and who takes process events another; each belongs to its
 * thread, also the functions without a lock.
 */

struct selection {
  struct tracker *tracker;
  struct sampler *sampler; /* the reader's; else NULL */
  struct procfs *proc;
  uint64_t tick_ns;  /* of start times */
  uint64_t begin_ns; /* of this read, or when the event is taken;
                      * CLOCK_BOOTTIME */
  bool hears_events; /* in this read: they tell of all changes but of a move to
                      * another cgroup */

  struct pattern_work work; /* of matching */
  /* The last that could not be matched within the limit: the name of the rule,
   * its expression, and the limit. They are the rule's; or NULL. */
  const char *undecided_rule, *undecided_expression;
  enum pattern_result undecided_limit;

  /* Of the process at hand: */
  struct join join;
  uint32_t cgroup;  /* hash of its path; 0 if that did not matter */
  bool has_cgroups; /* they were read, for a group that collects them: */
  struct procfs_cgroups cgroups;
  int select_error; /* what it is cannot all be read, or not be matched within
                     * the limit (EOVERFLOW), or not now (EAGAIN): a negative
                     * errno */
  bool is_pending;  /* a user that decides is not known yet, or EAGAIN */
  struct path_watch *executable; /* by which it was selected, or NULL */
};

/* Matches a process with all rules. If something about it was missing, it may
 * have begun to end, and stat is what it is now. Returns false if it is gone.
 * Without the lock. */
bool selection_match(struct selection *selection, pid_t pid,
                     struct procfs_stat *stat) EXCLUDES(tracker_mutex);

/* Reads a process's stat once more, if that can be had. Returns false if it is
 * gone. */
bool selection_look_again(struct selection *selection, pid_t pid,
                          struct procfs_stat *stat);

/* Remembers by which device and inode the kernel knows the executable of a
 * process that was selected by its path: that is what its exit record has. */
void selection_learn_executable(struct selection *selection, pid_t pid);

/* Notes in which cgroups a member is, if that was read. */
void selection_note_cgroups(const struct selection *selection,
                            struct process *process) REQUIRES(tracker_mutex);

/* Whether a select_error says that a process could not be matched within the
 * limit. */
bool selection_is_undecided(int select_error);

/* When a process is to be matched next, in seconds after boot; by its
 * select_error. */
uint32_t selection_next_turn(const struct selection *selection,
                             const struct process *process);

/* Whether a process's turn has come. */
bool selection_is_due(const struct selection *selection,
                      const struct process *process);

/* Puts a process that was just matched into its groups. What it used before
 * stays where it was counted. If memory is short it is tried again. */
void selection_assign_groups(struct selection *selection,
                             struct process *process,
                             const struct procfs_stat *stat, bool from_zero)
    REQUIRES(tracker_mutex);

/* Notes what a process is that was just matched. */
void selection_note_identity(const struct selection *selection,
                             struct process *process,
                             const struct procfs_stat *stat)
    REQUIRES(tracker_mutex);

/* Takes a process out of all groups. The reader's. */
void selection_drop_member(struct selection *selection, struct process *process)
    REQUIRES(tracker_mutex);

/* Whether a process was moved, if its cgroup decided about its groups. */
bool selection_has_moved(struct selection *selection,
                         const struct process *process);

/* Matches a process anew, and puts it into its groups. clock_ns is what its CPU
 * clock showed just now, which is noted if it can be matched. */
void selection_renew(struct selection *selection, struct process *process,
                     uint64_t clock_ns, bool from_zero) EXCLUDES(tracker_mutex);

#endif
