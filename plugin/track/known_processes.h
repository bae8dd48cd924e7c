/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_KNOWN_PROCESSES_H
#define TASKSTATS_KNOWN_PROCESSES_H

#include "track/selection.h"

/*
 * Whom a read has to look at that does not list /proc, because events have told
 * which processes there are: the members, and those of whom it is not known
 * what they are. Belongs to the reader's thread.
 */

struct known_process {
  pid_t pid;
  struct process *process; /* NULL: no read has met it, and it may be gone */
};

/* Zeroed at first. */
struct known_processes {
  struct known_process *processes;
  size_t count, room;
};

void known_processes_clear(struct known_processes *known);

/* Chooses them. Of all others it is noted that this read has seen them; those
 * that are known to be over are forgotten. If memory is short, some wait for
 * the next read. */
void known_processes_choose(struct known_processes *known,
                            struct selection *selection)
    EXCLUDES(tracker_mutex);

#endif
