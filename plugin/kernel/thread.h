/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_THREAD_H
#define TASKSTATS_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

/* Starts a thread that takes no signal: those are for collectd's main thread.
 * The name has room for 15 bytes. Returns 0 or a negative errno. */
int thread_start(pthread_t *thread, const char *name, void *(*run)(void *),
                 void *context);

/* Has the calling thread run before others, if this process may (CAP_SYS_NICE):
 * for who must look at what may be gone in a millisecond. */
void thread_raise_priority(void);

/* Waits for a thread's end, and frees it. Returns false if it has not ended
 * after so many ms: it may be waited for again, or detached. */
bool thread_join_within(pthread_t thread, unsigned int ms);

/* A condition whose waits end by CLOCK_MONOTONIC. */
void thread_init_condition(pthread_cond_t *condition);

/* So long from now, for pthread_cond_timedwait on such a condition. */
struct timespec thread_deadline(unsigned int ms);

#endif
