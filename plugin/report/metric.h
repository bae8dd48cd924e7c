/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_METRIC_H
#define TASKSTATS_METRIC_H

#include "track/group.h"

/*
 * The metrics of a group: names, units and sources. The types are those of
 * collectd's types.db, which defines the number of values of each.
 */

enum { METRIC_VALUES = 2 };

struct metric_value {
  const char *type;
  const char *instance; /* "" for none */
  bool is_derive;       /* otherwise a gauge */
  unsigned int count;   /* number of values */
  union {
    int64_t derive;
    double gauge;
  } values[METRIC_VALUES];
};

/* What the metrics of all groups depend on. */
struct metric_scope {
  /* Seconds since the last publication. */
  double elapsed;
  /* The kinds of delay that are counted, as bits 1 << kind; 0 if no record can
   * be read. */
  uint32_t delays;
  uint64_t boot_ns; /* the time now, CLOCK_BOOTTIME */
  bool listens;     /* exit records are received */
  bool tells_oom;   /* and the OOM killer's victims are identified */
  bool is_partial;  /* the read has not seen all processes */
};

typedef void metric_sink(void *context, const struct metric_value *value);

/* Passes each metric that the group's rule collects and the kernel provides to
 * sink. Must be called after group_publish. Unknown values are left out. Rates
 * and means cover the last interval, beginning with a group's first
 * publication, and are left out if there was no interval. */
void metric_each(const struct group *group, const struct metric_scope *scope,
                 metric_sink *sink, void *context);

#endif
