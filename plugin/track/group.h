/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_GROUP_H
#define TASKSTATS_GROUP_H

#include "select/rule.h"
#include "track/counters.h"
#include "track/notify_budget.h"

/* Processes that are reported as one. */
struct group {
  struct group *next;
  const struct rule *rule; /* that made it */
  char name[GROUP_NAME_SIZE];
  uint32_t members;    /* processes that refer to it */
  uint32_t idle_reads; /* since it has had a member */
  bool is_forgotten;   /* not reported any more; its totals are kept a while */
  bool is_hidden; /* others are ahead of it: this time it is not reported */
  struct notify_budget budget;

  /* What the members, former ones too, have used. May fall a little when an
   * earlier sample was too high. */
  int64_t truth[COUNTERS];
  /* What is dispatched: never falls. Where truth falls below, it stands still
   * until truth has caught up. */
  uint64_t published[COUNTERS];
  uint64_t increment[COUNTERS]; /* by which the last publication raised it */
  uint64_t publications;

  uint64_t gauges[GAUGES];
  uint32_t without_io; /* members whose I/O cannot be read */
};

/* Adds what a member has used since it was last looked at. */
void group_add(struct group *group, const int64_t delta[COUNTERS]);

/* Brings what is dispatched up to date. The first time it is 0, or what it was
 * before it was forgotten, whatever was used: a rate needs two values, so else
 * the first increment would be lost. */
void group_publish(struct group *group);

/* How long the members have waited, for all kinds together, since the last
 * publication, in ns. */
uint64_t group_unpublished_delay(const struct group *group);

/* Moves all that is not published yet, and the gauges, to another group. */
void group_divert(struct group *group, struct group *other);

#endif
