/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PATTERN_WORK_H
#define TASKSTATS_PATTERN_WORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Limits the steps of matching (pattern.h) for all processes together to a
 * tenth of the time. Users choose the command lines of their processes, so each
 * may use at most a quarter of that: otherwise the processes of others would
 * not be matched. A user's 65,536 subordinate ids (subuid(5)) count as the same
 * user.
 */

enum {
  PATTERN_MOST_LEFT = 500000000,
  PATTERN_USER_MOST = PATTERN_MOST_LEFT / 4,
  PATTERN_USERS = 64, /* and the same number of ranges of subordinate ids */
};

/* One per thread; private. */
struct pattern_work {
  uint64_t left;
  bool is_frequent;   /* set by the caller: matching happens at every exec, as
                         often as processes like */
  uint64_t filled_ns; /* when it was last filled up; 0: never */
  /* per user; several users may share an entry */
  uint64_t used[2 * PATTERN_USERS];
};

/* Adds a tenth of a step for each nanosecond since the last call, up to
 * PATTERN_MOST_LEFT; the time is CLOCK_BOOTTIME. The first call, on a zeroed
 * struct, fills it up. */
void pattern_work_fill(struct pattern_work *work, uint64_t time_ns);

/* The number of steps left for a process of this user. */
uint64_t pattern_work_left(const struct pattern_work *work, uid_t uid);

void pattern_work_use(struct pattern_work *work, uid_t uid, uint64_t steps);

#endif
