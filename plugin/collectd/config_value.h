/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CONFIG_VALUE_H
#define TASKSTATS_CONFIG_VALUE_H

#include "collectd/settings.h"

#include <collectd/liboconfig/oconfig.h>

/*
 * How far the configuration is read, and the values of its items: taken if they
 * are what is wanted, else blamed.
 */

struct config_scope {
  struct settings *settings;
  struct rule *rule;         /* NULL outside of a stanza */
  struct selector *selector; /* the rule's, or one of its exclusions' */
  const oconfig_item_t *stanza;
  char *error;
  size_t size;
};

/* Says where and what is wrong: "Group "web": option User "joe" is …". Returns
 * -EINVAL. */
__attribute__((format(printf, 3, 4))) int
config_fail(const struct config_scope *scope, const oconfig_item_t *item,
            const char *format, ...);

/* Each returns 0, or what config_fail does. */
int config_value_boolean(const struct config_scope *scope,
                         const oconfig_item_t *item, bool *result);

/* A whole number from least on. */
int config_value_number(const struct config_scope *scope,
                        const oconfig_item_t *item, uint32_t least,
                        uint32_t *result);

#endif
