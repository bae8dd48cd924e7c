/* SPDX-License-Identifier: MIT */
#include "track/member.h"

#include "track/overlap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct member *member_create(bool from_zero) UNCHECKED {
  struct member *member = calloc(1, sizeof(*member));
  if (member == NULL)
    return NULL;
  member->account.from_zero = from_zero;
  member->task_fd = member->io_fd = -1;
  member->is_new = true;
  return member;
}

static void leave_groups(struct member *member) REQUIRES(tracker_mutex) {
  for (size_t i = 0; i < member->group_count; i++) {
    struct group *group = member->memberships[i].group;
    group->members -= !member->memberships[i].is_duplicate;
    group->excluded -= member->memberships[i].is_excluded;
  }
  free(member->memberships);
  member->group_count = 0;
  overlap_put(member->overlap);
  member->overlap = NULL;
}

void member_destroy(struct member *member) {
  if (member == NULL)
    return;
  if (member->task_fd >= 0)
    close(member->task_fd);
  if (member->io_fd >= 0)
    close(member->io_fd);
  free(member->gauges);
  leave_groups(member);
  cgroup_paths_share(&member->cgroups, NULL);
  account_clear(&member->account);
  free(member);
}

/* Determines the overlap of a member's groups, NULL if it needs none. Returns 0
 * or -ENOMEM. */
static int find_overlap(const struct membership *memberships, size_t count,
                        struct overlap **overlap) REQUIRES(tracker_mutex) {
  struct overlaps *overlaps = count > 0 ? memberships[0].group->overlaps : NULL;
  *overlap = NULL;
  if (overlaps == NULL || count < 2)
    return 0;

  struct group **groups = calloc(count, sizeof(groups[0]));
  if (groups == NULL)
    return -ENOMEM;
  size_t concerned = 0;
  for (size_t i = 0; i < count; i++)
    if (!memberships[i].is_duplicate && overlap_concerns(memberships[i].group))
      groups[concerned++] = memberships[i].group;
  if (concerned > 1)
    *overlap = overlap_get(overlaps, groups, concerned);
  free(groups);
  return concerned > 1 && *overlap == NULL ? -ENOMEM : 0;
}

int member_move(struct member *member, const struct membership *memberships,
                size_t count, size_t inherited) {
  /* Leaving all groups needs no memory. */
  struct membership *copy = NULL;
  struct overlap *overlap;
  if (count > 0 && (copy = calloc(count, sizeof(*copy))) == NULL)
    return -ENOMEM;
  if (find_overlap(memberships, count, &overlap) != 0) {
    free(copy);
    return -ENOMEM;
  }

  if (count > 0)
    memcpy(copy, memberships, count * sizeof(*copy));
  leave_groups(member);
  member->overlap = overlap;
  member->memberships = copy;
  member->group_count = (uint32_t)count;
  member->inherited = (uint32_t)inherited;
  for (size_t i = 0; i < count; i++) {
    copy[i].group->members += !copy[i].is_duplicate;
    copy[i].group->excluded += copy[i].is_excluded;
    if (!copy[i].is_excluded)
      copy[i].group->idle_reads = 0;
  }
  return 0;
}

/* Tells the groups whether all kinds of delay are counted. */
static void note_delays(struct member *member) REQUIRES(tracker_mutex) {
  member->counts_delays |= account_has_delays(&member->account);
  for (size_t i = 0; i < member->group_count; i++) {
    struct group *group = member->memberships[i].group;
    if (member->memberships[i].is_excluded)
      continue;
    group->has_counted |= member->counts_delays;
    group->has_uncounted |= !member->counts_delays;
  }
}

int member_set_groups(struct member *member,
                      const struct membership *memberships, size_t count,
                      size_t inherited) {
  int status = member_move(member, memberships, count, inherited);
  if (status != 0)
    return status;
  uint32_t collect = 0;
  for (size_t i = 0; i < count; i++)
    if (!memberships[i].is_excluded)
      collect |= rule_reads(memberships[i].group->rule);
  member->collect = collect;
  if (member->has_record)
    note_delays(member);
  return 0;
}

const struct membership *member_find_membership(const struct member *member,
                                                const struct rule *rule) {
  for (size_t i = 0; i < member->group_count; i++)
    if (member->memberships[i].rule == rule)
      return &member->memberships[i];
  return NULL;
}

bool member_counts(const struct member *member) {
  for (size_t i = 0; i < member->group_count; i++)
    if (!member->memberships[i].is_excluded)
      return true;
  return false;
}

bool member_has_groups(const struct member *member,
                       const struct membership *memberships, size_t count,
                       size_t inherited) {
  if (member->group_count != count || member->inherited != inherited)
    return false;
  for (size_t i = 0; i < count; i++)
    if (member->memberships[i].rule != memberships[i].rule ||
        member->memberships[i].group != memberships[i].group ||
        member->memberships[i].is_excluded != memberships[i].is_excluded)
      return false;
  return true;
}

void member_add(const struct member *member, const int64_t delta[COUNTERS]) {
  for (size_t i = 0; i < member->group_count; i++)
    if (!member->memberships[i].is_duplicate)
      group_add(member->memberships[i].group, delta);
  if (member->overlap != NULL)
    overlap_add(member->overlap, delta);
}

void member_add_one(const struct member *member, unsigned int counter,
                    int64_t more) {
  for (size_t i = 0; i < member->group_count; i++)
    if (!member->memberships[i].is_duplicate)
      group_add_one(member->memberships[i].group, counter, more);
  if (member->overlap != NULL)
    overlap_add_one(member->overlap, counter, more);
}

bool member_update(struct member *member, const struct sample *sample) {
  int64_t delta[COUNTERS];

  bool is_believed = account_update(&member->account, sample, delta);
  member_add(member, delta);
  member->has_record |= sample->record != NULL && is_believed;
  if (member->has_record)
    note_delays(member);
  return is_believed;
}

static void add_gauges(const struct member *member, uint64_t gauges[GAUGES]) {
  if (!member->has_ended) {
    gauges[GAUGE_PROCESSES]++;
    gauges[GAUGE_THREADS] += member->threads;
    if (member->gauges != NULL)
      member_gauges_add(member->gauges, gauges);
  }
  gauges[GAUGE_WITHOUT_IO] += member->io_error != 0;
}

void member_add_gauges(const struct member *member, uint64_t start_ns) {
  for (size_t i = 0; i < member->group_count; i++) {
    struct group *group = member->memberships[i].group;
    if (member->memberships[i].is_duplicate)
      continue;
    if (!member->has_ended)
      group_note_oldest(group, start_ns);
    add_gauges(member, group->gauges);
  }
  if (member->overlap != NULL) {
    uint64_t gauges[GAUGES] = {0};
    add_gauges(member, gauges);
    overlap_add_gauges(member->overlap, gauges);
  }
}
