/* SPDX-License-Identifier: MIT */
#include "track/exit_usage.h"

#include "kernel/arithmetic.h"

#include <stdlib.h>

bool exit_usage_add_thread(const struct exit_batch *batch,
                           struct process *process,
                           const struct record *thread) {
  if (process->exited == NULL)
    process->exited = exited_threads_create(batch->tells_ends);
  if (process->exited == NULL)
    return false;
  exited_threads_add(process->exited, thread, batch->tick_ns,
                     process->member != NULL ? &process->member->account : NULL,
                     &batch->when_monotonic);
  return true;
}

/* The time since the last sample of a process that has ended, or since its
 * start. One of its ended threads may be missing, because its record was
 * overtaken. */
static struct disk_wait_period
find_last_period(const struct exit_batch *batch, const struct member *member,
                 const struct exit_info *info,
                 const struct exited_threads *exited) REQUIRES(tracker_mutex) {
  uint64_t until_ns = batch->when_monotonic.latest_ns;
  uint64_t age_ns = info->elapsed_us * 1000;
  uint64_t since_ns = member->account.sampled_ns;
  if (since_ns == 0)
    since_ns = subtract(until_ns, age_ns);
  uint64_t length_ns = subtract(until_ns, since_ns);
  uint64_t missing_ns =
      info->whole != NULL &&
              info->whole->waits[DELAY_BLKIO] != exited->disk_waits
          ? length_ns
          : 0;
  return (struct disk_wait_period){
      .since_ns = since_ns,
      .until_ns = until_ns,
      .slack_ns = DISK_WAIT_SLACK_NS,
      .thread_ns = max(member->threads * length_ns, exited->recent.lived_ns) +
                   missing_ns,
      .false_ns = exited->recent.false_ns,
      .from_boot = exited->recent.from_boot,
  };
}

/*
 * Counts the total use of a process, from its exit records, but of its CPU time
 * at most most_ns: with all its delays; or, without them, if it had several
 * threads, only the sums over the threads.
 */
static void count_usage(const struct tracker *tracker,
                        const struct exit_batch *batch, struct process *process,
                        const struct exit_info *info, bool with_delays,
                        uint64_t most_ns) REQUIRES(tracker_mutex) {
  struct account *account = &process->member->account;
  const struct exited_threads *exited = process->exited;
  struct record record = {0};
  if (with_delays)
    record = info->whole != NULL ? *info->whole : *info->thread;

  /* Kernels whose records leave out ended threads have no switches in whole at
   * all. */
  if (with_delays)
    process->member->sums_switches =
        record.switches_voluntary + record.switches_involuntary == 0;
  if (process->member->sums_switches) {
    record.switches_voluntary = exited->switches_voluntary;
    record.switches_involuntary = exited->switches_involuntary;
  }
  record.user_us = max(record.user_us, exited->user_us);
  record.system_us = max(record.system_us, exited->system_us);

  if (with_delays)
    process->member->is_exact = info->has_clock;
  uint64_t cpu_ns = account_cpu_ns(account);
  if (info->has_clock)
    cpu_ns = max(cpu_ns, info->clock_ns);
  else if (!process->member->is_exact) /* each is a lower bound */
    cpu_ns = max(cpu_ns, max(record.cpu_ns, exited->cpu_ns));
  cpu_ns = min(cpu_ns, max(most_ns, account_cpu_ns(account)));
  const struct procfs_io io = {.read_chars = exited->read_chars,
                               .write_chars = exited->write_chars,
                               .read_bytes = exited->read_bytes,
                               .write_bytes = exited->write_bytes};
  const struct procfs_stat stat = {.faults_minor = exited->faults_minor,
                                   .faults_major = exited->faults_major};
  const struct sample sample = {
      .cpu_ns = cpu_ns,
      .disk = find_last_period(batch, process->member, info, exited),
      .record = with_delays ? &record : NULL,
      .counts_ended_threads = true,
      .io = &io,
      .stat = &stat,
      .is_final = true,
  };
  process->member->counts_delays |=
      info->earliest_ns >= tracker->delays_since_ns;
  member_update(process->member, &sample);
}

static void add_switches(const struct member *member,
                         const struct record *thread) REQUIRES(tracker_mutex) {
  member_add_one(member, COUNTER_SWITCHES_VOLUNTARY,
                 (int64_t)thread->switches_voluntary);
  member_add_one(member, COUNTER_SWITCHES_INVOLUNTARY,
                 (int64_t)thread->switches_involuntary);
}

void exit_usage_count(const struct tracker *tracker,
                      const struct exit_batch *batch, struct process *process,
                      const struct exit_info *info) {
  count_usage(tracker, batch, process, info, true, UINT64_MAX);
}

void exit_usage_count_before(const struct tracker *tracker,
                             const struct exit_batch *batch,
                             struct process *process,
                             const struct exit_info *info, uint64_t before_ns) {
  count_usage(tracker, batch, process, info, true, before_ns);
}

void exit_usage_count_late_thread(const struct tracker *tracker,
                                  const struct exit_batch *batch,
                                  struct process *process,
                                  const struct exit_info *info) {
  count_usage(tracker, batch, process, info, false, UINT64_MAX);
  if (process->member->sums_switches)
    add_switches(process->member, info->thread);
}
