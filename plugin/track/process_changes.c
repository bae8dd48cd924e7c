/* SPDX-License-Identifier: MIT */
#include "track/process_changes.h"

#include "kernel/arithmetic.h"
#include "kernel/clock.h"
#include "track/changed_process.h"
#include "track/sample_accounting.h"

enum {
  NOBODY = 0,
  LOOKS = 100, /* looks at changes of names and users per LOOKS_NS: any user may
                  cause a million a second; these take at most 3 % of a CPU */
  LOOKS_NS = 100000000,
};

int process_changes_init(struct process_changes *changes, const char *root,
                         struct tracker *tracker) {
  struct procfs *proc = NULL;

  changes->tracker = tracker;
  changes->selection.tracker = changes->sources.tracker = tracker;
  changes->selection.tick_ns = changes->sources.tick_ns = clock_tick_ns();
  changes->selection.hears_events = true;
  changes->selection.work.is_frequent = true;
  pattern_work_fill(&changes->selection.work, clock_ns(CLOCK_BOOTTIME));
  changes->sources.files.is_final = true; /* no descriptors are kept open */
  int status = procfs_open(root, &proc);
  process_changes_use_proc(changes, proc);
  return status != 0 ? status : join_init(&changes->selection.join, tracker);
}

void process_changes_clear(struct process_changes *changes) {
  procfs_close(changes->selection.proc);
  join_clear(&changes->selection.join);
  kernel_connection_close(&changes->sources.connection);
}

void process_changes_use_proc(struct process_changes *changes,
                              struct procfs *proc) {
  changes->selection.proc = changes->sources.proc = proc;
}

void process_changes_set_time(struct process_changes *changes,
                              uint64_t now_ns) {
  changes->now_ns = now_ns;
  pattern_work_fill(&changes->selection.work, now_ns);
}

/* Whether the attributes of a process were read after an event: then they
 * include its effect. A process may change its name as often as it likes. */
static bool was_read_since(const struct process_changes *changes,
                           const struct process_event *event) {
  unsigned int i = (unsigned int)event->pid % PROCESS_CHANGES_RECENT;
  return changes->recent[i].pid == event->pid &&
         changes->recent[i].time_ns > event->time_ns;
}

/* Whether another change of a name or a user may be looked at now. */
static bool take_look(struct process_changes *changes) {
  if (changes->now_ns >= changes->looks_ns + LOOKS_NS) {
    changes->looks = LOOKS;
    changes->looks_ns = changes->now_ns;
  }
  if (changes->looks == 0)
    return false;
  changes->looks--;
  return true;
}

/* Records that a process has changed, and has not been read since: of several
 * changes, the first one, or the last exec (track/unread_change.h). */
static void note_unread(struct process *process, uint64_t time_ns,
                        bool has_called_exec) REQUIRES(tracker_mutex) {
  if ((process->groups_resolved || has_called_exec) &&
      !process_has_exited(process))
    process_note_unread(process, time_ns);
  process->groups_resolved = false;
}

/* Leaves the attributes of a process to the next read. */
static void postpone_look(struct process_changes *changes,
                          const struct process_event *event) {
  tracker_lock(changes->tracker);
  struct process *process = process_table_find_at(changes->tracker->table,
                                                  event->pid, event->time_ns);
  if (process != NULL) {
    note_unread(process, event->time_ns, false);
    process->due = PROCESS_DUE_NOW;
    process->changes++;
  }
  tracker_unlock(changes->tracker);
}

/* Records that the attributes of a process were read now. */
static void note_look(struct process_changes *changes, pid_t pid) {
  changes->recent[(unsigned int)pid % PROCESS_CHANGES_RECENT].pid = pid;
  changes->recent[(unsigned int)pid % PROCESS_CHANGES_RECENT].time_ns =
      changes->now_ns;
}

/* Whether a stat belongs to a later owner of a process's pid, which already
 * existed at a time: to within a tick of the start time in it. */
static bool is_stat_of_successor(const struct process_changes *changes,
                                 const struct process *process,
                                 const struct procfs_stat *stat,
                                 uint64_t time_ns) REQUIRES(tracker_mutex) {
  uint64_t start_ns = stat->start_ticks * changes->selection.tick_ns;
  return start_ns > process_began_by(process) && start_ns <= time_ns;
}

/* Whether a stat belongs to a process of the table. */
static bool is_stat_of(const struct process_changes *changes,
                       const struct process *process,
                       const struct procfs_stat *stat) REQUIRES(tracker_mutex) {
  uint64_t tick_ns = changes->selection.tick_ns;
  uint64_t start_ns = stat->start_ticks * tick_ns;
  return process_may_have_begun(process, start_ns, start_ns + tick_ns);
}

/* Starts to count the use of a new member: from its start, or from its sample
 * on. */
static void begin_account(struct process_changes *changes,
                          struct process *process,
                          struct changed_process *changed)
    REQUIRES(tracker_mutex) {
  if (process->member->account.from_zero)
    return;
  /* What was counted before is not counted again. */
  account_start_at(&process->member->account, changed->is_counted
                                                  ? changed->read_clock_ns
                                                  : changed->clock_ns);
  if (changed->has_sample)
    sample_accounting_count_change(&changes->sources, process,
                                   &changed->taken->sample);
}

/* Removes a process from all groups. The reader removes the members of its own
 * processes itself. */
static void leave_groups(struct process *process) REQUIRES(tracker_mutex) {
  struct member *member = process->member;
  if (member == NULL)
    return;
  if (member->account.known != 0) { /* what was counted stays counted */
    process->was_member = true;
    process->clock_ns = account_cpu_ns(&member->account);
  }
  member_set_groups(member, NULL, 0, 0);
  if (process_is_listed(process))
    return;
  process->member = NULL;
  member_destroy(member);
}

/* Puts a process into the groups of what it has become. Its use before stays in
 * the old groups. */
static void change_groups(struct process_changes *changes,
                          struct process *process,
                          struct changed_process *changed)
    REQUIRES(tracker_mutex) {
  struct join *join = &changes->selection.join;
  bool was_member = process->member != NULL, was_heard = process->parent != 0;

  /* It has waited for children whose exit records have not been taken yet. */
  if (changed->process.has_io_of_children)
    process->has_ended_children = process->has_io_of_children = true;
  if (was_member && changed->has_sample)
    sample_accounting_count_change(&changes->sources, process,
                                   &changed->taken->sample);
  selection_note_identity(&changes->selection, process, &changed->stat);
  /* Its ancestry is known from its fork event, if that was received. */
  join_work_out(join, process, was_heard ? NOBODY : changed->stat.ppid,
                UINT64_MAX);
  bool from_zero = changed_process_is_unused(changed);
  bool is_done = true;
  /* Its use so far belongs to no group, whatever it becomes. */
  process->was_member |= !was_member && !from_zero;
  if (join_is_empty(join)) {
    leave_groups(process);
    if (!from_zero)
      process_note_clock(process, changed->clock_ns);
  } else {
    is_done = join_admit(join, process, from_zero);
  }
  selection_note_cgroups(&changes->selection, process);
  /* A read may have made it a member meanwhile. */
  if (process->member != NULL && process->member->account.known == 0)
    process->member->account.from_zero |= from_zero;
  if (is_done && join->count > 0 && !was_member)
    begin_account(changes, process, changed);
  process->is_pending = changes->selection.is_pending && from_zero;
  /* The next read repeats what is not known yet. */
  process->groups_resolved =
      is_done && !process->is_pending &&
      !selection_is_undecided(process_select_error(process));
  process->due = process->groups_resolved
                     ? selection_next_turn(&changes->selection, process)
                     : PROCESS_DUE_NOW;
  process->changes++;
}

bool process_changes_resolve(struct process_changes *changes, pid_t pid,
                             uint64_t time_ns, bool has_called_exec) {
  struct tracker *tracker = changes->tracker;
  struct changed_process_sample sample;
  struct changed_process changed = {
      .pid = pid, .time_ns = time_ns, .taken = &sample};

  tracker_lock(tracker);
  struct process *process = process_table_find_at(tracker->table, pid, time_ns);
  bool is_known = process != NULL;
  bool had_called_exec = is_known && process->has_called_exec;
  if (is_known) /* also if the look hangs, and is abandoned */
    process->has_called_exec |= has_called_exec;
  bool must_look =
      is_known && changed_process_begin(&changed, tracker, process);
  if (must_look)
    process->changes++;
  tracker_unlock(tracker);
  if (!must_look)
    return is_known;
  bool is_there =
      changed_process_look(&changed, &changes->selection, &changes->sources);

  tracker_lock(tracker);
  process = process_table_find_at(tracker->table, pid, time_ns);
  is_known = process != NULL &&
             !is_stat_of_successor(changes, process, &changed.stat, time_ns);
  bool has_changed = is_known && !process_has_exited(process);
  if (has_changed)
    note_unread(process, time_ns, has_called_exec);
  else if (process != NULL)
    process->has_called_exec = had_called_exec;
  if (has_changed && is_there && is_stat_of(changes, process, &changed.stat)) {
    process->is_unread = false;
    /* If it is ending, its exit record may have been sent since the event. */
    process_note_alive(process, changed.stat.is_exiting
                                    ? time_ns
                                    : max(time_ns, changes->now_ns));
    note_look(changes, pid); /* the attributes of this process were read */
    change_groups(changes, process, &changed);
  }
  tracker_unlock(tracker);
  return is_known;
}

/* Enters a process without an event, which no read has found, if it existed at
 * that time. */
static void enter_unknown(struct process_changes *changes, pid_t pid,
                          uint64_t time_ns) {
  struct tracker *tracker = changes->tracker;
  struct procfs_stat stat;
  if (!selection_read_stat(&changes->selection, pid, &stat))
    return;
  uint64_t tick_ns = changes->selection.tick_ns;
  uint64_t start_ns = stat.start_ticks * tick_ns;
  if (start_ns > time_ns)
    return; /* its pid has already been reused */
  /* If it is ending, its exit record may have been sent since the event. */
  uint64_t alive_ns = time_ns;
  if (!stat.is_exiting && changes->now_ns > time_ns)
    alive_ns = changes->now_ns;

  tracker_lock(tracker);
  const struct process *found =
      process_table_find_at(tracker->table, pid, time_ns);
  bool is_missing =
      found == NULL || is_stat_of_successor(changes, found, &stat, time_ns);
  if (is_missing &&
      tracker_enter(tracker, pid, start_ns, min(start_ns + tick_ns, time_ns),
                    alive_ns) != NULL)
    tracker->missed += tracker->has_read;
  tracker_unlock(tracker);
}

void process_changes_resolve_any(struct process_changes *changes, pid_t pid,
                                 uint64_t time_ns, bool has_called_exec) {
  if (process_changes_resolve(changes, pid, time_ns, has_called_exec))
    return;
  enter_unknown(changes, pid, time_ns);
  process_changes_resolve(changes, pid, time_ns, has_called_exec);
}

bool process_changes_take(struct process_changes *changes,
                          const struct process_event *event) {
  bool has_called_exec = event->kind == PROCESS_EXECED;
  if (was_read_since(changes, event))
    return false;
  if (!has_called_exec && !take_look(changes)) {
    postpone_look(changes, event);
    return false;
  }
  process_changes_resolve_any(changes, event->pid, event->time_ns,
                              has_called_exec);
  return true;
}
