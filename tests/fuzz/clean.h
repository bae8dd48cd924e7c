/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_FUZZ_CLEAN_H
#define TASKSTATS_FUZZ_CLEAN_H

#include "fuzz/fuzz.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/*
 * Whether a text is acceptable for stores, messages and logs, according to
 * PCRE2's definitions of valid UTF-8 and of character properties.
 */

/* Control characters, line separators, and characters that reverse the reading
 * direction. */
#define CLEAN_FORBIDDEN                                                        \
  "\\p{Cc}\\p{Zl}\\p{Zp}\\x{61c}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}"         \
  "\\x{2066}-\\x{2069}\\x{feff}"

static inline pcre2_code *clean_compile(const char *pattern) {
  int error;
  size_t at;
  pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                                   PCRE2_UTF, &error, &at, NULL);
  fuzz_check(code != NULL);
  return code;
}

/* Whether the text is valid and has no character of the pattern. */
static inline bool clean_lacks(const pcre2_code *code, const char *text) {
  static pcre2_match_data *match;
  if (match == NULL)
    match = pcre2_match_data_create(1, NULL);
  return pcre2_match(code, (PCRE2_SPTR)text, strlen(text), 0, 0, match, NULL) ==
         PCRE2_ERROR_NOMATCH;
}

static inline bool clean_is_text(const char *text) {
  static pcre2_code *code;
  if (code == NULL)
    code = clean_compile("[" CLEAN_FORBIDDEN "]");
  return clean_lacks(code, text);
}

/* Characters not allowed in a part of an identifier: collectd separates parts
 * by "/", Graphite separates tags by ";" and splits lines at any space. */
static inline bool clean_is_name(const char *text) {
  static pcre2_code *code;
  if (code == NULL)
    code = clean_compile("[" CLEAN_FORBIDDEN "/;]|(?! )\\p{Zs}");
  return clean_lacks(code, text);
}

#endif
