/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_ARITHMETIC_H
#define TASKSTATS_ARITHMETIC_H

#include <stdint.h>

static inline uint64_t min(uint64_t a, uint64_t b) { return a < b ? a : b; }

static inline uint64_t max(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* 0 if b is more. */
static inline uint64_t subtract(uint64_t a, uint64_t b) {
  return a > b ? a - b : 0;
}

#endif
