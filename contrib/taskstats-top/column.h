/* SPDX-License-Identifier: MIT */
#ifndef TOP_COLUMN_H
#define TOP_COLUMN_H

#include <stddef.h>

/*
 * The table's columns, from left to right. A value is one data source of an
 * identity, or the sum of two; counters are shown as rates per second. On a
 * narrow terminal, the columns with the highest rank are left out first; those
 * with rank 0 are always shown.
 */

enum { COLUMNS = 15, COLUMN_RANK_MAX = 8 };

struct column {
  const char *section;
  const char *key; /* for --sort and --json */
  const char *title;
  int width;
  int rank;
  const char *type;
  const char *fallback; /* a type for groups that lack the other; or NULL */
  const char *type_instance;
  const char *sources[2];
  double scale, fallback_scale;
  void (*format)(char *cell, size_t size, double value);
};

extern const struct column *const columns; /* an array of COLUMNS */

#endif
