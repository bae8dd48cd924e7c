/* SPDX-License-Identifier: MIT */
#include "collectd/values.h"

#include "collectd/api.h"
#include "kernel/clock.h"
#include "track/publication.h"

/* context is the value list, with the time and the group's name. */
static void dispatch_metric(void *context, const struct metric_value *metric) {
  value_list_t *list = context;
  value_t values[METRIC_VALUES];

  for (unsigned int i = 0; i < metric->count; i++) {
    if (metric->is_derive)
      values[i].derive = metric->values[i].derive;
    else
      values[i].gauge = metric->values[i].gauge;
  }
  list->values = values;
  list->values_len = metric->count;
  sstrncpy(list->type, metric->type, sizeof(list->type));
  sstrncpy(list->type_instance, metric->instance, sizeof(list->type_instance));
  plugin_dispatch_values(list);
}

static void dispatch_gauge(value_list_t *list, const char *type,
                           const char *instance, double value) {
  struct metric_value metric = {.type = type, .instance = instance, .count = 1};
  metric.values[0].gauge = value;
  dispatch_metric(list, &metric);
}

static void dispatch_events(value_list_t *list, const char *instance,
                            uint64_t events) {
  struct metric_value metric = {.type = "total_events",
                                .instance = instance,
                                .is_derive = true,
                                .count = 1};
  metric.values[0].derive = (int64_t)events;
  dispatch_metric(list, &metric);
}

/* Returns the number of reported groups. */
static size_t dispatch_groups(struct tracker *tracker, value_list_t *list,
                              const struct metric_scope *scope) {
  struct group copy;
  size_t count = 0;

  publication_begin(tracker, scope->is_partial ? 0 : scope->delays);
  for (const struct group *g = publication_next(tracker, NULL, &copy);
       g != NULL; g = publication_next(tracker, g, &copy)) {
    sstrncpy(list->plugin_instance, copy.name, sizeof(list->plugin_instance));
    metric_each(&copy, scope, dispatch_metric, list);
    count++;
  }
  return count;
}

static void dispatch_own(value_list_t *list, const struct own_values *own,
                         size_t groups) {
  list->plugin_instance[0] = '\0';
  if (own->has_members)
    dispatch_gauge(list, "count", "processes", (double)own->members);
  dispatch_gauge(list, "count", "groups", (double)groups);
  if (own->listens) {
    dispatch_events(list, "exit-records", own->records);
    dispatch_events(list, "exit-records-lost", own->lost_records);
    dispatch_events(list, "exit-undecided", own->undecided);
  }
  if (own->hears_events)
    dispatch_events(list, "missed", own->missed);
  dispatch_gauge(list, "duration", "read",
                 (double)clock_ns(CLOCK_MONOTONIC) / 1e9 - own->begin);
}

void values_dispatch(struct tracker *tracker, const struct metric_scope *scope,
                     const struct own_values *own) {
  value_list_t list = VALUE_LIST_INIT;
  list.time = cdtime();
  sstrncpy(list.plugin, "taskstats", sizeof(list.plugin));
  size_t groups = dispatch_groups(tracker, &list, scope);
  if (own != NULL)
    dispatch_own(&list, own, groups);
}
