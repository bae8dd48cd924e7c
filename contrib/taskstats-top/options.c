/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "../../plugin/version.h"
#include "table.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SOCKET "/run/collectd-unixsock"

static const char usage[] =
    "Usage: taskstats-top [OPTION]...\n"
    "Shows, as a table, what the groups of collectd's taskstats plugin wait\n"
    "for.\n"
    "\n"
    "  -s, --socket PATH   unixsock's SocketFile (" DEFAULT_SOCKET ")\n"
    "  -i, --interval S    seconds between two tables (1)\n"
    "  -n, --seconds N     stop after N seconds\n"
    "  -1, --once          show one table and stop; wait for it for at most\n"
    "                      30 s, or --seconds\n"
    "  -g, --group PATTERN show only groups whose name matches this shell\n"
    "                      pattern\n"
    "  -k, --sort COLUMN   sort by a column, the largest value first:\n"
    "                      processes, threads, cpu%; cpu, blkio, swapin,\n"
    "                      freepages, thrashing, compact, wpcopy, irq "
    "(waits);\n"
    "                      disk_read, disk_write, calls_read, calls_write;\n"
    "                      or by group (the default)\n"
    "  -j, --json          print each table as a line of JSON, with the names\n"
    "                      above\n"
    "  -V, --version       show the version\n"
    "  -h, --help          show this help\n"
    "\n"
    "Waits are summed over all threads of a group: 1000 ms/s is one thread\n"
    "that waits all the time. \"-\" means unknown. disk counts the bytes that\n"
    "storage moved, calls those that read and write calls moved.\n"
    "\n"
    "On a terminal, < and > choose the column to sort by, / filters by the\n"
    "group's name (Enter keeps the filter, Esc clears it), and q quits.\n";

static double parse_seconds(const char *option, const char *text) {
  char *end = NULL;
  double value = strtod(text, &end);
  if (end != text && *end == '\0' && value > 0 && value <= 1e9)
    return value;
  fprintf(stderr, "taskstats-top: %s \"%s\": expected a number of seconds\n",
          option, text);
  exit(2);
}

static int parse_column(const char *name) {
  if (strcmp(name, "group") == 0)
    return TABLE_BY_NAME;
  for (int c = 0; c < COLUMNS; c++)
    if (strcmp(columns[c].key, name) == 0)
      return c;
  fprintf(stderr, "taskstats-top: --sort \"%s\": unknown column; ", name);
  fputs("--help lists them\n", stderr);
  exit(2);
}

static void parse_option(struct options *options, int letter) {
  switch (letter) {
  case 's':
    options->socket = optarg;
    break;
  case 'i':
    options->interval = parse_seconds("--interval", optarg);
    break;
  case 'n':
    options->seconds = parse_seconds("--seconds", optarg);
    break;
  case 'g':
    options->groups = optarg;
    break;
  case 'k':
    options->sort = parse_column(optarg);
    break;
  case '1':
    options->once = true;
    break;
  case 'j':
    options->json = true;
    break;
  case 'V':
    puts("taskstats-top " TASKSTATS_VERSION);
    exit(EXIT_SUCCESS);
  default:
    fputs(usage, letter == 'h' ? stdout : stderr);
    exit(letter == 'h' ? EXIT_SUCCESS : 2);
  }
}

/* A script must not wait for ever for values that never come. */
static void limit_once(struct options *options) {
  enum { ONCE_SECONDS = 30 };
  if (options->once && isinf(options->seconds))
    options->seconds = ONCE_SECONDS;
}

struct options options_parse(int argc, char **argv) {
  static const struct option known[] = {
      {"socket", required_argument, NULL, 's'},
      {"interval", required_argument, NULL, 'i'},
      {"seconds", required_argument, NULL, 'n'},
      {"group", required_argument, NULL, 'g'},
      {"sort", required_argument, NULL, 'k'},
      {"once", no_argument, NULL, '1'},
      {"json", no_argument, NULL, 'j'},
      {"version", no_argument, NULL, 'V'},
      {"help", no_argument, NULL, 'h'},
      {0},
  };
  struct options options = {.socket = DEFAULT_SOCKET,
                            .interval = 1,
                            .seconds = INFINITY,
                            .sort = TABLE_BY_NAME};
  int letter;
  while ((letter = getopt_long(argc, argv, "s:i:n:g:k:1jVh", known, NULL)) !=
         -1)
    parse_option(&options, letter);
  if (optind < argc) {
    fprintf(stderr, "taskstats-top: unexpected argument \"%s\"; see --help\n",
            argv[optind]);
    exit(2);
  }
  limit_once(&options);
  return options;
}
