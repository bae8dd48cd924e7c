/* SPDX-License-Identifier: MIT */
#ifndef PROBE_FINDINGS_H
#define PROBE_FINDINGS_H

#include <stdbool.h>

/*
 * What check has found: a line each, with a cure unless it is good.
 */

enum finding { GOOD, DEGRADED, BAD };

struct findings {
  bool json;
  enum finding worst;
};

/* Shows one. The cure is not shown of what is good. */
__attribute__((format(printf, 5, 6))) void
findings_tell(struct findings *findings, enum finding state, const char *what,
              const char *cure, const char *format, ...);

#endif
