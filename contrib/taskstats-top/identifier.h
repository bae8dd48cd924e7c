/* SPDX-License-Identifier: MIT */
#ifndef TOP_IDENTIFIER_H
#define TOP_IDENTIFIER_H

#include <stddef.h>

/*
 * What collectd calls a value: host/plugin-instance/type-instance. How long a
 * name may be is collectd's to say; 127 bytes each, if it was built as usual.
 */

struct identifier {
  char *name; /* the whole, as collectd writes it; it owns the others */
  const char *host;
  const char *plugin, *plugin_instance; /* "": no instance */
  const char *type, *type_instance;
};

/* Takes a line of LISTVAL: the time, and the identifier. -1: it is none, or
 * memory is short. */
int identifier_parse(struct identifier *identifier, const char *line);

/* For qsort: of a group together, then by type. */
int identifier_compare(const void *left, const void *right);

void identifier_free(struct identifier *identifier);

#endif
