/* SPDX-License-Identifier: MIT */
#include "select/pattern.h"

#include "select/pattern_steps.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  MATCH_LIMIT = PATTERN_MATCH_STEPS / PATTERN_ITEM_STEPS,
  /* The stack of JIT-compiled code has 32 KiB by default; "(.|x)*" takes 64
   * bytes for each byte of the text. */
  STACK_SIZE = 16 << 20,
  /* The limit on the heap without JIT compilation. */
  HEAP_LIMIT_KIB = 64 << 10,
  /* Steps per byte of text if steps are not counted. */
  PLAIN_BYTES = 4,
};

struct pattern {
  pcre2_code *code;
  char *hiding;  /* the expression, if it hides steps (pattern_steps.h) */
  bool is_plain; /* its steps need no limit */
};

/* The state of a translation. */
struct translation {
  const char *from;
  char *to, *start;
  size_t depth; /* number of open parentheses */
};

/* The longest replacement for one character of the expression. */
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

/* "\Q...\E" has no operators. */
static size_t length_of_literal(const char *begin) {
  const char *end = strstr(begin, "\\E");
  return end != NULL ? (size_t)(end + 2 - begin) : strlen(begin);
}

/* Translates the character after a backslash: GNU's operators become PCRE2's.
 */
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
  if (t->from[1] == 'Q')
    copy(t, length_of_literal(t->from));
  else
    copy(t, t->from[1] != '\0' ? 2 : 1);
}

/* The length of a class such as "[:alpha:]", or 0 if there is none. */
static size_t length_of_class(const char *at) {
  if (at[0] != '[' || (at[1] != ':' && at[1] != '.' && at[1] != '='))
    return 0;
  const char end[] = {at[1], ']', '\0'};
  const char *found = strstr(at + 2, end);
  return found != NULL ? (size_t)(found + 2 - at) : 0;
}

static size_t length_of_brackets(const char *begin) {
  const char *at = begin + (begin[1] == '^' ? 2 : 1);
  at += *at == ']';
  while (*at != '\0' && *at != ']') {
    size_t class = length_of_class(at);
    bool is_escape = at[0] == '\\' && at[1] != '\0';
    at += class > 0 ? class : is_escape ? 2 : 1;
  }
  return (size_t)(at - begin) + (*at == ']');
}

/* "{,3}" and "{,}" have no lower bound; PCRE2 would take them literally. */
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
  case '[': /* is copied unchanged */
    copy(t, length_of_brackets(t->from));
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

/* Returns the expression in PCRE2's syntax, which the caller frees; NULL if out
 * of memory. */
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
      "is not a regular expression (%s, after \"%.*s\"); see pcre2syntax(3)",
      reason, (int)(offset < 64 ? offset : 64), translated);
  return -EINVAL;
}

/* Whether an expression can neither repeat nor backtrack: outside brackets, it
 * contains special characters only after a backslash that makes them literal,
 * and letters or digits after a backslash only if they are classes. */
static bool is_plain(const char *translated) {
  static const char special[] = "()*+?{", classes[] = "dDsSwWbB";
  const char *at = translated;
  while (*at != '\0') {
    if (*at == '[') {
      at += length_of_brackets(at);
    } else if (*at == '\\') {
      bool is_letter = isalnum((unsigned char)at[1]) != 0;
      if (at[1] == '\0' || (is_letter && strchr(classes, at[1]) == NULL))
        return false;
      at += 2;
    } else if (strchr(special, *at) != NULL) {
      return false;
    } else {
      at++;
    }
  }
  return true;
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
  pattern->is_plain = is_plain(translated);
  /* Callouts, one before each item, count the steps. Without them, a literal is
   * searched for many bytes at a time. */
  uint32_t options = PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF;
  if (!pattern->is_plain)
    options |= PCRE2_AUTO_CALLOUT;
  pattern->code = pcre2_compile((PCRE2_SPTR)translated, PCRE2_ZERO_TERMINATED,
                                options, &status, &offset, NULL);
  int result = 0;
  if (pattern->code == NULL)
    result = fail_compile(status, offset, translated, error, size);
  else /* without JIT compilation it is only slower */
    pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE);
  if (result == 0 && pattern_steps_hide(pattern->code, translated))
    pattern->hiding = translated;
  else
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
  free(pattern->hiding);
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

/* The same with a larger stack. Returns the result of pcre2_match. */
static int match_on_large_stack(const struct pattern *pattern, const char *text,
                                size_t length, pcre2_match_data *match,
                                pcre2_match_context *context) {
  pcre2_jit_stack *stack = pcre2_jit_stack_create(1 << 16, STACK_SIZE, NULL);
  if (stack == NULL)
    return PCRE2_ERROR_NOMEMORY;
  pcre2_jit_stack_assign(context, NULL, stack);
  int status = pcre2_match(pattern->code, (PCRE2_SPTR)text, length, 0, 0, match,
                           context);
  pcre2_jit_stack_free(stack);
  return status;
}

/* Returns the result of pcre2_match. */
static int match_in_steps(const struct pattern *pattern, const char *text,
                          size_t length, pcre2_match_data *match,
                          pcre2_match_context *context,
                          struct pattern_steps *steps) {
  pcre2_set_match_limit(context, MATCH_LIMIT);
  pcre2_set_heap_limit(context, HEAP_LIMIT_KIB);
  pcre2_set_callout(context,
                    pattern->hiding != NULL ? pattern_steps_count_hidden
                                            : pattern_steps_count,
                    steps);
  int status = pcre2_match(pattern->code, (PCRE2_SPTR)text, length, 0, 0, match,
                           context);
  if (status != PCRE2_ERROR_JIT_STACKLIMIT)
    return status;
  steps->position = 0;
  return match_on_large_stack(pattern, text, length, match, context);
}

static enum pattern_result result_of(int status) {
  if (status >= 0)
    return PATTERN_YES;
  switch (status) {
  case PCRE2_ERROR_NOMATCH:
    return PATTERN_NO;
  case PCRE2_ERROR_JIT_STACKLIMIT:
  case PCRE2_ERROR_HEAPLIMIT:
  case PCRE2_ERROR_NOMEMORY:
    return PATTERN_MEMORY;
  default:
    return PATTERN_STEPS;
  }
}

enum pattern_result pattern_match(const struct pattern *pattern,
                                  const char *text, uint64_t *steps,
                                  struct pattern_part *parts, size_t count) {
  size_t length = strlen(text);
  struct pattern_steps counted = {.expression = pattern->hiding,
                                  .limit = *steps};
  pcre2_match_context *context = pcre2_match_context_create(NULL);
  pcre2_match_data *match =
      pcre2_match_data_create_from_pattern(pattern->code, NULL);
  int status = PCRE2_ERROR_NOMEMORY;

  if (context != NULL && match != NULL)
    status = match_in_steps(pattern, text, length, match, context, &counted);
  if (status >= 0)
    take_parts(match, text, parts, count);
  pcre2_match_data_free(match);
  pcre2_match_context_free(context);
  *steps = pattern->is_plain ? length / PLAIN_BYTES : counted.taken;
  return result_of(status);
}
