/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_ENDED_CHILD_H
#define TASKSTATS_ENDED_CHILD_H

#include "track/exit_info.h"
#include "track/tracker.h"

/* Notes that a process has ended, for which its parent may wait: what it has
 * read and written shows in the parent's /proc/<pid>/io then. child is NULL if
 * it is not known. Returns the parent, or NULL if that is not known. */
struct process *ended_child_note(struct tracker *tracker,
                                 const struct exit_info *info,
                                 const struct process *child)
    REQUIRES(tracker_mutex);

#endif
