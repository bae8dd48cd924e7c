/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PROOF_THREAD_H
#define TASKSTATS_PROOF_THREAD_H

#include <stdatomic.h>

/* Lets a thread end on one of these CPUs, a list such as "0-3,8", whose exit
 * record proves that they arrive. Sets its id before it ends. Returns 0, or a
 * negative errno if that cannot be tried: -ENOENT if this process may run on
 * none of the CPUs. */
int proof_thread_run(const char *cpus, atomic_int *tid);

#endif
