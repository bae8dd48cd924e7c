/* SPDX-License-Identifier: MIT */
#include "jsonline.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

/* A name may be invalid UTF-8: the kernel truncates names anywhere. */
static json_t *json_of_name(const char *name) {
  json_t *json = json_string(name);
  if (json != NULL)
    return json;

  char plain[LCC_NAME_LEN];
  size_t length = 0;
  for (; name[length] != '\0' && length < sizeof(plain) - 1; length++)
    plain[length] = (unsigned char)name[length] < 0x80 ? name[length] : '?';
  plain[length] = '\0';
  return json_string(plain);
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
