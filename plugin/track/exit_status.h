/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_STATUS_H
#define TASKSTATS_EXIT_STATUS_H

#include "kernel/record.h"
#include "track/counters.h"
#include "track/exited_threads.h"

#include <signal.h>

/* How a process ended: the wait status that its parent gets. */

/*
 * last is the record of the thread that ended last, exited has those of all
 * threads that have ended. wait returns the last thread's status. A thread that
 * was ending by itself when another one ended the process has status 0, and may
 * be the last; the others then ended at the same moment.
 */
uint32_t exit_status_of(const struct record *last,
                        const struct exited_threads *exited);

/* The counter for a process that ended with this wait status. */
enum counter exit_status_counter(uint32_t status);

/* Whether the OOM killer may have caused a wait status. */
static inline bool exit_status_is_kill(uint32_t status) {
  return (status & 0x7f) == SIGKILL;
}

#endif
