/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_READER_H
#define TASKSTATS_READER_H

#include "track/reader_report.h"
#include "track/tracker.h"

/*
 * A read: finds all processes, selects them, samples the members that ran, and
 * adds their use to their groups. Used by one thread.
 */

struct reader;

/* root is "/proc" except in tests; the tracker remains owned by the caller.
 * Returns 0 or a negative errno. */
int reader_create(const char *root, struct tracker *tracker,
                  struct reader **reader);

/* reader may be NULL. Must be called before the tracker is destroyed. */
void reader_destroy(struct reader *reader);

/* Requests the users of all processes from the user cache, so that the first
 * read knows them. */
void reader_look_up_users(struct reader *reader);

/* Reads once. boot_ns is the current time, CLOCK_BOOTTIME. */
void reader_read(struct reader *reader, uint64_t boot_ns,
                 struct reader_report *report) EXCLUDES(tracker_mutex);

/* The procfs that it reads, for monitoring. */
struct procfs *reader_proc(const struct reader *reader);

/* Must be called after the read's thread was abandoned. The next read uses
 * again, and repeats everything that this one has not finished; if the reader
 * was reading the process that did not answer, everything about it is read
 * again. */
void reader_abandon_read(struct reader *reader, struct procfs *again,
                         pid_t hung);

/* Sets kernel.task_delayacct to 1. Returns 1 if it was 0, 0 if it was already
 * 1, or a negative errno. */
int reader_enable_delay_accounting(struct reader *reader)
    EXCLUDES(tracker_mutex);

#endif
