/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_ENDED_CHILD_H
#define TASKSTATS_ENDED_CHILD_H

#include "track/exit_info.h"
#include "track/tracker.h"

/* Records that a process has ended for which its parent may wait: the parent's
 * /proc/<pid>/io then includes its I/O. child is NULL if it is unknown. Returns
 * the parent, or NULL if that is unknown. */
struct process *ended_child_note(struct tracker *tracker,
                                 const struct exit_info *info,
                                 const struct process *child)
    REQUIRES(tracker_mutex);

#endif
