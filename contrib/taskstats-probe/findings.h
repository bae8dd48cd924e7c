/* SPDX-License-Identifier: MIT */
#ifndef PROBE_FINDINGS_H
#define PROBE_FINDINGS_H

#include <stdbool.h>

/*
 * The findings of check: one line each, with a remedy unless it is good.
 */

enum finding { GOOD, DEGRADED, BAD };

struct findings {
  bool json;
  enum finding worst;
};

/* Prints one. The remedy is not printed for good ones. */
__attribute__((format(printf, 5, 6))) void
findings_tell(struct findings *findings, enum finding state, const char *what,
              const char *cure, const char *format, ...);

#endif
