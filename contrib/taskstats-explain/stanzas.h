/* SPDX-License-Identifier: MIT */
#ifndef EXPLAIN_STANZAS_H
#define EXPLAIN_STANZAS_H

#include "collectd/settings.h"

#include <stddef.h>

/*
 * The stanzas of a configuration, read by the plugin's own code.
 */

/* Sets the settings, which the caller clears with config_clear also after an
 * error. What collectd, or the plugin, passes over goes to note. Returns 0; or
 * a negative errno where they would not start and, in error, why. */
int stanzas_read(const char *path, struct settings *settings,
                 void (*note)(const char *line), char *error, size_t size);

#endif
