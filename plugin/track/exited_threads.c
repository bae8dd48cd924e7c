/* SPDX-License-Identifier: MIT */
#include "track/exited_threads.h"

#include "kernel/arithmetic.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

struct exited_threads *exited_threads_create(bool with_longest) {
  struct exited_threads *exited = calloc(
      1, sizeof(*exited) +
             (with_longest ? DELAY_KINDS * sizeof(exited->longest_ns[0]) : 0));
  if (exited != NULL)
    exited->has_longest = with_longest;
  return exited;
}

void exited_threads_destroy(struct exited_threads *exited) {
  if (exited == NULL)
    return;
  free(exited->last);
  free(exited);
}

/*
 * The mean time that a thread that slept ran since the kernel last updated its
 * CPU time. The kernel does so at ticks and switches (update_curr in
 * kernel/sched/fair.c). A burst that is shorter than a tick contains one with
 * probability burst / tick, on average in the middle; a longer one ends on
 * average half a tick after its last one.
 *
 * The last burst is assumed to be as long as the others. Their number: each
 * ended with a sleep; of the last one, on average half was added, so it counts
 * half; and so does each preemption, after which less is missing only if it
 * happened in the last burst. The sampled times do not help: they are random by
 * whole ticks, and removing impossible values would only remove errors of one
 * sign.
 */
static uint64_t missing_ns(const struct record *thread, uint64_t tick_ns) {
  uint64_t half_bursts =
      2 * thread->switches_voluntary + thread->switches_involuntary + 1;
  uint64_t burst_ns = min(2 * thread->cpu_ns / half_bursts, tick_ns);

  return burst_ns - burst_ns * burst_ns / tick_ns / 2;
}

uint64_t exited_threads_cpu_ns(const struct record *thread, uint64_t tick_ns) {
  uint64_t most_ns =
      subtract(thread->elapsed_us * 1000, thread->delay_ns[DELAY_CPU]);
  /* On a CPU without ticks (nohz_full), only these two are up to date. */
  uint64_t measured_ns = (thread->user_us + thread->system_us) * 1000;
  uint64_t updated_ns = max(thread->cpu_ns, measured_ns);

  if (thread->switches_voluntary == 0 && most_ns <= updated_ns + 2 * tick_ns)
    return max(min(most_ns, updated_ns + tick_ns), thread->cpu_ns);
  uint64_t cpu_ns = thread->cpu_ns + missing_ns(thread, tick_ns);
  return max(min(cpu_ns, most_ns), thread->cpu_ns);
}

bool exited_threads_lack_one(const struct exited_threads *exited) {
  return exited != NULL && exited->whole_cpu_ns > exited->record_cpu_ns;
}

void exited_threads_note_sample(struct exited_threads *exited,
                                const struct exited_period *sampled) {
  struct exited_period *recent = &exited->recent;

  recent->lived_ns = subtract(recent->lived_ns, sampled->lived_ns);
  recent->false_ns = subtract(recent->false_ns, sampled->false_ns);
  disk_wait_subtract(&recent->from_boot, &sampled->from_boot);
}

/* The main thread's I/O can be read until its process has ended. */
static void add_io(struct exited_threads *exited, const struct record *thread) {
  exited->io_count++;
  exited->io_read_chars += thread->read_chars;
  exited->io_write_chars += thread->write_chars;
  exited->io_read_bytes += thread->read_bytes;
  exited->io_write_bytes += thread->write_bytes;
}

static void add_life(struct exited_threads *exited, const struct record *thread,
                     const struct account *account,
                     const struct exited_threads_when *when) {
  uint64_t age_ns = thread->elapsed_us * 1000;
  uint64_t sampled_ns = account != NULL ? account->sampled_ns : 0;
  uint64_t known_ns = account != NULL ? account->from_boot_ns : 0;

  exited->recent.lived_ns += min(disk_wait_life(thread, age_ns),
                                 subtract(when->latest_ns, sampled_ns));
  if (age_ns <= subtract(when->earliest_ns, sampled_ns))
    exited->recent.false_ns += disk_wait_false(thread, when->latest_ns);
  else
    disk_wait_note(&exited->recent.from_boot, thread, sampled_ns, known_ns);
}

void exited_threads_add(struct exited_threads *exited,
                        const struct record *thread, uint64_t tick_ns,
                        const struct account *account,
                        const struct exited_threads_when *when) {
  exited->cpu_ns += exited_threads_cpu_ns(thread, tick_ns);
  exited->record_cpu_ns += thread->cpu_ns;
  exited->user_us += thread->user_us;
  exited->system_us += thread->system_us;
  exited->switches_voluntary += thread->switches_voluntary;
  exited->switches_involuntary += thread->switches_involuntary;
  exited->faults_minor += thread->faults_minor;
  exited->faults_major += thread->faults_major;
  exited->read_chars += thread->read_chars;
  exited->write_chars += thread->write_chars;
  exited->read_bytes += thread->read_bytes;
  exited->write_bytes += thread->write_bytes;
  exited->disk_waits += thread->waits[DELAY_BLKIO];
  for (unsigned int kind = 0; exited->has_longest && kind < DELAY_KINDS; kind++)
    if (thread->delay_max_ns[kind] > exited->longest_ns[kind])
      exited->longest_ns[kind] = thread->delay_max_ns[kind];
  exited->peak_rss_kib = max(exited->peak_rss_kib, thread->peak_rss_kib);
  if (thread->pid != thread->tgid)
    add_io(exited, thread);
  add_life(exited, thread, account, when);
  /* Not ACORE, which is set even if a limit prevented the core dump. */
  exited->dumped_core |= WCOREDUMP((int)thread->exit_code) != 0;
  if (thread->exit_code != 0) {
    exited->exit_code = thread->exit_code;
    exited->exit_code_us = thread->process_elapsed_us;
  }
  if (thread->pid == thread->tgid) {
    exited->has_main = true;
    exited->is_forked = (thread->flags & RECORD_FORKED) != 0;
    memcpy(exited->comm, thread->comm, sizeof(exited->comm));
  }
}
