/* SPDX-License-Identifier: MIT */
#include "group.h"

void group_add(struct group *group, const int64_t delta[COUNTERS]) {
  for (unsigned int i = 0; i < COUNTERS; i++)
    group->truth[i] += delta[i];
}

void group_publish(struct group *group) {
  for (unsigned int i = 0; i < COUNTERS; i++) {
    uint64_t value = group->published[i];
    if (group->publications > 0 && group->truth[i] > (int64_t)value)
      value = (uint64_t)group->truth[i];
    group->increment[i] = value - group->published[i];
    group->published[i] = value;
  }
  group->publications++;
}
