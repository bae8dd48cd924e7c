/* SPDX-License-Identifier: MIT */
#include "track/top_groups.h"

#include "track/overlap.h"

#include <stdlib.h>
#include <string.h>

/* The longest delay first. Of equals those that are there, then by name, so
 * that it is not by chance who is reported. */
static int compare(const void *a, const void *b) REQUIRES(tracker_mutex) {
  const struct group *one = *(struct group *const *)a;
  const struct group *two = *(struct group *const *)b;
  uint64_t delay = group_recent_delay(one);
  uint64_t other = group_recent_delay(two);

  if (delay != other)
    return delay > other ? -1 : 1;
  if ((one->members > 0) != (two->members > 0))
    return one->members > 0 ? -1 : 1;
  return strcmp(one->name, two->name);
}

/* Fills found, as large as the number of groups. Returns how many there are. */
static size_t find_groups(const struct tracker *tracker,
                          const struct rule *rule, struct group **found)
    REQUIRES(tracker_mutex) {
  size_t count = 0;
  for (struct group *g = tracker->groups; g != NULL; g = g->next)
    if (g->rule == rule && !g->is_forgotten)
      found[count++] = g;
  return count;
}

static void hide_groups(struct tracker *tracker, const struct rule *rule,
                        struct group **found) REQUIRES(tracker_mutex) {
  size_t count = find_groups(tracker, rule, found);

  qsort(found, count, sizeof(found[0]), compare);
  for (size_t i = 0; i < count; i++)
    found[i]->is_hidden = i >= rule->top;
}

static void divert_hidden(struct tracker *tracker) REQUIRES(tracker_mutex) {
  struct group *other = NULL;

  for (struct group *g = tracker->groups; g != NULL; g = g->next) {
    if (!g->is_hidden || g->is_forgotten)
      continue;
    if (other == NULL)
      other = tracker_other_group(tracker);
    if (other != NULL)
      group_divert(g, other);
  }
}

void top_groups_choose(struct tracker *tracker) {
  bool has_top = false;
  for (const struct rule *r = tracker->rules; r != NULL; r = r->next)
    has_top |= r->top > 0;
  if (!has_top)
    return;

  struct group **found = calloc(tracker->group_count + 1, sizeof(found[0]));
  if (found == NULL)
    return; /* those who were hidden stay so */
  for (const struct rule *r = tracker->rules; r != NULL; r = r->next)
    if (r->top > 0)
      hide_groups(tracker, r, found);
  free(found);
  overlaps_settle(tracker->overlaps);
  divert_hidden(tracker);
}
