/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CLOCK_H
#define TASKSTATS_CLOCK_H

#include <stdint.h>
#include <time.h>
#include <unistd.h>

/* The time of one of this process's clocks, in ns. */
static inline uint64_t clock_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The time of CLOCK_MONOTONIC, in ms or s. */
static inline uint64_t clock_ms(void) {
  return clock_ns(CLOCK_MONOTONIC) / 1000000;
}
static inline uint64_t clock_s(void) {
  return clock_ns(CLOCK_MONOTONIC) / 1000000000;
}

/* The unit of start times in procfs, in ns. */
static inline uint64_t clock_tick_ns(void) {
  return 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

/* How far CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC, in ns, modulo 2^64: it
 * may be behind in a time namespace (time_namespaces(7)). The caller may be
 * preempted between the two readings. */
static inline uint64_t clock_ahead_ns(void) {
  enum { TRIES = 3 };
  int64_t least_ns = INT64_MAX;

  for (int i = 0; i < TRIES; i++) {
    uint64_t monotonic_ns = clock_ns(CLOCK_MONOTONIC);
    int64_t ahead_ns = (int64_t)(clock_ns(CLOCK_BOOTTIME) - monotonic_ns);
    if (ahead_ns < least_ns)
      least_ns = ahead_ns;
  }
  return (uint64_t)least_ns;
}

/* How far this process's CLOCK_MONOTONIC is ahead of the machine's, which the
 * kernel uses in process events, in ns, modulo 2^64: 0 except in a time
 * namespace. Reads a file. */
uint64_t clock_namespace_ns(void);

/* How long the machine was suspended, in ns. In a time namespace that shifts
 * the two clocks differently, an upper bound, or 0. */
static inline uint64_t clock_suspended_ns(void) {
  int64_t ahead_ns = (int64_t)clock_ahead_ns();
  return ahead_ns > 0 ? (uint64_t)ahead_ns : 0;
}

#endif
