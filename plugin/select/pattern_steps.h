/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PATTERN_STEPS_H
#define TASKSTATS_PATTERN_STEPS_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Counts the steps of a match (pattern.h). PCRE2's own limit counts the places
 * to which it may backtrack, but not the text that an item such as ".*", "[^
 * ]*" or "\1" passes from each.
 */

enum {
  /* The cost of an item of the expression, apart from the text that it passes
   */
  PATTERN_ITEM_STEPS = 4,
};

struct pattern_steps {
  const char *expression; /* used by pattern_steps_count_hidden */
  uint64_t taken, limit;
  size_t position; /* in the text */
};

/* Whether an item of a compiled expression may fail after passing much text, so
 * that pattern_steps_count_hidden has to count the steps. */
bool pattern_steps_hide(const pcre2_code *code, const char *expression);

/* Callout functions, called before each item; their context is a struct
 * pattern_steps. Return 0, or PCRE2_ERROR_CALLOUT once the limit is exceeded.
 */
int pattern_steps_count(pcre2_callout_block *block, void *context);
int pattern_steps_count_hidden(pcre2_callout_block *block, void *context);

#endif
