/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_GROUPS_H
#define TASKSTATS_EXIT_GROUPS_H

#include "kernel/procfs.h"
#include "select/pattern_work.h"
#include "track/exit_batch.h"
#include "track/exit_event.h"
#include "track/join.h"
#include "track/tracker.h"

/* A rule that the exit record of a process cannot decide. */
struct undecided_rule {
  const struct rule *rule;
  bool is_exclusion; /* it is open whether it leaves the process out */
};

/*
 * In which groups a process ends: those that a read has resolved; or, if none
 * has, or if the process has become something else since, those that its exit
 * record tells. Its usage and its exit are counted there. Belongs to the
 * listener's thread, and is used for one process after the other.
 */
struct exit_groups {
  /* The caller's; never change. */
  struct tracker *tracker;
  const struct exit_batch *batch;
  exit_sink *sink;
  void *context;

  /* Private: what matching has to ask, */
  struct pattern_work work;
  /* and of the process at hand its groups, and the rules that its exit record
   * cannot decide, of which there is room for all. */
  struct join join;
  struct undecided_rule *unknown;
  size_t unknown_count;
  bool is_matched; /* its exit record was asked at all */
};

/* Takes what is zeroed. All arguments stay the caller's and must outlive it.
 * Returns 0 or -ENOMEM; then it has to be cleared, too. */
int exit_groups_init(struct exit_groups *groups, struct tracker *tracker,
                     const struct exit_batch *batch, exit_sink *sink,
                     void *context);

/* Takes what is zeroed, or failed to be made. */
void exit_groups_clear(struct exit_groups *groups);

/* Begins the next batch, at this time of CLOCK_BOOTTIME: command lines are read
 * again, and matching may take as long as it may in the time since. */
void exit_groups_begin_batch(struct exit_groups *groups, uint64_t time_ns);

/* Begins the next process: no rule selects it so far. */
void exit_groups_begin_process(struct exit_groups *groups);

/* Works out which rules select the process, and reads with proc what they ask
 * for, which may hang. Returns whether one does. */
bool exit_groups_match(struct exit_groups *groups, struct procfs *proc,
                       const struct exit_info *info) EXCLUDES(tracker_mutex);

/* Whether one of the rules that were found collects the process's cgroups. */
bool exit_groups_collect_cgroups(const struct exit_groups *groups);

/* Counts the exit of a process, which is NULL if it is not known, and what it
 * used; sends the events (exit_event_send). Fills in the exit code of info.
 * is_added says whether its last thread was added to its usage already,
 * has_changed whether it has become something else since a read resolved its
 * groups. The process may be removed. */
void exit_groups_count_exit(struct exit_groups *groups, struct process *process,
                            struct exit_info *info, bool is_added,
                            bool has_changed) REQUIRES(tracker_mutex);

#endif
