/* SPDX-License-Identifier: MIT */
#include "track/member.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct member *member_create(bool from_zero) {
  struct member *member = calloc(1, sizeof(*member));
  if (member == NULL)
    return NULL;
  member->account.from_zero = from_zero;
  member->task_fd = member->io_fd = -1;
  member->is_new = true;
  return member;
}

static void leave_groups(struct member *member) {
  for (size_t i = 0; i < member->group_count; i++)
    member->memberships[i].group->members -= !member->memberships[i].is_again;
  free(member->memberships);
  member->group_count = 0;
}

void member_destroy(struct member *member) {
  if (member == NULL)
    return;
  if (member->task_fd >= 0)
    close(member->task_fd);
  if (member->io_fd >= 0)
    close(member->io_fd);
  leave_groups(member);
  account_clear(&member->account);
  free(member);
}

int member_move(struct member *member, const struct membership *memberships,
                size_t count, size_t inherited) {
  struct membership *copy = calloc(count + 1, sizeof(*copy));
  if (copy == NULL)
    return -ENOMEM;

  if (count > 0)
    memcpy(copy, memberships, count * sizeof(*copy));
  leave_groups(member);
  member->memberships = copy;
  member->group_count = count;
  member->inherited = inherited;
  for (size_t i = 0; i < count; i++) {
    copy[i].group->members += !copy[i].is_again;
    copy[i].group->idle_reads = 0;
  }
  return 0;
}

int member_set_groups(struct member *member,
                      const struct membership *memberships, size_t count,
                      size_t inherited) {
  int status = member_move(member, memberships, count, inherited);
  if (status != 0)
    return status;
  member->collect = 0;
  for (size_t i = 0; i < count; i++)
    member->collect |= memberships[i].group->rule->collect;
  return 0;
}

bool member_has_groups(const struct member *member,
                       const struct membership *memberships, size_t count,
                       size_t inherited) {
  if (member->group_count != count || member->inherited != inherited)
    return false;
  for (size_t i = 0; i < count; i++)
    if (member->memberships[i].rule != memberships[i].rule ||
        member->memberships[i].group != memberships[i].group)
      return false;
  return true;
}

void member_add(const struct member *member, const int64_t delta[COUNTERS]) {
  for (size_t i = 0; i < member->group_count; i++)
    if (!member->memberships[i].is_again)
      group_add(member->memberships[i].group, delta);
}

bool member_update(struct member *member, const struct sample *sample) {
  int64_t delta[COUNTERS];

  bool is_believed = account_update(&member->account, sample, delta);
  member_add(member, delta);
  return is_believed;
}

void member_add_gauges(const struct member *member) {
  for (size_t i = 0; i < member->group_count; i++) {
    struct group *group = member->memberships[i].group;
    if (member->memberships[i].is_again)
      continue;
    if (!member->has_ended) {
      group->gauges[GAUGE_PROCESSES]++;
      group->gauges[GAUGE_THREADS] += member->threads;
      group->gauges[GAUGE_RSS] += member->rss_bytes;
      group->gauges[GAUGE_VM] += member->vm_bytes;
    }
    group->without_io += member->io_error != 0;
  }
}
