/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CONFIG_H
#define TASKSTATS_CONFIG_H

#include "collectd/api.h"
#include "collectd/settings.h"

/*
 * The configuration: <Plugin taskstats> blocks.
 */

void config_init(struct settings *settings);

/* Adds one block to the settings. Returns 0; or -EINVAL or -ENOMEM, with error
 * naming the option, its value, and what would be correct. */
int config_add_block(struct settings *settings, const oconfig_item_t *block,
                     char *error, size_t size);

/* Applies the global defaults to the stanzas. Must be called after the last
 * block. */
void config_finish(struct settings *settings);

/* Frees the contents of the settings. */
void config_clear(struct settings *settings);

#endif
