/* SPDX-License-Identifier: MIT */
#ifndef TOP_VIEW_H
#define TOP_VIEW_H

#include "table.h"

#include <stdbool.h>

/*
 * Which groups of the table are shown, in which order, and how keys change
 * that.
 */

enum { VIEW_FILTER_SIZE = 64 };

struct view {
  int sort;                      /* a column, or TABLE_BY_NAME */
  char filter[VIEW_FILTER_SIZE]; /* "": all groups */
  bool is_typing;                /* the filter is being typed */
};

enum { VIEW_KEY_ESCAPE = '\033' };

/* Handles a key; shown are the columns that can be chosen. Returns false to
 * quit. */
bool view_take_key(struct view *view, int key, const bool shown[COLUMNS]);

/* Writes the current settings, and the available keys. */
void view_describe(const struct view *view, char *line, size_t size);

#endif
