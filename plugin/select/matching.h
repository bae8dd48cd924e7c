/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_MATCHING_H
#define TASKSTATS_MATCHING_H

#include "select/attributes.h"
#include "select/captures.h"

/*
 * One process, and the intermediate results of matching a selector against it.
 * Expensive expressions are deferred at first, because another condition may
 * decide; matching_begin_work then allows them.
 */
struct matching {
  struct attributes *a;
  bool is_pending;           /* a user is not known yet */
  const char *undecided;     /* an expression that reached its limit, or NULL */
  enum pattern_result limit; /* the limit that it reached */
  bool has_left;             /* private: an expression was deferred */
  bool may_work;             /* private */
};

/* Matches a text of the process within the limits of attributes.work. Returns
 * PATTERN_BUSY if these are exhausted, or if the expression is deferred. */
enum pattern_result matching_match(struct matching *matching,
                                   const struct pattern *pattern,
                                   const char *text, struct captures *captures);

/* Allows expensive expressions from now on, and resets undecided to NULL.
 * Returns false if none was deferred, or if the limits of all matching are
 * exhausted. */
bool matching_begin_work(struct matching *matching);

#endif
