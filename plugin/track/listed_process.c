/* SPDX-License-Identifier: MIT */
#include "track/listed_process.h"

#include "kernel/arithmetic.h"
#include "kernel/clock.h"
#include "kernel/process_clock.h"
#include "track/exit_owner.h"
#include "track/exited_threads.h"
#include "track/old_record.h"

#include <errno.h>
#include <string.h>

/* Frees what is kept for a process that will be removed. */
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

/* Whether a process of the table is the one that a read has just found. A
 * process whose exit is counted has ended, but may still be listed. */
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

/* Whether the pid was reused since the read looked at it, and the listener has
 * entered the new process. */
static bool has_successor(const struct selection *selection,
                          const struct process *process,
                          const struct procfs_stat *stat) {
  return !process_is_listed(process) &&
         process->start_ns > (stat->start_ticks + 1) * selection->tick_ns;
}

/* Whether only late records of a process can follow: it has ended, and its pid
 * was reused. */
static bool is_over(const struct process *process) REQUIRES(tracker_mutex) {
  return exit_owner_has_ended(process) && !process_is_listed(process) &&
         process->is_succeeded;
}

/* The process that a read has just found with a pid, or NULL if it is not in
 * the table. */
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

/* Sets the start time of a process, to within a tick. Its fork event, if there
 * was one, is more precise. */
static void set_start(struct process *process, uint64_t start_ns,
                      uint64_t tick_ns) REQUIRES(tracker_mutex) {
  uint64_t latest_ns = start_ns + tick_ns;
  if (process->parent != 0 && process_began_by(process) >= start_ns)
    latest_ns = min(latest_ns, process_began_by(process));
  process->start_ns = start_ns;
  process->start_width_us = (uint32_t)((latest_ns - start_ns) / 1000);
}

/* Makes the reader the owner of a process. */
static void adopt_process(struct selection *selection, struct process *process,
                          const struct procfs_stat *stat)
    REQUIRES(tracker_mutex) {
  const struct tracker *tracker = selection->tracker;
  /* At the first read, parents may be found after their children. */
  bool is_early = tracker->has_descendants && !tracker->has_read;

  process_learn(process, FACT_LISTED);
  process->seen = LISTED_PROCESS_NO_READ;
  set_start(process, stat->start_ticks * selection->tick_ns,
            selection->tick_ns);
  process_table_note_successor(tracker->table, process->pid, process->start_ns,
                               process);
  process->due =
      is_early ? PROCESS_DUE_NOW : selection_next_turn(selection, process);
}

/* The process that a read has just found with a pid, if its groups are known:
 * because a read has found it before, or the listener has resolved them or
 * counted its exit. Else NULL. */
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

/* Records whether a process may have waited for children, or may still wait for
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

/* Whether an event should have reported an unknown process: the event of a
 * process that has just started may still be pending. */
static bool was_missed(const struct selection *selection,
                       const struct procfs_stat *stat) REQUIRES(tracker_mutex) {
  static const uint64_t moment_ns = UINT64_C(1000000000);
  const struct tracker *tracker = selection->tracker;
  uint64_t start_ns = stat->start_ticks * selection->tick_ns;
  return tracker->hears_events && start_ns > tracker->hears_since_ns &&
         start_ns + moment_ns < selection->begin_ns;
}

/* Enters a process that was just matched; the listener may know it. Returns
 * NULL if out of memory. */
static struct process *enter_process(struct selection *selection, pid_t pid,
                                     const struct procfs_stat *stat)
    REQUIRES(tracker_mutex) {
  struct tracker *tracker = selection->tracker;
  uint64_t latest_ns = (stat->start_ticks + 1) * selection->tick_ns;

  struct process *process = recognize(selection, pid, stat);
  if (process == NULL) {
    process = process_table_add(tracker->table, pid);
    if (process != NULL)
      process->clock_ns = PROCESS_CLOCK_UNKNOWN;
    tracker->missed += process != NULL && was_missed(selection, stat);
    tracker->must_list |= process == NULL; /* the next read finds it again */
  }
  /* An event may have resolved its groups since it was matched. */
  bool is_resolved = process != NULL && process->groups_resolved;
  if (process != NULL)
    adopt_process(selection, process, stat);
  if (process != NULL && !is_resolved) {
    bool from_zero =
        tracker_counts_from_zero(tracker, latest_ns) && !process->was_member;
    process->is_pending = selection->is_pending && from_zero;
    selection_assign_groups(selection, process, stat, from_zero);
  }
  return process;
}

/* Whether a process that no read has found belongs to the listener only: if it
 * is ending, only its exit record shows what it was. */
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

/* Matches and enters a process that no read has found. An exit that is counted
 * meanwhile may be its own, and leaves no trace if no group contained it: then
 * it must not be entered. Returns NULL if it has ended, or is ending. */
static struct process *enter_stranger(struct selection *selection, pid_t pid,
                                      struct procfs_stat *stat) {
  enum { TRIES = 8 };
  struct tracker *tracker = selection->tracker;

  for (int tries = 1;; tries++) {
    struct procfs_stat matched = *stat;
    uint64_t
        cpu_ns; /* before it is matched, so that later changes are noticed */
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
      /* The record of an ending process may already be filled in. */
      process_note_known(process, stat->is_exiting ? process->start_ns
                                                   : selection->begin_ns);
      process_note_clock(process, cpu_ns);
    }
    tracker_unlock(tracker);
    if (is_sure)
      return process;
  }
}

/* Returns false if an exit record was taken meanwhile, which may have been that
 * of one of the threads. */
static bool note_threads_once(struct selection *selection,
                              struct process *process, bool is_final)
    EXCLUDES(tracker_mutex) {
  enum { MOST = 1024 };
  struct tracker *tracker = selection->tracker;
  pid_t pid = process->pid;
  uint32_t tids[MOST], threads, inode;
  size_t count = 0;

  tracker_lock(tracker);
  bool is_needed = tracker->threads != NULL;
  uint64_t records = tracker->old_records;
  tracker_unlock(tracker);
  if (!is_needed || procfs_threads(selection->proc, pid, &threads) != 0 ||
      threads < 2 || procfs_tids(selection->proc, pid, tids, MOST, &count) != 0)
    return true;
  uint64_t read_ns = clock_ns(CLOCK_BOOTTIME);
  /* Or they may be those of the pid's next process. */
  if (procfs_inode(selection->proc, pid, &inode) != 0 ||
      inode != process->inode)
    return true;
  tracker_lock(tracker);
  bool is_current = tracker->old_records == records;
  if (is_current || is_final)
    old_record_note_threads(tracker, process, tids, count, read_ns);
  tracker_unlock(tracker);
  return is_current;
}

void listed_process_note_threads(struct selection *selection,
                                 struct process *process) {
  enum { TRIES = 2 }; /* on a busy machine, more fail, too */
  for (int i = 1; i <= TRIES; i++)
    if (note_threads_once(selection, process, i == TRIES))
      return;
}

/* The process of a thread that started since may have ended before the listing
 * could show it. */
static bool is_gone(void *context, const struct thread_owner *thread)
    REQUIRES(tracker_mutex) {
  const struct selection *selection = context;
  return thread->latest_ns < selection->begin_ns &&
         process_table_find(selection->tracker->table, thread->process) == NULL;
}

void listed_process_forget_threads(struct selection *selection) {
  if (selection->tracker->threads != NULL)
    thread_owners_sweep(selection->tracker->threads, is_gone, selection);
}

static bool has_known_end(struct selection *selection, pid_t pid) {
  tracker_lock(selection->tracker);
  const struct process *process =
      process_table_find(selection->tracker->table, pid);
  bool has_ended = process != NULL && exit_owner_has_ended(process);
  tracker_unlock(selection->tracker);
  return has_ended;
}

/* Whether a pid may belong to a process that started after a time, and that the
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

/* Compares a stat with the process in the table. Returns whether it shows one
 * alive where that has ended; if it was read after that, the pid was reused. */
static bool compare_with_former(struct selection *selection, pid_t pid,
                                const struct procfs_stat *stat,
                                bool was_read_after) {
  tracker_lock(selection->tracker);
  struct process *process = process_table_find(selection->tracker->table, pid);
  bool is_so = process != NULL && !process_is_listed(process) &&
               exit_owner_has_ended(process) && !stat->is_exiting;
  if (is_so && was_read_after)
    process->is_succeeded = true;
  tracker_unlock(selection->tracker);
  return is_so;
}

/* Verifies to which process a stat belongs; had_ended: one with its pid was
 * known to have ended before the stat was read. Returns false if the process
 * has ended. */
static bool tell_from_former(struct selection *selection, pid_t pid,
                             struct procfs_stat *stat, bool had_ended) {
  if (!compare_with_former(selection, pid, stat, had_ended) || had_ended)
    return true;
  struct procfs_stat now;
  if (!selection_read_stat(selection, pid, &now))
    return selection_look_again(selection, pid, stat);
  if (now.start_ticks != stat->start_ticks)
    return false;
  *stat = now;
  compare_with_former(selection, pid, stat, true);
  return true;
}

int listed_process_look(struct selection *selection, pid_t pid, uint32_t inode,
                        struct listed_process *look) {
  look->pid = pid;
  look->inode = inode;
  look->had_ended = has_known_end(selection, pid);
  look->looked_ns = clock_ns(CLOCK_BOOTTIME);
  return procfs_stat(selection->proc, pid, &look->stat);
}

struct process *listed_process_identify(struct selection *selection,
                                        struct listed_process *look) {
  pid_t pid = look->pid;
  struct procfs_stat *stat = &look->stat;
  if (may_have_begun_after(selection, pid, look->looked_ns) &&
      !selection_look_again(selection, pid, stat))
    return NULL;
  if (!tell_from_former(selection, pid, stat, look->had_ended))
    return NULL;
  struct process *process = find_resolved(selection, pid, stat);
  look->is_matched = process == NULL;
  if (look->is_matched)
    process = enter_stranger(selection, pid, stat);
  if (process != NULL) {
    tracker_lock(selection->tracker);
    process->inode = look->inode;
    note_children(selection->tracker, process, stat);
    tracker_unlock(selection->tracker);
    listed_process_note_threads(selection, process);
  }
  return process;
}
