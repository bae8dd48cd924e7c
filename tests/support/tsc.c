// SPDX-License-Identifier: MIT
/*
 * Prints the rate of this processor's time stamp counter in kHz, for emulated
 * machines, which have the same counter: on a busy host, their kernel measures
 * it wrongly now and then, and all its clocks run too fast or too slow. Prints
 * nothing on a processor that has none.
 */
#include "workload.h"

#if defined(__x86_64__) || defined(__i386__)
#include <x86intrin.h>

enum { TRIES = 1000, PAUSE_MS = 200 };

struct moment {
  int64_t ns;
  uint64_t cycles;
};

static int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Of many readings of both clocks, the one that took the shortest time. */
static struct moment read_both(void) {
  struct moment best = {0};
  int64_t shortest_ns = INT64_MAX;
  for (int i = 0; i < TRIES; i++) {
    int64_t before_ns = now_ns();
    uint64_t cycles = __rdtsc();
    int64_t took_ns = now_ns() - before_ns;
    if (took_ns < shortest_ns) {
      shortest_ns = took_ns;
      best = (struct moment){before_ns + took_ns / 2, cycles};
    }
  }
  return best;
}

int main(void) {
  struct moment from = read_both();
  nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000}, NULL);
  struct moment to = read_both();
  printf("%.0f\n",
         (double)(to.cycles - from.cycles) * 1e6 / (double)(to.ns - from.ns));
  return EXIT_SUCCESS;
}
#else
int main(void) { return EXIT_SUCCESS; }
#endif
