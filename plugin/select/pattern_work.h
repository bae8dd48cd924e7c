/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PATTERN_WORK_H
#define TASKSTATS_PATTERN_WORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * How many steps matching may take (pattern.h), all processes together: a tenth
 * of the time. A user, who chooses the command lines of his processes, may use
 * a quarter of that, so that he does not keep those of others from being
 * matched. He may have 65,536 subordinate numbers besides his own
 * (subuid(5)), which together count as one user.
 */

enum {
  PATTERN_MOST_LEFT = 500000000,
  PATTERN_USER_MOST = PATTERN_MOST_LEFT / 4,
  PATTERN_USERS = 64, /* and as many ranges of subordinate numbers */
};

/* One a thread; private. */
struct pattern_work {
  uint64_t left;
  bool is_frequent;   /* the caller's: processes are matched whenever they call
                       * exec, as often as anybody likes */
  uint64_t filled_ns; /* when it was last filled up; 0: never */
  uint64_t used[2 * PATTERN_USERS]; /* by users who share a place here */
};

/* Adds a tenth of a step for each nanosecond since the last call, up to
 * PATTERN_MOST_LEFT; time is CLOCK_BOOTTIME. The first call, of what is zeroed,
 * fills it up. */
void pattern_work_fill(struct pattern_work *work, uint64_t time_ns);

/* How many steps are left for a process of this user. */
uint64_t pattern_work_left(const struct pattern_work *work, uid_t uid);

void pattern_work_use(struct pattern_work *work, uid_t uid, uint64_t steps);

#endif
