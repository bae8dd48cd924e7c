/* SPDX-License-Identifier: MIT */
#include "screen.h"

#include "pressure.h"
#include "terminal.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  NAME_MIN = 12,
  NAME_MAX_PIPED = 40,
  WIDTH_MAX = 1024, /* of a line; wider than any terminal */
  LAST_LINES = 1,   /* for the groups that are left out */
  ENOUGH_LINES = 10 /* from which on the legend and the pressure are shown */
};

static void line_end(struct screen *screen) {
  fputs(terminal_is_there() ? "\033[K\n" : "\n", stdout);
  screen->drawn++;
}

__attribute__((format(printf, 2, 3))) static void
line_print(struct screen *screen, const char *format, ...) {
  char line[WIDTH_MAX];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  printf("%.*s", screen->width, line);
  line_end(screen);
}

/* The next frame overwrites the last one, below any other output. */
static void frame_begin(struct screen *screen) {
  if (terminal_is_there() && terminal_was_resized())
    /* the old lines may be wrapped in any way */
    fputs("\033[H\033[2J", stdout);
  else if (terminal_is_there() && screen->drawn > 0)
    printf("\033[%dA\r", screen->drawn);
  screen->drawn = 0;
}

static void frame_end(void) {
  fputs(terminal_is_there() ? "\033[J" : "\n", stdout);
  fflush(stdout);
}

static void screen_measure(struct screen *screen) {
  int width = 0, height = 0;
  if (terminal_measure(&width, &height)) {
    screen->width = width < WIDTH_MAX ? width : WIDTH_MAX - 1;
    screen->height = height - 1; /* one for the cursor */
  } else {
    screen->width = terminal_is_there() ? 80 : WIDTH_MAX - 1;
    screen->height = 0;
  }
}

/* Chooses the columns that fit, and uses the rest of the width for names. */
static void screen_lay_out(struct screen *screen, int longest) {
  int total = NAME_MIN;
  for (size_t c = 0; c < COLUMNS; c++) {
    screen->shown[c] = true;
    total += 1 + columns[c].width;
  }
  for (int rank = COLUMN_RANK_MAX; rank > 0 && total > screen->width; rank--)
    for (size_t c = 0; c < COLUMNS; c++)
      if (columns[c].rank == rank) {
        screen->shown[c] = false;
        total -= 1 + columns[c].width;
      }

  int spare =
      terminal_is_there() ? screen->width - total : NAME_MAX_PIPED - NAME_MIN;
  int wanted = longest > NAME_MIN ? longest - NAME_MIN : 0;
  screen->name_width = NAME_MIN + (wanted < spare ? wanted : spare);
  if (screen->name_width < NAME_MIN)
    screen->name_width = NAME_MIN;
}

static void print_section(const char *section, int width) {
  static const char dashes[] = "------------------------------";
  int rest = width - 1 - (int)strlen(section);
  if (section[0] == '\0' || rest < 0)
    printf("%*s", width, "");
  else
    printf(" %.*s%s%.*s", rest / 2, dashes, section, rest - rest / 2, dashes);
}

static void print_sections(struct screen *screen) {
  printf("%*s", screen->name_width, "");
  for (size_t c = 0; c < COLUMNS;) {
    const char *section = columns[c].section;
    int width = 0;
    for (; c < COLUMNS && strcmp(columns[c].section, section) == 0; c++)
      width += screen->shown[c] ? 1 + columns[c].width : 0;
    print_section(section, width);
  }
  line_end(screen);
}

static void print_titles(struct screen *screen) {
  printf("%-*s", screen->name_width, "group");
  for (size_t c = 0; c < COLUMNS; c++)
    if (screen->shown[c])
      printf(" %*s", columns[c].width, columns[c].title);
  line_end(screen);
}

/* Cuts a long name in the middle, because names tend to differ at either end.
 * Characters that could control a terminal (a command may have any name) become
 * '?'. */
static void print_name(const char *name, int width) {
  int len = (int)strlen(name);
  int head = len > width ? width / 2 : len;
  int tail = len > width ? width - head - 1 : 0;
  for (int i = 0; i < head; i++)
    putchar(name[i] < ' ' || name[i] > '~' ? '?' : name[i]);
  if (tail > 0)
    putchar('~');
  for (int i = len - tail; i < len; i++)
    putchar(name[i] < ' ' || name[i] > '~' ? '?' : name[i]);
  printf("%*s", len > width ? 0 : width - len, "");
}

/* On a terminal, a wait is bold from a tenth of a thread's time, and red from a
 * whole thread's; NO_COLOR is honoured, see no-color.org. */
static bool coloured(void) {
  const char *unwanted = getenv("NO_COLOR");
  return terminal_is_there() && (unwanted == NULL || unwanted[0] == '\0');
}

static const char *colour_of_wait(double value) {
  if (!coloured() || !(value >= 100))
    return "";
  return value >= 1000 ? "\033[1;31m" : "\033[1m";
}

static const char *colour_of(const struct column *column, double value) {
  bool is_wait = column->fallback != NULL;
  return is_wait ? colour_of_wait(value) : "";
}

static const char *colour_end(void) { return coloured() ? "\033[0m" : ""; }

static void print_row(struct screen *screen, const struct row *row) {
  print_name(row->name, screen->name_width);
  for (size_t c = 0; c < COLUMNS; c++) {
    char cell[64] = "-";
    if (!isnan(row->cells[c]))
      columns[c].format(cell, sizeof(cell), row->cells[c]);
    const char *colour = colour_of(&columns[c], row->cells[c]);
    if (screen->shown[c])
      printf(" %s%*s%s", colour, columns[c].width, cell,
             colour[0] != '\0' ? colour_end() : "");
  }
  line_end(screen);
}

static void print_rows(struct screen *screen, const struct table *table) {
  int left = screen->height - screen->drawn - LAST_LINES;
  size_t room = left > 0 ? (size_t)left : 0;
  if (screen->height == 0)
    room = table->len;
  size_t len = table->len < room ? table->len : room;
  for (size_t i = 0; i < len; i++)
    print_row(screen, &table->rows[i]);
  if (len < table->len && left >= 0)
    line_print(screen, "... and %zu more; enlarge the terminal to see them",
               table->len - len);
}

static int name_longest(const struct table *table) {
  size_t longest = 0;
  for (size_t i = 0; i < table->len; i++)
    if (strlen(table->rows[i].name) > longest)
      longest = strlen(table->rows[i].name);
  return (int)longest;
}

/* Explains the table, and the colours of its waits. */
static void print_legend(struct screen *screen) {
  static const char text[] =
      "Waits in ms/s of all threads (1000: one waits always; -: unknown)";
  static const char colours[] = "  100+ 1000+";
  printf("%.*s", screen->width, text);
  if (coloured() && screen->width >= (int)(sizeof(text) + sizeof(colours)))
    printf("  %s100+%s %s1000+%s", colour_of_wait(100), colour_end(),
           colour_of_wait(1000), colour_end());
  line_end(screen);
  screen->has_legend = true;
}

/* Except the legend, on a terminal only: programs read the table line by line,
 * and get the legend once. */
static void print_state(struct screen *screen, const struct view *view) {
  char line[WIDTH_MAX];
  bool has_room = screen->height == 0 || screen->height >= ENOUGH_LINES;
  if (has_room && (terminal_is_there() || !screen->has_legend))
    print_legend(screen);
  if (terminal_is_there() && has_room &&
      pressure_line("/proc/pressure", line, sizeof(line)))
    line_print(screen, "%s", line);
  if (!terminal_has_keys())
    return;
  view_describe(view, line, sizeof(line));
  line_print(screen, "%s", line);
}

void screen_show_table(struct screen *screen, const struct table *table,
                       const struct view *view) {
  char now[32];
  time_t seconds = time(NULL);
  strftime(now, sizeof(now), "%F %T", localtime(&seconds));

  screen_measure(screen);
  screen_lay_out(screen, name_longest(table));
  frame_begin(screen);
  line_print(screen, "%s  %s  %zu %s", now, table->host, table->len,
             table->len == 1 ? "group" : "groups");
  print_state(screen, view);
  print_sections(screen);
  print_titles(screen);
  print_rows(screen, table);
  frame_end();
}

void screen_show_message(struct screen *screen, const char *message) {
  screen_measure(screen);
  frame_begin(screen);
  line_print(screen, "%s", message);
  frame_end();
}
