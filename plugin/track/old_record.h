/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_OLD_RECORD_H
#define TASKSTATS_OLD_RECORD_H

#include "kernel/message.h"
#include "track/tracker.h"

/*
 * Exit records before version 12 (Linux 5.19) lack the process of the thread
 * that has ended, and whether it was the last one. Process events supply both
 * (thread_owners.h).
 */

/* Whether a message is such a record, and can be completed. */
bool old_record_is(const struct tracker *tracker, const struct message *message)
    REQUIRES(tracker_mutex);

/* Adds what a record lacks, as far as it is known: tgid stays 0 if its process
 * is unknown. The thread ended at ended_ns or later, CLOCK_BOOTTIME. Must be
 * called once for each record. */
void old_record_complete(const struct tracker *tracker, struct message *message,
                         uint64_t ended_ns) REQUIRES(tracker_mutex);

#endif
