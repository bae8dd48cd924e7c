/* SPDX-License-Identifier: MIT */
#include "view.h"

#include <stdio.h>
#include <string.h>

/* Moves to the next column on the left or right, starting at the group's name,
 * with wrap-around. */
static void move_sort(struct view *view, int step, const bool shown[COLUMNS]) {
  do {
    view->sort += step;
    if (view->sort < TABLE_BY_NAME)
      view->sort = COLUMNS - 1;
    if (view->sort == COLUMNS)
      view->sort = TABLE_BY_NAME;
  } while (view->sort != TABLE_BY_NAME && !shown[view->sort]);
}

static void clear_filter(struct view *view) {
  view->filter[0] = '\0';
  view->is_typing = false;
}

static void type_key(struct view *view, int key) {
  enum { BACKSPACE = '\b', DELETE = 0x7f };
  size_t length = strlen(view->filter);
  if (key == VIEW_KEY_ESCAPE) {
    clear_filter(view);
  } else if (key == '\n' || key == '\r') {
    view->is_typing = false;
  } else if (key == BACKSPACE || key == DELETE) {
    view->filter[length > 0 ? length - 1 : 0] = '\0';
  } else if (key >= ' ' && key <= '~' && length + 1 < sizeof(view->filter)) {
    view->filter[length] = (char)key;
    view->filter[length + 1] = '\0';
  }
}

bool view_take_key(struct view *view, int key, const bool shown[COLUMNS]) {
  if (view->is_typing) {
    type_key(view, key);
    return true;
  }
  switch (key) {
  case '<':
    move_sort(view, -1, shown);
    return true;
  case '>':
    move_sort(view, 1, shown);
    return true;
  case '/':
    view->filter[0] = '\0';
    view->is_typing = true;
    return true;
  case VIEW_KEY_ESCAPE:
    clear_filter(view);
    return true;
  default:
    return key != 'q';
  }
}

void view_describe(const struct view *view, char *line, size_t size) {
  const char *sort =
      view->sort == TABLE_BY_NAME ? "group" : columns[view->sort].key;
  if (view->is_typing)
    snprintf(line, size, "filter: %s_   Enter: keep it   Esc: clear it",
             view->filter);
  else
    snprintf(line, size, "< > sort: %s   / filter: %s%s   q: quit", sort,
             view->filter[0] != '\0' ? view->filter : "none",
             view->filter[0] != '\0' ? "   Esc: clear it" : "");
}
