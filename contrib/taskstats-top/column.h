/* SPDX-License-Identifier: MIT */
#ifndef TOP_COLUMN_H
#define TOP_COLUMN_H

#include <stddef.h>

/*
 * The table's columns, from left to right. A value comes from one identity, one
 * of its data sources or the sum of two; what collectd counts is a rate, per
 * second. On a narrow terminal the columns with the highest rank are left out
 * first; those of rank 0 always stay.
 */

enum { COLUMNS = 15, COLUMN_RANK_MAX = 8 };

struct column {
  const char *section;
  const char *key; /* for --sort and --json */
  const char *title;
  int width;
  int rank;
  const char *type;
  const char *fallback; /* a type for a group without the other; or NULL */
  const char *type_instance;
  const char *sources[2];
  double scale, fallback_scale;
  void (*format)(char *cell, size_t size, double value);
};

extern const struct column *const columns; /* COLUMNS of them */

#endif
