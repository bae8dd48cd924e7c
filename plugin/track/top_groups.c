/* SPDX-License-Identifier: MIT */
#include "track/top_groups.h"

#include "track/overlap.h"

#include <stdlib.h>
#include <string.h>

/* The counters that an order adds up; TOP_RSS has none. */
struct used {
  unsigned int first, count;
};

static struct used used_by(enum top_order order) {
  static const struct used of_all[TOP_DELAY_KIND] = {
      [TOP_DELAY] = {COUNTER_DELAY, DELAY_KINDS},
      [TOP_CPU] = {COUNTER_CPU_USER, 2},
      [TOP_IO] = {COUNTER_READ_CHARS, 2},
  };
  if (order < TOP_DELAY_KIND)
    return of_all[order];
  return (struct used){COUNTER_DELAY + (order - TOP_DELAY_KIND), 1};
}

/* The increase since the last choice, or the state of the members. */
static void measure_recent(struct group *group) REQUIRES(tracker_mutex) {
  struct used used = used_by(group->rule->top_order);
  int64_t now = 0;
  for (unsigned int i = 0; i < used.count; i++)
    now += group->total[used.first + i];
  group->recent = now > group->ranked ? (uint64_t)(now - group->ranked) : 0;
  if (group->rule->top_order == TOP_RSS)
    group->recent = group->gauges[GAUGE_RSS];
}

/* Stores the use until now. What was dispatched is not new again if the total
 * is held. */
static void note_ranked(struct group *group) REQUIRES(tracker_mutex) {
  struct used used = used_by(group->rule->top_order);
  group->ranked = 0;
  for (unsigned int i = used.first; i < used.first + used.count; i++)
    group->ranked += group->total[i] > (int64_t)group->reported[i]
                         ? group->total[i]
                         : (int64_t)group->reported[i];
}

/* The largest first. Among equals, those with members, then by name, so that
 * the choice is deterministic. */
static int compare(const void *a, const void *b) REQUIRES(tracker_mutex) {
  const struct group *one = *(struct group *const *)a;
  const struct group *two = *(struct group *const *)b;

  if (one->recent != two->recent)
    return one->recent > two->recent ? -1 : 1;
  if ((one->members > 0) != (two->members > 0))
    return one->members > 0 ? -1 : 1;
  return strcmp(one->name, two->name);
}

/* Fills found, which has room for all groups. Returns their number. */
static size_t find_groups(const struct tracker *tracker,
                          const struct rule *rule, struct group **found)
    REQUIRES(tracker_mutex) {
  size_t count = 0;
  for (struct group *g = tracker->groups; g != NULL; g = g->next)
    if (g->rule == rule && !g->is_forgotten) {
      measure_recent(g);
      found[count++] = g;
    }
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

static void note_all_ranked(struct tracker *tracker) REQUIRES(tracker_mutex) {
  for (struct group *g = tracker->groups; g != NULL; g = g->next)
    if (g->rule->top > 0)
      note_ranked(g);
}

void top_groups_choose(struct tracker *tracker) {
  bool has_top = false;
  for (const struct rule *r = tracker->rules; r != NULL; r = r->next)
    has_top |= r->top > 0;
  if (!has_top)
    return;

  struct group **found = calloc(tracker->group_count + 1, sizeof(found[0]));
  if (found == NULL)
    return; /* hidden groups stay hidden */
  for (const struct rule *r = tracker->rules; r != NULL; r = r->next)
    if (r->top > 0)
      hide_groups(tracker, r, found);
  free(found);
  overlaps_settle(tracker->overlaps);
  divert_hidden(tracker);
  note_all_ranked(tracker);
}
