/* SPDX-License-Identifier: MIT */
#ifndef EXPLAIN_SCANNER_H
#define EXPLAIN_SCANNER_H

#include <collectd/liboconfig/oconfig.h>

#include <stdbool.h>

/*
 * The words of a configuration file, as collectd.conf(5) has them and as
 * collectd's own scanner reads what that leaves open. (Debian has no library of
 * it: it is a part of the daemon.)
 */

enum token {
  TOKEN_END,
  TOKEN_LINE, /* the end of one */
  TOKEN_OPEN, /* < */
  TOKEN_SLASH,
  TOKEN_CLOSE, /* > */
  TOKEN_VALUE,
  TOKEN_MEMORY, /* there is none */
};

struct scanner {
  const char *at; /* the caller's */
  unsigned int line;
  oconfig_value_t value; /* of a TOKEN_VALUE; the string is the caller's */
  bool is_name;          /* of a TOKEN_VALUE: a string without quotes */
};

enum token scanner_next(struct scanner *scanner);

#endif
