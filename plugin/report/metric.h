/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_METRIC_H
#define TASKSTATS_METRIC_H

#include "track/group.h"

/*
 * What is reported of a group, under which names and in which units. The types
 * are those of collectd's types.db, which says how many values each has.
 */

enum { METRIC_VALUES = 2 };

struct metric_value {
  const char *type;
  const char *instance; /* "" for none */
  bool is_derive;       /* else gauge */
  unsigned int count;   /* of values */
  union {
    int64_t derive;
    double gauge;
  } values[METRIC_VALUES];
};

/* What the metrics of all groups depend on. */
struct metric_scope {
  /* Seconds since the last publication. */
  double elapsed;
  /* The kinds of delay that are counted, as bits 1 << kind; none if no record
   * can be read. */
  uint32_t delays;
  uint64_t boot_ns; /* the time now, CLOCK_BOOTTIME */
  bool listens;     /* exits are told */
  bool tells_oom;   /* and which of them the OOM killer has caused */
  bool is_partial;  /* the read has not seen all processes */
};

typedef void metric_sink(void *context, const struct metric_value *value);

/* Hands each metric that the group's rule collects and the kernel tells to
 * sink, after group_publish. What is unknown is left out. Rates and means are
 * of the interval before, from a group's first publication on, and are left out
 * if there was none. */
void metric_each(const struct group *group, const struct metric_scope *scope,
                 metric_sink *sink, void *context);

#endif
