/* SPDX-License-Identifier: MIT */
#ifndef PROBE_SHOW_H
#define PROBE_SHOW_H

#include "stats.h"

#include <jansson.h>

/*
 * Formats values as text for people, as text for scripts, and as JSON.
 */

enum { SHOW_SIZE = 96 }; /* of any formatted value */

/* With its unit; "unknown" if it is not known. */
void show_value(char text[SHOW_SIZE], const struct stats *stats,
                enum stats_field field);

/* For scripts: a bare number in the kernel's unit. */
void show_bare(char text[SHOW_SIZE], const struct stats *stats,
               enum stats_field field);

/* A rate per second, with its unit. */
void show_rate(char text[SHOW_SIZE], double rate, enum stats_unit unit);

void show_ns(char text[SHOW_SIZE], double ns);

/* Replaces characters that could control a terminal (a command may have any
 * name) with '?'. */
void show_clean(char *text);

/* How a task ended, from its wait status: "exit 3", "SIGSEGV, core dumped". The
 * record's flag STATS_CORE is not used: it is set for every signal that dumps
 * core, even if a limit prevented that. */
void show_end(char text[SHOW_SIZE], uint32_t status);

/* "SIGSEGV" */
void show_signal(char text[SHOW_SIZE], int number);

/* A text shorter than SHOW_SIZE: unchanged if it is UTF-8 without control
 * characters, else as by show_clean. */
json_t *show_json_text(const char *text);

/* null if it is not known. */
json_t *show_json(const struct stats *stats, enum stats_field field);

/* All fields, by name. */
json_t *show_json_all(const struct stats *stats);

/* Prints the value as one line of ASCII, and frees it. */
void show_json_line(json_t *value);

#endif
