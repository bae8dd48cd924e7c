/* SPDX-License-Identifier: MIT */
#ifndef TOP_TABLE_H
#define TOP_TABLE_H

#include "column.h"

#include <collectd/client.h>

/*
 * The values of the plugin's groups, as collectd's unixsock plugin hands them
 * out.
 */

struct row {
  char host[LCC_NAME_LEN];
  char group[LCC_NAME_LEN];
  char name[2 * LCC_NAME_LEN]; /* as it is shown */
  double cells[COLUMNS];       /* NAN: collectd does not have it */
};

struct table {
  char host[LCC_NAME_LEN]; /* the first that there is */
  struct row *rows;
  size_t len;
};

enum { TABLE_BY_NAME = -1 }; /* in the place of a column */

/* Asks collectd for everything. groups is a pattern of fnmatch(3); NULL: all.
 * -1: the connection is of no use any more. */
int table_read(struct table *table, const char *groups,
               lcc_connection_t *connection);

/* Makes another table, which the caller frees, of the groups whose names have
 * the filter in them, in upper or lower case, sorted by the number of a column:
 * the largest first. By name it stays as it was read. Returns -1 if memory is
 * short. */
int table_view(const struct table *all, const char *filter, int column,
               struct table *view);

void table_free(struct table *table);

#endif
