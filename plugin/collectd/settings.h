/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_SETTINGS_H
#define TASKSTATS_SETTINGS_H

#include "select/rule.h"

/* The configuration. */
struct settings {
  struct rule *rules;
  uint32_t collect; /* for stanzas that do not set it */
  bool enable_delay_accounting;
  bool report_self;

  char *watch_cpus; /* such as "0-3,8"; NULL for all */
  bool watches;     /* false for none */
  size_t watch_buffer;
  bool process_events;
  enum notify notify; /* for stanzas that do not set it */
  uint32_t notify_rate;
  char *exit_log;      /* a path; NULL for none */
  uint32_t max_groups; /* that group name templates make */

  char ignored[128];  /* ignored options of the processes plugin */
  char repeated[128]; /* names of Process and ProcessMatch stanzas that are
                       * ignored, because a group has that name already */
};

#endif
