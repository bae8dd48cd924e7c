/* SPDX-License-Identifier: MIT */
#include "track/tracker.h"

#include "track/exited_threads.h"
#include "track/overlap.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number of reads for which a group without members is still reported; and
 * kept, so that its totals continue if it returns before its values have
 * expired everywhere. */
enum { GROUP_LIFE = 10, GROUP_MEMORY = 20, UNSEEN_MEMORY = 1 };

static const char other_name[] = "other";

/* A rule with a group name template. */
static bool has_names(const struct rule *rule) {
  return rule->template != NULL;
}

/* Whether a group counts for MaxGroups. */
static bool is_limited(const struct group *group) {
  return has_names(group->rule) && group->rule->top == 0;
}

static int compare_names(const void *a, const void *b) {
  const struct group *one = a, *two = b;
  return strcmp(one->name, two->name);
}

static struct group *add_group(struct tracker *tracker, const struct rule *rule,
                               const char *name) REQUIRES(tracker_mutex) {
  struct group *group = calloc(1, sizeof(*group));
  if (group == NULL)
    return NULL;
  group->rule = rule;
  group->is_hidden = rule->top > 0; /* until it is chosen */
  group->is_other = strcmp(name, other_name) == 0;
  group->overlaps = tracker->overlaps;
  snprintf(group->name, sizeof(group->name), "%s", name);
  if (tsearch(group, &tracker->by_name, compare_names) == NULL) {
    free(group);
    return NULL;
  }

  *tracker->groups_end = group;
  tracker->groups_end = &group->next;
  tracker->group_count++;
  tracker->named_count += is_limited(group);
  return group;
}

/* Whether a process can be in "other" by several rules. */
static bool may_overlap(const struct rule *rules) {
  bool has_top = false;
  for (const struct rule *r = rules; r != NULL; r = r->next)
    has_top |= r->top > 0;
  return has_top && rules->next != NULL;
}

static int add_rules(struct tracker *tracker, const struct rule *rules)
    REQUIRES(tracker_mutex) {
  struct rule *other = &tracker->other_rule;

  tracker->rules = rules;
  other->name = (char *)other_name;
  if (may_overlap(rules) && (tracker->overlaps = overlaps_create()) == NULL)
    return -1;
  for (const struct rule *r = rules; r != NULL; r = r->next) {
    tracker->rule_count++;
    tracker->has_descendants |= r->descendants;
    tracker->tells_ends |=
        r->notify != NOTIFY_NONE || (r->collect & COLLECT_CGROUP) != 0;
    tracker->passes_on_cgroups |=
        r->descendants && (r->collect & COLLECT_CGROUP) != 0;
    tracker->excludes_descendants |= r->descendants && r->exclusions != NULL;
    tracker->excludes_by_pid |= rule_excludes_by_pid(r);
    if (has_names(r))
      other->collect |= r->collect;
    else if (add_group(tracker, r, r->name) == NULL)
      return -1;
  }
  return 0;
}

struct tracker *tracker_create(const struct rule *rules, uint32_t max_groups,
                               uint64_t boot_ns) UNCHECKED {
  struct tracker *tracker = calloc(1, sizeof(*tracker));
  if (tracker == NULL)
    return NULL;

  tracker->groups_end = &tracker->groups;
  tracker->max_groups = max_groups;
  tracker->since_ns = boot_ns;
  mutex_init(&tracker->mutex);
  hung_processes_init(&tracker->hung);
  tracker->table = process_table_create();
  if (tracker->table == NULL || add_rules(tracker, rules) != 0) {
    tracker_destroy(tracker);
    return NULL;
  }
  return tracker;
}

static bool forget(void *context, struct process *process)
    REQUIRES(tracker_mutex) {
  (void)context;
  member_destroy(process->member);
  exited_threads_destroy(process->exited);
  return false;
}

static void remove_group(struct tracker *tracker, struct group **link)
    REQUIRES(tracker_mutex) {
  struct group *group = *link;

  *link = group->next;
  if (tracker->groups_end == &group->next)
    tracker->groups_end = link;
  tracker->group_count--;
  tracker->named_count -= !group->is_forgotten && is_limited(group);
  tdelete(group, &tracker->by_name, compare_names);
  free(group);
}

void tracker_destroy(struct tracker *tracker) UNCHECKED {
  if (tracker == NULL)
    return;
  if (tracker->table != NULL)
    process_table_sweep(tracker->table, forget, NULL);
  process_table_destroy(tracker->table);
  overlaps_destroy(tracker->overlaps);
  thread_owners_destroy(tracker->threads);
  while (tracker->groups != NULL)
    remove_group(tracker, &tracker->groups);
  mutex_destroy(&tracker->mutex);
  hung_processes_clear(&tracker->hung);
  free(tracker);
}

static int compare_with_name(const void *name, const void *group) {
  return strcmp(name, ((const struct group *)group)->name);
}

static struct group *find_group(const struct tracker *tracker,
                                const char *name) {
  struct group *const *found =
      tfind(name, &tracker->by_name, compare_with_name);
  return found != NULL ? *found : NULL;
}

struct group *tracker_other_group(struct tracker *tracker) {
  if (tracker->other == NULL)
    tracker->other = find_group(tracker, other_name);
  if (tracker->other == NULL)
    tracker->other = add_group(tracker, &tracker->other_rule, other_name);
  return tracker->other;
}

static struct group *revive(struct tracker *tracker, struct group *group)
    REQUIRES(tracker_mutex) {
  tracker->named_count += is_limited(group);
  group->is_forgotten = false;
  return group;
}

static struct group *group_for(struct tracker *tracker,
                               const struct match *match)
    REQUIRES(tracker_mutex) {
  if (strcmp(match->name, other_name) == 0)
    return tracker_other_group(tracker);
  struct group *group = find_group(tracker, match->name);
  if (group != NULL && !group->is_forgotten)
    return group;
  if (match->rule->top == 0 && tracker->named_count >= tracker->max_groups) {
    tracker->is_full = true;
    return tracker_other_group(tracker);
  }
  return group != NULL ? revive(tracker, group)
                       : add_group(tracker, match->rule, match->name);
}

static bool has_rule(const struct membership *memberships, size_t count,
                     const struct rule *rule) {
  for (size_t i = 0; i < count; i++)
    if (memberships[i].rule == rule)
      return true;
  return false;
}

static bool has_group(const struct membership *memberships, size_t count,
                      const struct group *group) {
  for (size_t i = 0; i < count; i++)
    if (memberships[i].group == group && !memberships[i].is_excluded)
      return true;
  return false;
}

/* Takes a group that was inherited. While all processes that inherited it were
 * excluded, it may have been discarded. */
static void inherit_group(struct tracker *tracker,
                          const struct membership *membership)
    REQUIRES(tracker_mutex) {
  if (membership->group->is_forgotten && !membership->is_excluded)
    revive(tracker, membership->group);
}

size_t tracker_join(struct tracker *tracker, const struct membership *inherited,
                    size_t inherited_count, const struct match *matches,
                    size_t match_count, struct membership *memberships) {
  size_t count = 0;

  tracker->lacks_group = false;
  for (; count < inherited_count; count++) {
    memberships[count] = inherited[count];
    memberships[count].is_duplicate =
        inherited[count].is_excluded ||
        has_group(memberships, count, inherited[count].group);
    inherit_group(tracker, &memberships[count]);
  }
  for (size_t i = 0; i < match_count; i++) {
    const struct rule *rule = matches[i].rule;
    if (has_rule(inherited, inherited_count, rule))
      continue;
    struct group *group = group_for(tracker, &matches[i]);
    tracker->lacks_group |= group == NULL;
    if (group == NULL)
      continue;
    bool is_duplicate = has_group(memberships, count, group);
    memberships[count++] = (struct membership){
        .rule = rule, .group = group, .is_duplicate = is_duplicate};
  }
  return count;
}

/* A group that was never reported, because others preceded it, only has to hand
 * over what its last member used. */
static uint32_t memory_of(const struct group *group) REQUIRES(tracker_mutex) {
  bool was_reported =
      group->publications > 0 || group->is_forgotten || group->rule->top == 0;
  return was_reported ? GROUP_MEMORY : UNSEEN_MEMORY;
}

static void forget_group(struct tracker *tracker, struct group *group)
    REQUIRES(tracker_mutex) {
  group->is_forgotten = true;
  group->publications = 0;
  tracker->named_count -= is_limited(group);
}

void tracker_age_groups(struct tracker *tracker) {
  for (struct group **link = &tracker->groups; *link != NULL;) {
    struct group *group = *link;
    group->idle_reads = group->members > 0 ? 0 : group->idle_reads + 1;
    if (has_names(group->rule) && group->idle_reads > memory_of(group) &&
        group->overlap_count == 0 && group->excluded == 0) {
      remove_group(tracker, link);
      continue;
    }
    if (has_names(group->rule) && group->idle_reads > GROUP_LIFE &&
        !group->is_forgotten)
      forget_group(tracker, group);
    link = &group->next;
  }
}

struct process *tracker_enter(struct tracker *tracker, pid_t pid,
                              uint64_t earliest_ns, uint64_t latest_ns,
                              uint64_t alive_ns) {
  struct process *other = process_table_find(tracker->table, pid);
  struct process *process = process_table_add(tracker->table, pid);
  tracker->must_list |= process == NULL; /* the next read may find it */
  if (process == NULL)
    return NULL;
  bool is_later = other != NULL && (process_has_exited(other) ||
                                    process_began_by(other) < latest_ns);
  if (is_later)
    other->is_succeeded = true;
  process->is_succeeded = other != NULL && !is_later;
  uint64_t width_us = (latest_ns - earliest_ns) / 1000;
  process->start_ns = earliest_ns;
  process->start_width_us =
      width_us < UINT32_MAX ? (uint32_t)width_us : UINT32_MAX;
  process_note_known(process, alive_ns);
  process->clock_ns = PROCESS_CLOCK_UNKNOWN;
  process->due = PROCESS_DUE_LISTED;
  process->seen = tracker->read;
  return process;
}

bool tracker_counts_from_zero(const struct tracker *tracker,
                              uint64_t latest_ns) {
  static const uint64_t fork_ns = TRACKER_FORK_MS * UINT64_C(1000000);
  return latest_ns + (tracker->has_read ? fork_ns : 0) >= tracker->since_ns;
}

bool tracker_knows_as_unused(const struct tracker *tracker,
                             const struct process *process) {
  static const uint64_t youth_ns = TRACKER_YOUTH_S * UINT64_C(1000000000);
  return process->clock_ns < TRACKER_UNUSED_NS && !process->was_member &&
         process->start_ns + youth_ns > tracker->since_ns;
}

void tracker_take_exits(struct tracker *tracker) {
  if (tracker->drain.take != NULL)
    tracker->drain.take(tracker->drain.context);
}

void tracker_lock(struct tracker *tracker) UNCHECKED {
  mutex_lock(&tracker->mutex);
}

void tracker_unlock(struct tracker *tracker) UNCHECKED {
  mutex_unlock(&tracker->mutex);
}
