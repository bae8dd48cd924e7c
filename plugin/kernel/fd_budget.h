/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_FD_BUDGET_H
#define TASKSTATS_FD_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Descriptors that are kept open for long. Other plugins may need the lower
 * ones for select(2), and some of the limit. Belongs to one thread.
 */

struct fd_budget {
  size_t kept;
  size_t budget;
  bool is_final; /* the budget cannot grow any more */
};

/* Whether another one may be kept. Raises the soft limit of descriptors as far
 * as that takes, up to the hard one; half of those above 1023 are left to
 * others. */
bool fd_budget_have_room(struct fd_budget *files);

/* Moves a descriptor above 1023. Closes fd, which may be negative: then, and if
 * there is no room, it returns -1. */
int fd_budget_keep(struct fd_budget *files, int fd);

/* Counts a kept descriptor no more; the caller closes it. Takes -1. */
void fd_budget_release(struct fd_budget *files, int fd);

#endif
