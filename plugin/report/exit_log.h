/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_LOG_H
#define TASKSTATS_EXIT_LOG_H

#include "track/exit_event.h"

/*
 * A file with one line for each exit, written in a thread of its own: a file
 * system that hangs holds up nobody else. What cannot be written is dropped and
 * counted. A file that was moved or removed is made anew.
 */

struct exit_log;

enum { EXIT_LOG_QUEUE = 1024 }; /* exits that may wait */

/* The path and the name of the host are copied. Returns 0 or a negative errno.
 */
int exit_log_start(const char *path, const char *host, struct exit_log **log);

/* Queues a copy, or drops it if too many wait. The exit is one for all groups.
 */
void exit_log_put(struct exit_log *log, const struct exit_event *event)
    REQUIRES(tracker_mutex);

struct exit_log_status {
  /* Why the last line could not be written, a negative errno; -ETIMEDOUT while
   * the file does not answer; or 0. */
  int error;
  uint64_t dropped; /* exits */
};

/* Any thread. */
void exit_log_status(struct exit_log *log, struct exit_log_status *status);

/* Writes what waits, and ends the thread; one that takes longer than that is
 * left behind, and ends by itself. Returns how many were dropped in all. Takes
 * NULL. */
uint64_t exit_log_stop(struct exit_log *log, unsigned int most_ms);

/* What an administrator is told of an error. */
void exit_log_describe(int status, char *line, size_t size);

#endif
