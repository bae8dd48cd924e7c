/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CONFIG_H
#define TASKSTATS_CONFIG_H

#include "group.h"

#include <collectd/liboconfig/oconfig.h>

/*
 * The configuration: <Plugin taskstats> blocks.
 */

struct settings {
  struct rule *rules;
  uint32_t collect; /* of stanzas that do not say otherwise */
  bool enable_delay_accounting;
  bool report_self;

  char *watch_cpus; /* such as "0-3,8"; NULL for all */
  bool watches;     /* false for none */
  size_t watch_buffer;
  enum notify notify; /* of stanzas that do not say otherwise */
  uint32_t notify_rate;
  uint32_t max_groups; /* that the processes' names make */

  char ignored[128]; /* options of the processes plugin that do nothing here */
};

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
