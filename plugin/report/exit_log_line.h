/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_LOG_LINE_H
#define TASKSTATS_EXIT_LOG_LINE_H

#include "track/exit_event.h"

/* Formats an exit as one line of JSON, with a newline, in memory that the
 * caller frees; NULL if out of memory. groups contains the names of the groups,
 * each terminated by a NUL. Returns the length, or 0 if out of memory. */
size_t exit_log_line(const struct exit_event *event, const char *host,
                     const char *groups, size_t group_count, char **line);

#endif
