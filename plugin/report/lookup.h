/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_LOOKUP_H
#define TASKSTATS_LOOKUP_H

#include "select/path_watch.h"
#include "select/user_cache.h"

/*
 * Log lines about users and paths in the configuration: one for each that
 * cannot be looked up, and one when it can be again.
 */

/* Both write the line, and return whether it is a warning. */
bool lookup_describe_user(const struct user_change *change, char *line,
                          size_t size);
bool lookup_describe_path(const struct path_change *change, char *line,
                          size_t size);

#endif
