/* SPDX-License-Identifier: MIT */
#ifndef PROBE_LOADS_H
#define PROBE_LOADS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether collectd loads the plugin. The plugin uses functions of the daemon,
 * so only collectd itself can tell.
 */

/* The directory of collectd's plugins. Returns false if collectd is not
 * installed. */
bool loads_directory(char *directory, size_t size);

/* Runs a collectd that loads the plugin of that directory and ends. On failure,
 * why is the first line of output about it. */
bool loads_plugin(const char *directory, char *why, size_t size);

#endif
