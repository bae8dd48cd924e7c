/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_VALUES_H
#define TASKSTATS_VALUES_H

#include "report/metric.h"
#include "track/tracker.h"

/*
 * Dispatches values to collectd.
 */

/* The plugin's own metrics after a read. */
struct own_values {
  double begin;     /* begin of the read, in seconds of CLOCK_MONOTONIC */
  bool has_members; /* the read has seen all processes */
  size_t members;
  bool listens; /* the next three are known */
  uint64_t records, lost_records, undecided;
  bool hears_events; /* the next one is known */
  uint64_t missed;
};

/* Publishes all groups and dispatches their values, and, unless own is NULL,
 * the plugin's own metrics. The read thread. */
void values_dispatch(struct tracker *tracker, const struct metric_scope *scope,
                     const struct own_values *own) EXCLUDES(tracker_mutex);

#endif
