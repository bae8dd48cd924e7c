/* SPDX-License-Identifier: MIT */
#include "track/group.h"

_Static_assert(COUNTER_WAITS == COUNTER_DELAY + DELAY_KINDS,
               "the waits follow the delays");
_Static_assert(COUNTERS <= 64, "they are bits");

#define ALL_DELAYS ((UINT32_C(1) << DELAY_KINDS) - 1)

void group_add(struct group *group, const int64_t delta[COUNTERS]) {
  for (unsigned int i = 0; i < COUNTERS; i++)
    group->total[i] += delta[i];
}

void group_add_one(struct group *group, unsigned int counter, int64_t more) {
  group->total[counter] += more;
}

/* The difference between the true total and the reported one. */
static uint64_t unreported(const struct group *group, unsigned int counter)
    REQUIRES(tracker_mutex) {
  int64_t more = group->total[counter] - (int64_t)group->reported[counter];
  return more > 0 ? (uint64_t)more : 0;
}

/* Raises a mark to a total that is above it. Returns the increase. */
static uint64_t raise_mark(uint64_t *mark, int64_t total) {
  uint64_t before = *mark;
  if (total > (int64_t)before)
    *mark = (uint64_t)total;
  return *mark - before;
}

/* Kinds other than that for a CPU are known once they are counted for a member,
 * or while there is no member for which they are not. Once known, they stay
 * known, even if other members join. */
static uint32_t known_delays(const struct group *group, uint32_t counted) {
  bool knows_all = group->has_counted || !group->has_uncounted;
  return knows_all ? counted : counted & UINT32_C(1) << DELAY_CPU;
}

/* The counters that are reported for the first time. */
static uint64_t fresh_counters(const struct group *group, uint32_t known)
    REQUIRES(tracker_mutex) {
  if (group->publications == 0)
    return UINT64_MAX;
  return (uint64_t)(known & ~group->known_delays & ALL_DELAYS) << COUNTER_DELAY;
}

/* The common case. */
static void raise_reported(struct group *group) REQUIRES(tracker_mutex) {
  for (unsigned int i = 0; i < COUNTERS; i++)
    raise_mark(&group->reported[i], group->total[i]);
}

static void raise_all_but(struct group *group, uint64_t counters)
    REQUIRES(tracker_mutex) {
  for (unsigned int i = 0; i < COUNTERS; i++)
    if ((counters & UINT64_C(1) << i) == 0)
      raise_mark(&group->reported[i], group->total[i]);
}

void group_publish(struct group *group, uint32_t counted) {
  uint32_t known = known_delays(group, counted);
  for (unsigned int i = 0; i < GROUP_RATED; i++)
    group->increment[i] =
        raise_mark(&group->rated[i], group->total[COUNTER_DELAY + i]);
  group->holds_back = fresh_counters(group, known);
  group->known_delays = known;
  group->publications++;
  if (group->holds_back == 0)
    raise_reported(group);
  else
    raise_all_but(group, group->holds_back);
}

uint64_t group_increment(const struct group *group, unsigned int counter) {
  return group->increment[counter - COUNTER_DELAY];
}

void group_divert(struct group *group, struct group *other) {
  for (unsigned int i = 0; i < COUNTERS; i++) {
    int64_t more = (int64_t)unreported(group, i);
    group->total[i] -= more;
    other->total[i] += more;
  }
  for (unsigned int i = 0; i < GROUP_RATED; i++) {
    uint64_t reported = group->reported[COUNTER_DELAY + i];
    other->rated[i] += group->rated[i] - reported;
    group->rated[i] = reported;
  }
  if (group->gauges[GAUGE_PROCESSES] > 0)
    group_note_oldest(other, group->oldest_ns);
  for (unsigned int i = 0; i < GAUGES; i++) {
    other->gauges[i] += group->gauges[i];
    group->gauges[i] = 0;
  }
  group->holds_back = 0;
  other->has_counted |= group->has_counted;
  other->has_uncounted |= group->has_uncounted;
}
