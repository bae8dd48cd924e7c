/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_THREAD_H
#define TASKSTATS_THREAD_H

#include <pthread.h>

/* Starts a thread that takes no signal: those are for collectd's main thread.
 * The name has room for 15 bytes. Returns 0 or a negative errno. */
int thread_start(pthread_t *thread, const char *name, void *(*run)(void *),
                 void *context);

/* A condition whose waits end by CLOCK_MONOTONIC. */
void thread_init_condition(pthread_cond_t *condition);

/* Waits for at most that long. Returns 0 or ETIMEDOUT. With the mutex. */
int thread_wait_ms(pthread_cond_t *condition, pthread_mutex_t *mutex,
                   unsigned int ms);

#endif
