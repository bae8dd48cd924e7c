/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_THREAD_OWNERS_H
#define TASKSTATS_THREAD_OWNERS_H

#include "track/tracker_mutex.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * Which process a thread belongs to, for exit records before version 12, which
 * do not tell. Process events tell it of each new thread, and procfs of those
 * that were there before. Such a record has a part for the whole process if it
 * is the last thread's of a process that ever had several: one that has none is
 * a whole process's only if that never had another thread.
 */

struct thread_owners;

/* Returns NULL if memory is short. */
struct thread_owners *thread_owners_create(void);

/* Takes NULL. */
void thread_owners_destroy(struct thread_owners *owners);

/* Notes that a process has a thread beside its main one. Does nothing if memory
 * is short: then the thread's record is one of an unknown process. */
void thread_owners_add(struct thread_owners *owners, pid_t tid, pid_t process)
    REQUIRES(tracker_mutex);

/* The process of a thread, which for a main thread is known only if there were
 * others; or 0. */
pid_t thread_owners_find(const struct thread_owners *owners, pid_t tid)
    REQUIRES(tracker_mutex);

/* A thread has ended, or its id is a new process's. */
void thread_owners_remove(struct thread_owners *owners, pid_t tid)
    REQUIRES(tracker_mutex);

/* Removes the threads of all processes for which gone says so. */
void thread_owners_sweep(struct thread_owners *owners,
                         bool (*gone)(void *context, pid_t process),
                         void *context) REQUIRES(tracker_mutex);

#endif
