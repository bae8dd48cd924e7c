/* SPDX-License-Identifier: MIT */
#include "kernel/hang_guard.h"

#include <pthread.h>
#include <unistd.h>

/* The calling thread's id, cached to save system calls. */
static pid_t own_tid(void) {
  static _Thread_local pid_t tid;
  if (tid == 0)
    tid = gettid();
  return tid;
}

void hang_guard_enter(struct hang_guard *guard, pid_t pid) {
  atomic_store_explicit(&guard->tid, own_tid(), memory_order_relaxed);
  uint64_t call = (uint64_t)guard->calls++ << 32 | (uint32_t)pid;
  atomic_store_explicit(&guard->call, call, memory_order_release);
}

void hang_guard_leave(struct hang_guard *guard) {
  if (atomic_exchange(&guard->call, 0) != HANG_GUARD_ABANDONED)
    return;
  atomic_store(&guard->call, HANG_GUARD_RETURNED);
  pthread_exit(NULL);
}

uint64_t hang_guard_call(const struct hang_guard *guard) {
  return atomic_load(&guard->call);
}

pid_t hang_guard_pid(uint64_t call) { return (pid_t)(uint32_t)call; }

bool hang_guard_abandon(struct hang_guard *guard, uint64_t call) {
  return atomic_compare_exchange_strong(&guard->call, &call,
                                        HANG_GUARD_ABANDONED);
}

bool hang_guard_has_returned(const struct hang_guard *guard) {
  return atomic_load(&guard->call) == HANG_GUARD_RETURNED;
}
