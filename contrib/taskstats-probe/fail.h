/* SPDX-License-Identifier: MIT */
#ifndef PROBE_FAIL_H
#define PROBE_FAIL_H

#include "answer.h"

/* The program's exit statuses, by what the caller can do about it; which it is,
 * the message says. The manual page, --help and the README have them, too. */
enum exit_status {
  STATUS_OK = 0,
  STATUS_DEGRADED = 1, /* check; records were lost */
  STATUS_FAILED = 2,   /* check: bad; the kernel or the system refuses */
  STATUS_USAGE = 3,    /* the command line, an id or a list of CPUs */
  STATUS_GONE = 4,     /* a process or thread is not there */
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
