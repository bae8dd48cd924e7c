/* SPDX-License-Identifier: MIT */
#include "track/overlap.h"

#include "kernel/arithmetic.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

struct overlap {
  struct overlap *next;
  uint32_t members;

  /* Since it was last settled. */
  int64_t used[COUNTERS];
  uint64_t gauges[GAUGES];

  /* The use before, which some of the groups held back at their first
   * publication, and the counters, as 1 << counter, for which "other" contains
   * it from another group. */
  int64_t held[COUNTERS];
  uint64_t held_taken;

  size_t count;
  struct group *groups[]; /* "other" first, if it is one of them */
};

struct overlaps {
  struct overlap *first;
  void *by_groups; /* a tree */
};

struct overlaps *overlaps_create(void) {
  return calloc(1, sizeof(struct overlaps));
}

static int compare_groups(const void *a, const void *b) {
  const struct overlap *one = a, *two = b;
  if (one->count != two->count)
    return one->count < two->count ? -1 : 1;
  return memcmp(one->groups, two->groups, one->count * sizeof(one->groups[0]));
}

static void remove_overlap(struct overlaps *overlaps, struct overlap **link)
    REQUIRES(tracker_mutex) {
  struct overlap *overlap = *link;
  *link = overlap->next;
  tdelete(overlap, &overlaps->by_groups, compare_groups);
  for (size_t i = 0; i < overlap->count; i++)
    overlap->groups[i]->overlap_count--;
  free(overlap);
}

void overlaps_destroy(struct overlaps *overlaps) UNCHECKED {
  if (overlaps == NULL)
    return;
  while (overlaps->first != NULL)
    remove_overlap(overlaps, &overlaps->first);
  free(overlaps);
}

bool overlap_concerns(const struct group *group) {
  return group->rule->top > 0 || group->is_other;
}

static struct overlap *create_overlap(struct group *const *groups,
                                      size_t count) {
  struct overlap *overlap =
      calloc(1, sizeof(*overlap) + count * sizeof(overlap->groups[0]));
  if (overlap == NULL)
    return NULL;
  for (size_t i = 0; i < count; i++)
    if (groups[i]->is_other)
      overlap->groups[overlap->count++] = groups[i];
  for (size_t i = 0; i < count; i++)
    if (!groups[i]->is_other)
      overlap->groups[overlap->count++] = groups[i];
  return overlap;
}

struct overlap *overlap_get(struct overlaps *overlaps,
                            struct group *const *groups, size_t count) {
  struct overlap *overlap = create_overlap(groups, count);
  if (overlap == NULL)
    return NULL;
  struct overlap **found =
      tsearch(overlap, &overlaps->by_groups, compare_groups);
  if (found == NULL || *found != overlap) {
    free(overlap);
    if (found == NULL)
      return NULL;
    (*found)->members++;
    return *found;
  }
  for (size_t i = 0; i < count; i++)
    groups[i]->overlap_count++;
  overlap->members = 1;
  overlap->next = overlaps->first;
  overlaps->first = overlap;
  return overlap;
}

void overlap_put(struct overlap *overlap) {
  if (overlap != NULL)
    overlap->members--;
}

void overlap_add(struct overlap *overlap, const int64_t delta[COUNTERS]) {
  for (unsigned int i = 0; i < COUNTERS; i++)
    overlap->used[i] += delta[i];
}

void overlap_add_one(struct overlap *overlap, unsigned int counter,
                     int64_t more) {
  overlap->used[counter] += more;
}

void overlap_add_gauges(struct overlap *overlap,
                        const uint64_t gauges[GAUGES]) {
  for (unsigned int i = 0; i < GAUGES; i++)
    overlap->gauges[i] += gauges[i];
}

static void take_used_from(struct group *group, const struct overlap *overlap)
    REQUIRES(tracker_mutex) {
  for (unsigned int i = 0; i < COUNTERS; i++)
    group->total[i] -= overlap->used[i];
  for (unsigned int i = 0; i < GAUGES; i++)
    group->gauges[i] = subtract(group->gauges[i], overlap->gauges[i]);
}

/* The group's rate has counted it, so "other" need not leave it out. */
static void take_held_from(struct group *group, const struct overlap *overlap,
                           uint64_t counters) REQUIRES(tracker_mutex) {
  for (unsigned int i = 0; i < COUNTERS; i++) {
    if ((counters & UINT64_C(1) << i) == 0)
      continue;
    int64_t held = overlap->held[i];
    group->total[i] -= held;
    unsigned int r = i - COUNTER_DELAY;
    if (i < COUNTER_DELAY || r >= GROUP_RATED || held <= 0)
      continue;
    uint64_t ahead = group->rated[r] - group->reported[i];
    group->rated[r] -= min((uint64_t)held, ahead);
  }
}

/* Returns whether a group holds back the current use. */
static bool settle(struct overlap *overlap) REQUIRES(tracker_mutex) {
  uint64_t held_taken = overlap->held_taken;
  bool is_used_taken = false, is_held_back = false;

  for (size_t i = 0; i < overlap->count; i++) {
    struct group *group = overlap->groups[i];
    if (group->is_other) {
      is_used_taken = true;
    } else if (!group->is_hidden || group->is_forgotten) {
      is_held_back |= group->publications == 0 && !group->is_forgotten;
    } else {
      if (is_used_taken)
        take_used_from(group, overlap);
      is_used_taken = true;
      take_held_from(group, overlap, group->holds_back & held_taken);
      held_taken |= group->holds_back;
    }
  }
  memcpy(overlap->held, overlap->used, sizeof(overlap->held));
  overlap->held_taken = is_used_taken ? UINT64_MAX : 0;
  memset(overlap->used, 0, sizeof(overlap->used));
  memset(overlap->gauges, 0, sizeof(overlap->gauges));
  return is_held_back;
}

void overlaps_settle(struct overlaps *overlaps) {
  if (overlaps == NULL)
    return;
  for (struct overlap **link = &overlaps->first; *link != NULL;) {
    bool is_held_back = settle(*link);
    if ((*link)->members == 0 && !is_held_back)
      remove_overlap(overlaps, link);
    else
      link = &(*link)->next;
  }
}
