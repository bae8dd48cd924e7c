/* SPDX-License-Identifier: MIT */
#include "track/exit_groups.h"

#include "track/exit_owner.h"
#include "track/exit_status.h"
#include "track/exit_usage.h"
#include "track/unread_change.h"

#include <errno.h>
#include <stdlib.h>

enum { NOBODY = 0 };

int exit_groups_init(struct exit_groups *groups, struct tracker *tracker,
                     const struct exit_batch *batch, exit_sink *sink,
                     void *context) {
  groups->tracker = tracker;
  groups->batch = batch;
  groups->sink = sink;
  groups->context = context;
  groups->unknown = calloc(tracker->rule_count + 1, sizeof(groups->unknown[0]));
  return groups->unknown != NULL ? join_init(&groups->join, tracker) : -ENOMEM;
}

void exit_groups_clear(struct exit_groups *groups) {
  join_clear(&groups->join);
  free(groups->unknown);
}

void exit_groups_begin_batch(struct exit_groups *groups, uint64_t time_ns) {
  pattern_work_fill(&groups->work, time_ns);
}

void exit_groups_begin_process(struct exit_groups *groups) {
  join_begin(&groups->join);
  groups->unknown_count = 0;
  groups->is_matched = false;
}

bool exit_groups_match(struct exit_groups *groups, struct procfs *proc,
                       const struct exit_info *info) {
  struct join *join = &groups->join;
  struct exit_info_look look;

  groups->is_matched = true;
  exit_info_look_init(&look, info, proc);
  look.attributes.work = &groups->work;
  for (const struct rule *r = groups->tracker->rules; r != NULL; r = r->next) {
    struct match *match = &join->matches[join->match_count];
    enum selector_match result = exit_info_match(&look, r, match);
    if (result == SELECTOR_UNKNOWN)
      groups->unknown[groups->unknown_count++] =
          (struct undecided_rule){r, match->is_excluded == SELECTOR_UNKNOWN};
    join_note_match(join, r, result);
  }
  exit_info_look_clear(&look);
  return join->match_count > 0;
}

bool exit_groups_collect_cgroups(const struct exit_groups *groups) {
  for (size_t i = 0; i < groups->join.match_count; i++)
    if ((groups->join.matches[i].rule->collect & COLLECT_CGROUP) != 0)
      return true;
  return false;
}

static void count_end(const struct member *member, const struct exit_info *info)
    REQUIRES(tracker_mutex) {
  member_add_one(member, exit_status_counter(info->exit_code), 1);
  if (info->oom.is_killed)
    member_add_one(member, COUNTER_EXIT_OOM, 1);
}

/* Counts the exit of a member in its groups. */
static void count_exit_of_member(struct exit_groups *groups,
                                 struct process *process,
                                 struct exit_info *info)
    REQUIRES(tracker_mutex) {
  process_learn(process, FACT_EXITED);
  process_note_known(process, groups->batch->when.latest_ns);
  info->exit_code = exit_status_of(info->thread, process->exited);
  info->dumped_core = process->exited->dumped_core;
  process->exited->elapsed_us = exit_info_age_us(info);
  if (info->whole != NULL)
    process->exited->whole_cpu_ns = info->whole->cpu_ns;
  exit_usage_count(groups->tracker, groups->batch, process, info);
  info->oom.is_killed &= exit_status_is_kill(info->exit_code);
  count_end(process->member, info);
  exit_event_send(groups->tracker, groups->sink, groups->context, info,
                  process);
}

static void forget_member(struct process *process) REQUIRES(tracker_mutex) {
  member_destroy(process->member);
  process->member = NULL;
}

/* Frees what is no longer needed unless late threads may follow: those of a
 * member that had several. */
static void free_what_is_done(struct process *process) REQUIRES(tracker_mutex) {
  bool may_be_late = exited_threads_lack_one(process->exited);

  if (!may_be_late && !process_is_listed(process))
    forget_member(process);
  if (!may_be_late) {
    exited_threads_destroy(process->exited);
    process->exited = NULL;
  }
}

/* Leaves out the groups in which a process is counted. */
static void exclude_groups(struct join *join, const struct member *member)
    REQUIRES(tracker_mutex) {
  for (size_t i = 0; member != NULL && i < join->count; i++)
    for (size_t j = 0; j < member->group_count; j++)
      join->memberships[i].is_duplicate |=
          join->memberships[i].group == member->memberships[j].group &&
          !member->memberships[j].is_excluded;
}

/* Counts the exit of a process that a read has found, in groups of which it is
 * not a member. The reader owns it, so it is not changed. Its earlier use is
 * not counted. The read has seen its command line, so nothing is undecided. */
static void count_exit_of_stranger(struct exit_groups *groups,
                                   struct process *process, bool is_added,
                                   struct exit_info *info)
    REQUIRES(tracker_mutex) {
  uint64_t before_ns =
      unread_change_count(groups->tracker, groups->batch, process, info);
  bool from_zero = tracker_knows_as_unused(groups->tracker, process) &&
                   before_ns < TRACKER_SPAWN_NS;

  process_learn(process, FACT_EXITED);
  process_note_known(process, groups->batch->when.latest_ns);
  join_work_out(&groups->join, process, NOBODY, 0);
  exclude_groups(&groups->join, process->member);
  if (join_is_empty(&groups->join))
    return;
  struct process copy = {.state = PROCESS_LISTED};
  if (!is_added || !join_admit(&groups->join, &copy, from_zero)) {
    groups->tracker->undecided++;
    return;
  }
  if (!from_zero)
    unread_change_begin(process, copy.member, before_ns);
  copy.exited = process->exited;
  count_exit_of_member(groups, &copy, info);
  member_destroy(copy.member);
}

/* Whether a rule was undecided by which the process does not inherit. */
static bool has_undecided_rule(const struct exit_groups *groups) {
  for (size_t i = 0; i < groups->unknown_count; i++)
    if (!join_inherits(&groups->join, groups->unknown[i].rule))
      return true;
  return join_is_in_doubt(&groups->join);
}

/* Decides what the exit record of a process that never called exec leaves
 * undecided: it is a copy of its parent, if that is known and unchanged. */
static void decide_by_parent(struct exit_groups *groups,
                             const struct exit_info *info)
    REQUIRES(tracker_mutex) {
  const struct process *parent = process_table_find_at(
      groups->tracker->table, (pid_t)info->thread->ppid, info->latest_ns);
  if (!info->is_forked || exit_info_is_adopted(info) || parent == NULL ||
      process_has_exited(parent) || !parent->groups_resolved ||
      parent->start_ns > info->latest_ns ||
      process_has_changed(parent, info->comm, parent->was_forked))
    return;
  if (parent->member != NULL && !groups->tracker->excludes_by_pid)
    join_settle_exclusions(&groups->join, parent->member, false);
  size_t undecided = 0;
  for (size_t i = 0; i < groups->unknown_count; i++) {
    const struct rule *rule = groups->unknown[i].rule;
    const struct membership *membership =
        parent->member != NULL ? member_find_membership(parent->member, rule)
                               : NULL;
    if (membership != NULL && rule_wants_pid(rule))
      groups->unknown[undecided++] = groups->unknown[i];
    else if (membership != NULL && !membership->is_excluded)
      groups->join.matches[groups->join.match_count++] =
          (struct match){.rule = rule, .name = membership->group->name};
  }
  groups->unknown_count = undecided;
}

/* Whether a rule stays undecided for a process that has changed its name,
 * whether or not it was in the rule's group: its name may exclude it now, or
 * may have excluded it before. */
static bool is_open_by_name(const struct undecided_rule *unknown,
                            const struct membership *former) {
  bool is_by_name = rule_excludes_by_name(unknown->rule);
  return former != NULL ? unknown->is_exclusion && is_by_name
                        : unknown->is_exclusion || is_by_name;
}

/* Decides what its exit record leaves undecided: a process that has only
 * changed its name keeps the groups that do not depend on it. */
static void keep_undecided_groups(struct exit_groups *groups,
                                  const struct member *member)
    REQUIRES(tracker_mutex) {
  struct join *join = &groups->join;
  size_t undecided = 0;
  if (member != NULL)
    join_settle_exclusions(join, member, true);
  for (size_t i = 0; i < groups->unknown_count; i++) {
    const struct undecided_rule unknown = groups->unknown[i];
    const struct membership *former =
        member != NULL ? member_find_membership(member, unknown.rule) : NULL;
    if (is_open_by_name(&unknown, former))
      groups->unknown[undecided++] = unknown;
    else if (former != NULL && !former->is_excluded)
      join->matches[join->match_count++] =
          (struct match){.rule = former->rule, .name = former->group->name};
  }
  groups->unknown_count = undecided;
}

/* Counts the exit of a member that has changed since the last read: what it
 * used since then, and its exit, belong to its new groups. */
static void count_exit_of_changed(struct exit_groups *groups,
                                  struct process *process,
                                  struct exit_info *info)
    REQUIRES(tracker_mutex) {
  struct member *member = process->member;
  bool is_other_program = process_has_called_exec(process, info->is_forked);

  if (!is_other_program)
    keep_undecided_groups(groups, member);
  join_work_out(&groups->join, process, NOBODY, 0);
  groups->tracker->undecided += has_undecided_rule(groups);
  unread_change_count(groups->tracker, groups->batch, process, info);
  if (groups->join.is_short ||
      member_move(member, groups->join.memberships, groups->join.count,
                  groups->join.inherited_count) != 0) {
    member_move(member, NULL, 0, 0);
    groups->tracker->undecided++;
  }
  count_exit_of_member(groups, process, info);
}

static void remove_process(struct exit_groups *groups, struct process *process)
    REQUIRES(tracker_mutex) {
  member_destroy(process->member);
  exited_threads_destroy(process->exited);
  process_table_remove(groups->tracker->table, process);
}

/* Removes a process that no read has found and no group contains, unless one of
 * its records is still expected, which must find its process. */
static void remove_exited_process(struct exit_groups *groups,
                                  struct process *process,
                                  const struct exit_info *info, bool is_added)
    REQUIRES(tracker_mutex) {
  bool is_whole = exit_usage_add_thread_once(groups->batch, process,
                                             info->thread, is_added);
  if (is_whole && info->whole != NULL) {
    process->exited->whole_cpu_ns = info->whole->cpu_ns;
    process->exited->elapsed_us = exit_info_age_us(info);
  }
  if (!is_whole || !exited_threads_lack_one(process->exited)) {
    remove_process(groups, process);
    return;
  }
  forget_member(process);
  process_learn(process, FACT_EXITED);
  process_note_known(process, groups->batch->when.latest_ns);
}

/* The ancestor from which a process that no read has found inherits: with a
 * fork event, the known one; without, its parent. */
static pid_t find_ancestor(const struct exit_groups *groups,
                           const struct exit_info *info)
    REQUIRES(tracker_mutex) {
  const struct tracker *tracker = groups->tracker;
  bool was_heard =
      tracker->hears_events && info->latest_ns >= tracker->hears_since_ns;
  return was_heard ? NOBODY : (pid_t)info->thread->ppid;
}

/* Determines the exclusions of a process that was not matched by its exit
 * record: because its groups are known, or because the record lacks its name.
 */
static void find_exclusions(struct exit_groups *groups,
                            const struct process *process)
    REQUIRES(tracker_mutex) {
  if (groups->is_matched)
    return;
  if (process != NULL && process->groups_resolved)
    join_copy_exclusions(&groups->join, process->member);
  else
    join_doubt_exclusions(&groups->join);
}

/* Counts the exit of a process that no read has found: its exit record decides
 * about its groups. */
static void count_exit_of_unlisted(struct exit_groups *groups,
                                   struct process *process, bool is_added,
                                   struct exit_info *info)
    REQUIRES(tracker_mutex) {
  bool was_member = process != NULL && process->was_member;
  bool is_new = process == NULL || process->member == NULL;
  uint64_t before_ns =
      process != NULL && !process->groups_resolved
          ? unread_change_count(groups->tracker, groups->batch, process, info)
          : 0;
  bool has_base = !is_new && process->member->account.known != 0;
  bool from_zero = !was_member && before_ns < TRACKER_SPAWN_NS &&
                   (info->parent != 0 ||
                    tracker_counts_from_zero(groups->tracker, info->latest_ns));

  find_exclusions(groups, process);
  /* It has changed its name, and had ended before that was read. */
  if (process != NULL && info->is_same_program)
    keep_undecided_groups(groups, process->member);
  else
    decide_by_parent(groups, info);
  join_work_out(&groups->join, process, find_ancestor(groups, info),
                UINT64_MAX);
  groups->tracker->undecided += has_undecided_rule(groups);
  if (process == NULL && (groups->join.count > 0 || info->whole != NULL))
    process = exit_owner_enter(groups->tracker, info);
  else if (process == NULL) /* nothing of it is kept */
    process_table_note_successor(groups->tracker->table, info->tgid,
                                 info->latest_ns, NULL);
  if (join_is_empty(&groups->join)) {
    if (process != NULL)
      remove_exited_process(groups, process, info, is_added);
    return;
  }
  if (process != NULL && join_admit(&groups->join, process, from_zero) &&
      exit_usage_add_thread_once(groups->batch, process, info->thread,
                                 is_added)) {
    if (is_new && !from_zero)
      unread_change_begin(process, process->member, before_ns);
    count_exit_of_member(groups, process, info);
    free_what_is_done(process);
    if (!from_zero && !has_base) /* neither is the use of a late thread */
      forget_member(process);
  } else {
    groups->tracker->undecided++;
  }
}

static void count_exit_of_listed(struct exit_groups *groups,
                                 struct process *process,
                                 struct exit_info *info, bool is_added,
                                 bool has_changed) REQUIRES(tracker_mutex) {
  is_added = exit_usage_add_thread_once(groups->batch, process, info->thread,
                                        is_added);
  if (is_added && info->whole != NULL)
    process->exited->whole_cpu_ns = info->whole->cpu_ns;
  if (process->member == NULL)
    count_exit_of_stranger(groups, process, is_added, info);
  groups->tracker->undecided += process->member != NULL && !is_added;
  if (process->member != NULL && is_added && has_changed)
    count_exit_of_changed(groups, process, info);
  else if (process->member != NULL && is_added)
    count_exit_of_member(groups, process, info);
  if (process_has_exited(process))
    free_what_is_done(process);
}

void exit_groups_count_exit(struct exit_groups *groups, struct process *process,
                            struct exit_info *info, bool is_added,
                            bool has_changed) {
  enum process_state state =
      process != NULL ? process->state : PROCESS_ANNOUNCED;
  if (lifecycle_action(state, FACT_EXITED) == ACTION_COUNT_EXIT)
    count_exit_of_listed(groups, process, info, is_added, has_changed);
  else
    count_exit_of_unlisted(groups, process, is_added, info);
}
