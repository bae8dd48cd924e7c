/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_UNMET_PARENTS_H
#define TASKSTATS_UNMET_PARENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Whose children have ended before anything was known of the parent itself: by
 * the time that it is met, it may wait for them. Another pid may be taken for
 * one of these: that costs a look.
 */

enum { UNMET_PARENTS_BITS = 4096 };

/* Of one period. */
struct unmet_parents_set {
  uint64_t have_ended[UNMET_PARENTS_BITS / 64];
  uint64_t have_io[UNMET_PARENTS_BITS / 64]; /* have read or written */
};

/* Zeroed at first. */
struct unmet_parents {
  struct unmet_parents_set now, before;
};

void unmet_parents_note(struct unmet_parents *parents, pid_t pid, bool has_io);

/* Whether a child has ended, and whether one has read or written. */
bool unmet_parents_have_ended(const struct unmet_parents *parents, pid_t pid);
bool unmet_parents_have_io(const struct unmet_parents *parents, pid_t pid);

/* All are met that were there when this was called before. */
void unmet_parents_forget(struct unmet_parents *parents);

#endif
