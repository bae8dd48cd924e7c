/* SPDX-License-Identifier: MIT */
/*
 * taskstats-top: what the taskstats plugin's groups wait for, as a live table.
 *
 * It shows what collectd's unixsock plugin hands out, that is, the same numbers
 * that every other receiver gets.
 */
#include "jsonline.h"
#include "options.h"
#include "screen.h"
#include "terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>

static double now_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void sleep_until(double when) {
  struct timespec deadline = {.tv_sec = (time_t)when};
  deadline.tv_nsec = (long)((when - (double)deadline.tv_sec) * 1e9);
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL);
}

static void socket_explain(const char *socket, int error) {
  fprintf(stderr, "taskstats-top: cannot connect to %s: %s\n", socket,
          strerror(error));
  if (error == EACCES)
    fputs("Run it as root, or set SocketGroup and SocketPerms in collectd's "
          "<Plugin unixsock>.\n",
          stderr);
  else
    fputs("Is collectd running, with \"LoadPlugin unixsock\" in its "
          "configuration? If its SocketFile is another,\ngive it by "
          "--socket.\n",
          stderr);
}

/* The prefix keeps the library from taking a relative path for a host. */
static lcc_connection_t *socket_connect(const char *path) {
  char address[sizeof("unix:") + sizeof(((struct sockaddr_un *)0)->sun_path)];
  lcc_connection_t *connection = NULL;
  if ((size_t)snprintf(address, sizeof(address), "unix:%s", path) >=
      sizeof(address) - 1) {
    errno = ENAMETOOLONG;
    return NULL;
  }
  return lcc_connect(address, &connection) == 0 ? connection : NULL;
}

/* Where a program reads, no message is mixed with what it wants. */
static void wait_show(const struct options *options, struct screen *screen,
                      const char *message) {
  if (!options->json && !options->once)
    screen_show_message(screen, message);
}

/* Reads and shows once; true if there was a table. A lost connection is set to
 * NULL, to be made anew the next time. */
static bool update(const struct options *options, lcc_connection_t **connection,
                   struct screen *screen) {
  struct table table = {0};
  if (*connection == NULL)
    *connection = socket_connect(options->socket);
  if (*connection == NULL ||
      table_read(&table, options->groups, *connection) != 0) {
    lcc_disconnect(*connection);
    *connection = NULL;
    wait_show(options, screen, "collectd is gone; waiting for it to come back");
    return false;
  }
  if (options->sort != OPTIONS_BY_NAME)
    table_sort(&table, options->sort);
  bool any = table.len > 0;
  if (any && options->json)
    jsonline_show(&table);
  else if (any)
    screen_show_table(screen, &table);
  else
    wait_show(options, screen,
              options->groups == NULL ? "waiting for collectd's first values"
                                      : "waiting for a group of that name");
  table_free(&table);
  return any;
}

static int run(const struct options *options) {
  lcc_connection_t *connection = socket_connect(options->socket);
  if (connection == NULL) {
    socket_explain(options->socket, errno);
    return EXIT_FAILURE;
  }
  terminal_prepare(!options->json);

  struct screen screen = {0};
  bool any = false;
  double next = now_seconds();
  double end = next + options->seconds;
  while (now_seconds() < end) {
    any |= update(options, &connection, &screen);
    if ((any && options->once) || ferror(stdout))
      break;
    next += options->interval;
    if (next < now_seconds())
      next = now_seconds();
    sleep_until(next < end ? next : end);
  }
  lcc_disconnect(connection);
  if (!any && options->once)
    fputs("taskstats-top: no values of any such group have come\n", stderr);
  return any ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
  struct options options = options_parse(argc, argv);
  return run(&options);
}
