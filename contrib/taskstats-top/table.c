/* SPDX-License-Identifier: MIT */
#include "table.h"

#include "identifier.h"
#include "unixsock.h"

#include <fnmatch.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The value of a data source in a reply to GETVAL. */
static double find_value(const struct unixsock_reply *reply,
                         const char *source) {
  size_t length = strlen(source);
  for (size_t i = 0; i < reply->len; i++)
    if (strncmp(reply->lines[i], source, length) == 0 &&
        reply->lines[i][length] == '=')
      return strtod(&reply->lines[i][length + 1], NULL);
  return NAN;
}

static double value_of(const struct column *column, const char *type,
                       const struct unixsock_reply *reply) {
  double sum = find_value(reply, column->sources[0]);
  if (column->sources[1] != NULL)
    sum += find_value(reply, column->sources[1]);
  return sum * (strcmp(type, column->type) == 0 ? column->scale
                                                : column->fallback_scale);
}

static bool column_has(const struct column *column, const char *type,
                       const struct identifier *id) {
  return type != NULL && strcmp(type, id->type) == 0 &&
         strcmp(column->type_instance, id->type_instance) == 0;
}

static bool column_shows(const struct column *column,
                         const struct identifier *id) {
  return column_has(column, column->type, id) ||
         column_has(column, column->fallback, id);
}

static bool group_shown(const char *groups, const char *group) {
  return groups == NULL || fnmatch(groups, group, 0) == 0;
}

static bool is_of_same_group(const struct identifier *a,
                             const struct identifier *b) {
  return strcmp(a->host, b->host) == 0 && strcmp(a->plugin, b->plugin) == 0 &&
         strcmp(a->plugin_instance, b->plugin_instance) == 0;
}

/* Whether the first of the identifiers, which are sorted, is a fallback
 * although the group has the primary one further on (delay_rate,
 * total_time_in_ms). */
static bool is_superseded(const struct identifier *ids, size_t len) {
  for (size_t c = 0; c < COLUMNS; c++) {
    if (!column_has(&columns[c], columns[c].fallback, &ids[0]))
      continue;
    for (size_t i = 1; i < len && is_of_same_group(&ids[0], &ids[i]); i++)
      if (column_has(&columns[c], columns[c].type, &ids[i]))
        return true;
  }
  return false;
}

static bool identifier_shown(const char *groups, const struct identifier *id) {
  if (strcmp(id->plugin, "taskstats") != 0 || id->plugin_instance[0] == '\0' ||
      !group_shown(groups, id->plugin_instance))
    return false;
  for (size_t c = 0; c < COLUMNS; c++)
    if (column_shows(&columns[c], id))
      return true;
  return false;
}

/* A value that collectd has removed in the meantime is not an error. */
static int row_fill(struct row *row, FILE *connection,
                    const struct identifier *id) {
  struct unixsock_reply reply;
  if (unixsock_ask(connection, "GETVAL", id->name, &reply) != 0)
    return -1;
  if (reply.len > 0)
    for (size_t c = 0; c < COLUMNS; c++)
      if (column_shows(&columns[c], id))
        row->cells[c] = value_of(&columns[c], id->type, &reply);
  unixsock_reply_free(&reply);
  return 0;
}

/* The identifiers are sorted, so those of a group are adjacent. Groups of hosts
 * other than the first one's (collectd may be a server) are shown with the
 * host. Returns NULL if out of memory. */
static struct row *table_row(struct table *table, const struct identifier *id) {
  struct row *row = table->len == 0 ? NULL : &table->rows[table->len - 1];
  if (row != NULL && strcmp(row->group, id->plugin_instance) == 0 &&
      strcmp(row->host, id->host) == 0)
    return row;

  if (row == NULL)
    table->host = id->host;
  bool other = strcmp(id->host, table->host) != 0;
  char *name = NULL;
  if (asprintf(&name, "%s%s%s", other ? id->host : "", other ? "/" : "",
               id->plugin_instance) < 0)
    return NULL;
  row = &table->rows[table->len++];
  *row = (struct row){
      .host = id->host, .group = id->plugin_instance, .name = name};
  for (size_t c = 0; c < COLUMNS; c++)
    row->cells[c] = NAN;
  return row;
}

static int table_fill(struct table *table, const char *groups,
                      FILE *connection) {
  const struct identifier *ids = table->identifiers;
  size_t len = table->identifiers_len;
  table->rows = calloc(len + 1, sizeof(*table->rows));
  if (table->rows == NULL)
    return -1;
  for (size_t i = 0; i < len; i++) {
    if (!identifier_shown(groups, &ids[i]) || is_superseded(&ids[i], len - i))
      continue;
    struct row *row = table_row(table, &ids[i]);
    if (row == NULL || row_fill(row, connection, &ids[i]) != 0)
      return -1;
  }
  return 0;
}

static int take_identifiers(struct table *table,
                            const struct unixsock_reply *reply) {
  table->identifiers = calloc(reply->len + 1, sizeof(*table->identifiers));
  if (table->identifiers == NULL)
    return -1;
  for (size_t i = 0; i < reply->len; i++) {
    if (identifier_parse(&table->identifiers[i], reply->lines[i]) != 0)
      return -1;
    table->identifiers_len++;
  }
  qsort(table->identifiers, table->identifiers_len, sizeof(*table->identifiers),
        identifier_compare);
  return 0;
}

void table_free(struct table *table) {
  for (size_t i = 0; table->identifiers != NULL && i < table->len; i++)
    free(table->rows[i].name);
  for (size_t i = 0; i < table->identifiers_len; i++)
    identifier_free(&table->identifiers[i]);
  free(table->identifiers);
  free(table->rows);
  *table = (struct table){0};
}

int table_read(struct table *table, const char *groups, FILE *connection) {
  *table = (struct table){0};
  struct unixsock_reply reply;
  if (unixsock_ask(connection, "LISTVAL", NULL, &reply) != 0)
    return -1;
  int status = take_identifiers(table, &reply);
  unixsock_reply_free(&reply);
  if (status == 0)
    status = table_fill(table, groups, connection);
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
  *view = (struct table){.host = all->host};
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
