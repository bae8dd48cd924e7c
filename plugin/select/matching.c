/* SPDX-License-Identifier: MIT */
#include "select/matching.h"

#include "kernel/arithmetic.h"

/* The steps that each match of a living process may take even if the shared
 * limit is used up; in a read, and at exec: enough for a line of a few hundred
 * bytes. */
enum { LEAST_STEPS = 50000, LEAST_STEPS_OF_EXEC = 2000 };

/*
 * For a living process, cheap matches are always decided, and only the rest
 * counts. Processes may end faster than they can be matched: for a process that
 * has ended, everything counts.
 */
static uint64_t free_steps(const struct attributes *a) {
  if (a->work == NULL)
    return PATTERN_MATCH_STEPS;
  if (a->proc == NULL)
    return 0;
  return a->work->is_frequent ? LEAST_STEPS_OF_EXEC : LEAST_STEPS;
}

static uint64_t steps_left(struct attributes *a, uid_t *uid) {
  *uid = 0;
  attributes_uid(a, uid);
  return pattern_work_left(a->work, *uid);
}

bool matching_begin_work(struct matching *matching) {
  struct attributes *a = matching->a;
  uid_t uid;
  if (!matching->has_left || matching->may_work ||
      steps_left(a, &uid) <= free_steps(a))
    return false;
  matching->may_work = true;
  matching->undecided = NULL;
  return true;
}

static enum pattern_result match_freely(struct matching *matching,
                                        const struct pattern *pattern,
                                        const char *text,
                                        struct captures *captures) {
  const struct attributes *a = matching->a;
  uint64_t steps = free_steps(a);
  enum pattern_result result = PATTERN_STEPS;
  if (steps > 0)
    result = pattern_match(pattern, text, &steps, captures->part, CAPTURES);
  if (result != PATTERN_STEPS || a->work == NULL)
    return result;
  matching->has_left = true;
  return PATTERN_BUSY;
}

static enum pattern_result match_with_work(struct attributes *a,
                                           const struct pattern *pattern,
                                           const char *text,
                                           struct captures *captures) {
  uid_t uid;
  uint64_t least = free_steps(a), left = steps_left(a, &uid);
  uint64_t most = min(left > least ? left : least, PATTERN_MATCH_STEPS);
  if (most == 0)
    return PATTERN_BUSY;
  uint64_t steps = most;
  enum pattern_result result =
      pattern_match(pattern, text, &steps, captures->part, CAPTURES);
  if (steps > least)
    pattern_work_use(a->work, uid, steps);
  return result == PATTERN_STEPS && most < PATTERN_MATCH_STEPS ? PATTERN_BUSY
                                                               : result;
}

enum pattern_result matching_match(struct matching *matching,
                                   const struct pattern *pattern,
                                   const char *text,
                                   struct captures *captures) {
  return matching->may_work
             ? match_with_work(matching->a, pattern, text, captures)
             : match_freely(matching, pattern, text, captures);
}
