/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_GROUPS_H
#define TASKSTATS_GROUPS_H

#include "support/test.h"
#include "track/tracker.h"

/* The n-th group in the order of creation; groups with fixed names are created
 * in the order of the rules. */
static inline struct group *group_at(const struct tracker *tracker, size_t n) {
  struct group *group = tracker->groups;
  for (; group != NULL && n > 0; n--)
    group = group->next;
  assert_non_null(group);
  return group;
}

#endif
