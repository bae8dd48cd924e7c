/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_READ_WORKER_H
#define TASKSTATS_READ_WORKER_H

#include "track/reader.h"

/*
 * Runs reads in a separate thread. If a process's file in /proc does not answer
 * (kernel/hang_guard.h), the thread is abandoned, and another one repeats the
 * read without that process. The same applies if the thread that takes exit
 * records hangs.
 *
 * These functions must be called by one thread.
 */

struct read_worker;

enum {
  /* How long a file may take to answer; and the same while another one does not
   * answer. A thread that waits for a CPU is not abandoned. */
  READ_PATIENCE_MS = 400,
  READ_SHORT_PATIENCE_MS = 50,
  /* The maximum number of threads abandoned in one read; see
   * HUNG_PROCESSES_MOST. */
  READ_HUNG_AT_ONCE = 8,
};

/* The reader and the tracker remain owned by the caller, who must not use the
 * reader until read_worker_stop. Returns 0 or a negative errno. */
int read_worker_start(struct reader *reader, struct tracker *tracker,
                      struct read_worker **worker);

/* Reads once (reader_read). Returns -ETIMEDOUT if too many processes do not
 * answer, -EINPROGRESS if the read takes longer than most_ms, or another
 * negative errno if no other thread can take over: the next call then continues
 * that read. */
int read_worker_read(struct read_worker *worker, unsigned int most_ms,
                     struct reader_report *report);

/* Whether the next call continues a read: what that read may use, including the
 * listener, must not be changed meanwhile. */
bool read_worker_is_reading(struct read_worker *worker);

/* Ends the thread, and, permanently, the drains (struct drain). Returns false
 * if its read hangs: then everything that it may use must not be freed. worker
 * may be NULL. */
bool read_worker_stop(struct read_worker *worker);

#endif
