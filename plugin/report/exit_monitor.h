/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_MONITOR_H
#define TASKSTATS_EXIT_MONITOR_H

#include "kernel/exit_listener.h"
#include "report/exit_log.h"
#include "report/notifier.h"
#include "track/exit_accounting.h"

/*
 * Receives exit records and process events, passes them to the accounting, and
 * sends notifications and log entries about exits.
 */

struct exit_monitor;

struct exit_monitor_options {
  const char *cpus;     /* a list such as "0-3,8" */
  bool watches_all;     /* the list contains all possible CPUs */
  size_t buffer;        /* bytes */
  uint32_t notify_rate; /* maximum of notifications per second and group */
  /* receives them; owned by the caller. NULL if no rule sends any */
  struct notifier *notifier;
  struct exit_log *log; /* receives all exits, if the tracker logs them; owned
                           by the caller */
  bool wants_events;    /* also receive process events */
  bool has_no_events; /* the kernel did not answer a previous monitor's request
                         for events: do not ask again */
};

/* The tracker and the strings remain owned by the caller. Returns 0 or a
 * negative errno as exit_listener_open. */
int exit_monitor_start(struct tracker *tracker,
                       const struct exit_monitor_options *options,
                       struct exit_monitor **monitor);

/* Whether a new start may succeed after this error: not if the cause is the
 * configuration, the kernel or the namespaces of the process. */
bool exit_monitor_may_recover(int error);

/* Returns false if its thread hangs: then everything that the thread may use
 * must not be freed. monitor may be NULL. */
bool exit_monitor_stop(struct exit_monitor *monitor);

/* Waits briefly for the self-test record, so that the first read knows whether
 * records are received. */
void exit_monitor_wait_for_proof(struct exit_monitor *monitor);

/* Why process events are not received: 0, also if they are disabled, or a
 * negative errno as process_events_open or process_events_next. */
int exit_monitor_events_error(const struct exit_monitor *monitor);

/* The number of process events that the kernel dropped because the buffer was
 * full. */
uint64_t exit_monitor_events_lost(const struct exit_monitor *monitor);

/* Must be called before each read, in the thread of the reads, as must start
 * and stop. */
void exit_monitor_begin_read(struct exit_monitor *monitor);

void exit_monitor_status(struct exit_monitor *monitor,
                         struct exit_listener_status *status);

#endif
