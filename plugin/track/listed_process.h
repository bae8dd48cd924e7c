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

/* Finds out which process has the pid, and enters it if no read has met it:
 * that is matched, and put into its groups. inode is that of /proc/<pid>.
 * Returns NULL if it is gone, or is the listener's alone because it is ending,
 * or if memory is short. error is a negative errno if its files must not be
 * read, else as it was. */
struct process *listed_process_identify(struct selection *selection, pid_t pid,
                                        uint32_t inode, int *error)
    EXCLUDES(tracker_mutex);

/* A process is not listed, or its pid is another one's. Returns whether to keep
 * it in the table; if not, what was kept for it is freed. */
bool listed_process_note_unlisted(struct selection *selection,
                                  struct process *process)
    REQUIRES(tracker_mutex);

#endif
