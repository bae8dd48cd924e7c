/* SPDX-License-Identifier: MIT */
#ifndef PROBE_FAIL_H
#define PROBE_FAIL_H

#include "answer.h"

/* The program's exit statuses; the manual page and --help have them, too. */
enum exit_status {
  STATUS_OK = 0,
  STATUS_DEGRADED = 1, /* check; records were lost */
  STATUS_BAD = 2,      /* check */
  STATUS_USAGE = 3,
  STATUS_ID = 4,
  STATUS_GONE = 5,
  STATUS_CPUS = 6,
  STATUS_PERMISSION = 7,
  STATUS_FAMILY = 8,
  STATUS_NAMESPACE = 9,
  STATUS_ANSWER = 10,
  STATUS_SILENCE = 11,
  STATUS_FILE = 12,
  STATUS_SYSTEM = 13,
};

/* Each says what is wrong and what mends it, and returns the status. */

__attribute__((format(printf, 2, 3))) int fail(enum exit_status status,
                                               const char *format, ...);

/* Of channel_open, channel_query, channel_watch. */
int fail_open(int error);
int fail_query(int error, enum answer_part part, uint32_t id);
int fail_watch(int error, const char *cpus);

/* Tells something that does not end the program. */
__attribute__((format(printf, 1, 2))) void note(const char *format, ...);

#endif
