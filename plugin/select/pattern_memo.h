/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PATTERN_MEMO_H
#define TASKSTATS_PATTERN_MEMO_H

#include "select/captures.h"

/* Remembers what expressions have found in a text, which stays as it is. */
struct pattern_memo {
  struct pattern_finding {
    const struct pattern *pattern;
    enum pattern_result result;
    struct captures captures; /* the pattern's own, from its first one on */
  } * findings;
  size_t count;
};

/* NULL if the pattern was not matched yet. */
const struct pattern_finding *pattern_memo_find(const struct pattern_memo *memo,
                                                const struct pattern *pattern);

/* Does nothing if memory is short. */
void pattern_memo_add(struct pattern_memo *memo,
                      const struct pattern_finding *finding);

/* Forgets all. */
void pattern_memo_clear(struct pattern_memo *memo);

#endif
