/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_KNOWN_PROCESSES_H
#define TASKSTATS_KNOWN_PROCESSES_H

#include "track/selection.h"

/*
 * Whom a read has to look at that does not list /proc, because events have told
 * which processes there are: the members, and those of whom it is not known
 * what they are. Belongs to the reader's thread.
 */

/* Zeroed at first. */
struct known_processes {
  struct process **met; /* by an earlier read */
  pid_t *announced;     /* by an event only; some may be gone */
  size_t met_count, announced_count;
  size_t room; /* for each; 0 if memory is short */
};

/* Frees what was chosen. */
void known_processes_clear(struct known_processes *known);

/* Chooses them. Of all others it is noted that this read has seen them; those
 * that are known to be over are forgotten. If memory is short, some wait for
 * the next read. To be cleared once they have been looked at: after a storm
 * there are many. */
void known_processes_choose(struct known_processes *known,
                            struct selection *selection)
    EXCLUDES(tracker_mutex);

#endif
