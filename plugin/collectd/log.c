/* SPDX-License-Identifier: MIT */
#include "collectd/log.h"

#include "collectd/api.h"
#include "select/text.h"

void log_line(int severity, const char *line) {
  char clean[1024];
  text_clean(line, clean, sizeof(clean));
  plugin_log(severity, "taskstats plugin: %s", clean);
}
