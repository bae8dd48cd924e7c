/* SPDX-License-Identifier: MIT */
#include "select/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  /* What a step of the expression costs, apart from the text that it passes. */
  ITEM_STEPS = 4,
  MATCH_LIMIT = PATTERN_MATCH_STEPS / ITEM_STEPS,
  /* The machine code has a stack of 32 KiB; this is used beyond, or without. */
  HEAP_LIMIT_KIB = 1024,
  /* Part of the time that matching may take. */
  WORK_SHARE = 10,
};

struct pattern {
  pcre2_code *code;
};

/* An expression that is being translated. */
struct translation {
  const char *from;
  char *to, *start;
  size_t depth; /* of open parentheses */
};

/* The longest replacement, of one character of the expression */
enum { GROWTH = 8 };

static void put(struct translation *t, const char *text) {
  size_t length = strlen(text);
  memcpy(t->to, text, length);
  t->to += length;
}

static void copy(struct translation *t, size_t length) {
  memcpy(t->to, t->from, length);
  t->to += length;
  t->from += length;
}

/* What stands behind a backslash: GNU's operators become PCRE2's. */
static void translate_escape(struct translation *t) {
  static const struct {
    char posix;
    const char *pcre;
  } operators[] = {
      {'<', "\\b(?=\\w)"}, {'>', "\\b(?<=\\w)"}, {'`', "\\A"}, {'\'', "\\z"}};

  for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
    if (t->from[1] == operators[i].posix) {
      put(t, operators[i].pcre);
      t->from += 2;
      return;
    }
  copy(t, t->from[1] != '\0' ? 2 : 1);
}

/* The length of a class such as "[:alpha:]", or 0 where there is none. */
static size_t length_of_class(const char *at) {
  if (at[0] != '[' || (at[1] != ':' && at[1] != '.' && at[1] != '='))
    return 0;
  const char end[] = {at[1], ']', '\0'};
  const char *found = strstr(at + 2, end);
  return found != NULL ? (size_t)(found + 2 - at) : 0;
}

/* A bracket expression stays as it is. */
static void copy_brackets(struct translation *t) {
  copy(t, t->from[1] == '^' ? 2 : 1);
  if (*t->from == ']')
    copy(t, 1);
  while (*t->from != '\0' && *t->from != ']') {
    size_t class = length_of_class(t->from);
    bool is_escape = t->from[0] == '\\' && t->from[1] != '\0';
    copy(t, class > 0 ? class : is_escape ? 2 : 1);
  }
  if (*t->from == ']')
    copy(t, 1);
}

/* "{,3}" and "{,}" have no lower bound, which PCRE2 takes literally. */
static void translate_interval(struct translation *t) {
  bool has_comma = t->from[1] == ',';
  size_t digits = has_comma ? strspn(t->from + 2, "0123456789") : 0;
  put(t, has_comma && t->from[2 + digits] == '}' ? "{0" : "{");
  t->from++;
}

static void translate_next(struct translation *t) {
  switch (*t->from) {
  case '\\':
    translate_escape(t);
    return;
  case '[':
    copy_brackets(t);
    return;
  case '{':
    translate_interval(t);
    return;
  case ')':
    if (t->depth == 0)
      put(t, "\\");
    t->depth -= t->depth > 0;
    break;
  case '(':
    t->depth++;
    break;
  default:
    break;
  }
  copy(t, 1);
}

/* Returns the expression as PCRE2 understands it, which the caller frees; NULL
 * if memory is short. */
static char *translate(const char *pattern) {
  struct translation t = {.from = pattern};
  t.start = t.to = malloc(strlen(pattern) * GROWTH + 1);
  if (t.start == NULL)
    return NULL;
  while (*t.from != '\0')
    translate_next(&t);
  *t.to = '\0';
  return t.start;
}

static int fail_compile(int status, size_t offset, const char *translated,
                        char *error, size_t size) {
  char reason[128] = "";
  pcre2_get_error_message(status, (PCRE2_UCHAR *)reason, sizeof(reason));
  snprintf(
      error, size,
      "is not a regular expression (%s, behind \"%.*s\"); see pcre2syntax(3)",
      reason, (int)(offset < 64 ? offset : 64), translated);
  return -EINVAL;
}

static int compile(struct pattern *pattern, const char *text, char *error,
                   size_t size) {
  int status;
  size_t offset;
  char *translated = translate(text);
  if (translated == NULL) {
    snprintf(error, size, "cannot be compiled: out of memory");
    return -ENOMEM;
  }
  /* The callouts, one before each item, count the steps. */
  pattern->code =
      pcre2_compile((PCRE2_SPTR)translated, PCRE2_ZERO_TERMINATED,
                    PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_AUTO_CALLOUT,
                    &status, &offset, NULL);
  int result = 0;
  if (pattern->code == NULL)
    result = fail_compile(status, offset, translated, error, size);
  else /* where there is no machine code, it is only slower */
    pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE);
  free(translated);
  return result;
}

int pattern_compile(const char *text, struct pattern **pattern, char *error,
                    size_t size) {
  struct pattern *p = calloc(1, sizeof(*p));
  if (p == NULL) {
    snprintf(error, size, "cannot be compiled: out of memory");
    return -ENOMEM;
  }
  int status = compile(p, text, error, size);
  if (status != 0) {
    pattern_destroy(p);
    return status;
  }
  *pattern = p;
  return 0;
}

void pattern_destroy(struct pattern *pattern) {
  if (pattern == NULL)
    return;
  pcre2_code_free(pattern->code);
  free(pattern);
}

unsigned int pattern_captures(const struct pattern *pattern) {
  uint32_t count = 0;
  pcre2_pattern_info(pattern->code, PCRE2_INFO_CAPTURECOUNT, &count);
  return count;
}

static void take_parts(pcre2_match_data *match, const char *text,
                       struct pattern_part *parts, size_t count) {
  const size_t *offsets = pcre2_get_ovector_pointer(match);
  size_t known = pcre2_get_ovector_count(match);

  for (size_t i = 0; i < count; i++) {
    parts[i] = (struct pattern_part){0};
    if (i + 1 >= known || offsets[2 * i + 2] == PCRE2_UNSET)
      continue;
    parts[i].text = text + offsets[2 * i + 2];
    parts[i].length = offsets[2 * i + 3] - offsets[2 * i + 2];
  }
}

void pattern_work_fill(struct pattern_work *work, uint64_t time_ns) {
  if (time_ns <= work->filled_ns)
    return;
  uint64_t added = (time_ns - work->filled_ns) / WORK_SHARE;
  if (work->filled_ns == 0 || added > PATTERN_MOST_LEFT - work->left)
    added = PATTERN_MOST_LEFT - work->left;
  work->left += added;
  work->filled_ns = time_ns;
}

/* The steps of one match. */
struct steps {
  size_t taken, limit;
  size_t position; /* in the text */
};

/* PCRE2's own limit counts the places from which it may have to go back, and
 * not the text that an item such as ".*" or "[^ ]*" passes from each. */
static int count_step(pcre2_callout_block *block, void *context) {
  struct steps *steps = context;
  if (block->current_position > steps->position)
    steps->taken += block->current_position - steps->position;
  steps->position = block->current_position;
  steps->taken += ITEM_STEPS;
  return steps->taken <= steps->limit ? 0 : PCRE2_ERROR_CALLOUT;
}

static size_t steps_allowed(const struct pattern_work *work) {
  if (work == NULL || work->left > PATTERN_MATCH_STEPS)
    return PATTERN_MATCH_STEPS;
  return work->left > PATTERN_LEAST_STEPS ? work->left : PATTERN_LEAST_STEPS;
}

static void subtract_steps(struct pattern_work *work, size_t steps) {
  if (work != NULL)
    work->left -= steps < work->left ? steps : work->left;
}

/* Returns what pcre2_match does. */
static int match_in_steps(const struct pattern *pattern, const char *text,
                          pcre2_match_data *match, pcre2_match_context *context,
                          struct steps *steps) {
  size_t length = strlen(text);
  pcre2_set_match_limit(context, MATCH_LIMIT);
  pcre2_set_heap_limit(context, HEAP_LIMIT_KIB);
  pcre2_set_callout(context, count_step, steps);
  int status = pcre2_match(pattern->code, (PCRE2_SPTR)text, length, 0, 0, match,
                           context);
  if (status != PCRE2_ERROR_JIT_STACKLIMIT)
    return status;
  steps->position = 0;
  return pcre2_match(pattern->code, (PCRE2_SPTR)text, length, 0, PCRE2_NO_JIT,
                     match, context);
}

enum pattern_result pattern_match(const struct pattern *pattern,
                                  const char *text, struct pattern_work *work,
                                  struct pattern_part *parts, size_t count) {
  struct steps steps = {.limit = steps_allowed(work)};
  pcre2_match_context *context = pcre2_match_context_create(NULL);
  pcre2_match_data *match =
      pcre2_match_data_create_from_pattern(pattern->code, NULL);
  int status = PCRE2_ERROR_NOMEMORY;

  if (context != NULL && match != NULL)
    status = match_in_steps(pattern, text, match, context, &steps);
  if (status >= 0)
    take_parts(match, text, parts, count);
  pcre2_match_data_free(match);
  pcre2_match_context_free(context);
  subtract_steps(work, steps.taken);
  if (status >= 0)
    return PATTERN_YES;
  return status == PCRE2_ERROR_NOMATCH ? PATTERN_NO : PATTERN_LIMIT;
}
