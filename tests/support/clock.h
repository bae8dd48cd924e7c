/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TEST_CLOCK_H
#define TASKSTATS_TEST_CLOCK_H

#include "kernel/clock.h"
#include "support/test.h"

#include <stdint.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { MS = 1000000, AWAIT_MS = 60000 };

static inline uint64_t boot_ns(void) { return clock_ns(CLOCK_BOOTTIME); }

/* The unit of start times in /proc/<pid>/stat. */
static inline uint64_t tick_ns(void) {
  return 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

static inline void pause_ms(long ms) {
  nanosleep(&(struct timespec){.tv_nsec = ms * MS}, NULL);
}

/* Sleeps until the number of voluntary switches, of RUSAGE_SELF or
 * RUSAGE_THREAD, has grown by switches: on a busy machine, a short sleep may be
 * over before its thread has given up the CPU. */
static inline void sleep_often(int who, long switches) {
  struct rusage usage;
  getrusage(who, &usage);
  for (long end = usage.ru_nvcsw + switches; usage.ru_nvcsw < end;
       getrusage(who, &usage))
    nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
}

/* Waits until the condition is true, with a limit that no machine should reach.
 */
#define await(condition)                                                       \
  do {                                                                         \
    for (int await_ms = 0; await_ms < AWAIT_MS && !(condition); await_ms++)    \
      pause_ms(1);                                                             \
    assert_true(condition);                                                    \
  } while (0)

#endif
