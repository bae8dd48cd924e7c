/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CONFIG_VALUE_H
#define TASKSTATS_CONFIG_VALUE_H

#include "collectd/api.h"
#include "collectd/settings.h"

/*
 * The position in the configuration, and functions that read values of the
 * expected types or report an error.
 */

struct config_scope {
  struct settings *settings;
  struct rule *rule;         /* NULL outside a stanza */
  struct selector *selector; /* of the rule, or of one of its exclusions */
  const oconfig_item_t *stanza;
  bool is_repeated; /* the stanza is read, and then ignored */
  char *error;
  size_t size;
};

/* Writes where and what the error is: "Group "web": option User "joe" is …".
 * Returns -EINVAL. */
__attribute__((format(printf, 3, 4))) int
config_fail(const struct config_scope *scope, const oconfig_item_t *item,
            const char *format, ...);

/* Each returns 0, or the result of config_fail. */
int config_value_boolean(const struct config_scope *scope,
                         const oconfig_item_t *item, bool *result);

/* A whole number of at least least. */
int config_value_number(const struct config_scope *scope,
                        const oconfig_item_t *item, uint32_t least,
                        uint32_t *result);

#endif
