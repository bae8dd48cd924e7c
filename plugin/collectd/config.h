/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CONFIG_H
#define TASKSTATS_CONFIG_H

#include "collectd/settings.h"

#include <collectd/liboconfig/oconfig.h>

/*
 * The configuration: <Plugin taskstats> blocks.
 */

void config_init(struct settings *settings);

/* Adds one block; several add up. Returns 0; or -EINVAL or -ENOMEM and, in
 * error, which option and value is wrong and what would be right. */
int config_add_block(struct settings *settings, const oconfig_item_t *block,
                     char *error, size_t size);

/* Settles what each stanza reports, after the last block. */
void config_finish(struct settings *settings);

/* Frees what the settings hold. */
void config_clear(struct settings *settings);

#endif
