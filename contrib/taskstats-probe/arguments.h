/* SPDX-License-Identifier: MIT */
#ifndef PROBE_ARGUMENTS_H
#define PROBE_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What stands on the command line. Each returns an exit status, after it has
 * said what is wrong.
 */

/* A process or thread id. */
int arguments_id(const char *text, uint32_t *id);

/* A positive number of seconds, with a fraction, up to a year. */
int arguments_seconds(const char *option, const char *text, double *seconds);

/* A positive number. */
int arguments_number(const char *option, const char *text, uint64_t most,
                     uint64_t *number);

/* A list of CPUs, of which the kernel decides but that it is not empty: it
 * takes one without a number, and sends nothing. */
int arguments_cpus(const char *text, const char **cpus);

/* For what getopt has complained of. */
int arguments_misused(const char *command);

#endif
