/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PID_SET_H
#define TASKSTATS_PID_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The processes that pid files name. Allocates no memory. A zeroed set is
 * empty. */

enum { PID_SET_MAX = 256 };

struct pid_set {
  size_t count;
  pid_t pids[PID_SET_MAX];
};

bool pid_set_has(const struct pid_set *set, pid_t pid);

/* Adds a pid, without duplicates. Returns false if the set is full. */
bool pid_set_add(struct pid_set *set, pid_t pid);

/* Calls changed for each pid that is in only one of the sets. */
void pid_set_compare(const struct pid_set *before, const struct pid_set *now,
                     void (*changed)(void *context, pid_t pid), void *context);

#endif
