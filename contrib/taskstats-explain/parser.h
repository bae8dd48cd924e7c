/* SPDX-License-Identifier: MIT */
#ifndef EXPLAIN_PARSER_H
#define EXPLAIN_PARSER_H

#include <liboconfig/oconfig.h>

#include <stddef.h>

/*
 * Parses the text of a configuration file into the same tree as collectd does.
 */

/* Adds the contents of the text to the children of root. Returns 0; or -EINVAL
 * or -ENOMEM, with error saying what is wrong in which line. */
int parser_parse(const char *text, oconfig_item_t *root, char *error,
                 size_t size);

/* Adds a child. On success, the parent owns it. Returns 0 or -ENOMEM. */
int parser_append(oconfig_item_t *parent, const oconfig_item_t *child);

/* Frees the contents of an item. */
void parser_clear(oconfig_item_t *item);

#endif
