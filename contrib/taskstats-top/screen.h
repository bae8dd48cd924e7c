/* SPDX-License-Identifier: MIT */
#ifndef TOP_SCREEN_H
#define TOP_SCREEN_H

#include "view.h"

#include <stdbool.h>

/*
 * The table for people: frames that replace each other on a terminal, otherwise
 * one table after the other.
 */

struct screen {
  int width, height; /* height 0: no limit */
  int drawn;         /* lines of the current frame */
  bool shown[COLUMNS];
  int name_width;
  bool has_legend; /* has been shown */
};

/* table is this view of all groups. */
void screen_show_table(struct screen *screen, const struct table *table,
                       const struct view *view);
void screen_show_message(struct screen *screen, const char *message);

#endif
