// SPDX-License-Identifier: MIT
/*
 * Processes that do not call exec, and therefore have this program's command
 * line.
 *
 *   forks COUNT STAY_MS SECONDS [ARGUMENT...]
 *
 * Prints "ready", and keeps COUNT processes running: it forks them at equal
 * intervals, and each ends after STAY_MS. After SECONDS, it waits for the last
 * ones and prints "forked=" and their total number. The arguments only make the
 * command line long.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void sleep_us(long us) {
  if (us > 0)
    nanosleep(&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
}

static void fork_one(long stay_us) {
  pid_t pid = fork();
  if (pid < 0) {
    fprintf(stderr, "forks: %s\n", strerror(errno));
    exit(EXIT_FAILURE);
  }
  if (pid > 0)
    return;
  sleep_us(stay_us);
  _exit(EXIT_SUCCESS);
}

int main(int argc, char **argv) {
  if (argc < 4)
    return EXIT_FAILURE;
  long most = atol(argv[1]), living = 0;
  long stay_us = atol(argv[2]) * 1000;
  double end_s = now_s() + atof(argv[3]);
  unsigned long forked = 0;

  puts("ready");
  fflush(stdout);
  for (; now_s() < end_s; forked++, living++) {
    for (; living == most; living--)
      wait(NULL);
    while (living > 0 && waitpid(-1, NULL, WNOHANG) > 0)
      living--;
    fork_one(stay_us);
    sleep_us(stay_us / most);
  }
  while (wait(NULL) > 0)
    ;
  printf("forked=%lu\n", forked);
  return EXIT_SUCCESS;
}
