/* SPDX-License-Identifier: MIT */
#ifndef EXPLAIN_PARSER_H
#define EXPLAIN_PARSER_H

#include <collectd/liboconfig/oconfig.h>

#include <stddef.h>

/*
 * The text of a configuration file as the tree that collectd makes of it.
 */

/* Adds what the text has to the children of root. Returns 0; or -EINVAL or
 * -ENOMEM and, in error, what is wrong in which line. */
int parser_parse(const char *text, oconfig_item_t *root, char *error,
                 size_t size);

/* Adds a child, which is the parent's if this succeeds. Returns 0 or -ENOMEM.
 */
int parser_append(oconfig_item_t *parent, const oconfig_item_t *child);

/* Frees what an item holds. */
void parser_clear(oconfig_item_t *item);

#endif
