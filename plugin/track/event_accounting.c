/* SPDX-License-Identifier: MIT */
#include "track/event_accounting.h"

#include "kernel/arithmetic.h"
#include "track/old_record.h"
#include "track/process_changes.h"

#include <errno.h>
#include <stdlib.h>

enum { NOBODY = 0 };

struct event_accounting {
  struct process_changes changes;
};

int event_accounting_create(const char *root, struct tracker *tracker,
                            struct event_accounting **events) {
  struct event_accounting *e = calloc(1, sizeof(*e));
  if (e == NULL)
    return -ENOMEM;

  int status = process_changes_init(&e->changes, root, tracker);
  if (status != 0) {
    event_accounting_destroy(e);
    return status;
  }
  *events = e;
  return 0;
}

void event_accounting_destroy(struct event_accounting *events) {
  if (events == NULL)
    return;
  process_changes_clear(&events->changes);
  free(events);
}

struct procfs *event_accounting_proc(const struct event_accounting *events) {
  return events->changes.selection.proc;
}

void event_accounting_use_proc(struct event_accounting *events,
                               struct procfs *proc) {
  process_changes_use_proc(&events->changes, proc);
}

void event_accounting_set_time(struct event_accounting *events,
                               uint64_t now_ns) {
  process_changes_set_time(&events->changes, now_ns);
}

/* Whether the groups of a process cannot be determined now, so that looking at
 * it again at each fork is useless. */
static bool is_unresolvable(const struct process *process) {
  return process->is_pending ||
         selection_is_undecided(process_select_error(process));
}

/* Whether nothing has to be determined about the process that forked. */
static bool is_parent_known(const struct event_accounting *events,
                            const struct process_event *fork)
    REQUIRES(tracker_mutex) {
  struct process *process = process_table_find_at(
      events->changes.tracker->table, fork->parent, fork->time_ns);
  bool is_known =
      process != NULL && (process->groups_resolved || is_unresolvable(process));
  if (is_known && !process->is_unread) /* the process that forks exists */
    process_note_alive(process, fork->time_ns);
  return is_known;
}

/* The process in the table that may be the forked one, or NULL. */
static struct process *find_child(const struct event_accounting *events,
                                  const struct process_event *fork,
                                  uint64_t earliest_ns)
    REQUIRES(tracker_mutex) {
  struct process *process =
      process_table_find(events->changes.tracker->table, fork->pid);
  bool may_be = process != NULL && !process_has_exited(process) &&
                process_may_have_begun(process, earliest_ns, fork->time_ns);
  return may_be ? process : NULL;
}

/* Whether the current process with the pid started at that time. */
static bool has_begun_at(struct event_accounting *events, pid_t pid,
                         uint64_t start_ns) {
  struct procfs_stat stat;
  return selection_read_stat(&events->changes.selection, pid, &stat) &&
         stat.start_ticks * events->changes.selection.tick_ns == start_ns;
}

/* Enters a process that was forked. Returns NULL if out of memory. */
static struct process *enter_child(struct event_accounting *events,
                                   const struct process_event *fork,
                                   uint64_t earliest_ns)
    REQUIRES(tracker_mutex) {
  struct tracker *tracker = events->changes.tracker;
  const struct process *former = process_table_find(tracker->table, fork->pid);
  /* It must not be mistaken for a former process with its pid. */
  if (former != NULL)
    earliest_ns = process_begin_after(former, earliest_ns);
  struct process *child =
      tracker_enter(tracker, fork->pid, min(earliest_ns, fork->time_ns),
                    fork->time_ns, fork->time_ns);
  if (child != NULL)
    child->parent = fork->parent;
  return child;
}

/* If a parent has ended before its attributes were known, the child inherits
 * only what the parent has inherited. */
static void inherit_descent_only(struct join *join, struct process *child,
                                 const struct process *parent)
    REQUIRES(tracker_mutex) {
  join->match_count = 0;
  join_copy_exclusions(join, parent->member);
  join_work_out(join, parent, NOBODY, 0);
  if (join->count > 0)
    join_admit(join, child, true);
}

/* Puts a process that was just forked into its parent's groups. Returns false
 * if its own attributes have to be read. */
static bool copy_groups(struct event_accounting *events, struct process *child,
                        const struct process *parent, bool has_its_name)
    REQUIRES(tracker_mutex) {
  struct join *join = &events->changes.selection.join;
  /* Kernel threads get their names later, without an event. */
  if (child->parent == PROCESS_KTHREADD)
    return true;
  if (parent == NULL)
    return false;
  if (!parent->groups_resolved && !is_unresolvable(parent)) {
    inherit_descent_only(join, child, parent);
    return false;
  }
  bool is_complete = join_copy(join, parent) && has_its_name;
  bool is_admitted = join_is_empty(join) || join_admit(join, child, true);
  if (child->member != NULL && parent->member != NULL)
    cgroup_paths_share(&child->member->cgroups, parent->member->cgroups);
  child->comm = parent->comm;
  child->was_forked = true;
  child->cgroup = (uint32_t)parent->cgroup;
  process_set_select_error(child, process_select_error(parent));
  child->is_pending = (bool)parent->is_pending;
  child->groups_resolved =
      parent->groups_resolved && is_complete && is_admitted;
  return is_complete;
}

/* Determines which rules exclude a process. */
static void match_exclusions(struct event_accounting *events, pid_t pid) {
  struct selection *selection = &events->changes.selection;
  struct procfs_stat stat;

  join_begin(&selection->join);
  if (selection->tracker->excludes_descendants &&
      !(selection_read_stat(&events->changes.selection, pid, &stat) &&
        selection_match(selection, pid, &stat)))
    join_doubt_exclusions(&selection->join);
}

/* Lets a process that a read found before its fork event inherit from the
 * process that forked it, unless it is excluded. */
static void inherit_descent(struct event_accounting *events,
                            struct process *child,
                            const struct process_event *fork)
    REQUIRES(tracker_mutex) {
  struct join *join = &events->changes.selection.join;
  const struct member *member = child->member;

  join->match_count = 0; /* but keep the exclusions */
  for (size_t i = 0; member != NULL && i < member->group_count; i++)
    join->matches[join->match_count++] =
        (struct match){.rule = member->memberships[i].rule,
                       .name = member->memberships[i].group->name};
  join_work_out(join, NULL, fork->parent, fork->time_ns);
  bool has_inherited = member != NULL && member->inherited > 0;
  if (join->inherited_count > 0 && !has_inherited && !process_has_exited(child))
    join_admit(join, child, true);
}

/* New threads are only of interest if exit records lack their processes. */
static void take_thread(struct event_accounting *events,
                        const struct process_event *event) {
  struct tracker *tracker = events->changes.tracker;
  tracker_lock(tracker);
  if (tracker->threads != NULL)
    old_record_note_thread(tracker, event);
  tracker_unlock(tracker);
}

static void take_fork(struct event_accounting *events,
                      const struct process_event *fork) {
  struct tracker *tracker = events->changes.tracker;
  static const uint64_t slack_ns = TRACKER_FORK_MS * UINT64_C(1000000);
  uint64_t earliest_ns = subtract(fork->time_ns, slack_ns);
  bool must_look = false;

  tracker_lock(tracker);
  if (tracker->threads != NULL)
    old_record_note_id(tracker, fork->pid, fork->time_ns);
  if (!is_parent_known(events, fork)) {
    tracker_unlock(tracker);
    process_changes_resolve_any(&events->changes, fork->parent, fork->time_ns,
                                false);
    tracker_lock(tracker);
  }
  struct process *child = find_child(events, fork, earliest_ns);
  if (child != NULL) {
    /* If the pid was known before the fork, it may have belonged to another
     * process. */
    bool is_there = process_is_known_after(child, fork->time_ns);
    uint64_t start_ns = child->start_ns;
    tracker_unlock(tracker);
    is_there = is_there || has_begun_at(events, fork->pid, start_ns);
    if (is_there)
      match_exclusions(events, fork->pid);
    tracker_lock(tracker);
    child = is_there ? find_child(events, fork, earliest_ns) : NULL;
  }
  if (child != NULL)
    inherit_descent(events, child, fork);
  else if ((child = enter_child(events, fork, earliest_ns)) != NULL)
    must_look = !copy_groups(
        events, child,
        process_table_find_at(tracker->table, fork->parent, fork->time_ns),
        !fork->is_by_thread);
  tracker_unlock(tracker);
  if (must_look)
    process_changes_resolve(&events->changes, fork->pid, fork->time_ns, false);
}

bool event_accounting_take(struct event_accounting *events,
                           const struct process_event *event) {
  struct process_changes *changes = &events->changes;

  changes->selection.begin_ns = event->time_ns;
  switch (event->kind) {
  case PROCESS_FORKED:
    take_fork(events, event);
    return false;
  case PROCESS_THREAD:
    take_thread(events, event);
    return false;
  default:
    return process_changes_take(changes, event);
  }
}
