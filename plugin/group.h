/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_GROUP_H
#define TASKSTATS_GROUP_H

#include "selector.h"
#include "usage.h"

/* What is reported of a group; the bits of collect. */
enum collect {
  COLLECT_DELAY = 1 << 0,
  COLLECT_CPU = 1 << 1,
  COLLECT_IO = 1 << 2,
  COLLECT_COUNT = 1 << 3,
  COLLECT_CONTEXT_SWITCH = 1 << 4,
  COLLECT_PAGE_FAULTS = 1 << 5,
  COLLECT_MEMORY = 1 << 6,
  COLLECT_DELAY_LATENCY = 1 << 7,
  COLLECT_EXITS = 1 << 8,
};

/* Which ends of processes are told at once. */
enum notify { NOTIFY_NONE, NOTIFY_FAILURE, NOTIFY_ALL };

/* A stanza of the configuration: which processes, and what of them. */
struct rule {
  struct rule *next;
  char *name;
  struct selector *selector;
  uint32_t collect;
  uint32_t collect_own; /* bits that the stanza sets itself */
  enum notify notify;
  bool has_notify; /* the stanza sets it itself */
};

/* Processes that are reported as one. */
struct group {
  const struct rule *rule;
  const char *name;

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

/* Brings what is dispatched up to date. The first time it is 0 whatever was
 * used: a rate needs two values, so else the first increment would be lost. */
void group_publish(struct group *group);

#endif
