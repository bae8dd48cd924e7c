/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_FAULTS_INJECT_H
#define TASKSTATS_FAULTS_INJECT_H

#include <stdbool.h>

/*
 * Makes calls of the plugin to libc and other libraries fail: in the plugin's
 * objects, each NAME of the table in inject.c is renamed to inject_NAME
 * (names.bash). The test's own calls never fail.
 */

enum inject_kind {
  INJECT_ALLOCATIONS, /* functions that allocate memory */
  INJECT_CALLS,       /* system calls, and the start of a thread */
  INJECT_SOCKETS,     /* those on sockets */
};

struct inject {
  enum inject_kind kind;
  unsigned int first; /* the first call that fails, from 1 */
  unsigned int count; /* how many fail, one after the other */
  unsigned int way;   /* which of the call's errors, from 0; each way if it is
                       * beyond: modulo their number */
  int error;          /* this one instead, if it is not 0 */
};

void inject_begin(const struct inject *inject);

/* No call fails any more. Returns whether one did. */
bool inject_end(void);

/* Sets CLOCK_REALTIME back, for the plugin, by so many seconds. */
void inject_set_back(long seconds);

/* The number of errors with which the first failed call can fail. */
unsigned int inject_ways(void);

/* Which call that was, and how it failed. */
const char *inject_what(void);

#endif
