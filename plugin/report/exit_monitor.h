/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_MONITOR_H
#define TASKSTATS_EXIT_MONITOR_H

#include "kernel/exit_listener.h"
#include "report/notifier.h"
#include "track/exit_accounting.h"

/*
 * Listens for exit records, books them, and says how processes ended.
 */

struct watcher;

struct watcher_options {
  const char *cpus;        /* such as "0-3,8" */
  size_t buffer;           /* bytes */
  uint32_t notify_rate;    /* notices a second and group */
  struct speaker *speaker; /* takes them; the caller's. NULL if no rule wants
                            * any */
};

/* The ledger and the texts stay the caller's. Returns 0 or a
 * negative errno as listener_start. */
int watcher_start(struct ledger *ledger, const struct watcher_options *options,
                  struct watcher **watcher);

/* Takes NULL. */
void watcher_stop(struct watcher *watcher);

/* Waits a moment for the first record, so that the first read is sure whether
 * any arrive. */
void watcher_wait_for_proof(struct watcher *watcher);

/* Why forks are not heard of, or not any more: 0, also if no rule wants
 * descendants, or a negative errno as forks_open or forks_drain. */
int watcher_forks_error(const struct watcher *watcher);

/* How many process events the kernel had to drop for want of buffer: forks and
 * execs; before Linux 6.6 those of any other kind, too. */
uint64_t watcher_forks_lost(const struct watcher *watcher);

/* To be called before and after each read. */
void watcher_begin_read(struct watcher *watcher);
void watcher_end_read(struct watcher *watcher);

void watcher_status(struct watcher *watcher, struct listener_status *status);

#endif
