/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_CAUSE_H
#define TASKSTATS_EXIT_CAUSE_H

#include "track/exit_info.h"
#include "track/tracker.h"

/*
 * Whether the OOM killer killed a process, and the cgroups in which it ended.
 * Determined only if a group counts or reports it. Used by the listener's
 * thread, for one process at a time.
 */
struct exit_cause {
  /* When this was created, CLOCK_BOOTTIME, and how long the machine had been
   * suspended by then. */
  uint64_t since_ns, suspended_ns;
  bool is_kill;       /* it may have ended with SIGKILL */
  bool wants_cgroups; /* a group collects them */
  bool has_end;       /* its start is known, and with it its end */
  bool is_succeeded;  /* another process has had its pid since */
  struct procfs_cgroups known, found;
};

/* Must be called once, before any process. */
void exit_cause_init(struct exit_cause *cause);

/* Starts with the next process, which is NULL if it is unknown. */
void exit_cause_begin(struct exit_cause *cause, const struct exit_info *info,
                      const struct process *process) REQUIRES(tracker_mutex);

/* Reads what is available from proc, and sets oom and cgroups of info, which
 * remain owned by cause. */
void exit_cause_find(struct exit_cause *cause, struct tracker *tracker,
                     struct procfs *proc, struct exit_info *info)
    EXCLUDES(tracker_mutex);

#endif
