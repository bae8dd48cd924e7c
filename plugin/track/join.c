/* SPDX-License-Identifier: MIT */
#include "track/join.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int join_init(struct join *join, struct tracker *tracker) {
  size_t room = tracker->rule_count + 1;

  *join = (struct join){
      .tracker = tracker,
      .matches = calloc(room, sizeof(join->matches[0])),
      .inherited = calloc(room, sizeof(join->inherited[0])),
      .memberships = calloc(room, sizeof(join->memberships[0])),
  };
  return join->matches != NULL && join->inherited != NULL &&
                 join->memberships != NULL
             ? 0
             : -ENOMEM;
}

void join_clear(struct join *join) {
  free(join->matches);
  free(join->inherited);
  free(join->memberships);
}

/* What a process has of its own: what it has inherited; and as long as the
 * listener alone knows it, what it was found to be when that could be seen. */
static size_t own_count(const struct process *process) REQUIRES(tracker_mutex) {
  const struct member *member = process->member;
  if (member == NULL)
    return 0;
  return process->groups_resolved && !process_is_listed(process)
             ? member->group_count
             : member->inherited;
}

static void inherit_own(struct join *join, const struct member *member,
                        size_t count) REQUIRES(tracker_mutex) {
  join->inherited_count = count;
  memcpy(join->inherited, member->memberships,
         count * sizeof(join->inherited[0]));
}

bool join_inherits(const struct join *join, const struct rule *rule) {
  for (size_t i = 0; i < join->inherited_count; i++)
    if (join->inherited[i].rule == rule)
      return true;
  return false;
}

/* By a rule that it inherits by already it does not inherit again. */
static void inherit_from(struct join *join, const struct member *parent)
    REQUIRES(tracker_mutex) {
  for (size_t i = 0; parent != NULL && i < parent->group_count; i++) {
    const struct membership *membership = &parent->memberships[i];
    if (membership->rule->descendants && !join_inherits(join, membership->rule))
      join->inherited[join->inherited_count++] = *membership;
  }
}

static void inherit(struct join *join, const struct process *process,
                    pid_t ppid, uint64_t time_ns) REQUIRES(tracker_mutex) {
  if (process != NULL && own_count(process) > 0) {
    inherit_own(join, process->member, own_count(process));
    return;
  }
  const struct process *parent =
      process_table_find_at(join->tracker->table, ppid, time_ns);
  join->inherited_count = 0;
  /* A parent that has ended has no children, but its fork may have been missed.
   */
  bool is_former =
      parent != NULL && process_has_exited(parent) &&
      join->tracker->hears_events &&
      (time_ns == UINT64_MAX || !process_is_known_after(parent, time_ns));
  is_former |= parent != NULL && parent->is_succeeded && time_ns == UINT64_MAX;
  if (parent != NULL && !is_former) {
    inherit_from(join, parent->member);
  }
}

void join_work_out(struct join *join, const struct process *process, pid_t ppid,
                   uint64_t time_ns) {
  inherit(join, process, ppid, time_ns);
  join->count =
      tracker_join(join->tracker, join->inherited, join->inherited_count,
                   join->matches, join->match_count, join->memberships);
}

bool join_copy(struct join *join, const struct process *parent) {
  const struct member *member = parent->member;
  bool is_complete = true;

  join->inherited_count = join->match_count = 0;
  inherit_from(join, member);
  for (size_t i = 0; member != NULL && i < member->group_count; i++) {
    const struct rule *rule = member->memberships[i].rule;
    if (rule->descendants)
      continue;
    if (rule_wants_pid(rule))
      is_complete = false;
    else
      join->matches[join->match_count++] = (struct match){
          .rule = rule, .name = member->memberships[i].group->name};
  }
  join->count =
      tracker_join(join->tracker, join->inherited, join->inherited_count,
                   join->matches, join->match_count, join->memberships);
  return is_complete;
}

bool join_admit(const struct join *join, struct process *process,
                bool from_zero) {
  struct member *member = process->member;
  bool is_new = member == NULL;
  if (is_new && (member = member_create(from_zero)) == NULL)
    return false;
  if (member_set_groups(member, join->memberships, join->count,
                        join->inherited_count) != 0) {
    if (is_new)
      member_destroy(member);
    return false;
  }
  process->member = member;
  return true;
}
