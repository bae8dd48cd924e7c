/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TEST_H
#define TASKSTATS_TEST_H

/* cmocka requires these headers before its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Programs of another architecture run under qemu-user (tests/arch). It passes
 * system calls to the kernel, but supports few netlink protocols and adds a
 * thread to each process; other processes see the emulator's name, files and
 * memory. */
#ifdef EMULATED
enum { EMULATOR_THREADS = 1 };
#define skip_if_emulated(why)                                                  \
  do {                                                                         \
    print_message("# skipped, since it is emulated: %s\n", why);               \
    skip();                                                                    \
  } while (0)
#else
enum { EMULATOR_THREADS = 0 };
#define skip_if_emulated(why) ((void)0)
#endif

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Assertions that print the name of the failed test case of a table. */

#define assert_case(name, condition)                                           \
  do {                                                                         \
    if (!(condition))                                                          \
      fail_msg("%s: not so: %s", name, #condition);                            \
  } while (0)

#define assert_case_int(name, actual, expected)                                \
  do {                                                                         \
    long long assert_got = (long long)(actual);                                \
    long long assert_want = (long long)(expected);                             \
    if (assert_got != assert_want)                                             \
      fail_msg("%s: %s is %lld, not %lld", name, #actual, assert_got,          \
               assert_want);                                                   \
  } while (0)

#define assert_case_string(name, actual, expected)                             \
  do {                                                                         \
    const char *assert_got = (actual);                                         \
    const char *assert_want = (expected);                                      \
    if (strcmp(assert_got, assert_want) != 0)                                  \
      fail_msg("%s: %s is \"%s\", not \"%s\"", name, #actual, assert_got,      \
               assert_want);                                                   \
  } while (0)

/* Asserts that the text contains needle. */
#define assert_case_says(name, text, needle)                                   \
  do {                                                                         \
    const char *assert_text = (text);                                          \
    const char *assert_needle = (needle);                                      \
    if (strstr(assert_text, assert_needle) == NULL)                            \
      fail_msg("%s: \"%s\" does not say \"%s\"", name, assert_text,            \
               assert_needle);                                                 \
  } while (0)

#endif
