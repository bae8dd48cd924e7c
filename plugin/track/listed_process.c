/* SPDX-License-Identifier: MIT */
#include "track/listed_process.h"

#include "kernel/arithmetic.h"
#include "kernel/clock.h"
#include "kernel/process_clock.h"
#include "track/exited_threads.h"

#include <errno.h>
#include <string.h>

/* Gives up what is kept for a process that is to be removed. */
static void release_process(struct selection *selection,
                            struct process *process) REQUIRES(tracker_mutex) {
  selection_drop_member(selection, process);
  exited_threads_destroy(process->exited);
  process->exited = NULL;
}

bool listed_process_note_unlisted(struct selection *selection,
                                  struct process *process) {
  if (process_learn(process, FACT_UNLISTED) != ACTION_FORGET)
    return true;
  release_process(selection, process);
  return false;
}

bool listed_process_has_vanished(struct process *process) {
  uint64_t clock_ns;
  if (process_is_listed(process) ||
      process_clock_ns(process->pid, &clock_ns) != -ESRCH)
    return false;
  bool was_gone = process->seen == LISTED_PROCESS_NO_READ;
  process->seen = LISTED_PROCESS_NO_READ;
  return was_gone;
}

/* Whether a process of the table is the one that a read has just found. One
 * whose exit is counted is not there any more, but for what is left of it. */
static bool is_found(const struct selection *selection,
                     const struct process *process,
                     const struct procfs_stat *stat) REQUIRES(tracker_mutex) {
  uint64_t start_ns = stat->start_ticks * selection->tick_ns;
  if (process_is_listed(process))
    return process->start_ns == start_ns;
  return process_may_have_begun(process, start_ns,
                                start_ns + selection->tick_ns) &&
         !(process_has_exited(process) && !stat->is_exiting);
}

/* Whether the pid was given to another process since the read looked at it, and
 * the listener has entered that one. */
static bool has_successor(const struct selection *selection,
                          const struct process *process,
                          const struct procfs_stat *stat) {
  return !process_is_listed(process) &&
         process->start_ns > (stat->start_ticks + 1) * selection->tick_ns;
}

/* Whether nothing is left of a process but what late records may tell: it has
 * ended, and its pid was given to another one. */
static bool is_over(const struct process *process) REQUIRES(tracker_mutex) {
  return process_has_exited(process) && !process_is_listed(process) &&
         process->is_succeeded;
}

/* The process that a read has just found under a pid, or NULL if the table does
 * not have it. */
static struct process *recognize(struct selection *selection, pid_t pid,
                                 const struct procfs_stat *stat)
    REQUIRES(tracker_mutex) {
  struct process *process = process_table_find(selection->tracker->table, pid);
  if (process == NULL || is_over(process))
    return NULL;
  if (is_found(selection, process, stat))
    return process;
  if (!has_successor(selection, process, stat) &&
      !listed_process_note_unlisted(selection, process))
    process_table_remove(selection->tracker->table, process);
  return NULL;
}

struct process *listed_process_find(struct tracker *tracker, pid_t pid) {
  tracker_lock(tracker);
  struct process *process = process_table_find(tracker->table, pid);
  bool is_met = process != NULL && process_is_listed(process);
  tracker_unlock(tracker);
  return is_met ? process : NULL;
}

/* Sets when a process began, in a tick from then on. Its fork, if that was
 * heard, tells more. */
static void set_start(struct process *process, uint64_t start_ns,
                      uint64_t tick_ns) REQUIRES(tracker_mutex) {
  uint64_t latest_ns = start_ns + tick_ns;
  if (process->parent != 0 && process_began_by(process) >= start_ns)
    latest_ns = min(latest_ns, process_began_by(process));
  process->start_ns = start_ns;
  process->start_width_us = (uint32_t)((latest_ns - start_ns) / 1000);
}

/* Makes a process the reader's. */
static void adopt_process(struct selection *selection, struct process *process,
                          const struct procfs_stat *stat)
    REQUIRES(tracker_mutex) {
  const struct tracker *tracker = selection->tracker;
  /* At first parents may come later than their children. */
  bool is_early = tracker->has_descendants && !tracker->has_read;

  process_learn(process, FACT_LISTED);
  process->seen = LISTED_PROCESS_NO_READ;
  set_start(process, stat->start_ticks * selection->tick_ns,
            selection->tick_ns);
  process_table_note_successor(tracker->table, process->pid, process->start_ns,
                               process);
  process->clock_ns = PROCESS_CLOCK_UNKNOWN;
  process->due =
      is_early ? PROCESS_DUE_NOW : selection_next_turn(selection, process);
}

/* The process that a read has just found under a pid, if its groups are known:
 * a read has met it before, or the listener has resolved them or counted its
 * end. Else NULL. */
static struct process *find_resolved(struct selection *selection, pid_t pid,
                                     const struct procfs_stat *stat) {
  tracker_lock(selection->tracker);
  struct process *process = recognize(selection, pid, stat);
  if (process != NULL && !process_is_listed(process)) {
    bool is_known =
        process->groups_resolved ||
        lifecycle_action(process->state, FACT_LISTED) != ACTION_RESOLVE;
    if (is_known)
      adopt_process(selection, process, stat);
    else
      process = NULL;
  }
  tracker_unlock(selection->tracker);
  return process;
}

/* Notes whether a process may have waited for children, or may yet wait for
 * some that have ended. */
static void note_children(const struct tracker *tracker,
                          struct process *process,
                          const struct procfs_stat *stat)
    REQUIRES(tracker_mutex) {
  const struct unmet_parents *parents = &tracker->unmet_parents;
  bool has_waited = stat->children_faults > 0;
  if (has_waited || unmet_parents_have_ended(parents, process->pid))
    process->has_ended_children = true;
  if (has_waited || unmet_parents_have_io(parents, process->pid))
    process->has_io_of_children = true;
}

/* Whether an event should have reported a process that is not known: of one
 * that began a moment ago it may be on its way. */
static bool was_missed(const struct selection *selection,
                       const struct procfs_stat *stat) REQUIRES(tracker_mutex) {
  static const uint64_t moment_ns = UINT64_C(1000000000);
  const struct tracker *tracker = selection->tracker;
  uint64_t start_ns = stat->start_ticks * selection->tick_ns;
  return tracker->hears_events && start_ns > tracker->hears_since_ns &&
         start_ns + moment_ns < selection->begin_ns;
}

/* Enters a process that was just matched; the listener may know it. Returns
 * NULL if memory is short. */
static struct process *enter_process(struct selection *selection, pid_t pid,
                                     const struct procfs_stat *stat)
    REQUIRES(tracker_mutex) {
  struct tracker *tracker = selection->tracker;
  uint64_t latest_ns = (stat->start_ticks + 1) * selection->tick_ns;

  struct process *process = recognize(selection, pid, stat);
  if (process == NULL) {
    process = process_table_add(tracker->table, pid);
    tracker->missed += process != NULL && was_missed(selection, stat);
  }
  /* An event may have resolved its groups since it was matched. */
  bool is_resolved = process != NULL && process->groups_resolved;
  if (process != NULL)
    adopt_process(selection, process, stat);
  if (process != NULL && !is_resolved) {
    bool from_zero = tracker_counts_from_zero(tracker, latest_ns);
    process->is_pending = selection->is_pending && from_zero;
    selection_assign_groups(selection, process, stat, from_zero);
  }
  return process;
}

/* Whether a process that no read has met is the listener's alone: of one that
 * ends only its exit record tells what it was. */
static bool is_too_late(const struct selection *selection,
                        const struct procfs_stat *stat) {
  return stat->is_exiting && stat->threads <= 1 && selection->tracker->listens;
}

static uint64_t count_exits(struct selection *selection) {
  tracker_lock(selection->tracker);
  uint64_t exits = selection->tracker->exits;
  tracker_unlock(selection->tracker);
  return exits;
}

static bool is_as_before(const struct procfs_stat *a,
                         const struct procfs_stat *b) {
  return strcmp(a->comm, b->comm) == 0 && a->is_forked == b->is_forked;
}

/* Matches and enters a process that no read has met. An exit that is counted
 * meanwhile may be its own, of which no trace is left if no group wanted it:
 * then it must not be entered. Returns NULL if it is gone, or too late. */
static struct process *enter_stranger(struct selection *selection, pid_t pid,
                                      struct procfs_stat *stat) {
  enum { TRIES = 8 };
  struct tracker *tracker = selection->tracker;

  for (int tries = 1;; tries++) {
    struct procfs_stat matched = *stat;
    uint64_t cpu_ns; /* before it is matched: what it becomes later, shows */
    if (process_clock_ns(pid, &cpu_ns) != 0)
      return NULL;
    if (is_too_late(selection, stat) || !selection_match(selection, pid, stat))
      return NULL;
    if (tries == 1)
      selection_learn_executable(selection, pid);
    uint64_t exits = count_exits(selection);
    if (tracker->listens && !selection_look_again(selection, pid, stat))
      return NULL;
    if (is_too_late(selection, stat))
      return NULL;
    tracker_lock(tracker);
    bool is_sure = tries == TRIES ||
                   (exits == tracker->exits && is_as_before(&matched, stat));
    struct process *process =
        is_sure ? enter_process(selection, pid, stat) : NULL;
    if (process != NULL) {
      /* The record of one that is ending may be filled in already. */
      process_note_known(process, stat->is_exiting ? process->start_ns
                                                   : selection->begin_ns);
      process->clock_ns = cpu_ns;
    }
    tracker_unlock(tracker);
    if (is_sure)
      return process;
  }
}

/* Notes the threads of a process that was there before events were heard, where
 * exit records do not tell. */
static void note_threads(struct selection *selection, pid_t pid,
                         const struct procfs_stat *stat) {
  enum { MOST = 1024 };
  struct tracker *tracker = selection->tracker;
  uint32_t tids[MOST];
  size_t count = 0;

  tracker_lock(tracker);
  bool is_needed = tracker->threads != NULL;
  tracker_unlock(tracker);
  if (!is_needed || stat->threads < 2 ||
      procfs_tids(selection->proc, pid, tids, MOST, &count) != 0)
    return;
  tracker_lock(tracker);
  for (size_t i = 0; i < count; i++)
    if (tids[i] != (uint32_t)pid)
      thread_owners_add(tracker->threads, (pid_t)tids[i], pid);
  tracker_unlock(tracker);
}

static bool is_gone(void *context, pid_t pid) REQUIRES(tracker_mutex) {
  const struct tracker *tracker = context;
  return process_table_find(tracker->table, pid) == NULL;
}

void listed_process_forget_threads(struct tracker *tracker) {
  if (tracker->threads != NULL)
    thread_owners_sweep(tracker->threads, is_gone, tracker);
}

static bool was_over(struct selection *selection, pid_t pid) {
  tracker_lock(selection->tracker);
  const struct process *process =
      process_table_find(selection->tracker->table, pid);
  bool has_exited = process != NULL && process_has_exited(process);
  tracker_unlock(selection->tracker);
  return has_exited;
}

/* Whether a pid may be that of a process that began after a time, and that the
 * listener has entered. */
static bool may_have_begun_after(struct selection *selection, pid_t pid,
                                 uint64_t time_ns) {
  tracker_lock(selection->tracker);
  const struct process *process =
      process_table_find(selection->tracker->table, pid);
  bool is_later = process != NULL && !process_is_listed(process) &&
                  process_began_by(process) > time_ns;
  tracker_unlock(selection->tracker);
  return is_later;
}

/* Makes sure whose stat it is if a read saw a process alive, and the exit of
 * one that has the pid is counted: it has ended since; or had_exited says that
 * it was counted before, and so it is another one's. Returns false if it is
 * gone.
 */
static bool tell_from_former(struct selection *selection, pid_t pid,
                             struct procfs_stat *stat, bool had_exited) {
  tracker_lock(selection->tracker);
  struct process *process = process_table_find(selection->tracker->table, pid);
  bool is_doubtful = process != NULL && !process_is_listed(process) &&
                     process_has_exited(process) && !stat->is_exiting;
  if (is_doubtful && had_exited)
    process->is_succeeded = true;
  tracker_unlock(selection->tracker);
  return !is_doubtful || had_exited ||
         selection_look_again(selection, pid, stat);
}

struct process *listed_process_identify(struct selection *selection, pid_t pid,
                                        uint32_t inode, int *error) {
  struct procfs_stat stat;
  bool had_exited = was_over(selection, pid);
  uint64_t read_ns = clock_ns(CLOCK_BOOTTIME);
  int status = procfs_stat(selection->proc, pid, &stat);
  if (status == -EACCES || status == -EPERM)
    *error = status;
  if (status != 0)
    return procfs_is_vanished(status)
               ? NULL
               : listed_process_find(selection->tracker, pid);

  /* Whoever had the pid before is gone: its end is counted before. */
  tracker_take_exits(selection->tracker);
  if (may_have_begun_after(selection, pid, read_ns) &&
      !selection_look_again(selection, pid, &stat))
    return NULL;
  if (!tell_from_former(selection, pid, &stat, had_exited))
    return NULL;
  struct process *process = find_resolved(selection, pid, &stat);
  if (process == NULL)
    process = enter_stranger(selection, pid, &stat);
  if (process != NULL) {
    note_threads(selection, pid, &stat);
    tracker_lock(selection->tracker);
    process->inode = inode;
    note_children(selection->tracker, process, &stat);
    tracker_unlock(selection->tracker);
  }
  return process;
}
