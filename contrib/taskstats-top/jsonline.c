/* SPDX-License-Identifier: MIT */
#include "jsonline.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A name may be invalid UTF-8: the kernel truncates names anywhere. */
static json_t *json_of_name(const char *name) {
  json_t *json = json_string(name);
  if (json != NULL)
    return json;

  char *plain = strdup(name);
  for (char *at = plain; at != NULL && *at != '\0'; at++)
    *at = (unsigned char)*at < 0x80 ? *at : '?';
  json = plain != NULL ? json_string(plain) : NULL;
  free(plain);
  return json;
}

static json_t *json_of_row(const struct row *row) {
  json_t *json = json_object();
  json_object_set_new(json, "host", json_of_name(row->host));
  json_object_set_new(json, "group", json_of_name(row->group));
  for (size_t c = 0; c < COLUMNS; c++)
    json_object_set_new(json, columns[c].key,
                        isnan(row->cells[c]) ? json_null()
                                             : json_real(row->cells[c]));
  return json;
}

void jsonline_show(const struct table *table) {
  json_t *json = json_object(), *groups = json_array();
  json_object_set_new(json, "time", json_integer(time(NULL)));
  for (size_t i = 0; i < table->len; i++)
    json_array_append_new(groups, json_of_row(&table->rows[i]));
  json_object_set_new(json, "groups", groups);
  json_dumpf(json, stdout,
             JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
  putchar('\n');
  fflush(stdout);
  json_decref(json);
}
