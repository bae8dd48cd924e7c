/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PROCESS_CLOCK_H
#define TASKSTATS_PROCESS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The process's CPU clock: the time that all its threads, ended ones included,
 * have run, in ns. Exact, also for a zombie. -ESRCH: no such process. */
int process_clock_ns(pid_t pid, uint64_t *ns);

/* Whether the clock may stand for good, as that of a zombie: false if threads
 * of the process are known to run yet, or its parent has reaped it. Costs half
 * of what procfs_stat does, which is sure; before Linux 5.3, or without a free
 * descriptor, it is always true. */
bool process_clock_may_be_final(pid_t pid);

#endif
