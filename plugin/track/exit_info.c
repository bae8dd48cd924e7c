/* SPDX-License-Identifier: MIT */
#include "track/exit_info.h"

#include <string.h>

enum {
  /* Versions before have neither a process's id in a thread's record nor the
   * flag of the last thread. */
  VERSION_LAST_THREAD = 12,
  /* A record is filled in and then sent; in between its thread may be made to
   * wait. */
  SLACK_MS = 100,
  /* Who is the parent of those whose parent has died. */
  INIT_PID = 1,
};

#define MS_NS UINT64_C(1000000)

/* Between which times a process began, by the age that its record has, which
 * leaves out what the machine was suspended. */
static void set_begin(struct departed *departed, uint64_t elapsed_us,
                      const struct departed_when *when) {
  uint64_t age_ns = elapsed_us * 1000;
  uint64_t slack_ns = SLACK_MS * MS_NS + when->suspended_ns + age_ns;
  departed->earliest_ns =
      when->earliest_ns > slack_ns ? when->earliest_ns - slack_ns : 0;
  departed->latest_ns = when->latest_ns > age_ns ? when->latest_ns - age_ns : 0;
}

bool departed_identify(struct departed *departed, const struct message *message,
                       const struct departed_when *when) {
  const struct record *thread = &message->record[MESSAGE_THREAD];
  bool has_whole = message->has[MESSAGE_PROCESS];

  *departed = (struct departed){
      .thread = thread,
      .whole = has_whole ? &message->record[MESSAGE_PROCESS] : NULL,
      .elapsed_us = thread->elapsed_us,
  };
  if (thread->version >= VERSION_LAST_THREAD) {
    departed->tgid = (pid_t)thread->tgid;
    departed->is_last = (thread->flags & RECORD_LAST_THREAD) != 0;
    departed->elapsed_us = thread->process_elapsed_us;
    set_begin(departed, thread->process_elapsed_us, when);
    return true;
  }

  departed->is_last = true;
  departed->tgid = (pid_t)thread->pid;
  if (has_whole) {
    departed->tgid = (pid_t)message->id[MESSAGE_PROCESS];
    departed->latest_ns = when->latest_ns;
    if (thread->pid == message->id[MESSAGE_PROCESS])
      set_begin(departed, thread->elapsed_us, when);
    return true;
  }
  set_begin(departed, thread->elapsed_us, when);
  return false;
}

bool departed_knows_name(const struct departed *departed,
                         const struct ended *ended) {
  return departed->whole == NULL ||
         departed->thread->pid == (uint32_t)departed->tgid ||
         (ended != NULL && ended->has_main);
}

void departed_set_comm(struct departed *departed, const struct ended *ended) {
  const char *comm = departed->thread->comm;
  if (ended != NULL && ended->has_main)
    comm = ended->comm;
  memcpy(departed->comm, comm, sizeof(departed->comm));
}

void departed_read_clock(struct departed *departed, struct proc *proc,
                         uint64_t tick_ns) {
  struct proc_stat stat;

  if (!proc_may_be_zombie(departed->tgid) ||
      proc_stat(proc, departed->tgid, &stat) != 0 ||
      !proc_stat_has_ended(&stat))
    return;
  uint64_t start_ns = stat.start_ticks * tick_ns;
  departed->has_clock =
      start_ns <= departed->latest_ns &&
      start_ns + tick_ns >= departed->earliest_ns &&
      proc_cpu_clock(departed->tgid, &departed->clock_ns) == 0;
}

void departed_look_init(struct departed_look *look,
                        const struct departed *departed, struct proc *proc) {
  const struct record *thread = departed->thread;

  look->departed = departed;
  look->proc = proc;
  look->has_cgroup = look->has_cmdline = false;
  attributes_init_exited(&look->attributes, departed->tgid, departed->comm,
                         thread->uid, thread->exe_dev, thread->exe_inode);
}

void departed_look_clear(struct departed_look *look) {
  attributes_clear(&look->attributes);
}

/* The cgroup of a process that has just ended, or else its parent's. */
static void read_cgroup(struct departed_look *look) {
  const struct departed *departed = look->departed;

  look->has_cgroup = true;
  if (proc_cgroup(look->proc, departed->tgid, look->cgroup,
                  sizeof(look->cgroup)) == 0 ||
      proc_cgroup(look->proc, (pid_t)departed->thread->ppid, look->cgroup,
                  sizeof(look->cgroup)) == 0)
    attributes_set_cgroup(&look->attributes, look->cgroup);
}

/* The command line of a process that never called exec: its parent's, unless
 * the parent died first. */
static void read_cmdline(struct departed_look *look) {
  const struct record *thread = look->departed->thread;
  char *cmdline;

  look->has_cmdline = true;
  if ((thread->flags & RECORD_FORKED) != 0 && thread->ppid != INIT_PID &&
      proc_cmdline(look->proc, (pid_t)thread->ppid, &cmdline) == 0)
    attributes_set_cmdline(&look->attributes, cmdline);
}

enum selector_match departed_match(struct departed_look *look,
                                   const struct rule *rule,
                                   struct match *match) {
  enum selector_match result = rule_match(rule, &look->attributes, match);

  if (result == SELECTOR_UNKNOWN && !look->has_cgroup &&
      attributes_lacked_cgroup(&look->attributes)) {
    read_cgroup(look);
    result = rule_match(rule, &look->attributes, match);
  }
  if (result == SELECTOR_UNKNOWN && !look->has_cmdline &&
      attributes_lacked_cmdline(&look->attributes)) {
    read_cmdline(look);
    result = rule_match(rule, &look->attributes, match);
  }
  return result;
}
