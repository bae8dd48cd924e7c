/* SPDX-License-Identifier: MIT */
#ifndef PROBE_FAIL_H
#define PROBE_FAIL_H

#include "answer.h"

/* The exit statuses, distinguished by what the caller can do; the message has
 * the details. The manual page and --help list them, too. */
enum exit_status {
  STATUS_OK = 0,
  STATUS_DEGRADED = 1, /* check: degraded; records were lost */
  STATUS_FAILED = 2,   /* check: bad; the kernel or the system refuses */
  STATUS_USAGE = 3,    /* invalid command line, id or list of CPUs */
  STATUS_GONE = 4,     /* a process or thread does not exist */
};

/* Each prints what is wrong and the remedy, and returns the status. */

__attribute__((format(printf, 2, 3))) int fail(enum exit_status status,
                                               const char *format, ...);

/* For errors of channel_open, channel_query, channel_watch. */
int fail_open(int error);
int fail_query(int error, enum answer_part part, uint32_t id);
int fail_watch(int error, const char *cpus);

/* Prints a message that does not end the program. */
__attribute__((format(printf, 1, 2))) void note(const char *format, ...);

#endif
