/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CONFIG_STANZA_H
#define TASKSTATS_CONFIG_STANZA_H

#include "collectd/config_value.h"

/*
 * A stanza of the configuration: Process, ProcessMatch or Group. It makes a
 * rule, with what stands in its head; its options are set between its begin and
 * its end.
 */

enum config_stanza_kind {
  CONFIG_STANZA_PROCESS,
  CONFIG_STANZA_PROCESS_MATCH,
  CONFIG_STANZA_GROUP
};

/* Checks the head, and makes the rule that the options are for. Returns 0; or
 * -EINVAL or -ENOMEM, as all here, and what is wrong is said. */
int config_stanza_begin(struct config_scope *scope, const oconfig_item_t *item,
                        enum config_stanza_kind kind);

/* The option of a selector: each of its values is an alternative. */
int config_stanza_select(const struct config_scope *scope,
                         const oconfig_item_t *item, enum selector_kind kind);

/* Begins and ends a block of selectors that leave processes out. Both return as
 * above; status is of all between them. */
int config_stanza_begin_exclude(struct config_scope *scope,
                                const oconfig_item_t *item);
int config_stanza_end_exclude(struct config_scope *scope,
                              const oconfig_item_t *item, int status);

/* Adds the rule to the settings if status, of all since the begin, is 0 and the
 * rule is complete. Returns the status. */
int config_stanza_end(struct config_scope *scope, const oconfig_item_t *item,
                      int status);

#endif
