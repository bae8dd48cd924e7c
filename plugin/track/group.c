/* SPDX-License-Identifier: MIT */
#include "track/group.h"

void group_add(struct group *group, const int64_t delta[COUNTERS]) {
  for (unsigned int i = 0; i < COUNTERS; i++)
    group->truth[i] += delta[i];
}

/* By how much truth exceeds what is published. */
static uint64_t unpublished(const struct group *group, unsigned int counter) {
  int64_t more = group->truth[counter] - (int64_t)group->published[counter];
  return more > 0 ? (uint64_t)more : 0;
}

void group_publish(struct group *group) {
  for (unsigned int i = 0; i < COUNTERS; i++) {
    group->increment[i] = group->publications > 0 ? unpublished(group, i) : 0;
    group->published[i] += group->increment[i];
  }
  group->publications++;
}

uint64_t group_unpublished_delay(const struct group *group) {
  uint64_t ns = 0;
  for (unsigned int kind = 0; kind < DELAY_KINDS; kind++)
    ns += unpublished(group, COUNTER_DELAY + kind);
  return ns;
}

void group_divert(struct group *group, struct group *other) {
  for (unsigned int i = 0; i < COUNTERS; i++) {
    int64_t more = (int64_t)unpublished(group, i);
    group->truth[i] -= more;
    other->truth[i] += more;
  }
  for (unsigned int i = 0; i < GAUGES; i++) {
    other->gauges[i] += group->gauges[i];
    group->gauges[i] = 0;
  }
  other->without_io += group->without_io;
  group->without_io = 0;
}
