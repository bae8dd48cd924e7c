/* SPDX-License-Identifier: MIT */
#ifndef TOP_OPTIONS_H
#define TOP_OPTIONS_H

#include <stdbool.h>

/*
 * The command line options.
 */

struct options {
  const char *socket;
  const char *groups; /* a pattern of fnmatch(3); NULL: all */
  double interval;
  double seconds; /* INFINITY: until a signal */
  int sort;       /* a column, or TABLE_BY_NAME */
  bool once;
  bool json;
};

/* Ends the program for --help, and after an error. */
struct options options_parse(int argc, char **argv);

#endif
