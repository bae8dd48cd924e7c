/* SPDX-License-Identifier: MIT */
#include "select/pattern_work.h"

#include "kernel/arithmetic.h"

#include <stddef.h>

enum {
  WORK_SHARE = 10, /* matching may take 1/WORK_SHARE of the time */
  /* and one user 1/USER_SHARE of that */
  USER_SHARE = PATTERN_MOST_LEFT / PATTERN_USER_MOST,
};

/* Ranges of subordinate ids begin here by default (login.defs(5)). */
enum { SUBORDINATE_FIRST = 100000, SUBORDINATE_COUNT = 65536 };

static size_t place_of(uid_t uid) {
  if (uid < SUBORDINATE_COUNT)
    return uid % PATTERN_USERS;
  uid_t range = (uid - SUBORDINATE_FIRST) / SUBORDINATE_COUNT;
  return PATTERN_USERS + range % PATTERN_USERS;
}

void pattern_work_fill(struct pattern_work *work, uint64_t time_ns) {
  if (time_ns <= work->filled_ns)
    return;
  uint64_t added = (time_ns - work->filled_ns) / WORK_SHARE;
  if (work->filled_ns == 0)
    added = PATTERN_MOST_LEFT;
  work->left += min(added, PATTERN_MOST_LEFT - work->left);
  for (size_t i = 0; i < 2 * PATTERN_USERS; i++)
    work->used[i] -= min(added / USER_SHARE, work->used[i]);
  work->filled_ns = time_ns;
}

uint64_t pattern_work_left(const struct pattern_work *work, uid_t uid) {
  uint64_t used = work->used[place_of(uid)];
  return min(work->left, PATTERN_USER_MOST - min(used, PATTERN_USER_MOST));
}

void pattern_work_use(struct pattern_work *work, uid_t uid, uint64_t steps) {
  work->left -= min(steps, work->left);
  work->used[place_of(uid)] += steps;
}
