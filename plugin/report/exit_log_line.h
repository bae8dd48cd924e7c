/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_LOG_LINE_H
#define TASKSTATS_EXIT_LOG_LINE_H

#include "track/exit_event.h"

/* Writes an exit as one line of JSON, with its newline, in memory that the
 * caller frees. Names of groups, each with its NUL, follow each other in
 * groups. Returns the length, or 0 if memory is short. */
size_t exit_log_line(const struct exit_event *event, const char *host,
                     const char *groups, size_t group_count, char **line);

#endif
