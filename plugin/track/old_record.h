/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_OLD_RECORD_H
#define TASKSTATS_OLD_RECORD_H

#include "kernel/message.h"
#include "kernel/process_events.h"
#include "track/exit_batch.h"
#include "track/tracker.h"

/*
 * Exit records before version 12 (Linux 5.19) lack the process of the thread
 * that has ended, its age, and whether the thread was the last one. Process
 * events supply these (thread_owners.h).
 *
 * The record of the last thread of a process that ever had several has a part
 * for the process (taskstats_exit in the kernel). One without it is that of a
 * whole process if the id is a process's that never had another thread; else
 * that of a thread that ended before others.
 *
 * Only if tracker->threads is not NULL.
 */

/* Whether a message is such a record, and can be completed. */
bool old_record_is(const struct tracker *tracker, const struct message *message)
    REQUIRES(tracker_mutex);

/* Must be called when a process has got an id, according to an event: threads
 * that had it and started long before have ended, whether or not their records
 * came. (If one of them ended just before, and its record is in the same batch
 * as this event, its process is unknown.) */
void old_record_note_id(struct tracker *tracker, pid_t id, uint64_t time_ns)
    REQUIRES(tracker_mutex);

/* Records that a process has a new thread, according to an event. */
void old_record_note_thread(struct tracker *tracker,
                            const struct process_event *event)
    REQUIRES(tracker_mutex);

/* Records the threads that a process had at a time, CLOCK_BOOTTIME. If records
 * were taken since (tracker->old_records), threads that have ended may be among
 * them. */
void old_record_note_threads(struct tracker *tracker, struct process *process,
                             const uint32_t *tids, size_t count,
                             uint64_t time_ns) REQUIRES(tracker_mutex);

/* Adds what a record lacks, as far as it is known: tgid stays 0 if its process
 * is unknown. Must be called for each record, with a copy of the next of the
 * batch. (If that is repeated for the last thread of a process that hung, the
 * age is no longer exact.) */
void old_record_complete(struct tracker *tracker,
                         const struct exit_batch *batch,
                         struct message *message) REQUIRES(tracker_mutex);

#endif
