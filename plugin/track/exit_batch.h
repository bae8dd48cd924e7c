/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_BATCH_H
#define TASKSTATS_EXIT_BATCH_H

#include "kernel/message.h"
#include "track/exit_info.h"
#include "track/exited_threads.h"

#include <stddef.h>

/*
 * The exit records that are accounted for together: they had arrived when the
 * socket was read. Belongs to the listener's thread; exit_accounting.c alone
 * changes it, the others read it.
 */
struct exit_batch {
  /* In the order of their arrival, of which so many are accounted for; the
   * caller's of exit_accounting_take. */
  const struct message *messages;
  size_t count, taken;

  /* When their threads ended: CLOCK_BOOTTIME, and CLOCK_MONOTONIC. */
  struct exit_info_when when;
  struct exited_threads_when when_monotonic;

  /* Never change: of the kernel's sampling, and whether a group may tell ends.
   */
  uint64_t tick_ns;
  bool tells_ends;
};

#endif
