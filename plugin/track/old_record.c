/* SPDX-License-Identifier: MIT */
#include "track/old_record.h"

#include "kernel/arithmetic.h"
#include "track/exited_threads.h"

bool old_record_is(const struct tracker *tracker,
                   const struct message *message) {
  const struct record *thread = &message->record[MESSAGE_THREAD];
  return tracker->threads != NULL && thread->tgid == 0 &&
         thread->version < RECORD_VERSION_LAST_THREAD;
}

/* The process of a thread that has ended, and whether the thread was the last
 * one. The kernel adds a part for the process to the last thread's record if
 * there ever were several (taskstats_exit). Returns 0 if it is unknown. */
static pid_t find_process(const struct tracker *tracker,
                          const struct message *message, bool *is_last)
    REQUIRES(tracker_mutex) {
  pid_t tid = (pid_t)message->record[MESSAGE_THREAD].pid;

  *is_last = true;
  if (message->has[MESSAGE_PROCESS])
    return (pid_t)message->id[MESSAGE_PROCESS];
  pid_t owner = thread_owners_find(tracker->threads, tid);
  *is_last = owner == 0;
  if (owner != 0)
    return owner;
  return process_table_find(tracker->table, tid) != NULL ? tid : 0;
}

/* The age of the process whose thread has ended, in us. */
static uint64_t find_age(const struct tracker *tracker,
                         const struct record *thread, pid_t tgid,
                         uint64_t ended_ns) REQUIRES(tracker_mutex) {
  /* Its pid may have been reused since. */
  const struct process *process =
      process_table_find_at(tracker->table, tgid, ended_ns);
  if (process != NULL && process_has_exited(process) &&
      !exited_threads_lack_one(process->exited))
    process = process_table_find(tracker->table, tgid);
  if ((pid_t)thread->pid == tgid || process == NULL)
    return thread->elapsed_us;
  return max(thread->elapsed_us,
             subtract(ended_ns, process_began_by(process)) / 1000);
}

void old_record_complete(const struct tracker *tracker, struct message *message,
                         uint64_t ended_ns) {
  struct record *thread = &message->record[MESSAGE_THREAD];
  bool is_last;
  pid_t tgid = find_process(tracker, message, &is_last);

  thread->tgid = (uint32_t)tgid;
  thread->process_elapsed_us = find_age(tracker, thread, tgid, ended_ns);
  if (tgid != 0 && is_last)
    thread->flags |= RECORD_LAST_THREAD;
  /* The main thread's record may arrive after that of the last one. */
  thread_owners_remove(tracker->threads, (pid_t)thread->pid);
}
