/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_KNOWN_PROCESSES_H
#define TASKSTATS_KNOWN_PROCESSES_H

#include "track/selection.h"

/*
 * The processes that a read without a listing of /proc has to look at, because
 * events have reported which exist: the members, and those whose attributes are
 * unknown. Used by the reader's thread.
 */

/* Zeroed before use. */
struct known_processes {
  size_t room;          /* maximum number in each array */
  struct process **met; /* known from an earlier read; NULL: no memory */
  pid_t *announced;     /* known from an event only; some may have ended */
  size_t met_count, announced_count;
};

/* Frees the choice. */
void known_processes_clear(struct known_processes *known);

/* Chooses them. Marks all others as seen by this read; removes those that are
 * known to have ended. If memory is short, some wait for the next read. Must be
 * cleared after they were looked at: after a storm there are many. */
void known_processes_choose(struct known_processes *known,
                            struct selection *selection)
    EXCLUDES(tracker_mutex);

#endif
