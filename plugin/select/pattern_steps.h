/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PATTERN_STEPS_H
#define TASKSTATS_PATTERN_STEPS_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The steps that a match takes (pattern.h). PCRE2's own limit counts the places
 * from which it may have to go back, and not the text that an item such as
 * ".*", "[^ ]*" or "\1" passes from each.
 */

enum {
  /* What an item of the expression costs, apart from the text that it passes */
  PATTERN_ITEM_STEPS = 4,
};

struct pattern_steps {
  const char *expression; /* for pattern_steps_count_hidden */
  uint64_t taken, limit;
  size_t position; /* in the text */
};

/* Whether an item of a compiled expression may fail after it has passed much
 * text, so that the steps have to be counted by pattern_steps_count_hidden. */
bool pattern_steps_hide(const pcre2_code *code, const char *expression);

/* Callouts, one of which stands before each item, whose context is a struct
 * pattern_steps. Returns 0, or PCRE2_ERROR_CALLOUT once the limit is passed. */
int pattern_steps_count(pcre2_callout_block *block, void *context);
int pattern_steps_count_hidden(pcre2_callout_block *block, void *context);

#endif
