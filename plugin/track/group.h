/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_GROUP_H
#define TASKSTATS_GROUP_H

#include "select/rule.h"
#include "track/counters.h"
#include "track/notify_budget.h"
#include "track/tracker_mutex.h"

/* The counters from COUNTER_DELAY on that are reported as rates and means, too:
 * the delays and the numbers of waits. */
enum { GROUP_RATED = 2 * DELAY_KINDS };

struct overlaps;

/* Processes that are reported as one. */
struct group {
  struct group *next GUARDED_BY(tracker_mutex);

  /* Never change. */
  const struct rule *rule; /* that made it */
  char name[GROUP_NAME_SIZE];
  bool is_other;             /* others are added up in it */
  struct overlaps *overlaps; /* the tracker's; NULL if groups have none */

  uint32_t members GUARDED_BY(tracker_mutex);  /* processes that refer to it */
  uint32_t excluded GUARDED_BY(tracker_mutex); /* that would, but for an
                                                  exclusion */
  uint32_t idle_reads GUARDED_BY(tracker_mutex); /* since it has had a member */
  uint32_t overlap_count GUARDED_BY(tracker_mutex); /* that refer to it */
  /* It is not reported any more; its totals are kept a while. */
  bool is_forgotten GUARDED_BY(tracker_mutex);
  /* Others are ahead of it: this time it is not reported. */
  bool is_hidden GUARDED_BY(tracker_mutex);
  /* The counters, as 1 << counter, that the last publication reported for the
   * first time, without what was used before. */
  uint64_t holds_back GUARDED_BY(tracker_mutex);
  struct notify_budget budget GUARDED_BY(tracker_mutex);

  /* What Top orders it by: what was used until the last choice, and since. */
  int64_t ranked GUARDED_BY(tracker_mutex);
  uint64_t recent GUARDED_BY(tracker_mutex);

  /* What the members, former ones too, have used. May fall a little when an
   * earlier sample was too high. */
  int64_t total[COUNTERS] GUARDED_BY(tracker_mutex);
  uint64_t publications GUARDED_BY(tracker_mutex);
  /* The highest total that a rate has counted. It runs ahead of reported by
   * what the first publication held back. */
  uint64_t rated[GROUP_RATED] GUARDED_BY(tracker_mutex);

  /*
   * With the lock, too, but in a copy (publication_next), which is why that is
   * not checked:
   */

  /* What is dispatched: never falls. Where the total falls below, it is held
   * until the total has caught up. */
  uint64_t reported[COUNTERS];
  uint64_t increment[GROUP_RATED]; /* by which the last publication raised what
                                    * is rated */
  uint64_t gauges[GAUGES];
  uint64_t oldest_ns; /* when the first of GAUGE_PROCESSES began, after boot */

  /* Whether it has had a member of which the kernel counts all kinds of delay;
   * and one of which it counts waits for a CPU alone. */
  bool has_counted, has_uncounted;
  uint32_t known_delays; /* by the last publication, as 1 << kind */
};

/* Adds what a member has used since it was last looked at. */
void group_add(struct group *group, const int64_t delta[COUNTERS])
    REQUIRES(tracker_mutex);

/* Notes that one of the processes that are there began at that time after boot,
 * before it is added to the gauges. */
static inline void group_note_oldest(struct group *group, uint64_t start_ns)
    REQUIRES(tracker_mutex) {
  if (group->gauges[GAUGE_PROCESSES] == 0 || start_ns < group->oldest_ns)
    group->oldest_ns = start_ns;
}

/* Brings what is dispatched up to date. counted is the kinds of delay that the
 * kernel counts, as 1 << kind. The first time it is 0, or what it was before
 * the group was forgotten, whatever was used: the rate of a derive needs two
 * values, and the first increment would be lost. The same holds for a kind of
 * delay that was not known before. The increments, of which rates are made
 * here, are of the time since the last publication each time. */
void group_publish(struct group *group, uint32_t counted)
    REQUIRES(tracker_mutex);

/* By how much the last publication raised a counter from COUNTER_DELAY to the
 * last of the waits. */
uint64_t group_increment(const struct group *group, unsigned int counter);

/* Moves all that is not reported yet, and the gauges, to another group, whose
 * rates do not count again what those of this group have counted. */
void group_divert(struct group *group, struct group *other)
    REQUIRES(tracker_mutex);

#endif
