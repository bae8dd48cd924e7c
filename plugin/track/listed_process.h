/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_LISTED_PROCESS_H
#define TASKSTATS_LISTED_PROCESS_H

#include "track/selection.h"

/*
 * Which process it is that a listing shows: its identity is pid and start time.
 * Belongs to the reader's thread.
 */

/* The read that has found a process, if none has; reads are counted from 1. */
enum { LISTED_PROCESS_NO_READ = 0 };

/* The process that has the pid now, as far as is known, if a read has met it;
 * or NULL. */
struct process *listed_process_find(struct tracker *tracker, pid_t pid)
    EXCLUDES(tracker_mutex);

/* Finds out which process has the pid, and enters it if no read has met it:
 * that is matched, and put into its groups. inode is that of /proc/<pid>.
 * Returns NULL if it is gone, or is the listener's alone because it is ending,
 * or if memory is short. error is a negative errno if its files must not be
 * read, else as it was. */
struct process *listed_process_identify(struct selection *selection, pid_t pid,
                                        uint32_t inode, int *error)
    EXCLUDES(tracker_mutex);

/* After a complete listing: forgets the threads of processes that are gone. */
void listed_process_forget_threads(struct tracker *tracker)
    REQUIRES(tracker_mutex);

/* Whether the CPU clock of a process that no listing has shown says that it is
 * gone; for the second time: then its records have been taken since. */
bool listed_process_has_vanished(struct process *process);

/* A process is not listed, or its pid is another one's. Returns whether to keep
 * it in the table; if not, what was kept for it is freed. */
bool listed_process_note_unlisted(struct selection *selection,
                                  struct process *process)
    REQUIRES(tracker_mutex);

#endif
