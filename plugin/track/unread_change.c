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

/* The latest time at which a process can have ended. */
static uint64_t find_latest_end(const struct exit_batch *batch,
                                const struct process *process,
                                const struct exit_info *info)
    REQUIRES(tracker_mutex) {
  uint64_t age_ns = info->elapsed_us * 1000 + batch->when.suspended_ns;
  return info->is_age_least
             ? batch->when.latest_ns
             : min(process_began_by(process) + age_ns, batch->when.latest_ns);
}

/* Whether the use of a thread is included only in that of the whole process. */
static bool lacks_thread(const struct process *process,
                         const struct exit_info *info) REQUIRES(tracker_mutex) {
  return info->whole != NULL &&
         info->whole->cpu_ns > process->exited->record_cpu_ns;
}

/* Counts a member's CPU time, and nothing else. */
static void count_cpu(struct member *member, uint64_t cpu_ns)
    REQUIRES(tracker_mutex) {
  const struct sample sample = {.cpu_ns = cpu_ns, .is_final = true};
  member_update(member, &sample);
}

uint64_t unread_change_count(const struct tracker *tracker,
                             const struct exit_batch *batch,
                             struct process *process,
                             const struct exit_info *info) {
  bool is_out_of_memory = process->exited == NULL;
  if (!process->is_unread || is_out_of_memory || lacks_thread(process, info))
    return 0;
  uint64_t since_ns =
      process_unread_for(process, find_latest_end(batch, process, info));
  uint64_t threads = UINT64_C(1) + process->exited->io_count;
  uint64_t cpu_ns = find_cpu_ns(process, info);
  uint64_t before_ns = subtract(cpu_ns, since_ns * threads);
  struct member *member = process->member;
  uint64_t counted_ns = member != NULL ? account_cpu_ns(&member->account) : 0;
  if (member == NULL || before_ns < counted_ns + TRACKER_SPAWN_NS)
    return before_ns;
  if (before_ns - counted_ns >= cpu_ns - before_ns)
    exit_usage_count_before(tracker, batch, process, info, before_ns);
  else
    count_cpu(member, before_ns);
  return before_ns;
}

void unread_change_begin(const struct process *process, struct member *member,
                         uint64_t before_ns) {
  bool has_clock = process->clock_ns != PROCESS_CLOCK_UNKNOWN;
  if (has_clock && process->clock_ns > before_ns)
    before_ns = process->clock_ns;
  if (has_clock || process->is_unread)
    account_start_at(&member->account, before_ns);
}
