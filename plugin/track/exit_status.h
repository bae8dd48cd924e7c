/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_STATUS_H
#define TASKSTATS_EXIT_STATUS_H

#include "kernel/record.h"
#include "track/counters.h"
#include "track/exited_threads.h"

#include <signal.h>

/* How a process ended: the wait status that its parent gets. */

/*
 * last is the record of the thread that ended last, exited what is known of all
 * threads that have ended. The kernel's wait returns the last thread's status.
 * A thread that was ending by itself while another one ended the process has 0,
 * and may come last; then the others have ended at the same moment.
 */
uint32_t exit_status_of(const struct record *last,
                        const struct exited_threads *exited);

/* The counter in which a process that ended with this wait status counts. */
enum counter exit_status_counter(uint32_t status);

/* Whether a wait status may be that of a process that the OOM killer ended. */
static inline bool exit_status_is_kill(uint32_t status) {
  return (status & 0x7f) == SIGKILL;
}

#endif
