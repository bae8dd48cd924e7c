/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_ARITHMETIC_H
#define TASKSTATS_ARITHMETIC_H

#include <stdint.h>

static inline uint64_t min(uint64_t a, uint64_t b) { return a < b ? a : b; }

static inline uint64_t max(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* a - b, or 0 if b is greater. */
static inline uint64_t subtract(uint64_t a, uint64_t b) {
  return a > b ? a - b : 0;
}

/* value * part / whole, where part is at most whole, and whole is not 0. Exact
 * while whole is below 2^32; otherwise the error is at most the 2^31st part of
 * value. */
static inline uint64_t share(uint64_t value, uint64_t part, uint64_t whole) {
  int excess = 32 - __builtin_clzll(whole);
  if (excess > 0) {
    part >>= excess;
    whole >>= excess;
  }
  return value / whole * part + value % whole * part / whole;
}

#endif
