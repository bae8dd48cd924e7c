/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CONFIG_STANZA_H
#define TASKSTATS_CONFIG_STANZA_H

#include "collectd/config_value.h"

/*
 * A stanza of the configuration: Process, ProcessMatch or Group. Its head makes
 * a rule; its options are set between its begin and its end.
 */

enum config_stanza_kind {
  CONFIG_STANZA_PROCESS,
  CONFIG_STANZA_PROCESS_MATCH,
  CONFIG_STANZA_GROUP
};

/* Checks the head, and makes the rule for the options. Like all functions here,
 * returns 0; or -EINVAL or -ENOMEM, with the error in scope. */
int config_stanza_begin(struct config_scope *scope, const oconfig_item_t *item,
                        enum config_stanza_kind kind);

/* Adds each value of a selector option as an alternative. */
int config_stanza_select(const struct config_scope *scope,
                         const oconfig_item_t *item, enum selector_kind kind);

/* Begin and end a block of selectors that exclude processes. Both return the
 * same as above; status is that of everything between them. */
int config_stanza_begin_exclude(struct config_scope *scope,
                                const oconfig_item_t *item);
int config_stanza_end_exclude(struct config_scope *scope,
                              const oconfig_item_t *item, int status);

/* Adds the rule to the settings if status, that of everything since the begin,
 * is 0 and the rule is complete. Returns the status. */
int config_stanza_end(struct config_scope *scope, const oconfig_item_t *item,
                      int status);

#endif
