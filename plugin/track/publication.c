/* SPDX-License-Identifier: MIT */
#include "track/publication.h"

#include "track/top_groups.h"

static bool is_shown(const struct group *group) REQUIRES(tracker_mutex) {
  return !group->is_hidden && !group->is_forgotten;
}

void publication_begin(struct tracker *tracker, uint32_t counted) {
  tracker_lock(tracker);
  top_groups_choose(tracker);
  for (struct group *g = tracker->groups; g != NULL; g = g->next)
    if (is_shown(g))
      group_publish(g, counted);
  tracker_unlock(tracker);
}

const struct group *publication_next(struct tracker *tracker,
                                     const struct group *former,
                                     struct group *copy) {
  tracker_lock(tracker);
  const struct group *next = former != NULL ? former->next : tracker->groups;
  /* The listener may have added or revived one meanwhile. */
  while (next != NULL && (!is_shown(next) || next->publications == 0))
    next = next->next;
  if (next != NULL)
    *copy = *next;
  tracker_unlock(tracker);
  return next;
}
