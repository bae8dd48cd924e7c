/* SPDX-License-Identifier: MIT */

/*
 * The plugin as collectd sees it: the only file that calls collectd. collectd
 * calls the callbacks one after another, but the reads in a thread of its own.
 */

#include "config.h"
#include "metric.h"
#include "problem.h"
#include "reader.h"

#include <collectd/core/daemon/collectd.h>

#include <collectd/core/daemon/plugin.h>
#include <collectd/core/utils/common/common.h>

#include <time.h>

_Static_assert(CONFIG_NAME_LENGTH == DATA_MAX_NAME_LEN - 1,
               "names are as long as collectd allows");

static struct settings settings;
static struct reader *reader;
static struct problems problems;
static double last_read; /* seconds, CLOCK_MONOTONIC; 0 before the first */

static double seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int taskstats_config(oconfig_item_t *block) {
  char error[1024];
  int status = config_add_block(&settings, block, error, sizeof(error));
  if (status != 0)
    ERROR("taskstats plugin: %s.", error);
  return status;
}

static void enable_delay_accounting(void) {
  int status = reader_enable_delay_accounting(reader);
  if (status < 0)
    ERROR("taskstats plugin: EnableDelayAccounting cannot set "
          "kernel.task_delayacct to 1: %s. Run collectd as root, or set it at "
          "boot, in /etc/sysctl.d.",
          STRERROR(-status));
  else if (status > 0)
    NOTICE("taskstats plugin: kernel.task_delayacct is now 1, for the whole "
           "machine. Services that run already are counted after a restart.");
}

static int taskstats_init(void) {
  if (reader != NULL)
    return 0;

  config_finish(&settings);
  if (settings.ignored[0] != '\0')
    WARNING("taskstats plugin: %s: options of the processes plugin that do "
            "nothing here; leave them to it.",
            settings.ignored);
  if (settings.rules == NULL)
    WARNING("taskstats plugin: No group is configured, so none is reported; "
            "add Process, ProcessMatch or <Group> to <Plugin taskstats>.");

  int status = reader_create("/proc", settings.rules, &reader);
  if (status != 0) {
    ERROR("taskstats plugin: Cannot begin to read /proc: %s.",
          STRERROR(-status));
    return status;
  }
  if (settings.enable_delay_accounting)
    enable_delay_accounting();
  return 0;
}

/* context is the value list, with the time and the group's name. */
static void dispatch(void *context, const struct metric_value *metric) {
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

static void report_gauge(value_list_t *list, const char *type,
                         const char *instance, double value) {
  struct metric_value metric = {.type = type, .count = 1};
  sstrncpy(metric.instance, instance, sizeof(metric.instance));
  metric.values[0].gauge = value;
  dispatch(list, &metric);
}

static void say(bool is_warning, const char *line) {
  plugin_log(is_warning ? LOG_WARNING : LOG_NOTICE, "taskstats plugin: %s",
             line);
}

static int taskstats_read(void) {
  double begin = seconds(CLOCK_MONOTONIC);
  struct timespec boot;
  clock_gettime(CLOCK_BOOTTIME, &boot);

  struct reader_report report;
  reader_read(reader,
              (uint64_t)boot.tv_sec * 1000000000 + (uint64_t)boot.tv_nsec,
              &report);
  problems_update(&problems, &report, say);

  struct metric_scope scope = {
      .elapsed = last_read > 0 ? begin - last_read : 0,
      .delays = report.delays,
  };
  last_read = begin;

  value_list_t list = VALUE_LIST_INIT;
  list.time = cdtime();
  sstrncpy(list.plugin, "taskstats", sizeof(list.plugin));
  size_t count;
  struct group *groups = reader_groups(reader, &count);
  for (size_t i = 0; i < count; i++) {
    group_publish(&groups[i]);
    sstrncpy(list.plugin_instance, groups[i].name,
             sizeof(list.plugin_instance));
    metric_each(&groups[i], &scope, dispatch, &list);
  }
  if (settings.report_self) {
    list.plugin_instance[0] = '\0';
    report_gauge(&list, "count", "processes", (double)report.members);
    report_gauge(&list, "count", "groups", (double)count);
    report_gauge(&list, "duration", "read", seconds(CLOCK_MONOTONIC) - begin);
  }
  return 0;
}

static int taskstats_shutdown(void) {
  reader_destroy(reader);
  reader = NULL;
  config_clear(&settings);
  return 0;
}

__attribute__((visibility("default"))) void module_register(void);

void module_register(void) {
  config_init(&settings);
  plugin_register_complex_config("taskstats", taskstats_config);
  plugin_register_init("taskstats", taskstats_init);
  plugin_register_read("taskstats", taskstats_read);
  plugin_register_shutdown("taskstats", taskstats_shutdown);
}
