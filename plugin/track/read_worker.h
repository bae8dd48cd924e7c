/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_READ_WORKER_H
#define TASKSTATS_READ_WORKER_H

#include "track/reader.h"

/*
 * Runs the reads in a thread of its own. If a process's file in /proc does not
 * answer (kernel/hang_guard.h), the thread is left behind, and another one
 * repeats the read without that process. The same if the thread that takes exit
 * records hangs so.
 *
 * One thread calls these functions.
 */

struct read_worker;

enum {
  /* How long a file may take to answer; and while another one does not. A
   * thread that waits for a CPU is not left behind. */
  READ_PATIENCE_MS = 400,
  READ_SHORT_PATIENCE_MS = 50,
  /* How many threads are left behind in one read; see HUNG_PROCESSES_MOST. */
  READ_HUNG_AT_ONCE = 8,
};

/* The reader and the tracker are the caller's, who does not use the reader
 * until read_worker_stop. Returns 0 or a negative errno. */
int read_worker_start(struct reader *reader, struct tracker *tracker,
                      struct read_worker **worker);

/* Reads once (reader_read). Returns -ETIMEDOUT if too many processes do not
 * answer, or another negative errno if no other thread can take over: then the
 * next call goes on with that read. */
int read_worker_read(struct read_worker *worker, struct reader_report *report);

/* Whether the next call goes on with a read: what that may use, the listener
 * too, must not be changed meanwhile. */
bool read_worker_is_reading(struct read_worker *worker);

/* Ends the thread. Returns false if its read hangs: then everything that it may
 * use must be left alone. Takes NULL. */
bool read_worker_stop(struct read_worker *worker);

#endif
