/* SPDX-License-Identifier: MIT */
#ifndef PROBE_ARGUMENTS_H
#define PROBE_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Parses command line arguments. Each function returns an exit status, after
 * reporting what is wrong.
 */

/* A process or thread id. */
int arguments_id(const char *text, uint32_t *id);

/* A positive number of seconds, possibly with a fraction, up to a year. */
int arguments_seconds(const char *option, const char *text, double *seconds);

/* A positive number. */
int arguments_number(const char *option, const char *text, uint64_t most,
                     uint64_t *number);

/* A list of CPUs. Only checks that it has a number: the kernel accepts a list
 * without one, and then sends nothing. It checks the rest itself. */
int arguments_cpus(const char *text, const char **cpus);

/* Returns the status after getopt has reported an error. */
int arguments_misused(const char *command);

#endif
