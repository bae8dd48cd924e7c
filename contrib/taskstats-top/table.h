/* SPDX-License-Identifier: MIT */
#ifndef TOP_TABLE_H
#define TOP_TABLE_H

#include "column.h"
#include "identifier.h"

#include <stdio.h>

/*
 * The values of the plugin's groups, from collectd's unixsock plugin.
 */

struct row {
  const char *host, *group; /* owned by an identifier */
  char *name;               /* as displayed */
  double cells[COLUMNS];    /* NAN: collectd lacks it */
};

struct table {
  const char *host; /* the first host */
  struct row *rows;
  size_t len;
  struct identifier *identifiers; /* NULL: the names are another table's */
  size_t identifiers_len;
};

enum { TABLE_BY_NAME = -1 }; /* instead of a column */

/* Requests all values from collectd. groups is a pattern of fnmatch(3); NULL:
 * all. Returns -1 if the connection is broken. */
int table_read(struct table *table, const char *groups, FILE *connection);

/* Makes another table, which the caller frees before the first one, of the
 * groups whose names contain the filter, ignoring case, sorted by a column, the
 * largest value first; TABLE_BY_NAME keeps the order. Returns -1 if out of
 * memory. */
int table_view(const struct table *all, const char *filter, int column,
               struct table *view);

void table_free(struct table *table);

#endif
