/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PROCESS_CLOCK_H
#define TASKSTATS_PROCESS_CLOCK_H

#include <stdint.h>
#include <sys/types.h>

/* The process's CPU clock: the time that all its threads, ended ones included,
 * have run, in ns. Exact, also for a zombie. -ESRCH: no such process. */
int process_clock_ns(pid_t pid, uint64_t *ns);

#endif
