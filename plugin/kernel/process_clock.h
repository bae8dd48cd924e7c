/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PROCESS_CLOCK_H
#define TASKSTATS_PROCESS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The process's CPU clock: the time that all its threads, including ended ones,
 * have run, in ns. Exact, also for a zombie. -ESRCH: the process does not
 * exist. */
int process_clock_ns(pid_t pid, uint64_t *ns);

/* Whether the clock may be final, as that of a zombie: false if threads of the
 * process still run, or if its parent has reaped it. Costs half as much as
 * procfs_stat, which is certain; always true before Linux 5.3, or without a
 * free descriptor. */
bool process_clock_may_be_final(pid_t pid);

#endif
