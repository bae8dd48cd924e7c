/* SPDX-License-Identifier: MIT */
#include "collectd/config.h"

#include "collectd/config_stanza.h"
#include "kernel/cpulist.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Where an option may appear. */
enum place {
  IN_PLUGIN = 1,
  IN_PROCESS = 2,
  IN_GROUP = 4,
  ANYWHERE = 7,
  IN_EXCLUDE = 8,
  IN_SELECTION = IN_GROUP | IN_EXCLUDE,
};

struct option {
  const char *key;
  unsigned int places;
  int (*set)(struct config_scope *scope, const struct option *option,
             const oconfig_item_t *item);
  unsigned int argument; /* for set: a bit, a kind of selector or stanza */
};

static int set_collect(struct config_scope *scope, const struct option *option,
                       const oconfig_item_t *item) {
  bool on;
  int status = config_value_boolean(scope, item, &on);
  if (status != 0)
    return status;

  uint32_t *collect = &scope->settings->collect;
  if (scope->rule != NULL) {
    collect = &scope->rule->collect;
    scope->rule->collect_own |= option->argument;
  }
  *collect = on ? *collect | option->argument : *collect & ~option->argument;
  return 0;
}

static int set_enable_delay_accounting(struct config_scope *scope,
                                       const struct option *option,
                                       const oconfig_item_t *item) {
  (void)option;
  return config_value_boolean(scope, item,
                              &scope->settings->enable_delay_accounting);
}

static int set_process_events(struct config_scope *scope,
                              const struct option *option,
                              const oconfig_item_t *item) {
  (void)option;
  return config_value_boolean(scope, item, &scope->settings->process_events);
}

static int set_report_self(struct config_scope *scope,
                           const struct option *option,
                           const oconfig_item_t *item) {
  (void)option;
  return config_value_boolean(scope, item, &scope->settings->report_self);
}

/* An option that only the processes plugin supports. */
static int set_ignored(struct config_scope *scope, const struct option *option,
                       const oconfig_item_t *item) {
  (void)item;
  char *ignored = scope->settings->ignored;
  size_t used = strlen(ignored);

  if (strstr(ignored, option->key) == NULL)
    snprintf(ignored + used, sizeof(scope->settings->ignored) - used, "%s%s",
             used > 0 ? ", " : "", option->key);
  return 0;
}

static int set_watch_cpus(struct config_scope *scope,
                          const struct option *option,
                          const oconfig_item_t *item) {
  (void)option;
  char number[32], possible_text[1024];
  const char *text = number;
  if (item->values_num != 1 || item->children_num != 0)
    return config_fail(scope, item, "needs one value, such as \"0-3,8\"");
  const oconfig_value_t *value = &item->values[0];
  if (value->type == OCONFIG_TYPE_NUMBER)
    snprintf(number, sizeof(number), "%.15g", value->value.number);
  else if (value->type == OCONFIG_TYPE_STRING)
    text = value->value.string;
  else
    return config_fail(scope, item,
                       "must be \"all\", \"none\" or a list of CPUs");

  struct settings *settings = scope->settings;
  free(settings->watch_cpus);
  settings->watch_cpus = NULL;
  settings->watches = strcasecmp(text, "none") != 0;
  if (!settings->watches || strcasecmp(text, "all") == 0)
    return 0;
  struct cpulist list, possible;
  int status = cpulist_parse(text, &list);
  if (status == -EINVAL)
    return config_fail(
        scope, item,
        "is not a list of CPUs such as \"0-3,8\", \"all\" or \"none\"");
  if (cpulist_read_possible(possible_text, sizeof(possible_text)) == 0 &&
      cpulist_parse(possible_text, &possible) == 0 &&
      (status != 0 || !cpulist_is_subset(&list, &possible)))
    return config_fail(
        scope, item,
        "names a CPU that this machine cannot have; possible CPUs are %s",
        possible_text);
  settings->watch_cpus = strdup(text);
  if (settings->watch_cpus != NULL)
    return 0;
  config_fail(scope, item, "cannot be stored: out of memory");
  return -ENOMEM;
}

static int set_watch_buffer(struct config_scope *scope,
                            const struct option *option,
                            const oconfig_item_t *item) {
  (void)option;
  uint32_t bytes = 0;
  int status = config_value_number(scope, item, 4096, &bytes);
  if (status == 0)
    scope->settings->watch_buffer = bytes;
  return status;
}

static int set_notify_exit(struct config_scope *scope,
                           const struct option *option,
                           const oconfig_item_t *item) {
  (void)option;
  static const char *const names[] = {[NOTIFY_NONE] = "none",
                                      [NOTIFY_OOM] = "oom",
                                      [NOTIFY_FAILURE] = "failure",
                                      [NOTIFY_ALL] = "all"};
  size_t notify = sizeof(names) / sizeof(names[0]);

  if (item->values_num == 1 && item->children_num == 0 &&
      item->values[0].type == OCONFIG_TYPE_STRING)
    for (notify = 0; notify < sizeof(names) / sizeof(names[0]); notify++)
      if (strcasecmp(names[notify], item->values[0].value.string) == 0)
        break;
  if (notify == sizeof(names) / sizeof(names[0]))
    return config_fail(scope, item,
                       "must be \"none\", \"oom\", \"failure\" or \"all\"");
  if (scope->rule == NULL) {
    scope->settings->notify = (enum notify)notify;
  } else {
    scope->rule->notify = (enum notify)notify;
    scope->rule->has_notify = true;
  }
  return 0;
}

static int set_exit_log(struct config_scope *scope, const struct option *option,
                        const oconfig_item_t *item) {
  (void)option;
  if (item->values_num != 1 || item->children_num != 0 ||
      item->values[0].type != OCONFIG_TYPE_STRING ||
      item->values[0].value.string[0] != '/')
    return config_fail(scope, item,
                       "must be a path in quotes that begins with \"/\"");
  free(scope->settings->exit_log);
  scope->settings->exit_log = strdup(item->values[0].value.string);
  if (scope->settings->exit_log != NULL)
    return 0;
  config_fail(scope, item, "cannot be stored: out of memory");
  return -ENOMEM;
}

static int set_notify_rate(struct config_scope *scope,
                           const struct option *option,
                           const oconfig_item_t *item) {
  (void)option;
  return config_value_number(scope, item, 1, &scope->settings->notify_rate);
}

static int set_max_groups(struct config_scope *scope,
                          const struct option *option,
                          const oconfig_item_t *item) {
  (void)option;
  return config_value_number(scope, item, 1, &scope->settings->max_groups);
}

static int set_descendants(struct config_scope *scope,
                           const struct option *option,
                           const oconfig_item_t *item) {
  (void)option;
  return config_value_boolean(scope, item, &scope->rule->descendants);
}

static int set_top(struct config_scope *scope, const struct option *option,
                   const oconfig_item_t *item) {
  (void)option;
  if (scope->rule->template == NULL)
    return config_fail(scope, item,
                       "is only for groups whose name has a placeholder; this "
                       "is a single group");

  oconfig_item_t number = *item; /* without the order */
  bool has_order =
      item->values_num == 2 && item->values[1].type == OCONFIG_TYPE_STRING;
  number.values_num -= has_order;
  int status = config_value_number(scope, &number, 1, &scope->rule->top);
  if (status != 0 || !has_order ||
      top_order_find(item->values[1].value.string, &scope->rule->top_order))
    return status;
  char orders[200];
  top_order_list(orders, sizeof(orders));
  return config_fail(scope, item, "names an unknown order; known orders are %s",
                     orders);
}

static int set_selector(struct config_scope *scope, const struct option *option,
                        const oconfig_item_t *item) {
  return config_stanza_select(scope, item,
                              (enum selector_kind)option->argument);
}

static int set_stanza(struct config_scope *, const struct option *,
                      const oconfig_item_t *);
static int set_exclude(struct config_scope *, const struct option *,
                       const oconfig_item_t *);

static const struct option options[] = {
    {"Process", IN_PLUGIN, set_stanza, CONFIG_STANZA_PROCESS},
    {"ProcessMatch", IN_PLUGIN, set_stanza, CONFIG_STANZA_PROCESS_MATCH},
    {"Group", IN_PLUGIN, set_stanza, CONFIG_STANZA_GROUP},

    {"Command", IN_SELECTION, set_selector, SELECTOR_COMMAND},
    {"CommandLine", IN_SELECTION, set_selector, SELECTOR_COMMAND_LINE},
    {"Executable", IN_SELECTION, set_selector, SELECTOR_EXECUTABLE},
    {"User", IN_SELECTION, set_selector, SELECTOR_USER},
    {"ControlGroup", IN_SELECTION, set_selector, SELECTOR_CONTROL_GROUP},
    {"Unit", IN_SELECTION, set_selector, SELECTOR_UNIT},
    {"PIDFile", IN_SELECTION, set_selector, SELECTOR_PID_FILE},

    {"CollectDelay", ANYWHERE, set_collect, COLLECT_DELAY},
    {"CollectDelayAccounting", ANYWHERE, set_collect, COLLECT_DELAY},
    {"CollectDelayTotal", ANYWHERE, set_collect, COLLECT_DELAY_TOTAL},
    {"CollectCPU", ANYWHERE, set_collect, COLLECT_CPU},
    {"CollectIO", ANYWHERE, set_collect, COLLECT_IO},
    {"CollectCount", ANYWHERE, set_collect, COLLECT_COUNT},
    {"CollectContextSwitch", ANYWHERE, set_collect, COLLECT_CONTEXT_SWITCH},
    {"CollectPageFaults", ANYWHERE, set_collect, COLLECT_PAGE_FAULTS},
    {"CollectMemory", ANYWHERE, set_collect, COLLECT_MEMORY},
    {"CollectDelayLatency", ANYWHERE, set_collect, COLLECT_DELAY_LATENCY},
    {"CollectFileDescriptor", ANYWHERE, set_collect, COLLECT_FILES},
    {"CollectUptime", ANYWHERE, set_collect, COLLECT_UPTIME},

    {"CollectExits", ANYWHERE, set_collect, COLLECT_EXITS},

    {"WatchCPUs", IN_PLUGIN, set_watch_cpus, 0},
    {"WatchBuffer", IN_PLUGIN, set_watch_buffer, 0},
    {"NotifyExit", ANYWHERE, set_notify_exit, 0},
    {"NotifyExitRate", IN_PLUGIN, set_notify_rate, 0},
    {"ExitLog", IN_PLUGIN, set_exit_log, 0},
    {"EnableDelayAccounting", IN_PLUGIN, set_enable_delay_accounting, 0},
    {"ReportSelf", IN_PLUGIN, set_report_self, 0},
    {"ProcessEvents", IN_PLUGIN, set_process_events, 0},

    {"CollectMemoryMaps", ANYWHERE, set_ignored, 0},
    {"CollectSystemContextSwitch", IN_PLUGIN, set_ignored, 0},

    {"Descendants", IN_GROUP, set_descendants, 0},
    {"Exclude", IN_GROUP, set_exclude, 0},
    {"Top", IN_GROUP, set_top, 0},
    {"MaxGroups", IN_PLUGIN, set_max_groups, 0},
};

enum { OPTIONS = sizeof(options) / sizeof(options[0]) };

static int fail_unknown(struct config_scope *scope, const oconfig_item_t *item,
                        enum place place) {
  char names[1024] = "";
  size_t used = 0;

  for (size_t i = 0; i < OPTIONS && used < sizeof(names); i++)
    if (options[i].places & place && options[i].set != set_ignored)
      used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
                               used > 0 ? ", " : "", options[i].key);
  config_fail(scope, item, "is unknown here");
  used = strlen(scope->error);
  snprintf(scope->error + used, scope->size - used, "; known are %s", names);
  return -EINVAL;
}

static int set_options(struct config_scope *scope, const oconfig_item_t *block,
                       enum place place) {
  for (int i = 0; i < block->children_num; i++) {
    const oconfig_item_t *item = &block->children[i];
    size_t o = 0;
    while (o < OPTIONS && ((options[o].places & place) == 0 ||
                           strcasecmp(options[o].key, item->key) != 0))
      o++;
    int status = o < OPTIONS ? options[o].set(scope, &options[o], item)
                             : fail_unknown(scope, item, place);
    if (status != 0)
      return status;
  }
  return 0;
}

static int set_stanza(struct config_scope *scope, const struct option *option,
                      const oconfig_item_t *item) {
  enum config_stanza_kind kind = (enum config_stanza_kind)option->argument;
  int status = config_stanza_begin(scope, item, kind);
  if (status == 0)
    status = set_options(scope, item,
                         kind == CONFIG_STANZA_GROUP ? IN_GROUP : IN_PROCESS);
  return config_stanza_end(scope, item, status);
}

static int set_exclude(struct config_scope *scope, const struct option *option,
                       const oconfig_item_t *item) {
  (void)option;
  int status = config_stanza_begin_exclude(scope, item);
  if (status != 0)
    return status;
  status = set_options(scope, item, IN_EXCLUDE);
  return config_stanza_end_exclude(scope, item, status);
}

void config_init(struct settings *settings) {
  *settings = (struct settings){
      .collect = COLLECT_DELAY | COLLECT_DELAY_TOTAL | COLLECT_CPU |
                 COLLECT_IO | COLLECT_COUNT | COLLECT_EXITS,
      .report_self = true,
      .watches = true,
      .watch_buffer = 8388608,
      .process_events = true,
      .notify = NOTIFY_NONE,
      .notify_rate = 10,
      .max_groups = 500,
  };
}

int config_add_block(struct settings *settings, const oconfig_item_t *block,
                     char *error, size_t size) {
  struct config_scope scope = {
      .settings = settings, .error = error, .size = size};
  return set_options(&scope, block, IN_PLUGIN);
}

void config_finish(struct settings *settings) {
  for (struct rule *r = settings->rules; r != NULL; r = r->next) {
    r->collect |= settings->collect & ~r->collect_own;
    if (!r->has_notify)
      r->notify = settings->notify;
    if (r->notify != NOTIFY_NONE || settings->exit_log != NULL)
      r->collect |= COLLECT_CGROUP;
  }
}

void config_clear(struct settings *settings) {
  struct rule *next;
  for (struct rule *r = settings->rules; r != NULL; r = next) {
    next = r->next;
    rule_destroy(r);
  }
  settings->rules = NULL;
  free(settings->watch_cpus);
  settings->watch_cpus = NULL;
  free(settings->exit_log);
  settings->exit_log = NULL;
}
