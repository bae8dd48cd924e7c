/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PATTERN_H
#define TASKSTATS_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/*
 * Regular expressions, matched by PCRE2 with a limit on steps: processes choose
 * their own command lines, and must not be able to delay a read with them.
 * (glibc's regexec takes minutes for "celery.*worker" on a command line of 2
 * MB, and PCRE2 without a limit takes a second for "celery( .*)?worker" on one
 * of 128 KiB.)
 *
 * POSIX extended expressions keep the meaning that they have in collectd's
 * processes plugin: "\<" and "\>" are the ends of words, "\`" and "\'" those of
 * the text, an unmatched ")" is literal, and "{,3}" is "{0,3}". As there, "."
 * matches every byte, "$" matches only at the end of the text, and letters are
 * ASCII letters. collectd-taskstats(5) lists the differences.
 */

struct pattern;

/* Returns 0 and an expression that the caller destroys; or -EINVAL or -ENOMEM,
 * with error saying what is wrong and where. */
int pattern_compile(const char *text, struct pattern **pattern, char *error,
                    size_t size);

/* pattern may be NULL. */
void pattern_destroy(struct pattern *pattern);

/* The number of its captures. */
unsigned int pattern_captures(const struct pattern *pattern);

/* A part of the matched text. */
struct pattern_part {
  const char *text; /* NULL, with length 0, if this part did not match */
  size_t length;
};

/*
 * The cost of a match is limited in steps. A step takes about a nanosecond in
 * JIT-compiled code, and three without it (for example in a service that
 * forbids memory to be both writable and executable). An expression without
 * parentheses, quantifiers and references has no limit: the number of
 * comparisons for each byte of the text is at most its length.
 */
enum {
  /* Enough for ".*" to pass over 128 KiB ten times. */
  PATTERN_MATCH_STEPS = 8000000,
};

enum pattern_result {
  PATTERN_NO,
  PATTERN_YES,
  PATTERN_STEPS,  /* undecided: the limit on steps was reached */
  PATTERN_MEMORY, /* undecided: the memory limit (16 MiB, or 64 MiB without JIT
                     compilation) was reached, or memory is short */
  PATTERN_BUSY,   /* undecided: the steps for all matching are used up
                     (pattern_work.h) */
};

/* Matches a text. If it matches, the first count parts are filled in, from the
 * first parenthesis on. steps is the limit on input, and the number of steps
 * taken on output. Any thread, several at a time. */
enum pattern_result pattern_match(const struct pattern *pattern,
                                  const char *text, uint64_t *steps,
                                  struct pattern_part *parts, size_t count);

#endif
