/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_BATCH_H
#define TASKSTATS_EXIT_BATCH_H

#include "kernel/message.h"
#include "track/exit_info.h"
#include "track/exited_threads.h"

#include <stddef.h>

/*
 * Exit records that are accounted for together, because they had all arrived
 * when the socket was read. Used by the listener's thread; only
 * exit_accounting.c changes it.
 */
struct exit_batch {
  /* In the order of their arrival, of which taken are accounted for; owned by
   * the caller of exit_accounting_take. */
  const struct message *messages;
  size_t count, taken;

  /* When their threads ended: CLOCK_BOOTTIME, and CLOCK_MONOTONIC. */
  struct exit_info_when when;
  struct exited_threads_when when_monotonic;

  /* Constant: the kernel's sampling tick, and whether any group sends
   * notifications. */
  uint64_t tick_ns;
  bool tells_ends;
};

#endif
