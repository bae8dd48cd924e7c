/* SPDX-License-Identifier: MIT */
#ifndef EXPLAIN_STANZAS_H
#define EXPLAIN_STANZAS_H

#include "collectd/settings.h"

#include <stddef.h>

/*
 * The stanzas of a configuration, read by the plugin's own code.
 */

/* Fills in settings, which the caller must clear with config_clear even after
 * an error. Passes to note what collectd or the plugin ignores. Returns 0; or a
 * negative errno if they would not start, with the reason in error. */
int stanzas_read(const char *path, struct settings *settings,
                 void (*note)(const char *line), char *error, size_t size);

#endif
