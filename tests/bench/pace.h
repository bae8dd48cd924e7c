/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PACE_H
#define BENCH_PACE_H

#include <stdint.h>
#include <time.h>

/* Doing something at a given rate. */

enum { PACE_NS = 500000 }; /* the pause between two checks */

static inline int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static inline void sleep_ns(long ns) {
  nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

/* The number of total that is due after this time; all at once if rate is 0. */
static inline unsigned int due(unsigned int total, unsigned int rate,
                               int64_t ns) {
  if (rate == 0 || ns * (int64_t)rate / 1000000000 >= total)
    return total;
  return (unsigned int)(ns * (int64_t)rate / 1000000000);
}

#endif
