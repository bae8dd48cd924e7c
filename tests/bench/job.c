/* SPDX-License-Identifier: MIT */
/*
 * A short job: job US [ARGUMENT]... sleeps for US and ends. It is linked
 * statically, to use as little CPU time as possible.
 */
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv) {
  long us = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
  struct timespec time = {us / 1000000, us % 1000000 * 1000};

  return nanosleep(&time, NULL) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
