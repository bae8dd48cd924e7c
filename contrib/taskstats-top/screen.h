/* SPDX-License-Identifier: MIT */
#ifndef TOP_SCREEN_H
#define TOP_SCREEN_H

#include "view.h"

#include <stdbool.h>

/*
 * The table for people: on a terminal frame upon frame, elsewhere one below the
 * other.
 */

struct screen {
  int width, height; /* height 0: no limit */
  int drawn;         /* lines of the frame that stands there */
  bool shown[COLUMNS];
  int name_width;
};

/* The table is that view of all groups. */
void screen_show_table(struct screen *screen, const struct table *table,
                       const struct view *view);
void screen_show_message(struct screen *screen, const char *message);

#endif
