/* SPDX-License-Identifier: MIT */
#ifndef PROBE_SHOW_H
#define PROBE_SHOW_H

#include "stats.h"

#include <jansson.h>

/*
 * Values as text for people, as text for scripts, and as JSON.
 */

enum { SHOW_SIZE = 96 }; /* of any value's text */

/* With its unit; "unknown" for what is not known. */
void show_value(char text[SHOW_SIZE], const struct stats *stats,
                enum stats_field field);

/* As a script wants it: a bare number in the unit of the kernel. */
void show_bare(char text[SHOW_SIZE], const struct stats *stats,
               enum stats_field field);

/* So much a second, with its unit. */
void show_rate(char text[SHOW_SIZE], double rate, enum stats_unit unit);

void show_ns(char text[SHOW_SIZE], double ns);

/* What could steer a terminal (a command may be called anything) becomes '?'.
 */
void show_clean(char *text);

/* How a task ended, by its wait status: "exit 3", "SIGSEGV, core dumped". The
 * record's flag STATS_CORE does not tell: it is set for every signal that dumps
 * core, also where a limit prevented that. */
void show_end(char text[SHOW_SIZE], uint32_t status);

/* "SIGSEGV" */
void show_signal(char text[SHOW_SIZE], int number);

/* A text of less than SHOW_SIZE: as it is if it is UTF-8 without control
 * characters, else as show_clean has it. */
json_t *show_json_text(const char *text);

/* null for what is not known. */
json_t *show_json(const struct stats *stats, enum stats_field field);

/* All fields by their names. */
json_t *show_json_all(const struct stats *stats);

/* Writes the value in a line of ASCII, and frees it. */
void show_json_line(json_t *value);

#endif
