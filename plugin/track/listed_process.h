/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_LISTED_PROCESS_H
#define TASKSTATS_LISTED_PROCESS_H

#include "track/selection.h"

/*
 * Identifies the processes in a listing: identity is pid and start time. Used
 * by the reader's thread.
 */

/* The number of the read that found a process, if none did; reads are counted
 * from 1. */
enum { LISTED_PROCESS_NO_READ = 0 };

/* The current process with the pid, as far as is known, if a read has found it;
 * or NULL. */
struct process *listed_process_find(struct tracker *tracker, pid_t pid)
    EXCLUDES(tracker_mutex);

/* A look at a process that no read may have found yet. */
struct listed_process {
  pid_t pid;
  uint32_t inode;     /* of /proc/<pid> */
  bool had_ended;     /* one with its pid was known to have ended */
  uint64_t looked_ns; /* before its stat was read; CLOCK_BOOTTIME */
  struct procfs_stat stat;
  bool is_matched; /* by listed_process_identify, since the look */
};

/* Looks at the process with the pid. Returns 0 or a negative errno. */
int listed_process_look(struct selection *selection, pid_t pid, uint32_t inode,
                        struct listed_process *look) EXCLUDES(tracker_mutex);

/* Identifies a process, and enters it if no read has found it: that is, matches
 * it and puts it into its groups. Since the look, the exit records that have
 * arrived must have been taken: any former process with its pid had ended.
 * Returns NULL if it has ended, or belongs to the listener only because it is
 * ending, or if out of memory. */
struct process *listed_process_identify(struct selection *selection,
                                        struct listed_process *look)
    EXCLUDES(tracker_mutex);

/* Records the threads of a process that no event has reported, if exit records
 * lack the processes of threads. */
void listed_process_note_threads(struct selection *selection,
                                 struct process *process)
    EXCLUDES(tracker_mutex);

/* After a complete listing: removes the threads of processes that have ended.
 */
void listed_process_forget_threads(struct selection *selection)
    REQUIRES(tracker_mutex);

/* Whether the CPU clock of a process that no listing contained shows for the
 * second time that it has ended: its records have then been taken. */
bool listed_process_has_vanished(struct process *process);

/* Handles a process that is not listed, or whose pid was reused. Returns
 * whether to keep it in the table; if not, its data was freed. */
bool listed_process_note_unlisted(struct selection *selection,
                                  struct process *process)
    REQUIRES(tracker_mutex);

#endif
