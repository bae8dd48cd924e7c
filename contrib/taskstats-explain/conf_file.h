/* SPDX-License-Identifier: MIT */
#ifndef EXPLAIN_CONF_FILE_H
#define EXPLAIN_CONF_FILE_H

#include <liboconfig/oconfig.h>

#include <stddef.h>

/*
 * Reads a configuration file and everything that it includes, by collectd's
 * rules.
 */

/* Adds what collectd finds in the file or directory to the children of root,
 * which the caller must clear even after an error; path may have wildcards.
 * Passes to note what collectd skips, with the reason. Returns 0; or a negative
 * errno if collectd would not start, with the reason in error. */
int conf_file_read(const char *path, oconfig_item_t *root,
                   void (*note)(const char *line), char *error, size_t size);

#endif
