/* SPDX-License-Identifier: MIT */
#include "track/selection.h"

#include "select/cgroup_unit.h"
#include "select/path_watch.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>

/*
 * Processes change: they exec, or change their name, user or cgroup. Young ones
 * are matched at each read, others in turn, all of them within ROUND_S. A
 * process that did not run can only have been moved to another cgroup; the same
 * holds if events report all other changes.
 */
enum { ROUND_S = 50 };

/* The time after which a process is matched again for which no work was left:
 * at most twice that. */
enum { BUSY_S = 3 };

#define SECOND_NS UINT64_C(1000000000)

bool selection_read_stat(struct selection *selection, pid_t pid,
                         struct procfs_stat *stat) {
  return !hung_processes_has(&selection->tracker->hung, pid) &&
         procfs_stat(selection->proc, pid, stat) == 0;
}

bool selection_look_again(struct selection *selection, pid_t pid,
                          struct procfs_stat *stat) {
  struct procfs_stat now;
  int status = procfs_stat(selection->proc, pid, &now);
  if (status != 0)
    return !procfs_is_vanished(status);
  bool is_same = now.start_ticks == stat->start_ticks;
  *stat = now;
  return is_same;
}

/* Matches a process with these attributes against a rule. */
static void match_rule(struct selection *selection, const struct rule *rule,
                       struct attributes *attributes) {
  struct join *join = &selection->join;
  struct match *match = &join->matches[join->match_count];

  attributes->undecided = NULL;
  enum selector_match result = rule_match(rule, attributes, match);
  bool is_unknown =
      result == SELECTOR_UNKNOWN || match->is_excluded == SELECTOR_UNKNOWN;
  join_note_match(join, rule, result);
  if (!is_unknown || attributes->undecided == NULL)
    return;
  if (selection->select_error != -EAGAIN)
    selection->select_error =
        attributes->limit == PATTERN_BUSY ? -EAGAIN : -EOVERFLOW;
  selection->undecided_limit = attributes->limit;
  selection->undecided_rule = rule->name;
  selection->undecided_expression = attributes->undecided;
}

static void clear_attributes(void *attributes) { attributes_clear(attributes); }

/* Matches a process with these attributes against all rules. */
static void match_rules(struct selection *selection,
                        struct attributes *attributes) {
  join_begin(&selection->join);
  selection->select_error = 0;
  pthread_cleanup_push(clear_attributes, attributes); /* if abandoned */
  for (const struct rule *r = selection->tracker->rules; r != NULL; r = r->next)
    match_rule(selection, r, attributes);
  pthread_cleanup_pop(false);
}

/* Whether a group that the process may belong to collects its cgroups. */
static bool wants_cgroups(const struct selection *selection) {
  const struct join *join = &selection->join;
  bool wants = selection->tracker->passes_on_cgroups;
  for (size_t i = 0; i < join->match_count; i++)
    wants |= (join->matches[i].rule->collect & COLLECT_CGROUP) != 0;
  return wants;
}

bool selection_match(struct selection *selection, pid_t pid,
                     struct procfs_stat *stat) {
  struct attributes attributes;

  attributes_init(&attributes, selection->proc, pid, stat->comm);
  attributes.work = &selection->work;
  match_rules(selection, &attributes);
  if (selection->select_error == 0)
    selection->select_error = attributes.error;
  selection->is_pending =
      attributes.is_pending || selection->select_error == -EAGAIN;
  selection->executable = attributes.executable;
  selection->cgroup = process_hash(attributes_seen_cgroup(&attributes));
  bool is_complete = !attributes_lacked_any(&attributes);
  attributes_clear(&attributes);
  selection->has_cgroups =
      wants_cgroups(selection) &&
      cgroup_unit_read_cgroups(selection->proc, pid, &selection->cgroups) == 0;

  return is_complete || selection_look_again(selection, pid, stat);
}

void selection_learn_executable(struct selection *selection, pid_t pid) {
  uint64_t dev, inode;
  if (selection->executable != NULL &&
      sampler_find_executable(selection->sampler, pid, &dev, &inode))
    path_watch_learn(selection->executable, dev, inode);
}

bool selection_is_undecided(int select_error) {
  return select_error == -EOVERFLOW || select_error == -EAGAIN;
}

uint32_t selection_next_turn(const struct selection *selection,
                             const struct process *process) {
  uint32_t now_s = (uint32_t)(selection->begin_ns / SECOND_NS);
  bool is_young =
      selection->begin_ns < process->start_ns + TRACKER_YOUTH_S * SECOND_NS;
  if (selection->hears_events && process->cgroup == 0)
    is_young = false;
  /* What takes too long is not repeated at each read. */
  if (is_young && !selection_is_undecided(process_select_error(process)))
    return now_s;
  if (process_select_error(process) == -EAGAIN)
    return now_s + BUSY_S + (uint32_t)process->pid % BUSY_S;
  /* Spread over the round: each at its own second. */
  uint32_t wait_s =
      ((uint32_t)process->pid + ROUND_S - now_s % ROUND_S) % ROUND_S;
  return now_s + (wait_s > 0 ? wait_s : ROUND_S);
}

bool selection_is_due(const struct selection *selection,
                      const struct process *process) {
  return process->due <= selection->begin_ns / SECOND_NS;
}

void selection_drop_member(struct selection *selection,
                           struct process *process) {
  process->was_member |= process->member != NULL;
  sampler_forget(selection->sampler, process->member);
  process->member = NULL;
}

void selection_note_identity(const struct selection *selection,
                             struct process *process,
                             const struct procfs_stat *stat) {
  process_set_select_error(process, selection->select_error);
  process->cgroup = selection->cgroup;
  process_note_identity(process, stat->comm, stat->is_forked);
}

void selection_note_cgroups(const struct selection *selection,
                            struct process *process) {
  if (selection->has_cgroups && process->member != NULL &&
      (process->member->collect & COLLECT_CGROUP) != 0)
    cgroup_paths_set(&process->member->cgroups, &selection->cgroups);
}

void selection_assign_groups(struct selection *selection,
                             struct process *process,
                             const struct procfs_stat *stat, bool from_zero) {
  struct join *join = &selection->join;

  if (process_has_exited(process))
    return; /* its groups are final */
  bool was_none = process->member == NULL;
  selection_note_identity(selection, process, stat);
  join_work_out(join, process, stat->ppid, UINT64_MAX);
  bool is_same = process->member != NULL && !join->is_short &&
                 member_has_groups(process->member, join->memberships,
                                   join->count, join->inherited_count);
  process->groups_resolved = true;
  if (join_is_empty(join))
    selection_drop_member(selection, process);
  else if (!is_same && !join_admit(join, process, from_zero))
    process->groups_resolved = false;
  if (!process->groups_resolved)
    process->due = PROCESS_DUE_NOW;
  selection_note_cgroups(selection, process);
  /* Its attributes changed after its clock was last read. */
  if (was_none && process->member != NULL && !from_zero &&
      process->clock_ns != PROCESS_CLOCK_UNKNOWN)
    account_start_at(&process->member->account, process->clock_ns);
}

bool selection_has_moved(struct selection *selection,
                         const struct process *process) {
  char path[PATH_MAX];
  return process->cgroup != 0 &&
         cgroup_unit_read_path(selection->proc, process->pid, path,
                               sizeof(path)) == 0 &&
         process_hash(path) != process->cgroup;
}

/* Matches a process again; stat is then its own. Returns false if that is not
 * possible. */
static bool match_again(struct selection *selection, struct process *process,
                        struct procfs_stat *stat) {
  process->due = selection_next_turn(selection, process);
  if (procfs_stat(selection->proc, process->pid, stat) != 0 ||
      stat->is_exiting ||
      stat->start_ticks * selection->tick_ns != process->start_ns)
    return false;
  /* An ending process keeps its groups: its attributes cannot be read any more.
   */
  if (!selection_match(selection, process->pid, stat) || stat->is_exiting)
    return false;
  process_set_select_error(process, selection->select_error);
  process->due = selection_next_turn(selection, process);
  /* So does one that could not be matched within the limit. */
  return !selection_is_undecided(selection->select_error);
}

static uint8_t count_changes(const struct selection *selection,
                             const struct process *process) {
  tracker_lock(selection->tracker);
  uint8_t changes = process->changes;
  tracker_unlock(selection->tracker);
  return changes;
}

/* Whether a process has changed without an event. Kernel threads change their
 * names without one. */
static bool is_unreported(const struct tracker *tracker,
                          const struct process *process,
                          const struct procfs_stat *stat)
    REQUIRES(tracker_mutex) {
  return tracker->hears_events && process->groups_resolved &&
         stat->ppid != PROCESS_KTHREADD &&
         process_has_changed(process, stat->comm, stat->is_forked);
}

/* Whether the groups that were found for a process are its current ones. */
static bool has_groups_found(struct selection *selection,
                             const struct process *process,
                             const struct procfs_stat *stat)
    REQUIRES(tracker_mutex) {
  struct join *join = &selection->join;
  const struct member *member = process->member;
  join_work_out(join, process, stat->ppid, UINT64_MAX);
  return member == NULL ? join_is_empty(join)
                        : member_has_groups(member, join->memberships,
                                            join->count, join->inherited_count);
}

/* Whether an event has changed a process since the given number of changes:
 * then what was read of it may be outdated. Counts a change that no event has
 * reported. */
static bool was_changed_by_event(struct selection *selection,
                                 const struct process *process,
                                 const struct procfs_stat *stat,
                                 uint8_t changes) {
  struct tracker *tracker = selection->tracker;

  tracker_lock(tracker);
  bool is_missed = is_unreported(tracker, process, stat);
  bool must_ask = process->changes == changes && tracker->hears_events &&
                  (is_missed || !has_groups_found(selection, process, stat));
  tracker_unlock(tracker);
  if (must_ask)
    tracker_take_exits(tracker);
  tracker_lock(tracker);
  bool was_changed = process->changes != changes || process_has_exited(process);
  tracker->missed += is_missed && !was_changed;
  tracker_unlock(tracker);
  return was_changed;
}

void selection_renew(struct selection *selection, struct process *process,
                     uint64_t clock_ns, bool from_zero) {
  struct procfs_stat stat;
  uint8_t changes = count_changes(selection, process);

  if (!match_again(selection, process, &stat))
    return;
  if (was_changed_by_event(selection, process, &stat, changes)) {
    process->due = PROCESS_DUE_NOW;
    return;
  }
  if (process->member == NULL)
    selection_learn_executable(selection, process->pid);
  tracker_lock(selection->tracker);
  from_zero |= process->is_pending;
  /* It was forked for what it has become. */
  from_zero |= process->parent != 0 && !process->was_member &&
               clock_ns < TRACKER_UNUSED_NS;
  if (process->changes == changes)
    selection_assign_groups(selection, process, &stat, from_zero);
  else
    process->due = PROCESS_DUE_NOW;
  process->clock_ns = clock_ns;
  process->is_pending = process->is_pending && selection->is_pending;
  tracker_unlock(selection->tracker);
}
