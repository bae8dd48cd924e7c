/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cpulist.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Where an option stands. */
enum place { IN_PLUGIN = 1, IN_PROCESS = 2, IN_GROUP = 4, ANYWHERE = 7 };

struct parse {
  struct settings *settings;
  struct rule *rule; /* NULL outside of a stanza */
  const oconfig_item_t *stanza;
  char *error;
  size_t size;
};

struct option {
  const char *key;
  unsigned int places;
  int (*set)(struct parse *parse, const struct option *option,
             const oconfig_item_t *item);
  unsigned int argument; /* of set: a bit or a kind of selector */
};

/* An option as its user wrote it: its key and values. */
static void print_option(const oconfig_item_t *item, char *text, size_t size) {
  snprintf(text, size, "%s", item->key);
  for (int i = 0; i < item->values_num; i++) {
    const oconfig_value_t *value = &item->values[i];
    size_t used = strlen(text);
    if (value->type == OCONFIG_TYPE_NUMBER)
      snprintf(text + used, size - used, " %.15g", value->value.number);
    else if (value->type == OCONFIG_TYPE_BOOLEAN)
      snprintf(text + used, size - used, " %s",
               value->value.boolean ? "true" : "false");
    else
      snprintf(text + used, size - used, " \"%s\"", value->value.string);
  }
}

/* Says where and what is wrong: "Group "web": option User "joe" is …". Returns
 * -EINVAL. */
__attribute__((format(printf, 3, 4))) static int
fail(const struct parse *parse, const oconfig_item_t *item, const char *format,
     ...) {
  char option[256], what[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof(what), format, arguments);
  va_end(arguments);

  print_option(item, option, sizeof(option));
  if (parse->stanza != NULL && parse->stanza != item)
    snprintf(parse->error, parse->size, "%s \"%s\": option %s %s",
             parse->stanza->key, parse->rule->name, option, what);
  else
    snprintf(parse->error, parse->size, "option %s %s", option, what);
  return -EINVAL;
}

static int get_boolean(struct parse *parse, const oconfig_item_t *item,
                       bool *result) {
  static const char *const names[][2] = {
      {"false", "true"}, {"no", "yes"}, {"off", "on"}};

  if (item->values_num != 1 || item->children_num != 0)
    return fail(parse, item, "needs one value: true or false");
  const oconfig_value_t *value = &item->values[0];
  if (value->type == OCONFIG_TYPE_BOOLEAN) {
    *result = value->value.boolean;
    return 0;
  }
  if (value->type == OCONFIG_TYPE_STRING) /* collectd takes these, too */
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
      for (int b = 0; b < 2; b++)
        if (strcasecmp(value->value.string, names[i][b]) == 0) {
          *result = b;
          return 0;
        }
  return fail(parse, item, "must be true or false");
}

static int set_collect(struct parse *parse, const struct option *option,
                       const oconfig_item_t *item) {
  bool on;
  int status = get_boolean(parse, item, &on);
  if (status != 0)
    return status;

  uint32_t *collect = &parse->settings->collect;
  if (parse->rule != NULL) {
    collect = &parse->rule->collect;
    parse->rule->collect_own |= option->argument;
  }
  *collect = on ? *collect | option->argument : *collect & ~option->argument;
  return 0;
}

static int set_enable_delay_accounting(struct parse *parse,
                                       const struct option *option,
                                       const oconfig_item_t *item) {
  (void)option;
  return get_boolean(parse, item, &parse->settings->enable_delay_accounting);
}

static int set_report_self(struct parse *parse, const struct option *option,
                           const oconfig_item_t *item) {
  (void)option;
  return get_boolean(parse, item, &parse->settings->report_self);
}

/* The processes plugin has it. */
static int set_ignored(struct parse *parse, const struct option *option,
                       const oconfig_item_t *item) {
  (void)item;
  char *ignored = parse->settings->ignored;
  size_t used = strlen(ignored);

  if (strstr(ignored, option->key) == NULL)
    snprintf(ignored + used, sizeof(parse->settings->ignored) - used, "%s%s",
             used > 0 ? ", " : "", option->key);
  return 0;
}

/* A whole number from least on. */
static int get_number(struct parse *parse, const oconfig_item_t *item,
                      uint32_t least, uint32_t *result) {
  double number = -1;
  if (item->values_num == 1 && item->children_num == 0 &&
      item->values[0].type == OCONFIG_TYPE_NUMBER)
    number = item->values[0].value.number;
  if (number >= least && number <= INT32_MAX &&
      (double)(uint32_t)number == number) {
    *result = (uint32_t)number;
    return 0;
  }
  return fail(parse, item, "must be a whole number from %u to %d", least,
              INT32_MAX);
}

static int set_watch_cpus(struct parse *parse, const struct option *option,
                          const oconfig_item_t *item) {
  (void)option;
  char number[32], possible_text[1024];
  const char *text = number;
  if (item->values_num != 1 || item->children_num != 0)
    return fail(parse, item, "needs one value, such as \"0-3,8\"");
  const oconfig_value_t *value = &item->values[0];
  if (value->type == OCONFIG_TYPE_NUMBER)
    snprintf(number, sizeof(number), "%.15g", value->value.number);
  else if (value->type == OCONFIG_TYPE_STRING)
    text = value->value.string;
  else
    return fail(parse, item, "must be \"all\", \"none\" or a list of CPUs");

  struct settings *settings = parse->settings;
  free(settings->watch_cpus);
  settings->watch_cpus = NULL;
  settings->watches = strcasecmp(text, "none") != 0;
  if (!settings->watches || strcasecmp(text, "all") == 0)
    return 0;
  struct cpulist list, possible;
  int status = cpulist_parse(text, &list);
  if (status == -EINVAL)
    return fail(parse, item,
                "is no list of CPUs such as \"0-3,8\", nor \"all\" or "
                "\"none\"");
  if (cpulist_read_possible(possible_text, sizeof(possible_text)) == 0 &&
      cpulist_parse(possible_text, &possible) == 0 &&
      (status != 0 || !cpulist_is_subset(&list, &possible)))
    return fail(parse, item,
                "has a CPU that this machine cannot have; possible are %s",
                possible_text);
  settings->watch_cpus = strdup(text);
  if (settings->watch_cpus != NULL)
    return 0;
  fail(parse, item, "finds no memory");
  return -ENOMEM;
}

static int set_watch_buffer(struct parse *parse, const struct option *option,
                            const oconfig_item_t *item) {
  (void)option;
  uint32_t bytes = 0;
  int status = get_number(parse, item, 4096, &bytes);
  if (status == 0)
    parse->settings->watch_buffer = bytes;
  return status;
}

static int set_notify_exit(struct parse *parse, const struct option *option,
                           const oconfig_item_t *item) {
  (void)option;
  static const char *const names[] = {[NOTIFY_NONE] = "none",
                                      [NOTIFY_FAILURE] = "failure",
                                      [NOTIFY_ALL] = "all"};
  size_t notify = sizeof(names) / sizeof(names[0]);

  if (item->values_num == 1 && item->children_num == 0 &&
      item->values[0].type == OCONFIG_TYPE_STRING)
    for (notify = 0; notify < sizeof(names) / sizeof(names[0]); notify++)
      if (strcasecmp(names[notify], item->values[0].value.string) == 0)
        break;
  if (notify == sizeof(names) / sizeof(names[0]))
    return fail(parse, item, "must be \"none\", \"failure\" or \"all\"");
  if (parse->rule == NULL) {
    parse->settings->notify = (enum notify)notify;
  } else {
    parse->rule->notify = (enum notify)notify;
    parse->rule->has_notify = true;
  }
  return 0;
}

static int set_notify_rate(struct parse *parse, const struct option *option,
                           const oconfig_item_t *item) {
  (void)option;
  return get_number(parse, item, 1, &parse->settings->notify_rate);
}

static int set_max_groups(struct parse *parse, const struct option *option,
                          const oconfig_item_t *item) {
  (void)option;
  return get_number(parse, item, 1, &parse->settings->max_groups);
}

static int set_descendants(struct parse *parse, const struct option *option,
                           const oconfig_item_t *item) {
  (void)option;
  return get_boolean(parse, item, &parse->rule->descendants);
}

static int set_top(struct parse *parse, const struct option *option,
                   const oconfig_item_t *item) {
  (void)option;
  if (parse->rule->template == NULL)
    return fail(parse, item,
                "is for groups whose name has a placeholder; this is but one");
  return get_number(parse, item, 1, &parse->rule->top);
}

static int add_selector_value(struct parse *parse, const oconfig_item_t *item,
                              enum selector_kind kind,
                              const oconfig_value_t *value) {
  oconfig_value_t copy = *value;
  oconfig_item_t wrong = *item; /* to blame this value alone */
  wrong.values = &copy;
  wrong.values_num = 1;

  char number[32], error[256];
  const char *text = value->value.string;
  if (value->type == OCONFIG_TYPE_NUMBER && kind == SELECTOR_USER) {
    snprintf(number, sizeof(number), "%.15g", value->value.number);
    text = number;
  } else if (value->type != OCONFIG_TYPE_STRING) {
    return fail(parse, &wrong, "must be a string in quotes");
  }
  if (selector_add(parse->rule->selector, kind, text, error, sizeof(error)) !=
      0)
    return fail(parse, &wrong, "%s", error);
  return 0;
}

static int set_selector(struct parse *parse, const struct option *option,
                        const oconfig_item_t *item) {
  if (item->values_num < 1 || item->children_num != 0)
    return fail(parse, item, "needs at least one value, a string in quotes");
  for (int i = 0; i < item->values_num; i++) {
    int status = add_selector_value(
        parse, item, (enum selector_kind)option->argument, &item->values[i]);
    if (status != 0)
      return status;
  }
  return 0;
}

static int set_process(struct parse *, const struct option *,
                       const oconfig_item_t *);
static int set_process_match(struct parse *, const struct option *,
                             const oconfig_item_t *);
static int set_group(struct parse *, const struct option *,
                     const oconfig_item_t *);

static const struct option options[] = {
    {"Process", IN_PLUGIN, set_process, 0},
    {"ProcessMatch", IN_PLUGIN, set_process_match, 0},
    {"Group", IN_PLUGIN, set_group, 0},

    {"Command", IN_GROUP, set_selector, SELECTOR_COMMAND},
    {"CommandLine", IN_GROUP, set_selector, SELECTOR_COMMAND_LINE},
    {"Executable", IN_GROUP, set_selector, SELECTOR_EXECUTABLE},
    {"User", IN_GROUP, set_selector, SELECTOR_USER},
    {"ControlGroup", IN_GROUP, set_selector, SELECTOR_CONTROL_GROUP},
    {"PIDFile", IN_GROUP, set_selector, SELECTOR_PID_FILE},

    {"CollectDelay", ANYWHERE, set_collect, COLLECT_DELAY},
    {"CollectDelayAccounting", ANYWHERE, set_collect, COLLECT_DELAY},
    {"CollectCPU", ANYWHERE, set_collect, COLLECT_CPU},
    {"CollectIO", ANYWHERE, set_collect, COLLECT_IO},
    {"CollectCount", ANYWHERE, set_collect, COLLECT_COUNT},
    {"CollectContextSwitch", ANYWHERE, set_collect, COLLECT_CONTEXT_SWITCH},
    {"CollectPageFaults", ANYWHERE, set_collect, COLLECT_PAGE_FAULTS},
    {"CollectMemory", ANYWHERE, set_collect, COLLECT_MEMORY},
    {"CollectDelayLatency", ANYWHERE, set_collect, COLLECT_DELAY_LATENCY},

    {"CollectExits", ANYWHERE, set_collect, COLLECT_EXITS},

    {"WatchCPUs", IN_PLUGIN, set_watch_cpus, 0},
    {"WatchBuffer", IN_PLUGIN, set_watch_buffer, 0},
    {"NotifyExit", ANYWHERE, set_notify_exit, 0},
    {"NotifyExitRate", IN_PLUGIN, set_notify_rate, 0},
    {"EnableDelayAccounting", IN_PLUGIN, set_enable_delay_accounting, 0},
    {"ReportSelf", IN_PLUGIN, set_report_self, 0},

    {"CollectFileDescriptor", ANYWHERE, set_ignored, 0},
    {"CollectMemoryMaps", ANYWHERE, set_ignored, 0},
    {"CollectSystemContextSwitch", IN_PLUGIN, set_ignored, 0},

    {"Descendants", IN_GROUP, set_descendants, 0},
    {"Top", IN_GROUP, set_top, 0},
    {"MaxGroups", IN_PLUGIN, set_max_groups, 0},
};

enum { OPTIONS = sizeof(options) / sizeof(options[0]) };

static int fail_unknown(struct parse *parse, const oconfig_item_t *item,
                        enum place place) {
  char names[1024] = "";
  size_t used = 0;

  for (size_t i = 0; i < OPTIONS && used < sizeof(names); i++)
    if (options[i].places & place && options[i].set != set_ignored)
      used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
                               used > 0 ? ", " : "", options[i].key);
  fail(parse, item, "is not known here");
  used = strlen(parse->error);
  snprintf(parse->error + used, parse->size - used, "; known are %s", names);
  return -EINVAL;
}

static int set_options(struct parse *parse, const oconfig_item_t *block,
                       enum place place) {
  for (int i = 0; i < block->children_num; i++) {
    const oconfig_item_t *item = &block->children[i];
    size_t o = 0;
    while (o < OPTIONS && ((options[o].places & place) == 0 ||
                           strcasecmp(options[o].key, item->key) != 0))
      o++;
    int status = o < OPTIONS ? options[o].set(parse, &options[o], item)
                             : fail_unknown(parse, item, place);
    if (status != 0)
      return status;
  }
  return 0;
}

/* Returns the first count values if they are strings, and no more, or NULL. */
static const oconfig_value_t *get_strings(const oconfig_item_t *item,
                                          int count) {
  if (item->values_num != count)
    return NULL;
  for (int i = 0; i < count; i++)
    if (item->values[i].type != OCONFIG_TYPE_STRING)
      return NULL;
  return item->values;
}

/* What collectd, its file writers and line protocols cannot bear in a name. */
static void clean_name(char *name) {
  for (; *name != '\0'; name++)
    if (*name == '/' || (unsigned char)*name < ' ' || *name == 127)
      *name = '_';
}

/* What MaxGroups and Top add others up in. */
static bool is_reserved(const struct parse *parse) {
  static const char other[] = "other";
  bool has_names = parse->rule->template != NULL;
  bool has_other = strcmp(parse->rule->name, other) == 0;

  for (const struct rule *r = parse->settings->rules; r != NULL; r = r->next) {
    has_names |= r->template != NULL;
    has_other |= strcmp(r->name, other) == 0;
  }
  return has_names && has_other;
}

static int check_name(struct parse *parse, const oconfig_item_t *item) {
  const char *name = parse->rule->name;

  if (name[0] == '\0')
    return fail(parse, item, "has an empty name; give it one");
  if (strlen(name) > GROUP_NAME_SIZE - 1)
    return fail(parse, item, "has a name longer than %d bytes",
                GROUP_NAME_SIZE - 1);
  for (const struct rule *r = parse->settings->rules; r != NULL; r = r->next)
    if (strcmp(r->name, name) == 0)
      return fail(parse, item,
                  "names a group that there is already; give each a name of "
                  "its own");
  if (is_reserved(parse))
    return fail(parse, item,
                "cannot be beside a group \"other\", in which those that a "
                "placeholder makes too many of are added up; rename that");
  return 0;
}

/* A name with placeholders makes many groups; one without, a group of that
 * name. */
static int parse_name(struct parse *parse, const oconfig_item_t *item) {
  struct rule *rule = parse->rule;
  char error[256], name[1024];

  if (rule->name[0] == '\0')
    return 0; /* check_name refuses it */
  if (template_parse(rule->name, &rule->template, error, sizeof(error)) != 0)
    return fail(parse, item, "%s", error);
  if (!template_is_fixed(rule->template))
    return 0;
  template_expand(rule->template, NULL, NULL, name, sizeof(name));
  template_destroy(rule->template);
  rule->template = NULL;
  snprintf(rule->name, strlen(rule->name) + 1, "%s", name);
  return 0;
}

static int check_captures(struct parse *parse, const oconfig_item_t *item) {
  const struct rule *rule = parse->rule;
  unsigned int wanted =
      rule->template != NULL ? template_captures(rule->template) : 0;
  unsigned int there = selector_captures(rule->selector);

  if (wanted > there)
    return fail(parse, item,
                "has %%{%u}, but its regular expressions have %u parentheses",
                wanted, there);
  return 0;
}

/* Adds a rule whose selector is complete. */
static void append_rule(struct settings *settings, struct rule *rule) {
  struct rule **end = &settings->rules;
  while (*end != NULL)
    end = &(*end)->next;
  *end = rule;
}

/* A stanza: makes its rule, selects by one value that stands in its head if
 * there is one, and sets the options in it. */
static int add_stanza(struct parse *parse, const oconfig_item_t *item,
                      enum place place, enum selector_kind kind,
                      const oconfig_value_t *selected) {
  struct rule *rule = calloc(1, sizeof(*rule));
  if (rule == NULL || (rule->selector = selector_create()) == NULL ||
      (rule->name = strdup(item->values[0].value.string)) == NULL) {
    snprintf(parse->error, parse->size, "no memory for %s", item->key);
    if (rule != NULL)
      rule_destroy(rule);
    return -ENOMEM;
  }
  parse->rule = rule;
  parse->stanza = item;

  int status = 0;
  if (place == IN_GROUP)
    status = parse_name(parse, item);
  else
    clean_name(rule->name);
  if (status == 0)
    status = check_name(parse, item);
  if (status == 0 && selected != NULL)
    status = add_selector_value(parse, item, kind, selected);
  if (status == 0)
    status = set_options(parse, item, place);
  if (status == 0 && selector_is_empty(rule->selector) &&
      rule->template == NULL)
    status = fail(parse, item,
                  "selects nothing; add Command, CommandLine, Executable, "
                  "User, ControlGroup or PIDFile");
  if (status == 0)
    status = check_captures(parse, item);
  parse->rule = NULL;
  parse->stanza = NULL;
  if (status == 0)
    append_rule(parse->settings, rule);
  else
    rule_destroy(rule);
  return status;
}

static int set_process(struct parse *parse, const struct option *option,
                       const oconfig_item_t *item) {
  (void)option;
  const oconfig_value_t *values = get_strings(item, 1);
  if (values == NULL)
    return fail(parse, item, "needs one value: a command name in quotes");
  return add_stanza(parse, item, IN_PROCESS, SELECTOR_COMMAND, &values[0]);
}

static int set_process_match(struct parse *parse, const struct option *option,
                             const oconfig_item_t *item) {
  (void)option;
  const oconfig_value_t *values = get_strings(item, 2);
  if (values == NULL)
    return fail(parse, item,
                "needs two values: a name and a regular expression, both in "
                "quotes");
  return add_stanza(parse, item, IN_PROCESS, SELECTOR_COMMAND_LINE, &values[1]);
}

static int set_group(struct parse *parse, const struct option *option,
                     const oconfig_item_t *item) {
  (void)option;
  const oconfig_value_t *values = get_strings(item, 1);
  if (values == NULL)
    return fail(parse, item, "needs one value: a name in quotes");
  return add_stanza(parse, item, IN_GROUP, SELECTOR_KINDS, NULL);
}

void config_init(struct settings *settings) {
  *settings = (struct settings){
      .collect = COLLECT_DELAY | COLLECT_CPU | COLLECT_IO | COLLECT_COUNT |
                 COLLECT_EXITS,
      .report_self = true,
      .watches = true,
      .watch_buffer = 8388608,
      .notify = NOTIFY_NONE,
      .notify_rate = 10,
      .max_groups = 500,
  };
}

int config_add_block(struct settings *settings, const oconfig_item_t *block,
                     char *error, size_t size) {
  struct parse parse = {.settings = settings, .error = error, .size = size};
  return set_options(&parse, block, IN_PLUGIN);
}

void config_finish(struct settings *settings) {
  for (struct rule *r = settings->rules; r != NULL; r = r->next) {
    r->collect |= settings->collect & ~r->collect_own;
    if (!r->has_notify)
      r->notify = settings->notify;
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
}
