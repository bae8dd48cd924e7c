/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PROOF_THREAD_H
#define TASKSTATS_PROOF_THREAD_H

/* The self-test: ends a thread on one of the CPUs in a list such as "0-3,8";
 * its exit record, which may follow a moment later, proves that records are
 * received. Returns 0, or a negative errno if the test is not possible: -ENOENT
 * if this process may not run on any of the CPUs. */
int proof_thread_run(const char *cpus);

#endif
