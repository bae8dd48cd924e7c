/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_THREAD_OWNERS_H
#define TASKSTATS_THREAD_OWNERS_H

#include "track/tracker_mutex.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The process of each thread, for exit records before version 12, which lack
 * it. It comes from the process events of new threads, and from procfs for
 * those that existed before. Main threads are left out, unless their process is
 * not in the table yet.
 */

struct thread_owners;

struct thread_owner {
  pid_t tid, process;
  /* The thread started between these times, CLOCK_BOOTTIME. */
  uint64_t earliest_ns, latest_ns;
};

/* Returns NULL if out of memory. */
struct thread_owners *thread_owners_create(void);

/* owners may be NULL. */
void thread_owners_destroy(struct thread_owners *owners);

/* Adds a thread. If out of memory, does nothing: the thread's record then
 * belongs to no known process. */
void thread_owners_add(struct thread_owners *owners,
                       const struct thread_owner *thread)
    REQUIRES(tracker_mutex);

/* Whether a process has, or had, a thread with the id. */
bool thread_owners_has(const struct thread_owners *owners, pid_t tid,
                       pid_t process) REQUIRES(tracker_mutex);

/* Finds the thread that had the id and started between these times; of several,
 * the one that started first. Returns false if there is none. */
bool thread_owners_find(const struct thread_owners *owners, pid_t tid,
                        uint64_t earliest_ns, uint64_t latest_ns,
                        struct thread_owner *thread) REQUIRES(tracker_mutex);

/* Removes a thread that was found: its exit record is taken. */
void thread_owners_remove(struct thread_owners *owners,
                          const struct thread_owner *thread)
    REQUIRES(tracker_mutex);

/* Removes the threads that had the id and started before a time. */
void thread_owners_forget(struct thread_owners *owners, pid_t tid,
                          uint64_t before_ns) REQUIRES(tracker_mutex);

/* Removes all threads for which gone returns true. */
void thread_owners_sweep(struct thread_owners *owners,
                         bool (*gone)(void *context,
                                      const struct thread_owner *thread),
                         void *context) REQUIRES(tracker_mutex);

#endif
