/* SPDX-License-Identifier: MIT */
#ifndef TOP_IDENTIFIER_H
#define TOP_IDENTIFIER_H

#include <stddef.h>

/*
 * The identifier of a value in collectd: host/plugin-instance/type-instance.
 * collectd limits the length of each name, by default to 127 bytes.
 */

struct identifier {
  char *name; /* the whole, as collectd writes it; the others point into it */
  const char *host;
  const char *plugin, *plugin_instance; /* "": no instance */
  const char *type, *type_instance;
};

/* Parses a line of LISTVAL: the time, and the identifier. Returns -1 if it is
 * malformed, or if out of memory. */
int identifier_parse(struct identifier *identifier, const char *line);

/* For qsort: by group, then by type. */
int identifier_compare(const void *left, const void *right);

void identifier_free(struct identifier *identifier);

#endif
