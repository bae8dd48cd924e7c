/* SPDX-License-Identifier: MIT */
#include "track/old_record.h"

#include "kernel/arithmetic.h"
#include "track/exit_owner.h"

bool old_record_is(const struct tracker *tracker,
                   const struct message *message) {
  const struct record *thread = &message->record[MESSAGE_THREAD];
  return tracker->threads != NULL && thread->tgid == 0 &&
         thread->version < RECORD_VERSION_LAST_THREAD;
}

static void add_owner(struct tracker *tracker, pid_t tid, pid_t process,
                      uint64_t earliest_ns, uint64_t latest_ns)
    REQUIRES(tracker_mutex) {
  thread_owners_add(tracker->threads,
                    &(struct thread_owner){.tid = tid,
                                           .process = process,
                                           .earliest_ns = earliest_ns,
                                           .latest_ns = latest_ns});
}

void old_record_note_id(struct tracker *tracker, pid_t id, uint64_t time_ns) {
  thread_owners_forget(tracker->threads, id,
                       subtract(time_ns, EXIT_OWNER_STALL_NS));
}

void old_record_note_thread(struct tracker *tracker,
                            const struct process_event *event) {
  struct process *process =
      process_table_find_at(tracker->table, event->pid, event->time_ns);

  if (process != NULL)
    process->had_threads = true;
  else if (!thread_owners_has(tracker->threads, event->pid, event->pid))
    add_owner(tracker, event->pid, event->pid, 0, event->time_ns);
  old_record_note_id(tracker, event->tid, event->time_ns);
  /* A read may have found it first. */
  struct thread_owner known;
  if (thread_owners_find(tracker->threads, event->tid, event->time_ns,
                         event->time_ns, &known) &&
      known.process == event->pid)
    thread_owners_remove(tracker->threads, &known);
  add_owner(tracker, event->tid, event->pid, event->time_ns, event->time_ns);
}

void old_record_note_threads(struct tracker *tracker, struct process *process,
                             const uint32_t *tids, size_t count,
                             uint64_t time_ns) {
  process->had_threads = true;
  for (size_t i = 0; i < count; i++)
    if ((pid_t)tids[i] != process->pid &&
        !thread_owners_has(tracker->threads, (pid_t)tids[i], process->pid))
      add_owner(tracker, (pid_t)tids[i], process->pid, 0, time_ns);
}

static void set_process(struct record *thread, pid_t tgid, bool is_last,
                        uint64_t elapsed_us) {
  thread->tgid = (uint32_t)tgid;
  thread->process_elapsed_us = elapsed_us;
  thread->flags &= (uint8_t)~RECORD_LAST_THREAD;
  if (is_last)
    thread->flags |= RECORD_LAST_THREAD;
}

/* Completes a record as that of a main thread. */
static void set_main(const struct exit_batch *batch, struct message *message,
                     bool is_last, struct exit_info *info) {
  struct record *thread = &message->record[MESSAGE_THREAD];
  set_process(thread, (pid_t)thread->pid, is_last, thread->elapsed_us);
  exit_info_identify(info, message, &batch->when);
}

/* Sets the process of a thread, and its age: exactly, if it is known when the
 * thread started. */
static void complete_thread(const struct tracker *tracker,
                            const struct exit_batch *batch,
                            const struct thread_owner *owner, bool is_last,
                            struct record *thread) REQUIRES(tracker_mutex) {
  pid_t tgid = owner->process;
  bool is_exact = owner->earliest_ns == owner->latest_ns;

  set_process(thread, tgid, is_last, thread->elapsed_us);
  if ((pid_t)thread->pid == tgid)
    return;
  thread->is_age_least = true;
  uint64_t at_ns = is_exact ? owner->latest_ns : batch->when.earliest_ns;
  const struct process *process =
      process_table_find_at(tracker->table, tgid, at_ns);
  if (process == NULL)
    return;
  uint64_t age_us = subtract(at_ns, process_began_by(process)) / 1000;
  thread->is_age_least = !is_exact;
  thread->process_elapsed_us =
      is_exact ? age_us + thread->elapsed_us : max(age_us, thread->elapsed_us);
}

/* Completes the record of a thread that has come very late, or whose event has.
 * Returns false if no such thread is known. Before the first read, the record
 * may be that of a process that is older than the plugin, and unknown. */
static bool complete_late(struct tracker *tracker,
                          const struct exit_batch *batch,
                          const struct exit_info *info, struct record *thread)
    REQUIRES(tracker_mutex) {
  struct thread_owner owner;
  if (!tracker->has_read ||
      !thread_owners_find(tracker->threads, (pid_t)thread->pid,
                          subtract(info->earliest_ns, EXIT_OWNER_STALL_NS),
                          info->latest_ns + EXIT_OWNER_STALL_NS, &owner))
    return false;
  thread_owners_remove(tracker->threads, &owner);
  owner.earliest_ns = 0; /* not known exactly */
  complete_thread(tracker, batch, &owner, false, thread);
  return true;
}

/* Completes the record of a main thread, if it has no part for the process: of
 * the only thread that the process ever had, or of one of several, of which it
 * is not the last. process is the one with its id, or NULL. */
static void complete_main(struct tracker *tracker,
                          const struct exit_batch *batch,
                          const struct process *process,
                          struct message *message) REQUIRES(tracker_mutex) {
  struct record *thread = &message->record[MESSAGE_THREAD];
  struct exit_info info;

  set_main(batch, message, process != NULL && !process->had_threads, &info);
  if (process == NULL && exit_owner_find_exited(tracker, &info) == NULL &&
      !complete_late(tracker, batch, &info, thread))
    set_process(thread, 0, false, thread->elapsed_us);
}

/* Whether the thread with the id of a record is the one that has ended, and not
 * a process with that id, which may be NULL: the records of one id arrive in
 * the order in which these started. The main thread of a process may be among
 * the threads. */
static bool is_thread(const struct thread_owner *owner,
                      const struct process *process) REQUIRES(tracker_mutex) {
  return process == NULL || owner->process == process->pid ||
         owner->latest_ns < process_began_by(process);
}

void old_record_complete(struct tracker *tracker,
                         const struct exit_batch *batch,
                         struct message *message) {
  struct record *thread = &message->record[MESSAGE_THREAD];
  bool is_last = message->has[MESSAGE_PROCESS];
  pid_t last_of = is_last ? (pid_t)message->id[MESSAGE_PROCESS] : 0;
  struct thread_owner owner = {0};
  struct exit_info info;

  tracker->old_records++;
  set_main(batch, message, true, &info);
  const struct process *process =
      is_last ? NULL : exit_owner_find(tracker, batch, &info);
  if (thread_owners_find(tracker->threads, (pid_t)thread->pid, info.earliest_ns,
                         info.latest_ns, &owner) &&
      (!is_last || owner.process == last_of) && is_thread(&owner, process))
    thread_owners_remove(tracker->threads, &owner);
  else /* when it started is unknown */
    owner = (struct thread_owner){.process = last_of, .latest_ns = UINT64_MAX};
  if (owner.process != 0)
    complete_thread(tracker, batch, &owner, is_last, thread);
  else
    complete_main(tracker, batch, process, message);
}
