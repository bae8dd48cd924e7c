/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_FD_BUDGET_H
#define TASKSTATS_FD_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Descriptors that are kept open. Other plugins may need the low ones for
 * select(2), and a part of the limit. Used by one thread.
 */

struct fd_budget {
  size_t kept;
  size_t budget;
  bool is_final; /* the budget cannot grow any further */
};

/* Whether another descriptor may be kept. Raises the soft limit of descriptors
 * if necessary, up to the hard one; half of the descriptors above 1023 are left
 * to others. */
bool fd_budget_have_room(struct fd_budget *files);

/* Moves a descriptor above 1023. Closes fd, which may be negative: then, or if
 * the budget is exhausted, returns -1. */
int fd_budget_keep(struct fd_budget *files, int fd);

/* Removes a kept descriptor from the budget; the caller closes it. fd may be
 * -1. */
void fd_budget_release(struct fd_budget *files, int fd);

#endif
