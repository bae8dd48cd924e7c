/* SPDX-License-Identifier: MIT */
#ifndef EXPLAIN_CONF_FILE_H
#define EXPLAIN_CONF_FILE_H

#include <collectd/liboconfig/oconfig.h>

#include <stddef.h>

/*
 * A configuration file with all that it includes, by the rules of collectd.
 */

/* Adds to the children of root, which the caller clears also after an error,
 * what collectd finds in the file or directory; path may have wildcards. What
 * collectd passes over goes to note, with the reason. Returns 0; or a negative
 * errno where collectd would not start and, in error, why. */
int conf_file_read(const char *path, oconfig_item_t *root,
                   void (*note)(const char *line), char *error, size_t size);

#endif
