// SPDX-License-Identifier: MIT
/*
 * Prints the mean CPU time in microseconds that a process uses after it starts
 * to exit. Part of this time is in no exit record. It is longer on a slow or
 * busy machine, and longest on an emulated one.
 */
#include "workload.h"

enum { SAMPLES = 100 };

/* The CPU time that a child used after it had stored its CPU time in *noted_us.
 */
static int64_t measure(int64_t *noted_us) {
  struct rusage usage;
  pid_t pid = fork();
  if (pid < 0)
    die("fork");
  if (pid == 0) {
    struct timespec clock;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &clock);
    *noted_us = (int64_t)clock.tv_sec * 1000000 + clock.tv_nsec / 1000;
    _exit(0);
  }
  if (wait4(pid, NULL, 0, &usage) != pid)
    die("wait4");
  return cpu_us_of(&usage) - *noted_us;
}

int main(void) {
  int64_t *shared = share(sizeof(*shared));
  int64_t sum_us = 0;
  for (int i = 0; i < SAMPLES; i++)
    sum_us += measure(shared);
  printf("%" PRId64 "\n", sum_us / SAMPLES);
  return EXIT_SUCCESS;
}
