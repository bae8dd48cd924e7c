/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_USERS_H
#define TASKSTATS_USERS_H

#include <stddef.h>
#include <sys/types.h>

/* The name of a user, or the number of one who has none, cut to size bytes. Is
 * looked up again after five minutes; that may block, since users may be kept
 * on another machine. Any thread. */
void user_name(uid_t uid, char *name, size_t size);

#endif
