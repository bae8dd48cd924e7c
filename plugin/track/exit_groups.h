/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_GROUPS_H
#define TASKSTATS_EXIT_GROUPS_H

#include "kernel/procfs.h"
#include "select/pattern_work.h"
#include "track/exit_batch.h"
#include "track/exit_event.h"
#include "track/join.h"
#include "track/tracker.h"

/* A rule that cannot be decided from the exit record of a process. */
struct undecided_rule {
  const struct rule *rule;
  bool is_exclusion; /* it is unknown whether it excludes the process */
};

/*
 * The groups in which a process ends: those that a read has resolved; or, if
 * none has, or if the process has changed since, those determined from its exit
 * record. Its use and its exit are counted there. Used by the listener's
 * thread, for one process at a time.
 */
struct exit_groups {
  /* Owned by the caller; constant. */
  struct tracker *tracker;
  const struct exit_batch *batch;
  exit_sink *sink;
  void *context;

  /* Private: the limits of matching, */
  struct pattern_work work;
  /* the groups of the current process, and the rules that cannot be decided
   * from its exit record; the arrays have room for all rules. */
  struct join join;
  struct undecided_rule *unknown;
  size_t unknown_count;
  bool is_matched; /* its exit record was matched */
};

/* groups must be zeroed. All arguments remain owned by the caller and must stay
 * valid. Returns 0 or -ENOMEM; even then it must be cleared. */
int exit_groups_init(struct exit_groups *groups, struct tracker *tracker,
                     const struct exit_batch *batch, exit_sink *sink,
                     void *context);

/* groups may be zeroed, or may have failed to initialise. */
void exit_groups_clear(struct exit_groups *groups);

/* Starts with the next batch, at this time of CLOCK_BOOTTIME: command lines are
 * read again, and the time since the last batch limits matching. */
void exit_groups_begin_batch(struct exit_groups *groups, uint64_t time_ns);

/* Starts with the next process: no rule selects it so far. */
void exit_groups_begin_process(struct exit_groups *groups);

/* Determines which rules select the process, reading the attributes that they
 * need from proc, which may hang. Returns whether any rule does. */
bool exit_groups_match(struct exit_groups *groups, struct procfs *proc,
                       const struct exit_info *info) EXCLUDES(tracker_mutex);

/* Whether one of these rules collects the process's cgroups. */
bool exit_groups_collect_cgroups(const struct exit_groups *groups);

/* Counts the exit of a process, which is NULL if it is unknown, and its use;
 * sends the events (exit_event_send). Sets the exit code of info. is_added: its
 * last thread was already added to its use. has_changed: it has changed since a
 * read resolved its groups. May remove the process. */
void exit_groups_count_exit(struct exit_groups *groups, struct process *process,
                            struct exit_info *info, bool is_added,
                            bool has_changed) REQUIRES(tracker_mutex);

#endif
