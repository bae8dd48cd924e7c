/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_WATCH_H
#define TASKSTATS_EXIT_WATCH_H

#include "collectd/settings.h"
#include "report/exit_monitor.h"

/*
 * The exit monitor as configured: starts it, replaces it after a failure, and
 * logs what the kernel dropped. One thread at a time.
 */

/* A number that is logged when it has grown. */
struct exit_watch_loss {
  uint64_t count;  /* including previous monitors */
  uint64_t former; /* previous monitors only */
  uint64_t logged;
  double logged_at; /* seconds of CLOCK_MONOTONIC; 0: never */
};

struct exit_watch {
  /* Set and owned by the caller: */
  const struct settings *settings;
  struct tracker *tracker;
  struct notifier *notifier; /* NULL if no group sends notifications */

  /* To be read by the caller: */
  struct exit_log *log;         /* NULL if not configured */
  struct exit_monitor *monitor; /* NULL if it is not running */
  int error;                    /* the reason: 0 or a negative errno */
  uint64_t records; /* received, including those of previous monitors */
  struct exit_watch_loss lost_records, lost_events;
  /* processes and changes that no event reported */
  struct exit_watch_loss missed;
  struct exit_watch_loss unwritten; /* exits that are missing in the log */
  int rejection; /* why the last invalid record could not be decoded */

  /* Private: */
  uint64_t former_records;
  bool has_no_events; /* the kernel did not answer the request for events */
  bool has_logged_untried, has_logged_cpus;
};

/* Starts the exit log, if one is configured. Must be called before the monitor
 * is started. */
void exit_watch_start_log(struct exit_watch *watch);

/* As exit_log_stop. Must be called after the monitor was stopped. Logs what was
 * dropped. */
void exit_watch_stop_log(struct exit_watch *watch, unsigned int most_ms);

/* Why exits cannot be written: 0 or a negative errno. */
int exit_watch_log_error(const struct exit_watch *watch);

/* Starts a monitor. If that fails, sets error, and logs nothing. */
void exit_watch_start(struct exit_watch *watch);

/* As exit_monitor_stop. */
bool exit_watch_stop(struct exit_watch *watch);

/* Reads the monitor's counters, and starts another monitor if it failed or
 * could not be started before. Must be called before each read. */
void exit_watch_check(struct exit_watch *watch);

/* Logs what was lost since the last such line, at most once a minute. missed is
 * the number of processes and changes that no event reported (struct tracker).
 */
void exit_watch_log_losses(struct exit_watch *watch, uint64_t missed);

#endif
