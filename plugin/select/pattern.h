/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PATTERN_H
#define TASKSTATS_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/*
 * Regular expressions, matched by PCRE2 with a limit: a process chooses its
 * command line itself, and must not be able to hold up a read with it. (glibc's
 * regexec takes minutes for "celery.*worker" on a command line of 2 MB, and
 * PCRE2 without a limit takes a second for "celery( .*)?worker" on one of 128
 * KiB.)
 *
 * POSIX extended expressions, as collectd's processes plugin has them, keep
 * their meaning: "\<" and "\>" are the ends of words, "\`" and "\'" those of
 * the text, a single ")" is itself, and "{,3}" is "{0,3}". As there, "."
 * matches every byte, "$" the end of the text only, and letters are those of
 * ASCII. What differs is in the README.
 */

struct pattern;

/* Returns 0 and an expression that the caller destroys; or -EINVAL or -ENOMEM
 * and, in error, what is wrong and where. */
int pattern_compile(const char *text, struct pattern **pattern, char *error,
                    size_t size);

/* Takes NULL. */
void pattern_destroy(struct pattern *pattern);

/* How many parenthesised parts it captures. */
unsigned int pattern_captures(const struct pattern *pattern);

/* A part of the text that was matched. */
struct pattern_part {
  const char *text; /* NULL, and length 0: this part did not match */
  size_t length;
};

/*
 * What a match may take is limited in steps. A step takes about a nanosecond in
 * machine code, and three where there is none (in a service that forbids memory
 * to be both written and executed, for instance). An expression without
 * parentheses, quantifiers and references has no limit: it takes at most so
 * many comparisons at each byte of the text as it is long.
 */
enum {
  /* Enough for ".*" to go through 128 KiB ten times. */
  PATTERN_MATCH_STEPS = 8000000,
};

enum pattern_result {
  PATTERN_NO,
  PATTERN_YES,
  PATTERN_STEPS,  /* it could not be decided within the steps allowed */
  PATTERN_MEMORY, /* nor within the memory (16 MiB, or 64 MiB where there is no
                   * machine code), or that was short */
  PATTERN_BUSY,   /* selector.h: others have used up the steps of all */
};

/* Matches a text. If it matches, the first count parts are filled in, from the
 * first parenthesis on. steps are those that it may take, and then those that
 * it took. Any thread, several at a time. */
enum pattern_result pattern_match(const struct pattern *pattern,
                                  const char *text, uint64_t *steps,
                                  struct pattern_part *parts, size_t count);

#endif
