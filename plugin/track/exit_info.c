/* SPDX-License-Identifier: MIT */
#include "track/exit_info.h"

#include "kernel/arithmetic.h"
#include "kernel/process_clock.h"
#include "select/cgroup_unit.h"
#include "track/process_table.h"

#include <string.h>

enum {
  /* A record is filled in and then sent; in between, its thread may be
   * preempted. */
  SLACK_MS = 100,
  /* The parents of orphans, and of kernel threads. Exit records are only
   * received in the initial pid namespace. */
  INIT_PID = 1,
};

#define MS_NS UINT64_C(1000000)

/* Calculates the range of a process's start time from the age in its record,
 * which excludes times when the machine was suspended. */
static void set_begin(struct exit_info *info, uint64_t elapsed_us,
                      const struct exit_info_when *when) {
  /* No process is older than the machine: so nothing overflows. */
  uint64_t age_ns = min(elapsed_us, when->latest_ns / 1000 + 1) * 1000;
  uint64_t prompt_ns = when->suspended_ns + age_ns;
  uint64_t slack_ns = SLACK_MS * MS_NS + prompt_ns;
  info->prompt_ns = subtract(when->earliest_ns, prompt_ns);
  info->earliest_ns = subtract(when->earliest_ns, slack_ns);
  info->latest_ns = subtract(when->latest_ns, age_ns);
}

bool exit_info_identify(struct exit_info *info, const struct message *message,
                        const struct exit_info_when *when) {
  const struct record *thread = &message->record[MESSAGE_THREAD];
  bool has_whole = message->has[MESSAGE_PROCESS];

  *info = (struct exit_info){
      .thread = thread,
      .whole = has_whole ? &message->record[MESSAGE_PROCESS] : NULL,
      .elapsed_us = thread->elapsed_us,
      .is_forked = (thread->flags & RECORD_FORKED) != 0,
  };
  if (thread->tgid != 0) {
    info->tgid = (pid_t)thread->tgid;
    info->is_last = (thread->flags & RECORD_LAST_THREAD) != 0;
    info->elapsed_us = thread->process_elapsed_us;
    info->is_age_least = thread->is_age_least;
    set_begin(info, thread->process_elapsed_us, when);
    if (info->is_age_least)
      info->prompt_ns = info->earliest_ns = 0;
    return true;
  }

  info->is_last = true;
  info->tgid = (pid_t)thread->pid;
  if (has_whole) {
    info->tgid = (pid_t)message->id[MESSAGE_PROCESS];
    info->latest_ns = when->latest_ns;
    info->is_age_least = thread->pid != message->id[MESSAGE_PROCESS];
    if (!info->is_age_least)
      set_begin(info, thread->elapsed_us, when);
    return true;
  }
  set_begin(info, thread->elapsed_us, when);
  return false;
}

bool exit_info_knows_name(const struct exit_info *info,
                          const struct exited_threads *exited) {
  return info->whole == NULL || info->thread->pid == (uint32_t)info->tgid ||
         (exited != NULL && exited->has_main);
}

void exit_info_set_main(struct exit_info *info,
                        const struct exited_threads *exited) {
  const char *comm = info->thread->comm;
  /* There may have been another main thread: exec by another thread ends it. */
  bool is_main = info->thread->pid == (uint32_t)info->tgid;
  if (!is_main && exited != NULL && exited->has_main) {
    comm = exited->comm;
    info->is_forked = exited->is_forked;
  }
  memcpy(info->comm, comm, sizeof(info->comm));
}

/* Whether its pid is still its own, and none of its threads runs any more. */
static bool is_zombie(const struct exit_info *info, struct procfs *proc,
                      uint64_t tick_ns) {
  struct procfs_stat stat;
  if (procfs_stat(proc, info->tgid, &stat) != 0 ||
      !procfs_stat_has_ended(&stat))
    return false;
  uint64_t start_ns = stat.start_ticks * tick_ns;
  return start_ns <= info->latest_ns && start_ns + tick_ns >= info->earliest_ns;
}

/* The clock is addressed by pid: it is the process's if the pid still is
 * afterwards. The clock of a zombie is constant, and never less than the
 * record. */
void exit_info_read_clock(struct exit_info *info, struct procfs *proc,
                          uint64_t tick_ns) {
  const struct record *record =
      info->whole != NULL ? info->whole : info->thread;
  uint64_t before_ns;

  info->has_clock =
      process_clock_may_be_final(info->tgid) &&
      process_clock_ns(info->tgid, &before_ns) == 0 &&
      is_zombie(info, proc, tick_ns) &&
      process_clock_ns(info->tgid, &info->clock_ns) == 0 &&
      (info->clock_ns == before_ns || is_zombie(info, proc, tick_ns)) &&
      info->clock_ns >= record->cpu_ns;
}

void exit_info_look_clear(struct exit_info_look *look) {
  attributes_clear(&look->attributes);
}

/* Whether a process is a kernel thread. Programs that the kernel starts are
 * also children of kthreadd, but call exec. */
static bool is_kernel_thread(const struct record *thread) {
  return thread->ppid == PROCESS_KTHREADD &&
         (thread->flags & RECORD_FORKED) != 0 && thread->exe_inode == 0;
}

bool exit_info_is_adopted(const struct exit_info *info) {
  pid_t ppid = (pid_t)info->thread->ppid;
  return ppid == INIT_PID || (info->parent != 0 && info->parent != ppid);
}

/* The cgroup of a process that has just ended, or else its parent's. */
static void find_cgroup(void *context) {
  struct exit_info_look *look = context;
  const struct exit_info *info = look->info;

  if (cgroup_unit_read_path(look->proc, info->tgid, look->cgroup,
                            sizeof(look->cgroup)) == 0 ||
      (!exit_info_is_adopted(info) &&
       cgroup_unit_read_path(look->proc, (pid_t)info->thread->ppid,
                             look->cgroup, sizeof(look->cgroup)) == 0))
    attributes_set_cgroup(&look->attributes, look->cgroup);
}

void exit_info_look_init(struct exit_info_look *look,
                         const struct exit_info *info, struct procfs *proc) {
  const struct record *thread = info->thread;

  look->info = info;
  look->proc = proc;
  attributes_init_exited(&look->attributes, info->tgid, info->comm, thread->uid,
                         thread->exe_dev, thread->exe_inode);
  look->attributes.is_kernel_thread = is_kernel_thread(thread);
  look->attributes.find_cgroup = find_cgroup;
  look->attributes.find_context = look;
}

enum selector_match exit_info_match(struct exit_info_look *look,
                                    const struct rule *rule,
                                    struct match *match) {
  return rule_match(rule, &look->attributes, match);
}
