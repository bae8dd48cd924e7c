/* SPDX-License-Identifier: MIT */
#include "track/unread_change.h"

#include "kernel/arithmetic.h"
#include "track/exit_usage.h"

/* The CPU time of a process that has ended: estimated, if its clock could not
 * be read. */
static uint64_t find_cpu_ns(const struct process *process,
                            const struct exit_info *info)
    REQUIRES(tracker_mutex) {
  const struct record *record =
      info->whole != NULL ? info->whole : info->thread;
  return info->has_clock ? info->clock_ns
                         : max(record->cpu_ns, process->exited->cpu_ns);
}

/* The CPU time that a process certainly used before its last change. */
static uint64_t find_least_before(const struct exit_batch *batch,
                                  const struct process *process,
                                  const struct exit_info *info)
    REQUIRES(tracker_mutex) {
  uint64_t age_ns = info->elapsed_us * 1000 + batch->when.suspended_ns;
  uint64_t end_ns =
      min(process_began_by(process) + age_ns, batch->when.latest_ns);
  uint64_t threads = UINT64_C(1) + process->exited->io_count;
  return subtract(find_cpu_ns(process, info),
                  process_known_for(process, end_ns) * threads);
}

uint64_t unread_change_count(const struct tracker *tracker,
                             const struct exit_batch *batch,
                             struct process *process,
                             const struct exit_info *info) {
  if (process->exited == NULL) /* out of memory */
    return 0;
  uint64_t before_ns = find_least_before(batch, process, info);
  const struct member *member = process->member;
  if (member != NULL &&
      before_ns >= account_cpu_ns(&member->account) + TRACKER_SPAWN_NS)
    exit_usage_count_before(tracker, batch, process, info, before_ns);
  return before_ns;
}

void unread_change_begin(const struct process *process, struct member *member,
                         uint64_t before_ns) {
  bool has_clock = process->clock_ns != PROCESS_CLOCK_UNKNOWN;
  if (has_clock && process->clock_ns > before_ns)
    before_ns = process->clock_ns;
  if (has_clock || process->parent != 0)
    account_start_at(&member->account, before_ns);
}
