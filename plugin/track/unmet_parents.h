/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_UNMET_PARENTS_H
#define TASKSTATS_UNMET_PARENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Parents whose children have ended before the parent itself was known: when it
 * becomes known, it may have waited for them. Another pid may be mistaken for
 * one of these, which costs an additional read.
 */

enum { UNMET_PARENTS_BITS = 4096 };

/* For one period. */
struct unmet_parents_set {
  uint64_t have_ended[UNMET_PARENTS_BITS / 64];
  uint64_t have_io[UNMET_PARENTS_BITS / 64]; /* children have done I/O */
};

/* Zeroed before use. */
struct unmet_parents {
  struct unmet_parents_set now, before;
};

void unmet_parents_note(struct unmet_parents *parents, pid_t pid, bool has_io);

/* Whether a child has ended, and whether one has done I/O. */
bool unmet_parents_have_ended(const struct unmet_parents *parents, pid_t pid);
bool unmet_parents_have_io(const struct unmet_parents *parents, pid_t pid);

/* Must be called when all parents are known that existed at the previous call.
 */
void unmet_parents_forget(struct unmet_parents *parents);

#endif
