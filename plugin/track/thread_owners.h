/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_THREAD_OWNERS_H
#define TASKSTATS_THREAD_OWNERS_H

#include "track/tracker_mutex.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * The process of each thread, for exit records before version 12, which lack
 * it. It comes from the process events of new threads, and from procfs for
 * those that existed before. Such a record has a part for the whole process if
 * the thread is the last of a process that ever had several: a record without
 * this part is that of a whole process only if the process never had another
 * thread.
 */

struct thread_owners;

/* Returns NULL if out of memory. */
struct thread_owners *thread_owners_create(void);

/* owners may be NULL. */
void thread_owners_destroy(struct thread_owners *owners);

/* Adds a thread other than the main one to a process. If out of memory, does
 * nothing: the thread's record then belongs to no known process. */
void thread_owners_add(struct thread_owners *owners, pid_t tid, pid_t process)
    REQUIRES(tracker_mutex);

/* The process of a thread; for a main thread known only if there were others;
 * or 0. */
pid_t thread_owners_find(const struct thread_owners *owners, pid_t tid)
    REQUIRES(tracker_mutex);

/* Must be called when a thread has ended, or its id was reused by a process. */
void thread_owners_remove(struct thread_owners *owners, pid_t tid)
    REQUIRES(tracker_mutex);

/* Removes the threads of all processes for which gone returns true. */
void thread_owners_sweep(struct thread_owners *owners,
                         bool (*gone)(void *context, pid_t process),
                         void *context) REQUIRES(tracker_mutex);

#endif
