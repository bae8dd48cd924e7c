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
      .excluded = calloc(room, sizeof(join->excluded[0])),
      .inherited = calloc(room, sizeof(join->inherited[0])),
      .memberships = calloc(room, sizeof(join->memberships[0])),
  };
  return join->matches != NULL && join->excluded != NULL &&
                 join->inherited != NULL && join->memberships != NULL
             ? 0
             : -ENOMEM;
}

void join_clear(struct join *join) {
  free(join->matches);
  free(join->excluded);
  free(join->inherited);
  free(join->memberships);
}

void join_begin(struct join *join) {
  join->match_count = join->excluded_count = 0;
}

void join_note_match(struct join *join, const struct rule *rule,
                     enum selector_match result) {
  enum selector_match excluded = join->matches[join->match_count].is_excluded;
  if (excluded != SELECTOR_NO && rule->descendants)
    join->excluded[join->excluded_count++] =
        (struct join_exclusion){rule, excluded == SELECTOR_YES};
  join->match_count += result == SELECTOR_YES;
}

static struct join_exclusion *find_exclusion(const struct join *join,
                                             const struct rule *rule) {
  for (size_t i = 0; i < join->excluded_count; i++)
    if (join->excluded[i].rule == rule)
      return &join->excluded[i];
  return NULL;
}

bool join_is_in_doubt(const struct join *join) {
  for (size_t i = 0; i < join->excluded_count; i++)
    if (!join->excluded[i].is_sure &&
        join_inherits(join, join->excluded[i].rule))
      return true;
  return false;
}

void join_doubt_exclusions(struct join *join) {
  join->excluded_count = 0;
  for (const struct rule *r = join->tracker->rules; r != NULL; r = r->next)
    if (r->descendants && r->exclusions != NULL)
      join->excluded[join->excluded_count++] =
          (struct join_exclusion){r, false};
}

/* Whether a membership shows that the rule does not exclude another process,
 * which may have another name. */
static bool is_let_in(const struct membership *membership,
                      bool has_other_name) {
  return membership != NULL && !membership->is_excluded &&
         !(has_other_name && rule_excludes_by_name(membership->rule));
}

void join_settle_exclusions(struct join *join, const struct member *model,
                            bool has_other_name) {
  size_t count = 0;
  for (size_t i = 0; i < join->excluded_count; i++) {
    struct join_exclusion exclusion = join->excluded[i];
    const struct membership *membership =
        exclusion.is_sure ? NULL
                          : member_find_membership(model, exclusion.rule);
    if (is_let_in(membership, has_other_name))
      continue;
    exclusion.is_sure |= membership != NULL && membership->is_excluded;
    join->excluded[count++] = exclusion;
  }
  join->excluded_count = count;
}

void join_copy_exclusions(struct join *join, const struct member *member) {
  join->excluded_count = 0;
  for (size_t i = 0; member != NULL && i < member->group_count; i++)
    if (member->memberships[i].is_excluded)
      join->excluded[join->excluded_count++] =
          (struct join_exclusion){member->memberships[i].rule, true};
}

/* The memberships of the process itself: those that it has inherited; and,
 * while only the listener knows it, those found when its attributes could be
 * read. */
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

/* A rule by which it already inherits is not inherited again. */
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
  /* A parent that has ended has no children, but its fork event may have been
   * lost. */
  bool is_former =
      parent != NULL && process_has_exited(parent) &&
      join->tracker->hears_events &&
      (time_ns == UINT64_MAX || !process_is_known_after(parent, time_ns));
  is_former |= parent != NULL && parent->is_succeeded && time_ns == UINT64_MAX;
  if (parent != NULL && !is_former) {
    inherit_from(join, parent->member);
  }
}

/* Fills in the memberships: those that were inherited, and those of the
 * matches. */
static void fill_in(struct join *join) REQUIRES(tracker_mutex) {
  for (size_t i = 0; i < join->inherited_count; i++)
    join->inherited[i].is_excluded =
        find_exclusion(join, join->inherited[i].rule) != NULL;
  join->count =
      tracker_join(join->tracker, join->inherited, join->inherited_count,
                   join->matches, join->match_count, join->memberships);
  join->is_short = join->tracker->lacks_group;
}

void join_work_out(struct join *join, const struct process *process, pid_t ppid,
                   uint64_t time_ns) {
  inherit(join, process, ppid, time_ns);
  fill_in(join);
}

/* Whether a rule may exclude a process by its pid. */
static bool excludes_pid(const struct tracker *tracker, pid_t pid) {
  if (!tracker->excludes_by_pid)
    return false;
  for (const struct rule *r = tracker->rules; r != NULL; r = r->next)
    if (rule_excludes_pid(r, pid))
      return true;
  return false;
}

bool join_copy(struct join *join, const struct process *parent) {
  const struct member *member = parent->member;
  bool is_complete = !excludes_pid(join->tracker, parent->pid);

  join->inherited_count = join->match_count = 0;
  join_copy_exclusions(join, member);
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
  fill_in(join);
  return is_complete;
}

bool join_admit(const struct join *join, struct process *process,
                bool from_zero) {
  struct member *member = process->member;
  bool is_new = member == NULL;
  if (join->is_short)
    return false;
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
