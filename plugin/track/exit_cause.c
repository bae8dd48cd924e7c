/* SPDX-License-Identifier: MIT */
#include "track/exit_cause.h"

#include "kernel/clock.h"
#include "select/cgroup_unit.h"
#include "track/exit_status.h"

#include <string.h>

#define MS_NS UINT64_C(1000000)

void exit_cause_init(struct exit_cause *cause) {
  cause->since_ns = clock_ns(CLOCK_BOOTTIME);
  cause->suspended_ns = clock_suspended_ns();
}

/* Whether the latest time at which a process can have started is close to its
 * start, because it is from its fork event or from procfs. */
static bool has_exact_start(const struct process *process)
    REQUIRES(tracker_mutex) {
  enum { TICK_US = 10000 };
  return process->parent != 0 || process->start_width_us <= TICK_US;
}

void exit_cause_begin(struct exit_cause *cause, const struct exit_info *info,
                      const struct process *process) {
  const struct exited_threads *exited =
      process != NULL ? process->exited : NULL;
  const struct member *member = process != NULL ? process->member : NULL;
  const struct cgroup_paths *paths = member != NULL ? member->cgroups : NULL;

  cause->is_kill = exit_status_is_kill(info->thread->exit_code) ||
                   (exited != NULL && exit_status_is_kill(exited->exit_code));
  cause->wants_cgroups =
      member != NULL && (member->collect & COLLECT_CGROUP) != 0;
  cause->has_end =
      process != NULL && !info->is_age_least &&
      process_may_have_begun(process, info->earliest_ns, info->latest_ns) &&
      has_exact_start(process);
  cause->is_succeeded = process != NULL && process->is_succeeded;
  cause->known.unit[0] = cause->known.memory[0] = '\0';
  if (paths == NULL)
    return;
  strcpy(cause->known.unit, paths->unit);
  strcpy(cause->known.memory, paths->memory);
}

/* Reads the cgroups of the process; those that the kernel hides already are
 * taken from the member. */
static void find_cgroups(struct exit_cause *cause, struct tracker *tracker,
                         struct procfs *proc, struct exit_info *info) {
  struct procfs_cgroups *found = &cause->found;

  if (hung_processes_has(&tracker->hung, info->tgid) ||
      cgroup_unit_read_cgroups(proc, info->tgid, found) != 0)
    found->unit[0] = found->memory[0] = '\0';
  if (found->unit[0] == '\0')
    strcpy(found->unit, cause->known.unit);
  if (found->memory[0] == '\0')
    strcpy(found->memory, cause->known.memory);
  info->cgroups = found;
}

/* An age excludes times when the machine was suspended: so the end can only be
 * calculated if it was not since the start. */
static uint64_t find_end(const struct exit_cause *cause,
                         const struct exit_info *info) {
  uint64_t suspended_ns = clock_suspended_ns();
  bool is_known = cause->has_end && info->latest_ns >= cause->since_ns &&
                  suspended_ns < cause->suspended_ns + MS_NS;
  return is_known ? info->latest_ns + info->elapsed_us * 1000 - suspended_ns
                  : 0;
}

static void find_oom(const struct exit_cause *cause, struct tracker *tracker,
                     struct exit_info *info) {
  const struct procfs_cgroups *cgroups = info->cgroups;
  bool has_cgroup = cgroups != NULL && cgroups->memory[0] != '\0';
  const struct oom_question question = {
      .pid = info->tgid,
      .begin_ns = info->earliest_ns,
      .end_ns = find_end(cause, info),
      .is_succeeded = cause->is_succeeded,
      .cgroup = has_cgroup ? cgroups->memory : NULL,
  };
  info->oom = oom_watch_ask(tracker->oom, &question);
}

void exit_cause_find(struct exit_cause *cause, struct tracker *tracker,
                     struct procfs *proc, struct exit_info *info) {
  if (cause->wants_cgroups)
    find_cgroups(cause, tracker, proc, info);
  if (cause->is_kill && tracker->oom != NULL)
    find_oom(cause, tracker, info);
}
