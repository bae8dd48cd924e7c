/* SPDX-License-Identifier: MIT */
#include "collectd/config_value.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Prints an option as it was written: its key and values. */
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

int config_fail(const struct config_scope *scope, const oconfig_item_t *item,
                const char *format, ...) {
  char option[256], what[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof(what), format, arguments);
  va_end(arguments);

  print_option(item, option, sizeof(option));
  if (scope->stanza != NULL && scope->stanza != item)
    snprintf(scope->error, scope->size, "%s \"%s\": option %s %s",
             scope->stanza->key, scope->rule->name, option, what);
  else
    snprintf(scope->error, scope->size, "option %s %s", option, what);
  return -EINVAL;
}

int config_value_boolean(const struct config_scope *scope,
                         const oconfig_item_t *item, bool *result) {
  static const char *const names[][2] = {
      {"false", "true"}, {"no", "yes"}, {"off", "on"}};

  if (item->values_num != 1 || item->children_num != 0)
    return config_fail(scope, item, "needs one value: true or false");
  const oconfig_value_t *value = &item->values[0];
  if (value->type == OCONFIG_TYPE_BOOLEAN) {
    *result = value->value.boolean;
    return 0;
  }
  if (value->type == OCONFIG_TYPE_STRING) /* collectd accepts these, too */
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
      for (int b = 0; b < 2; b++)
        if (strcasecmp(value->value.string, names[i][b]) == 0) {
          *result = b;
          return 0;
        }
  return config_fail(scope, item, "must be true or false");
}

int config_value_number(const struct config_scope *scope,
                        const oconfig_item_t *item, uint32_t least,
                        uint32_t *result) {
  double number = -1;
  if (item->values_num == 1 && item->children_num == 0 &&
      item->values[0].type == OCONFIG_TYPE_NUMBER)
    number = item->values[0].value.number;
  if (number >= least && number <= INT32_MAX &&
      (double)(uint32_t)number == number) {
    *result = (uint32_t)number;
    return 0;
  }
  return config_fail(scope, item, "must be a whole number from %u to %d", least,
                     INT32_MAX);
}
