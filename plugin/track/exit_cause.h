/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_CAUSE_H
#define TASKSTATS_EXIT_CAUSE_H

#include "track/exit_info.h"
#include "track/tracker.h"

/*
 * What ended a process beside itself: whether the OOM killer did, and in which
 * cgroups it was by then. Asked only where a group counts or tells it. Belongs
 * to the listener's thread, and is used for one process after the other.
 */
struct exit_cause {
  bool is_kill;       /* it may have ended with SIGKILL */
  bool wants_cgroups; /* a group collects them */
  struct procfs_cgroups known, found;
};

/* Begins the next process, which is NULL if it is not known. */
void exit_cause_begin(struct exit_cause *cause, const struct exit_info *info,
                      const struct process *process) REQUIRES(tracker_mutex);

/* Reads what there is with proc, and fills in the oom and the cgroups of info,
 * which stay the cause's. */
void exit_cause_find(struct exit_cause *cause, struct tracker *tracker,
                     struct procfs *proc, struct exit_info *info)
    EXCLUDES(tracker_mutex);

#endif
