/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_VALUES_H
#define TASKSTATS_VALUES_H

#include "report/metric.h"
#include "track/tracker.h"

/*
 * Values on their way to collectd.
 */

/* What the plugin reports of itself after a read. */
struct own_values {
  double begin;     /* of the read, in seconds of CLOCK_MONOTONIC */
  bool has_members; /* the read has seen all processes */
  size_t members;
  bool listens; /* what follows is known */
  uint64_t records, lost_records, undecided;
  bool hears_events; /* and so is this */
  uint64_t missed;
};

/* Publishes all groups and dispatches their values, and with own those of the
 * plugin itself; own may be NULL. The reader's thread. */
void values_dispatch(struct tracker *tracker, const struct metric_scope *scope,
                     const struct own_values *own) EXCLUDES(tracker_mutex);

#endif
