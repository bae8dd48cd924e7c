/* SPDX-License-Identifier: MIT */
#ifndef TOP_SCREEN_H
#define TOP_SCREEN_H

#include "table.h"

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

void screen_show_table(struct screen *screen, const struct table *table);
void screen_show_message(struct screen *screen, const char *message);

#endif
