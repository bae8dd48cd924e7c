/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_MATCHING_H
#define TASKSTATS_MATCHING_H

#include "select/attributes.h"
#include "select/captures.h"

/*
 * One process, and what is found out about it while a selector is matched. At
 * first, an expression that takes long is left out, since something else may
 * decide; then matching_begin_work allows it.
 */
struct matching {
  struct attributes *a;
  bool is_pending;           /* a user is not known yet */
  const char *undecided;     /* an expression that did not decide, or NULL */
  enum pattern_result limit; /* why */
  bool has_left;             /* private: an expression was left out */
  bool may_work;             /* private */
};

/* Matches a text of the process, within what that may take (attributes.work).
 * BUSY if all that is used up, and for an expression that is left out. */
enum pattern_result matching_match(struct matching *matching,
                                   const struct pattern *pattern,
                                   const char *text, struct captures *captures);

/* Allows what takes long, from then on; undecided is NULL again. Returns false
 * if nothing was left out, or all that matching may take is used up. */
bool matching_begin_work(struct matching *matching);

#endif
