/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_HANG_GUARD_H
#define TASKSTATS_HANG_GUARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Reading some files of a process requires locks that the process may hold:
 * exec_update_lock (fs/exec.c) for stat, io and exe, mmap_lock for cmdline.
 * While the process waits in exec or mmap for a file server, readers wait, too,
 * and only SIGKILL interrupts them. A thread that reads these files through a
 * guard can be abandoned meanwhile: it ends when the call returns.
 */

struct hang_guard {
  /* The number of the thread's current call and the process's id; 0 between
   * calls; or one of the following. */
  _Atomic uint64_t call;
  _Atomic pid_t tid; /* the id of the thread */
  uint32_t calls;    /* used by the thread only */
};

#define HANG_GUARD_ABANDONED UINT64_MAX
#define HANG_GUARD_RETURNED (UINT64_MAX - 1)

/* Must enclose the call. In between, the thread must not access shared data or
 * hold a lock: if it was abandoned, leave ends it (pthread_exit). */
void hang_guard_enter(struct hang_guard *guard, pid_t pid);
void hang_guard_leave(struct hang_guard *guard);

/* The current call of the thread, or 0. Any thread. */
uint64_t hang_guard_call(const struct hang_guard *guard);

/* The process that a call reads. */
pid_t hang_guard_pid(uint64_t call);

/* Abandons the thread if it still is in that call: everything but the guard and
 * what the call itself uses then belongs to the caller. Any thread. */
bool hang_guard_abandon(struct hang_guard *guard, uint64_t call);

/* Whether an abandoned thread has returned from its call and does not use the
 * guard any more. */
bool hang_guard_has_returned(const struct hang_guard *guard);

#endif
