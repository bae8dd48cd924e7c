/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <fnmatch.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double value_of(const struct column *column, const char *type,
                       size_t len, const gauge_t *values, char *const *names) {
  double sum = NAN;
  for (size_t s = 0; s < 2 && column->sources[s] != NULL; s++)
    for (size_t i = 0; i < len; i++)
      if (strcmp(names[i], column->sources[s]) == 0)
        sum = s == 0 ? values[i] : sum + values[i];
  return sum * (strcmp(type, column->type) == 0 ? column->scale
                                                : column->fallback_scale);
}

static bool column_has(const struct column *column, const char *type,
                       const lcc_identifier_t *id) {
  return type != NULL && strcmp(type, id->type) == 0 &&
         strcmp(column->type_instance, id->type_instance) == 0;
}

static bool column_shows(const struct column *column,
                         const lcc_identifier_t *id) {
  return column_has(column, column->type, id) ||
         column_has(column, column->fallback, id);
}

static bool group_shown(const char *groups, const char *group) {
  return groups == NULL || fnmatch(groups, group, 0) == 0;
}

static bool is_of_same_group(const lcc_identifier_t *a,
                             const lcc_identifier_t *b) {
  return strcmp(a->host, b->host) == 0 && strcmp(a->plugin, b->plugin) == 0 &&
         strcmp(a->plugin_instance, b->plugin_instance) == 0;
}

/* Whether the first of the identifiers, which are sorted, is a fallback
 * although the group has the primary one further on (delay_rate,
 * total_time_in_ms). */
static bool is_superseded(const lcc_identifier_t *ids, size_t len) {
  for (size_t c = 0; c < COLUMNS; c++) {
    if (!column_has(&columns[c], columns[c].fallback, &ids[0]))
      continue;
    for (size_t i = 1; i < len && is_of_same_group(&ids[0], &ids[i]); i++)
      if (column_has(&columns[c], columns[c].type, &ids[i]))
        return true;
  }
  return false;
}

static bool identifier_shown(const char *groups, const lcc_identifier_t *id) {
  if (strcmp(id->plugin, "taskstats") != 0 || id->plugin_instance[0] == '\0' ||
      !group_shown(groups, id->plugin_instance))
    return false;
  for (size_t c = 0; c < COLUMNS; c++)
    if (column_shows(&columns[c], id))
      return true;
  return false;
}

/* A value that collectd has removed in the meantime is not an error; only a
 * broken connection is. The library distinguishes them only by its message. */
static int row_fill(struct row *row, lcc_connection_t *connection,
                    lcc_identifier_t *id) {
  size_t len = 0;
  gauge_t *values = NULL;
  char **names = NULL;
  if (lcc_getval(connection, id, &len, &values, &names) != 0)
    return strncmp(lcc_strerror(connection), "Server error", 12) == 0 ? 0 : -1;

  for (size_t c = 0; c < COLUMNS; c++)
    if (column_shows(&columns[c], id))
      row->cells[c] = value_of(&columns[c], id->type, len, values, names);

  for (size_t i = 0; i < len; i++)
    free(names[i]);
  free(names);
  free(values);
  return 0;
}

/* The identifiers are sorted, so those of a group are adjacent. Groups of hosts
 * other than the first one's (collectd may be a server) are shown with the
 * host. */
static struct row *table_row(struct table *table, const lcc_identifier_t *id) {
  struct row *row = table->len == 0 ? NULL : &table->rows[table->len - 1];
  if (row != NULL && strcmp(row->group, id->plugin_instance) == 0 &&
      strcmp(row->host, id->host) == 0)
    return row;

  row = &table->rows[table->len++];
  memcpy(row->host, id->host, sizeof(row->host));
  memcpy(row->group, id->plugin_instance, sizeof(row->group));
  if (table->len == 1)
    memcpy(table->host, id->host, sizeof(table->host));
  bool other = strcmp(row->host, table->host) != 0;
  snprintf(row->name, sizeof(row->name), "%s%s%s", other ? row->host : "",
           other ? "/" : "", row->group);
  for (size_t c = 0; c < COLUMNS; c++)
    row->cells[c] = NAN;
  return row;
}

static int table_fill(struct table *table, const char *groups,
                      lcc_connection_t *connection, lcc_identifier_t *ids,
                      size_t len) {
  table->rows = calloc(len + 1, sizeof(*table->rows));
  if (table->rows == NULL)
    return -1;
  lcc_sort_identifiers(connection, ids, len);
  for (size_t i = 0; i < len; i++)
    if (identifier_shown(groups, &ids[i]) && !is_superseded(&ids[i], len - i) &&
        row_fill(table_row(table, &ids[i]), connection, &ids[i]) != 0)
      return -1;
  return 0;
}

void table_free(struct table *table) {
  free(table->rows);
  *table = (struct table){0};
}

int table_read(struct table *table, const char *groups,
               lcc_connection_t *connection) {
  lcc_identifier_t *ids = NULL;
  size_t len = 0;
  if (lcc_listval(connection, &ids, &len) != 0)
    return -1;
  int status = table_fill(table, groups, connection, ids, len);
  free(ids);
  if (status != 0)
    table_free(table);
  return status;
}

/* qsort passes no context to the comparison. */
static int sort_column;

/* The largest value first, unknown ones last; equal ones by name. */
static int row_compare(const void *left, const void *right) {
  const struct row *a = left, *b = right;
  double x = a->cells[sort_column], y = b->cells[sort_column];
  if (isnan(x) != isnan(y))
    return isnan(x) ? 1 : -1;
  if (x > y || x < y)
    return x < y ? 1 : -1;
  return strcmp(a->name, b->name);
}

int table_view(const struct table *all, const char *filter, int column,
               struct table *view) {
  *view = *all;
  view->len = 0;
  view->rows = calloc(all->len + 1, sizeof(*view->rows));
  if (view->rows == NULL)
    return -1;
  for (size_t i = 0; i < all->len; i++)
    if (strcasestr(all->rows[i].name, filter) != NULL)
      view->rows[view->len++] = all->rows[i];
  sort_column = column;
  if (column != TABLE_BY_NAME)
    qsort(view->rows, view->len, sizeof(*view->rows), row_compare);
  return 0;
}
