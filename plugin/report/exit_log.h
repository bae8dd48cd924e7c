/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_LOG_H
#define TASKSTATS_EXIT_LOG_H

#include "track/exit_event.h"

/*
 * A file with one line for each exit, written by its own thread, so that a file
 * system that hangs blocks nothing else. Exits that cannot be written are
 * dropped and counted. If the file was moved or removed, it is created again.
 */

struct exit_log;

enum { EXIT_LOG_QUEUE = 1024 }; /* exits that may be queued */

/* Copies the path and the host name. Returns 0 or a negative errno. */
int exit_log_start(const char *path, const char *host, struct exit_log **log);

/* Queues a copy of the exit, or drops it if the queue is full. Called once per
 * exit, not per group. */
void exit_log_put(struct exit_log *log, const struct exit_event *event)
    REQUIRES(tracker_mutex);

struct exit_log_status {
  /* Why the last line could not be written, a negative errno; -ETIMEDOUT while
   * a write hangs; or 0. */
  int error;
  uint64_t dropped; /* dropped exits */
};

/* Any thread. */
void exit_log_status(struct exit_log *log, struct exit_log_status *status);

/* Writes the queued exits and ends the thread. A thread that takes longer than
 * most_ms is abandoned, and ends by itself. Returns the number of dropped exits
 * in total. log may be NULL. */
uint64_t exit_log_stop(struct exit_log *log, unsigned int most_ms);

/* Writes the log line for an error. */
void exit_log_describe(int status, char *line, size_t size);

#endif
