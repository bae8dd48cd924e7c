/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_OWNER_H
#define TASKSTATS_EXIT_OWNER_H

#include "track/exit_batch.h"
#include "track/tracker.h"

/*
 * Determines the process of an exit record. A record contains the pid and the
 * age of its process, but not its start time. If several processes with the pid
 * fit, the order in which records of one pid arrive decides, the parent, and
 * whether a process still existed when the record had arrived. The listener's
 * thread.
 */

/* The maximum time from the end of a thread to its record, if the whole machine
 * was stopped, in ns. */
#define EXIT_OWNER_STALL_NS UINT64_C(5000000000)

/* Whether the last thread of a process has ended: its exit is counted, or waits
 * for the record of the main thread. Any thread. */
bool exit_owner_has_ended(const struct process *process)
    REQUIRES(tracker_mutex);

/* The process whose thread has ended, and whose exit is not counted yet, or
 * NULL if it is unknown: a process whose record was sent at once is preferred
 * to one whose record was late. The record must be the next of the batch, or
 * one that has waited for it. */
struct process *exit_owner_find(const struct tracker *tracker,
                                const struct exit_batch *batch,
                                const struct exit_info *info)
    REQUIRES(tracker_mutex);

/* The process whose exit is counted and which lacks the record of a thread,
 * possibly this one, or NULL. Not for the main thread if its record has
 * arrived. Once a listing has shown the pid's next process, missing records are
 * lost. */
struct process *exit_owner_find_exited(const struct tracker *tracker,
                                       const struct exit_info *info)
    REQUIRES(tracker_mutex);

/* Adds an unknown process, in the announced state. Other processes with the pid
 * that have ended are earlier ones, those that have not are later ones: the
 * exit records of a pid arrive in the order of its processes. Returns NULL if
 * out of memory. */
struct process *exit_owner_enter(struct tracker *tracker,
                                 const struct exit_info *info)
    REQUIRES(tracker_mutex);

/* The number of processes with a thread's pid that end within the current
 * messages: its own, unless this is its last record, and later ones. */
unsigned int exit_owner_count_exits(const struct exit_batch *batch,
                                    const struct exit_info *info);

#endif
