/* SPDX-License-Identifier: MIT */
#include "track/tracker.h"

#include "track/exited_threads.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many reads a group without members is still reported; and kept, so that
 * its totals go on if it comes back before all have forgotten them. */
enum { GROUP_LIFE = 10, GROUP_MEMORY = 20, UNSEEN_MEMORY = 1 };

static const char other_name[] = "other";

/* A rule whose groups' names depend on the processes. */
static bool has_names(const struct rule *rule) {
  return rule->template != NULL;
}

/* A group that counts for the limit. */
static bool is_limited(const struct group *group) {
  return has_names(group->rule) && group->rule->top == 0;
}

static int compare_names(const void *a, const void *b) {
  const struct group *one = a, *two = b;
  return strcmp(one->name, two->name);
}

static struct group *add_group(struct ledger *ledger, const struct rule *rule,
                               const char *name) {
  struct group *group = calloc(1, sizeof(*group));
  if (group == NULL)
    return NULL;
  group->rule = rule;
  group->is_hidden = rule->top > 0; /* until it is chosen */
  snprintf(group->name, sizeof(group->name), "%s", name);
  if (tsearch(group, &ledger->by_name, compare_names) == NULL) {
    free(group);
    return NULL;
  }

  *ledger->groups_end = group;
  ledger->groups_end = &group->next;
  ledger->group_count++;
  ledger->named_count += is_limited(group);
  return group;
}

static int add_rules(struct ledger *ledger, const struct rule *rules) {
  struct rule *other = &ledger->other_rule;

  ledger->rules = rules;
  other->name = (char *)other_name;
  for (const struct rule *r = rules; r != NULL; r = r->next) {
    ledger->rule_count++;
    ledger->has_descendants |= r->descendants;
    if (has_names(r))
      other->collect |= r->collect;
    else if (add_group(ledger, r, r->name) == NULL)
      return -1;
  }
  return 0;
}

struct ledger *ledger_create(const struct rule *rules, uint32_t max_groups,
                             uint64_t boot_ns) {
  struct ledger *ledger = calloc(1, sizeof(*ledger));
  if (ledger == NULL)
    return NULL;

  ledger->groups_end = &ledger->groups;
  ledger->max_groups = max_groups;
  ledger->since_ns = boot_ns;
  pthread_mutex_init(&ledger->lock, NULL);
  ledger->table = proctable_create();
  if (ledger->table == NULL || add_rules(ledger, rules) != 0) {
    ledger_destroy(ledger);
    return NULL;
  }
  return ledger;
}

static bool forget(void *context, struct process *process) {
  (void)context;
  member_destroy(process->member);
  member_destroy(process->claim);
  ended_destroy(process->ended);
  return false;
}

static void remove_group(struct ledger *ledger, struct group **link) {
  struct group *group = *link;

  *link = group->next;
  if (ledger->groups_end == &group->next)
    ledger->groups_end = link;
  ledger->group_count--;
  ledger->named_count -= !group->is_forgotten && is_limited(group);
  tdelete(group, &ledger->by_name, compare_names);
  free(group);
}

void ledger_destroy(struct ledger *ledger) {
  if (ledger == NULL)
    return;
  if (ledger->table != NULL)
    proctable_sweep(ledger->table, forget, NULL);
  proctable_destroy(ledger->table);
  while (ledger->groups != NULL)
    remove_group(ledger, &ledger->groups);
  pthread_mutex_destroy(&ledger->lock);
  free(ledger);
}

static int compare_with_name(const void *name, const void *group) {
  return strcmp(name, ((const struct group *)group)->name);
}

static struct group *find_group(const struct ledger *ledger, const char *name) {
  struct group *const *found = tfind(name, &ledger->by_name, compare_with_name);
  return found != NULL ? *found : NULL;
}

struct group *ledger_other_group(struct ledger *ledger) {
  if (ledger->other == NULL)
    ledger->other = find_group(ledger, other_name);
  if (ledger->other == NULL)
    ledger->other = add_group(ledger, &ledger->other_rule, other_name);
  return ledger->other;
}

static struct group *revive(struct ledger *ledger, struct group *group) {
  ledger->named_count += is_limited(group);
  group->is_forgotten = false;
  return group;
}

static struct group *group_for(struct ledger *ledger,
                               const struct match *match) {
  if (strcmp(match->name, other_name) == 0)
    return ledger_other_group(ledger);
  struct group *group = find_group(ledger, match->name);
  if (group != NULL && !group->is_forgotten)
    return group;
  if (match->rule->top == 0 && ledger->named_count >= ledger->max_groups) {
    ledger->is_full = true;
    return ledger_other_group(ledger);
  }
  return group != NULL ? revive(ledger, group)
                       : add_group(ledger, match->rule, match->name);
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
    if (memberships[i].group == group)
      return true;
  return false;
}

size_t ledger_join(struct ledger *ledger, const struct membership *inherited,
                   size_t inherited_count, const struct match *matches,
                   size_t match_count, struct membership *memberships) {
  size_t count = 0;

  for (; count < inherited_count; count++) {
    memberships[count] = inherited[count];
    memberships[count].is_again =
        has_group(memberships, count, inherited[count].group);
  }
  for (size_t i = 0; i < match_count; i++) {
    const struct rule *rule = matches[i].rule;
    if (has_rule(inherited, inherited_count, rule))
      continue;
    struct group *group = group_for(ledger, &matches[i]);
    if (group == NULL)
      continue;
    bool is_again = has_group(memberships, count, group);
    memberships[count++] = (struct membership){rule, group, is_again};
  }
  return count;
}

/* One that was never reported, since others were ahead of it, only has to hand
 * over what its last member used. */
static uint32_t memory_of(const struct group *group) {
  bool was_reported =
      group->publications > 0 || group->is_forgotten || group->rule->top == 0;
  return was_reported ? GROUP_MEMORY : UNSEEN_MEMORY;
}

static void forget_group(struct ledger *ledger, struct group *group) {
  group->is_forgotten = true;
  group->publications = 0;
  ledger->named_count -= is_limited(group);
}

void ledger_age_groups(struct ledger *ledger) {
  for (struct group **link = &ledger->groups; *link != NULL;) {
    struct group *group = *link;
    group->idle_reads = group->members > 0 ? 0 : group->idle_reads + 1;
    if (has_names(group->rule) && group->idle_reads > memory_of(group)) {
      remove_group(ledger, link);
      continue;
    }
    if (has_names(group->rule) && group->idle_reads > GROUP_LIFE &&
        !group->is_forgotten)
      forget_group(ledger, group);
    link = &group->next;
  }
}

struct process *ledger_enter(struct ledger *ledger, pid_t pid,
                             uint64_t earliest_ns, uint64_t latest_ns) {
  struct process *former = proctable_find(ledger->table, pid);
  if (former != NULL) {
    former->has_vanished = true;
    former->seen = ledger->read;
  }

  struct process *process = proctable_add(ledger->table, pid);
  if (process == NULL)
    return NULL;
  uint64_t width_us = (latest_ns - earliest_ns) / 1000;
  process->start_ns = earliest_ns;
  process->start_width_us =
      width_us < UINT32_MAX ? (uint32_t)width_us : UINT32_MAX;
  process->clock_ns = PROCESS_CLOCK_UNKNOWN;
  process->seen = ledger->read;
  return process;
}

bool ledger_counts_from_zero(const struct ledger *ledger, uint64_t latest_ns) {
  static const uint64_t fork_ns = LEDGER_FORK_MS * UINT64_C(1000000);
  return latest_ns + (ledger->has_read ? fork_ns : 0) >= ledger->since_ns;
}

bool ledger_knows_as_unused(const struct ledger *ledger,
                            const struct process *process) {
  static const uint64_t youth_ns = LEDGER_YOUTH_S * UINT64_C(1000000000);
  static const uint64_t unused_ns = 1000000;
  return process->clock_ns < unused_ns &&
         process->start_ns + youth_ns > ledger->since_ns;
}

void ledger_lock(struct ledger *ledger) { pthread_mutex_lock(&ledger->lock); }

void ledger_unlock(struct ledger *ledger) {
  pthread_mutex_unlock(&ledger->lock);
}
