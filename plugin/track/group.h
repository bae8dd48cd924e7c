/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_GROUP_H
#define TASKSTATS_GROUP_H

#include "select/rule.h"
#include "track/counters.h"
#include "track/notify_budget.h"
#include "track/tracker_mutex.h"

/* The counters from COUNTER_DELAY on that are also reported as rates and means:
 * the delays and the numbers of waits. */
enum { GROUP_RATED = 2 * DELAY_KINDS };

struct overlaps;

/* Processes that are reported together. */
struct group {
  struct group *next GUARDED_BY(tracker_mutex);

  /* Constant. */
  const struct rule *rule; /* that created it */
  char name[GROUP_NAME_SIZE];
  bool is_other; /* others are added up in it */
  /* owned by the tracker; NULL if groups have none */
  struct overlaps *overlaps;

  uint32_t members GUARDED_BY(tracker_mutex); /* number of processes in it */
  /* number of processes that an exclusion keeps out */
  uint32_t excluded GUARDED_BY(tracker_mutex);
  /* since its last member left */
  uint32_t idle_reads GUARDED_BY(tracker_mutex);
  /* number of overlaps that include it */
  uint32_t overlap_count GUARDED_BY(tracker_mutex);
  /* It is not reported any more; its totals are kept for a while. */
  bool is_forgotten GUARDED_BY(tracker_mutex);
  /* Not reported at this read: others precede it in Top's order. */
  bool is_hidden GUARDED_BY(tracker_mutex);
  /* The counters, as 1 << counter, that the last publication reported for the
   * first time, without the use before. */
  uint64_t holds_back GUARDED_BY(tracker_mutex);
  struct notify_budget budget GUARDED_BY(tracker_mutex);

  /* Top's order: the use until the last choice, and since. */
  int64_t ranked GUARDED_BY(tracker_mutex);
  uint64_t recent GUARDED_BY(tracker_mutex);

  /* The use of the members, including former ones. May decrease slightly if an
   * earlier sample was too high. */
  int64_t total[COUNTERS] GUARDED_BY(tracker_mutex);
  uint64_t publications GUARDED_BY(tracker_mutex);
  /* The highest total that a rate has counted. It is ahead of reported by what
   * the first publication held back. */
  uint64_t rated[GROUP_RATED] GUARDED_BY(tracker_mutex);

  /*
   * Also guarded by the lock, but not checked, because they are copied
   * (publication_next):
   */

  /* The dispatched totals: never decrease. If the true total is lower, the
   * value is held until the true total catches up. */
  uint64_t reported[COUNTERS];
  /* increase of the rated counters at the last publication */
  uint64_t increment[GROUP_RATED];
  uint64_t gauges[GAUGES];
  uint64_t oldest_ns; /* start of the oldest of GAUGE_PROCESSES, since boot */

  /* Whether it has had a member of which the kernel counts all kinds of delay;
   * and one of which it counts only waits for a CPU. */
  bool has_counted, has_uncounted;
  uint32_t known_delays; /* at the last publication, as 1 << kind */
};

/* Adds what a member has used since it was last sampled. */
void group_add(struct group *group, const int64_t delta[COUNTERS])
    REQUIRES(tracker_mutex);

/* The same for a single counter. */
void group_add_one(struct group *group, unsigned int counter, int64_t more)
    REQUIRES(tracker_mutex);

/* Records the start of a living process, since boot, before it is added to the
 * gauges. */
static inline void group_note_oldest(struct group *group, uint64_t start_ns)
    REQUIRES(tracker_mutex) {
  if (group->gauges[GAUGE_PROCESSES] == 0 || start_ns < group->oldest_ns)
    group->oldest_ns = start_ns;
}

/* Updates the dispatched values. counted is the kinds of delay that the kernel
 * counts, as 1 << kind. The first time, a value is 0, or what it was before the
 * group was discarded, regardless of the use: the rate of a derive requires two
 * values, and the first increment would be lost. The same applies to a kind of
 * delay that was not known before. The increments, from which rates are
 * calculated, always cover the time since the last publication. */
void group_publish(struct group *group, uint32_t counted)
    REQUIRES(tracker_mutex);

/* The increase of a counter, from COUNTER_DELAY to the last of the waits, at
 * the last publication. */
uint64_t group_increment(const struct group *group, unsigned int counter);

/* Moves everything that is not reported yet, and the gauges, to another group,
 * whose rates do not count again what those of this group have counted. */
void group_divert(struct group *group, struct group *other)
    REQUIRES(tracker_mutex);

#endif
