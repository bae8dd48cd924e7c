/* SPDX-License-Identifier: MIT */
#include "member.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct member *member_create(bool from_zero) {
  struct member *member = calloc(1, sizeof(*member));
  if (member == NULL)
    return NULL;
  member->account.from_zero = from_zero;
  member->io_fd = -1;
  member->is_new = true;
  return member;
}

void member_destroy(struct member *member) {
  if (member == NULL)
    return;
  if (member->io_fd >= 0)
    close(member->io_fd);
  free(member->groups);
  free(member);
}

int member_set_groups(struct member *member, struct group *const *groups,
                      size_t count) {
  struct group **copy = calloc(count, sizeof(struct group *));
  if (copy == NULL)
    return -ENOMEM;

  memcpy(copy, groups, count * sizeof(struct group *));
  free(member->groups);
  member->groups = copy;
  member->group_count = count;
  member->collect = 0;
  for (size_t i = 0; i < count; i++)
    member->collect |= groups[i]->rule->collect;
  return 0;
}

bool member_has_groups(const struct member *member, struct group *const *groups,
                       size_t count) {
  return member->group_count == count &&
         memcmp(member->groups, groups, count * sizeof(struct group *)) == 0;
}

bool member_update(struct member *member, const struct sample *sample) {
  int64_t delta[COUNTERS];

  bool is_believed = account_update(&member->account, sample, delta);
  for (size_t i = 0; i < member->group_count; i++)
    group_add(member->groups[i], delta);
  return is_believed;
}

void member_add_gauges(const struct member *member) {
  for (size_t i = 0; i < member->group_count; i++) {
    struct group *group = member->groups[i];
    if (!member->has_ended) {
      group->gauges[GAUGE_PROCESSES]++;
      group->gauges[GAUGE_THREADS] += member->threads;
      group->gauges[GAUGE_RSS] += member->rss_bytes;
      group->gauges[GAUGE_VM] += member->vm_bytes;
    }
    group->without_io += member->io_error != 0;
  }
}
