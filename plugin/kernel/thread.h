/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_THREAD_H
#define TASKSTATS_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

/* Starts a thread with all signals blocked: they are for collectd's main
 * thread. The name is limited to 15 bytes. Returns 0 or a negative errno. */
int thread_start(pthread_t *thread, const char *name, void *(*run)(void *),
                 void *context);

/* Raises the calling thread's priority, if this process may (CAP_SYS_NICE): for
 * threads that must read what may be gone within a millisecond. */
void thread_raise_priority(void);

/* Waits for the end of a thread, and frees it. Returns false if it has not
 * ended within ms: the caller may wait again, or detach it. */
bool thread_join_within(pthread_t thread, unsigned int ms);

/* Initialises a condition whose timeouts use CLOCK_MONOTONIC. */
void thread_init_condition(pthread_cond_t *condition);

/* The time ms from now, for pthread_cond_timedwait on such a condition. */
struct timespec thread_deadline(unsigned int ms);

#endif
