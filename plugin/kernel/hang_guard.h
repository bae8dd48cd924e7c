/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_HANG_GUARD_H
#define TASKSTATS_HANG_GUARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Some files of a process wait for locks that the process holds: stat, io and
 * exe for exec_update_lock (fs/exec.c), cmdline for mmap_lock. While a file
 * server lets the process wait in exec or mmap, whoever reads them waits, too,
 * and no signal but SIGKILL ends that. A thread that reads them through a guard
 * can be left behind meanwhile: it ends when the call returns.
 */

struct hang_guard {
  /* The number of the call that the thread is in, and the process's id; 0
   * between calls; or one of the following. */
  _Atomic uint64_t call;
  _Atomic pid_t tid; /* of the thread */
  uint32_t calls;    /* the thread's own */
};

#define HANG_GUARD_ABANDONED UINT64_MAX
#define HANG_GUARD_RETURNED (UINT64_MAX - 1)

/* Around the call. Between both the thread may touch nothing that it shares,
 * and it may hold no lock: if it was abandoned, leave ends it (pthread_exit).
 */
void hang_guard_enter(struct hang_guard *guard, pid_t pid);
void hang_guard_leave(struct hang_guard *guard);

/* The call that the thread is in, or 0. Any thread. */
uint64_t hang_guard_call(const struct hang_guard *guard);

/* The process that a call asks. */
pid_t hang_guard_pid(uint64_t call);

/* Abandons the thread if it still is in that call: all but the guard, and what
 * the call itself uses, is the caller's then. Any thread. */
bool hang_guard_abandon(struct hang_guard *guard, uint64_t call);

/* Whether an abandoned thread is back from its call and does not use the guard
 * any more. */
bool hang_guard_has_returned(const struct hang_guard *guard);

#endif
