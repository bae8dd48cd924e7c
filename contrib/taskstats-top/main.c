/* SPDX-License-Identifier: MIT */
/*
 * taskstats-top: what the taskstats plugin's groups wait for, as a live table.
 *
 * It shows the values of collectd's unixsock plugin, that is, the same numbers
 * that every other receiver gets.
 */
#include "jsonline.h"
#include "options.h"
#include "screen.h"
#include "terminal.h"
#include "unixsock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void socket_explain(const char *socket, int error) {
  fprintf(stderr, "taskstats-top: cannot connect to %s: %s\n", socket,
          strerror(error));
  if (error == EACCES)
    fputs("Run it as root, or set SocketGroup and SocketPerms in collectd's "
          "<Plugin unixsock>.\n",
          stderr);
  else
    fputs("Check that collectd is running, with \"LoadPlugin unixsock\" in its "
          "configuration.\nIf it has another SocketFile, give that by "
          "--socket.\n",
          stderr);
}

/* The last table, and how it is shown. */
struct display {
  const struct options *options;
  FILE *connection; /* NULL: to be reconnected */
  struct table table;
  const char *message; /* shown instead of a table; NULL: none */
  struct view view;
  struct screen screen;
};

/* If a program reads the output, no message is mixed into it. */
static void display_draw(struct display *display) {
  const struct options *options = display->options;
  struct table shown;
  if (display->message != NULL) {
    if (!options->json && !options->once)
      screen_show_message(&display->screen, display->message);
    return;
  }
  if (table_view(&display->table, display->view.filter, display->view.sort,
                 &shown) != 0)
    return;
  if (options->json)
    jsonline_show(&shown);
  else
    screen_show_table(&display->screen, &shown, &display->view);
  table_free(&shown);
}

static void display_disconnect(struct display *display) {
  if (display->connection != NULL)
    fclose(display->connection);
  display->connection = NULL;
}

/* Reads once. Returns whether there was a table. */
static bool display_read(struct display *display) {
  const struct options *options = display->options;
  table_free(&display->table);
  if (display->connection == NULL)
    display->connection = unixsock_connect(options->socket);
  if (display->connection == NULL ||
      table_read(&display->table, options->groups, display->connection) != 0) {
    display_disconnect(display);
    display->message =
        "the connection to collectd is lost; waiting for it to return";
    return false;
  }
  display->message = NULL;
  if (display->table.len == 0)
    display->message = options->groups == NULL
                           ? "waiting for collectd's first values"
                           : "waiting for a group of that name";
  return display->message == NULL;
}

/* Handles keys until the end. Returns false to quit. */
static bool display_await(struct display *display, double end) {
  while (now_seconds() < end) {
    int key = terminal_await_key(end);
    bool is_key = key != TERMINAL_KEY_NONE;
    if (is_key && !view_take_key(&display->view, key, display->screen.shown))
      return false;
    bool is_resized = now_seconds() < end;
    if (terminal_is_there() && (is_key || is_resized))
      display_draw(display);
  }
  return true;
}

static bool display_run(struct display *display) {
  const struct options *options = display->options;
  bool any = false;
  double next = now_seconds();
  double end = next + options->seconds;
  while (now_seconds() < end) {
    any |= display_read(display);
    display_draw(display);
    if ((any && options->once) || ferror(stdout))
      break;
    next += options->interval;
    if (next < now_seconds())
      next = now_seconds();
    if (!display_await(display, next < end ? next : end))
      break;
  }
  return any;
}

static int run(const struct options *options) {
  struct display display = {.options = options,
                            .view.sort = options->sort,
                            .connection = unixsock_connect(options->socket)};
  if (display.connection == NULL) {
    socket_explain(options->socket, errno);
    return EXIT_FAILURE;
  }
  terminal_prepare(!options->json, !options->once);
  bool any = display_run(&display);
  display_disconnect(&display);
  table_free(&display.table);
  if (!any && options->once)
    fputs("taskstats-top: no values of such a group were received\n", stderr);
  return any ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
  struct options options = options_parse(argc, argv);
  return run(&options);
}
