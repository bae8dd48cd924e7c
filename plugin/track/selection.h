/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_SELECTION_H
#define TASKSTATS_SELECTION_H

#include "kernel/procfs.h"
#include "track/join.h"
#include "track/sampler.h"
#include "track/tracker.h"

/*
 * The groups of a living process, from its attributes in procfs. The reader has
 * one, and the thread that takes process events another; each is used only by
 * its thread, including the functions without a lock.
 */

struct selection {
  struct tracker *tracker;
  struct sampler *sampler; /* the reader's; otherwise NULL */
  struct procfs *proc;
  uint64_t tick_ns;  /* of start times */
  uint64_t begin_ns; /* start of this read, or when the event is taken;
                        CLOCK_BOOTTIME */
  bool hears_events; /* in this read, events report all changes except a move to
                        another cgroup */

  struct pattern_work work; /* limits of matching */
  /* The last failure to match within the limit: the name of the rule, its
   * expression, and the limit. The strings are owned by the rule; or NULL. */
  const char *undecided_rule, *undecided_expression;
  enum pattern_result undecided_limit;

  /* Of the current process: */
  struct join join;
  uint32_t cgroup;  /* hash of its path; 0 if that is irrelevant */
  bool has_cgroups; /* they were read, for a group that collects them: */
  struct procfs_cgroups cgroups;
  int select_error; /* an attribute cannot be read, or matched within the limit
                       (EOVERFLOW), or not now (EAGAIN): a negative errno */
  bool is_pending;  /* a user that decides is not known yet, or EAGAIN */
  struct path_watch *executable; /* by which it was selected, or NULL */
};

/* Matches a process with all rules. If an attribute is missing, the process may
 * have started to end, and stat is updated. Returns false if it has ended.
 * Without the lock. */
bool selection_match(struct selection *selection, pid_t pid,
                     struct procfs_stat *stat) EXCLUDES(tracker_mutex);

/* Reads a process's stat, unless it is known not to answer. May hang. */
bool selection_read_stat(struct selection *selection, pid_t pid,
                         struct procfs_stat *stat) EXCLUDES(tracker_mutex);

/* Reads a process's stat again, if possible. Returns false if it has ended. */
bool selection_look_again(struct selection *selection, pid_t pid,
                          struct procfs_stat *stat);

/* Stores the device and inode in the kernel of the executable of a process that
 * was selected by its path: its exit record contains these. */
void selection_learn_executable(struct selection *selection, pid_t pid);

/* Stores the cgroups of a member, if they were read. */
void selection_note_cgroups(const struct selection *selection,
                            struct process *process) REQUIRES(tracker_mutex);

/* Whether a select_error means that a process could not be matched within the
 * limit. */
bool selection_is_undecided(int select_error);

/* When a process is to be matched next, in seconds since boot, depending on its
 * select_error. */
uint32_t selection_next_turn(const struct selection *selection,
                             const struct process *process);

/* Whether a process is due for matching. */
bool selection_is_due(const struct selection *selection,
                      const struct process *process);

/* Puts a process that was just matched into its groups. Its use before stays
 * where it was counted: a new member counts from its start if from_zero, else
 * from its clock_ns, or from now if that is unknown. If out of memory, this is
 * repeated later. */
void selection_assign_groups(struct selection *selection,
                             struct process *process,
                             const struct procfs_stat *stat, bool from_zero)
    REQUIRES(tracker_mutex);

/* Stores the identity of a process that was just matched. */
void selection_note_identity(const struct selection *selection,
                             struct process *process,
                             const struct procfs_stat *stat)
    REQUIRES(tracker_mutex);

/* Takes a process out of all groups. Only by the reader. */
void selection_drop_member(struct selection *selection, struct process *process)
    REQUIRES(tracker_mutex);

/* Whether a process was moved to another cgroup, if its cgroup determines its
 * groups. */
bool selection_has_moved(struct selection *selection,
                         const struct process *process);

/* Matches a process again, and puts it into its groups. clock_ns is its CPU
 * clock just now, which is stored if it can be matched. */
void selection_renew(struct selection *selection, struct process *process,
                     uint64_t clock_ns, bool from_zero) EXCLUDES(tracker_mutex);

#endif
