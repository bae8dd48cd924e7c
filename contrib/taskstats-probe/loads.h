/* SPDX-License-Identifier: MIT */
#ifndef PROBE_LOADS_H
#define PROBE_LOADS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * collectd, and whether it loads the plugin. That uses functions of collectd's
 * own program, so nothing else can tell.
 */

/* Where it looks for plugins. False: there is no collectd. */
bool loads_directory(char *directory, size_t size);

/* Starts a collectd that loads the plugin of that directory and ends. Else why
 * has the first line that it says of it. */
bool loads_plugin(const char *directory, char *why, size_t size);

#endif
