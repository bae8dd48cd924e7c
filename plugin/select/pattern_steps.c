/* SPDX-License-Identifier: MIT */
#include "select/pattern_steps.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The number of bytes per step that are compared without a callout. */
enum { HIDDEN_BYTES = 4 };

bool pattern_steps_hide(const pcre2_code *code, const char *expression) {
  uint32_t highest = 0;
  pcre2_pattern_info(code, PCRE2_INFO_BACKREFMAX, &highest);
  return highest > 0 || strchr(expression, '{') != NULL;
}

/* "\1", "\g{1}", "\k<name>", "(?P=name)" */
static bool is_reference(const char *item, size_t length) {
  if (length >= 2 && item[0] == '\\')
    return isdigit((unsigned char)item[1]) || item[1] == 'g' || item[1] == 'k';
  return length >= 4 && memcmp(item, "(?P=", 4) == 0;
}

/* The minimum repetitions of an item: "[a-z]{60}", "x{3,}?". The contents of
 * parentheses have their own callouts. */
static size_t least_times(const char *item, size_t length) {
  if (length > 0 && (item[length - 1] == '?' || item[length - 1] == '+'))
    length--;
  if (length < 3 || item[0] == ')' || item[length - 1] != '}')
    return 1;
  size_t brace = length - 1;
  while (brace > 0 && item[brace] != '{')
    brace--;
  size_t times = strtoul(item + brace + 1, NULL, 10);
  return times > 1 ? times : 1;
}

static size_t longest_part(const pcre2_callout_block *block) {
  size_t longest = 1;
  for (uint32_t i = 1; i < block->capture_top; i++) {
    size_t begin = block->offset_vector[2 * i];
    size_t end = block->offset_vector[2 * i + 1];
    if (begin != PCRE2_UNSET && end > begin + longest)
      longest = end - begin;
  }
  return longest;
}

/* The amount of text that the next item may pass, and then fail, without
 * another callout. */
static size_t hidden_steps(const pcre2_callout_block *block,
                           const char *expression) {
  const char *item = expression + block->pattern_position;
  size_t length = block->next_item_length;
  size_t left = block->subject_length - block->current_position;
  size_t times = least_times(item, length);
  size_t each = is_reference(item, length) ? longest_part(block) : 1;
  return (each < left / times ? each * times : left) / HIDDEN_BYTES;
}

static int count(const pcre2_callout_block *block, struct pattern_steps *steps,
                 size_t hidden) {
  if (block->current_position > steps->position)
    steps->taken += block->current_position - steps->position;
  steps->position = block->current_position;
  steps->taken += PATTERN_ITEM_STEPS + hidden;
  return steps->taken <= steps->limit ? 0 : PCRE2_ERROR_CALLOUT;
}

int pattern_steps_count(pcre2_callout_block *block, void *context) {
  return count(block, context, 0);
}

int pattern_steps_count_hidden(pcre2_callout_block *block, void *context) {
  const struct pattern_steps *steps = context;
  return count(block, context, hidden_steps(block, steps->expression));
}
