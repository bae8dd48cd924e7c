/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_WATCH_H
#define TASKSTATS_EXIT_WATCH_H

#include "collectd/settings.h"
#include "report/exit_monitor.h"

/*
 * The exit monitor as configured: starts it, replaces it when it has broken,
 * and logs what the kernel dropped. One thread at a time.
 */

/* What the kernel dropped because the buffer was full. */
struct exit_watch_loss {
  uint64_t count;  /* of former monitors, too */
  uint64_t former; /* of those alone */
  uint64_t logged;
  double logged_at; /* seconds of CLOCK_MONOTONIC; 0 for never */
};

struct exit_watch {
  /* Set by the caller, who keeps them: */
  const struct settings *settings;
  struct tracker *tracker;
  struct notifier *notifier; /* NULL if no group notifies */

  /* To be read: */
  struct exit_log *log;         /* NULL if there is none */
  struct exit_monitor *monitor; /* NULL while nobody listens */
  int error;                    /* why: 0 or a negative errno */
  uint64_t records;             /* received; of former monitors, too */
  struct exit_watch_loss lost_records, lost_events;
  struct exit_watch_loss missed;    /* processes and changes, by events */
  struct exit_watch_loss unwritten; /* exits, by the log */
  int rejection; /* why the last record not understood was not */

  /* Private: */
  uint64_t former_records;
  bool has_no_events; /* the kernel did not answer */
  bool has_logged_untried, has_logged_cpus;
};

/* Starts the log of all exits, if one is configured; before the monitor. */
void exit_watch_start_log(struct exit_watch *watch);

/* As exit_log_stop; after the monitor. Logs what was dropped. */
void exit_watch_stop_log(struct exit_watch *watch, unsigned int most_ms);

/* Why exits cannot be written: 0 or a negative errno. */
int exit_watch_log_error(const struct exit_watch *watch);

/* Starts a monitor. Sets error if that fails, and logs nothing of it. */
void exit_watch_start(struct exit_watch *watch);

/* As exit_monitor_stop. */
bool exit_watch_stop(struct exit_watch *watch);

/* Takes the monitor's figures, and starts another one if it has broken, or if
 * none could be started. To be called before each read. */
void exit_watch_check(struct exit_watch *watch);

/* Logs what was lost since the last line about it, once a minute at most.
 * missed is how much process events have not reported (struct tracker). */
void exit_watch_log_losses(struct exit_watch *watch, uint64_t missed);

#endif
