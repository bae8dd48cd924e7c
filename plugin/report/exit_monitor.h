/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_MONITOR_H
#define TASKSTATS_EXIT_MONITOR_H

#include "kernel/exit_listener.h"
#include "report/exit_log.h"
#include "report/notifier.h"
#include "track/exit_accounting.h"

/*
 * Listens for exit records and process events, has them accounted for, and says
 * how processes ended.
 */

struct exit_monitor;

struct exit_monitor_options {
  const char *cpus;          /* such as "0-3,8" */
  bool watches_all;          /* these are all that there may be */
  size_t buffer;             /* bytes */
  uint32_t notify_rate;      /* notices a second and group */
  struct notifier *notifier; /* takes them; the caller's. NULL if no rule wants
                              * any */
  struct exit_log *log;      /* takes all exits, if the tracker logs them; the
                              * caller's */
  bool wants_events;         /* process events, too */
  bool has_no_events;        /* the kernel did not answer a former monitor that
                              * asked for them: it is not asked again */
};

/* The tracker and the texts stay the caller's. Returns 0 or a
 * negative errno as exit_listener_open. */
int exit_monitor_start(struct tracker *tracker,
                       const struct exit_monitor_options *options,
                       struct exit_monitor **monitor);

/* Whether it is of use to start again after this error: it is not where the
 * configuration, the kernel or the namespaces of the process are the cause. */
bool exit_monitor_may_recover(int error);

/* Returns false if its thread hangs: then everything that it may use must be
 * left alone. Takes NULL. */
bool exit_monitor_stop(struct exit_monitor *monitor);

/* Waits a moment for the first record, so that the first read is sure whether
 * any arrive. */
void exit_monitor_wait_for_proof(struct exit_monitor *monitor);

/* Why process events do not arrive, or not any more: 0, also if they are not
 * wanted, or a negative errno as process_events_open or process_events_next. */
int exit_monitor_events_error(const struct exit_monitor *monitor);

/* How many process events the kernel had to drop for want of buffer. */
uint64_t exit_monitor_events_lost(const struct exit_monitor *monitor);

/* To be called before each read, in its thread, as start and stop are. */
void exit_monitor_begin_read(struct exit_monitor *monitor);

void exit_monitor_status(struct exit_monitor *monitor,
                         struct exit_listener_status *status);

#endif
