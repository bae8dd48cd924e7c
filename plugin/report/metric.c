/* SPDX-License-Identifier: MIT */
#include "report/metric.h"

#include "kernel/arithmetic.h"

#include <math.h>

enum kind {
  DERIVE, /* reported totals */
  GAUGE,  /* gauges */
  RATE,   /* increase of a counter per second, for each kind of delay */
  MEAN,   /* increase of a counter divided by that of another, likewise */
  TOTAL,  /* as DERIVE, likewise */
  AGE,    /* age of the oldest member */
};

enum needs { NOTHING, IO, MEMORY, FILES, MEMBER, RECORD, LISTENER, OOM };

struct metric {
  const char *type;
  const char *instance; /* the kinds of delay have their own */
  enum kind kind;
  enum collect option;
  enum needs needs;
  uint64_t divisor; /* to convert from the counter's unit */
  unsigned int count;
  unsigned int source[METRIC_VALUES]; /* indexes of counters or gauges */
};

#define NS 1000000000

/* clang-format off */
static const struct metric metrics[] = {
    {"delay_rate", "", RATE, COLLECT_DELAY, RECORD, NS,
     1, {COUNTER_DELAY}},
    {"total_time_in_ms", "", TOTAL, COLLECT_DELAY_TOTAL, RECORD, 1000000,
     1, {COUNTER_DELAY}},
    {"ps_cputime", "", DERIVE, COLLECT_CPU, NOTHING, 1000,
     2, {COUNTER_CPU_USER, COUNTER_CPU_SYSTEM}},
    {"io_octets", "", DERIVE, COLLECT_IO, IO, 1,
     2, {COUNTER_READ_CHARS, COUNTER_WRITE_CHARS}},
    {"io_ops", "", DERIVE, COLLECT_IO, IO, 1,
     2, {COUNTER_READ_CALLS, COUNTER_WRITE_CALLS}},
    {"disk_octets", "", DERIVE, COLLECT_IO, IO, 1,
     2, {COUNTER_READ_BYTES, COUNTER_WRITE_BYTES}},
    {"ps_count", "", GAUGE, COLLECT_COUNT, NOTHING, 1,
     2, {GAUGE_PROCESSES, GAUGE_THREADS}},
    {"contextswitch", "voluntary", DERIVE, COLLECT_CONTEXT_SWITCH, RECORD, 1,
     1, {COUNTER_SWITCHES_VOLUNTARY}},
    {"contextswitch", "involuntary", DERIVE, COLLECT_CONTEXT_SWITCH, RECORD, 1,
     1, {COUNTER_SWITCHES_INVOLUNTARY}},
    {"ps_pagefaults", "", DERIVE, COLLECT_PAGE_FAULTS, NOTHING, 1,
     2, {COUNTER_FAULTS_MINOR, COUNTER_FAULTS_MAJOR}},
    {"ps_rss", "", GAUGE, COLLECT_MEMORY, MEMORY, 1,
     1, {GAUGE_RSS}},
    {"ps_vm", "", GAUGE, COLLECT_MEMORY, MEMORY, 1,
     1, {GAUGE_VM}},
    {"ps_data", "", GAUGE, COLLECT_MEMORY, MEMORY, 1,
     1, {GAUGE_DATA}},
    {"ps_code", "", GAUGE, COLLECT_MEMORY, MEMORY, 1,
     1, {GAUGE_CODE}},
    {"file_handles", "", GAUGE, COLLECT_FILES, FILES, 1,
     1, {GAUGE_FILES}},
    {"uptime", "", AGE, COLLECT_UPTIME, MEMBER, NS,
     1, {GAUGES}},
    {"total_events", "exit-ok", DERIVE, COLLECT_EXITS, LISTENER, 1,
     1, {COUNTER_EXIT_OK}},
    {"total_events", "exit-error", DERIVE, COLLECT_EXITS, LISTENER, 1,
     1, {COUNTER_EXIT_ERROR}},
    {"total_events", "exit-signal", DERIVE, COLLECT_EXITS, LISTENER, 1,
     1, {COUNTER_EXIT_SIGNAL}},
    {"total_events", "exit-oom", DERIVE, COLLECT_EXITS, OOM, 1,
     1, {COUNTER_EXIT_OOM}},
    {"latency", "", MEAN, COLLECT_DELAY_LATENCY, RECORD, NS,
     1, {COUNTER_DELAY, COUNTER_WAITS}},
};
/* clang-format on */

static bool is_of_delays(enum kind kind) {
  return kind == RATE || kind == MEAN || kind == TOTAL;
}

static bool is_known(const struct metric *metric, const struct group *group,
                     const struct metric_scope *scope) {
  if (scope->is_partial && metric->needs != LISTENER && metric->needs != OOM)
    return false;
  switch (metric->needs) {
  case IO:
    return group->gauges[GAUGE_WITHOUT_IO] == 0;
  case MEMORY:
    return group->gauges[GAUGE_KNOWN_MEMORY] == group->gauges[GAUGE_PROCESSES];
  case FILES:
    return group->gauges[GAUGE_KNOWN_FILES] == group->gauges[GAUGE_PROCESSES];
  case MEMBER:
    return group->gauges[GAUGE_PROCESSES] > 0;
  case RECORD:
    return scope->delays != 0;
  case LISTENER:
    return scope->listens;
  case OOM:
    return scope->listens && scope->tells_oom;
  case NOTHING:
    break;
  }
  return true;
}

/* A rate or a mean over the last interval. */
static double per(const struct metric *metric, const struct group *group,
                  const struct metric_scope *scope, unsigned int kind) {
  double seconds = (double)group_increment(group, metric->source[0] + kind) /
                   (double)metric->divisor;
  double over = scope->elapsed;
  if (metric->kind == MEAN)
    over = (double)group_increment(group, metric->source[1] + kind);
  return over > 0 ? seconds / over : NAN;
}

static int64_t reported(const struct metric *metric, const struct group *group,
                        unsigned int counter) {
  return (int64_t)(group->reported[counter] / metric->divisor);
}

static double gauge_of(const struct metric *metric, const struct group *group,
                       const struct metric_scope *scope, unsigned int v) {
  uint64_t gauge = metric->kind == AGE
                       ? subtract(scope->boot_ns, group->oldest_ns)
                       : group->gauges[metric->source[v]];
  return (double)gauge / (double)metric->divisor;
}

/* The metrics of each known kind of delay. */
static void each_delay(const struct metric *metric, const struct group *group,
                       const struct metric_scope *scope, metric_sink *sink,
                       void *context) {
  static const char *const instances[DELAY_KINDS] = {
#define X(kind, name, since, offset) "delay-" name,
      RECORD_DELAYS(X)
#undef X
  };
  bool is_total = metric->kind == TOTAL;
  if (!is_total && scope->elapsed <= 0)
    return;
  uint32_t known = group->known_delays & scope->delays;
  for (unsigned int kind = 0; kind < DELAY_KINDS; kind++) {
    if ((known & UINT32_C(1) << kind) == 0)
      continue;
    struct metric_value value = {.type = metric->type,
                                 .instance = instances[kind],
                                 .is_derive = is_total,
                                 .count = 1};
    if (is_total)
      value.values[0].derive =
          reported(metric, group, metric->source[0] + kind);
    else
      value.values[0].gauge = per(metric, group, scope, kind);
    sink(context, &value);
  }
}

void metric_each(const struct group *group, const struct metric_scope *scope,
                 metric_sink *sink, void *context) {
  for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
    const struct metric *metric = &metrics[i];
    if ((group->rule->collect & metric->option) == 0 ||
        !is_known(metric, group, scope))
      continue;

    if (is_of_delays(metric->kind)) {
      each_delay(metric, group, scope, sink, context);
      continue;
    }
    struct metric_value value = {.type = metric->type,
                                 .instance = metric->instance,
                                 .is_derive = metric->kind == DERIVE,
                                 .count = metric->count};
    for (unsigned int v = 0; v < metric->count; v++) {
      if (value.is_derive)
        value.values[v].derive = reported(metric, group, metric->source[v]);
      else
        value.values[v].gauge = gauge_of(metric, group, scope, v);
    }
    sink(context, &value);
  }
}
