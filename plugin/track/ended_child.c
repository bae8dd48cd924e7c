/* SPDX-License-Identifier: MIT */
#include "track/ended_child.h"

/* Whether a process may have waited for children. */
static bool may_have_waited(const struct tracker *tracker, pid_t pid,
                            const struct process *process)
    REQUIRES(tracker_mutex) {
  return process != NULL
             ? (bool)process->has_ended_children
             : unmet_parents_have_ended(&tracker->unmet_parents, pid);
}

/* Whether a process, or a child that it may have waited for, has done I/O,
 * according to exit records. */
static bool has_done_io(const struct tracker *tracker,
                        const struct exit_info *info,
                        const struct process *process) REQUIRES(tracker_mutex) {
  const struct record *thread = info->thread;
  const struct exited_threads *exited =
      process != NULL ? process->exited : NULL;
  bool has_done = (thread->read_chars | thread->write_chars |
                   thread->read_bytes | thread->write_bytes) != 0;
  if (exited != NULL)
    has_done |= (exited->read_chars | exited->write_chars | exited->read_bytes |
                 exited->write_bytes) != 0;
  return has_done || may_have_waited(tracker, info->tgid, process);
}

struct process *ended_child_note(struct tracker *tracker,
                                 const struct exit_info *info,
                                 const struct process *child) {
  pid_t ppid = (pid_t)info->thread->ppid;
  struct process *parent = process_table_find(tracker->table, ppid);
  bool has_io = has_done_io(tracker, info, child);
  if (parent == NULL) {
    unmet_parents_note(&tracker->unmet_parents, ppid, has_io);
    return NULL;
  }
  parent->has_ended_children = true;
  if (has_io)
    parent->has_io_of_children = true;
  return parent;
}
