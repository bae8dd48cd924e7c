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
 * How many steps matching may take. A step takes about a nanosecond in machine
 * code, and three where there is none (in a service that forbids memory to be
 * both written and executed, for instance). One a thread.
 */
struct pattern_work {
  uint64_t left;
  uint64_t filled_ns; /* when it was last filled up */
};

enum {
  /* Of one match: enough for ".*" to go through 128 KiB ten times. */
  PATTERN_MATCH_STEPS = 8000000,
  /* Each match may take so many, however few are left. */
  PATTERN_LEAST_STEPS = 50000,
  PATTERN_MOST_LEFT = 500000000,
};

/* Adds a tenth of a step for each nanosecond since the last call, up to
 * PATTERN_MOST_LEFT; time is CLOCK_BOOTTIME. The first call, of what is zeroed,
 * fills it up. */
void pattern_work_fill(struct pattern_work *work, uint64_t time_ns);

/* LIMIT: it could not be decided within the steps that it may take. */
enum pattern_result { PATTERN_NO, PATTERN_YES, PATTERN_LIMIT };

/* Matches a text. If it matches, the first count parts are filled in, from the
 * first parenthesis on. What it takes is subtracted from work, which may be
 * NULL. Any thread, several at a time. */
enum pattern_result pattern_match(const struct pattern *pattern,
                                  const char *text, struct pattern_work *work,
                                  struct pattern_part *parts, size_t count);

#endif
