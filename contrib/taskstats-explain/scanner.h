/* SPDX-License-Identifier: MIT */
#ifndef EXPLAIN_SCANNER_H
#define EXPLAIN_SCANNER_H

#include <liboconfig/oconfig.h>

#include <stdbool.h>

/*
 * The tokens of a configuration file, as in collectd.conf(5), and as in
 * collectd's own scanner where that page is unclear. (Debian has no library of
 * it: it is part of the daemon.)
 */

enum token {
  TOKEN_END,
  TOKEN_LINE, /* end of a line */
  TOKEN_OPEN, /* < */
  TOKEN_SLASH,
  TOKEN_CLOSE, /* > */
  TOKEN_VALUE,
  TOKEN_MEMORY, /* out of memory */
};

struct scanner {
  const char *at; /* owned by the caller */
  unsigned int line;
  oconfig_value_t value; /* of a TOKEN_VALUE; the caller owns the string */
  bool is_name;          /* of a TOKEN_VALUE: an unquoted string */
};

enum token scanner_next(struct scanner *scanner);

#endif
