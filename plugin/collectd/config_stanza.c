/* SPDX-License-Identifier: MIT */
#include "collectd/config_stanza.h"

#include "select/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SELECTORS                                                              \
  "Command, CommandLine, Executable, User, ControlGroup, Unit or PIDFile"

/* Whether there are count values, all of them strings. */
static bool has_strings(const oconfig_item_t *item, int count) {
  for (int i = 0; i < item->values_num; i++)
    if (item->values[i].type != OCONFIG_TYPE_STRING)
      return false;
  return item->values_num == count;
}

/* Whether a group has the name under which MaxGroups and Top add up others. */
static bool is_reserved(const struct config_scope *scope) {
  static const char other[] = "other";
  bool has_names = scope->rule->template != NULL;
  bool has_other = strcmp(scope->rule->name, other) == 0;

  for (const struct rule *r = scope->settings->rules; r != NULL; r = r->next) {
    has_names |= r->template != NULL;
    has_other |= strcmp(r->name, other) == 0;
  }
  return has_names && has_other;
}

static void filter_name(char *name) {
  struct text text;
  text_begin(&text, name, strlen(name) + 1, true);
  text_put(&text, name, strlen(name));
  text_end(&text);
}

static bool has_name(const struct settings *settings, const char *name) {
  for (const struct rule *r = settings->rules; r != NULL; r = r->next)
    if (strcmp(r->name, name) == 0)
      return true;
  return false;
}

static void note_repeated(struct settings *settings, const char *name) {
  text_append(settings->repeated, sizeof(settings->repeated), "%s\"%s\"",
              settings->repeated[0] != '\0' ? ", " : "", name);
}

static int check_name(const struct config_scope *scope,
                      const oconfig_item_t *item) {
  const char *name = scope->rule->name;

  if (name[0] == '\0')
    return config_fail(scope, item, "has an empty name; give it one");
  if (strlen(name) > GROUP_NAME_SIZE - 1)
    return config_fail(scope, item,
                       "has a name longer than %d bytes; shorten it",
                       GROUP_NAME_SIZE - 1);
  if (has_name(scope->settings, name) && !scope->is_repeated)
    return config_fail(scope, item,
                       "has a duplicate group name; choose another");
  if (is_reserved(scope))
    return config_fail(
        scope, item,
        "makes the name \"other\" ambiguous, under which the groups beyond "
        "MaxGroups or Top are added up; rename the group \"other\"");
  return 0;
}

/* A name with placeholders is a template for many groups; one without is the
 * name of one group. */
static int parse_name(const struct config_scope *scope,
                      const oconfig_item_t *item) {
  struct rule *rule = scope->rule;
  char error[256], name[1024];

  if (rule->name[0] == '\0')
    return 0; /* check_name rejects it */
  if (group_name_parse(rule->name, &rule->template, error, sizeof(error)) != 0)
    return config_fail(scope, item, "%s", error);
  if (!group_name_is_fixed(rule->template))
    return 0;
  group_name_expand(rule->template, NULL, NULL, name, sizeof(name));
  group_name_destroy(rule->template);
  rule->template = NULL;
  snprintf(rule->name, strlen(rule->name) + 1, "%s", name);
  return 0;
}

static int add_selector_value(const struct config_scope *scope,
                              const oconfig_item_t *item,
                              enum selector_kind kind,
                              const oconfig_value_t *value) {
  oconfig_value_t copy = *value;
  oconfig_item_t wrong = *item; /* to report this value only */
  wrong.values = &copy;
  wrong.values_num = 1;

  char number[32], error[256];
  const char *text = value->value.string;
  if (value->type == OCONFIG_TYPE_NUMBER && kind == SELECTOR_USER) {
    snprintf(number, sizeof(number), "%.15g", value->value.number);
    text = number;
  } else if (value->type != OCONFIG_TYPE_STRING) {
    return config_fail(scope, &wrong, "must be a string in quotes");
  }
  if (selector_add(scope->selector, kind, text, error, sizeof(error)) != 0)
    return config_fail(scope, &wrong, "%s", error);
  return 0;
}

int config_stanza_select(const struct config_scope *scope,
                         const oconfig_item_t *item, enum selector_kind kind) {
  if (item->values_num < 1 || item->children_num != 0)
    return config_fail(scope, item,
                       "needs at least one value, a string in quotes");
  for (int i = 0; i < item->values_num; i++) {
    int status = add_selector_value(scope, item, kind, &item->values[i]);
    if (status != 0)
      return status;
  }
  return 0;
}

/* The rule is owned by the scope until the stanza ends. */
static int make_rule(struct config_scope *scope, const oconfig_item_t *item) {
  struct rule *rule = calloc(1, sizeof(*rule));
  if (rule == NULL || (rule->selector = selector_create()) == NULL ||
      (rule->name = strdup(item->values[0].value.string)) == NULL) {
    snprintf(scope->error, scope->size, "out of memory for %s", item->key);
    rule_destroy(rule);
    return -ENOMEM;
  }
  scope->rule = rule;
  scope->selector = rule->selector;
  scope->stanza = item;
  return 0;
}

int config_stanza_begin(struct config_scope *scope, const oconfig_item_t *item,
                        enum config_stanza_kind kind) {
  /* The selector of the last value; SELECTOR_KINDS: there is only the name. */
  static const struct {
    int values;
    enum selector_kind selected;
    const char *wanted;
  } heads[] = {
      [CONFIG_STANZA_PROCESS] = {1, SELECTOR_COMMAND,
                                 "one value: a command name in quotes"},
      [CONFIG_STANZA_PROCESS_MATCH] =
          {2, SELECTOR_COMMAND_LINE,
           "two values: a name and a regular expression, "
           "both in quotes"},
      [CONFIG_STANZA_GROUP] = {1, SELECTOR_KINDS,
                               "one value: a name in quotes"},
  };
  int values = heads[kind].values;
  if (!has_strings(item, values))
    return config_fail(scope, item, "needs %s", heads[kind].wanted);

  int status = make_rule(scope, item);
  if (status == 0 && kind == CONFIG_STANZA_GROUP)
    status = parse_name(scope, item);
  else if (status == 0)
    filter_name(scope->rule->name);
  scope->is_repeated = status == 0 && kind != CONFIG_STANZA_GROUP &&
                       has_name(scope->settings, scope->rule->name);
  if (status == 0)
    status = check_name(scope, item);
  if (status == 0 && heads[kind].selected != SELECTOR_KINDS)
    status = add_selector_value(scope, item, heads[kind].selected,
                                &item->values[values - 1]);
  return status;
}

int config_stanza_begin_exclude(struct config_scope *scope,
                                const oconfig_item_t *item) {
  if (item->values_num > 0)
    return config_fail(scope, item,
                       "takes no value; put selectors into the block");
  struct exclusion *exclusion = rule_exclude(scope->rule);
  if (exclusion == NULL) {
    snprintf(scope->error, scope->size, "out of memory for %s", item->key);
    return -ENOMEM;
  }
  scope->selector = exclusion->selector;
  return 0;
}

int config_stanza_end_exclude(struct config_scope *scope,
                              const oconfig_item_t *item, int status) {
  if (status == 0 && selector_is_empty(scope->selector))
    status = config_fail(scope, item, "excludes nothing; add " SELECTORS);
  scope->selector = scope->rule->selector;
  return status;
}

static int check_captures(const struct config_scope *scope,
                          const oconfig_item_t *item) {
  const struct rule *rule = scope->rule;
  unsigned int wanted =
      rule->template != NULL ? group_name_captures(rule->template) : 0;
  unsigned int there = selector_captures(rule->selector);

  if (wanted > there)
    return config_fail(
        scope, item,
        "uses %%{%u}, but its regular expressions have too few parentheses: %u",
        wanted, there);
  return 0;
}

/* Adds a rule with a complete selector. */
static void append_rule(struct settings *settings, struct rule *rule) {
  struct rule **end = &settings->rules;
  while (*end != NULL)
    end = &(*end)->next;
  *end = rule;
}

int config_stanza_end(struct config_scope *scope, const oconfig_item_t *item,
                      int status) {
  struct rule *rule = scope->rule;
  if (status == 0 && selector_is_empty(rule->selector) &&
      rule->template == NULL)
    status = config_fail(scope, item, "selects nothing; add " SELECTORS);
  if (status == 0)
    status = check_captures(scope, item);
  scope->rule = NULL;
  scope->selector = NULL;
  scope->stanza = NULL;
  if (status == 0 && scope->is_repeated)
    note_repeated(scope->settings, rule->name);
  if (status == 0 && !scope->is_repeated)
    append_rule(scope->settings, rule);
  else
    rule_destroy(rule);
  return status;
}
