/* SPDX-License-Identifier: MIT */
#include "track/exited_threads.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

void ended_destroy(struct ended *ended) {
  if (ended == NULL)
    return;
  free(ended->last);
  free(ended);
}

static uint64_t min(uint64_t a, uint64_t b) { return a < b ? a : b; }
static uint64_t max(uint64_t a, uint64_t b) { return a > b ? a : b; }
static uint64_t subtract(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

uint64_t ended_cpu_ns(const struct record *thread, uint64_t tick_ns) {
  uint64_t elapsed_ns = thread->elapsed_us * 1000;
  uint64_t waited_ns = thread->delay_ns[DELAY_CPU];
  uint64_t most = elapsed_ns > waited_ns ? elapsed_ns - waited_ns : 0;

  if (thread->switches_voluntary == 0)
    return max(most, thread->cpu_ns);
  uint64_t sampled_ns = (thread->user_us + thread->system_us) * 1000;
  uint64_t cpu_ns = min(sampled_ns, thread->cpu_ns + tick_ns);
  return max(min(cpu_ns, most), thread->cpu_ns);
}

void ended_note_sample(struct ended *ended) {
  ended->lived_ns = ended->false_ns = 0;
  ended->from_boot = (struct disk_wait_from_boot){0};
}

static void add_life(struct ended *ended, const struct record *thread,
                     const struct account *account,
                     const struct ended_when *when) {
  uint64_t age_ns = thread->elapsed_us * 1000;
  uint64_t sampled_ns = account != NULL ? account->sampled_ns : 0;
  uint64_t known_ns = account != NULL ? account->from_boot_ns : 0;

  ended->lived_ns += min(age_ns, subtract(when->latest_ns, sampled_ns));
  if (age_ns <= subtract(when->earliest_ns, sampled_ns))
    ended->false_ns += disk_wait_false(thread, when->latest_ns);
  else
    disk_wait_note(&ended->from_boot, thread, sampled_ns, known_ns);
}

void ended_add(struct ended *ended, const struct record *thread,
               uint64_t tick_ns, const struct account *account,
               const struct ended_when *when) {
  ended->cpu_ns += ended_cpu_ns(thread, tick_ns);
  ended->user_us += thread->user_us;
  ended->system_us += thread->system_us;
  ended->switches_voluntary += thread->switches_voluntary;
  ended->switches_involuntary += thread->switches_involuntary;
  ended->faults_minor += thread->faults_minor;
  ended->faults_major += thread->faults_major;
  ended->read_chars += thread->read_chars;
  ended->write_chars += thread->write_chars;
  ended->read_bytes += thread->read_bytes;
  ended->write_bytes += thread->write_bytes;
  ended->disk_waits += thread->waits[DELAY_BLKIO];
  add_life(ended, thread, account, when);
  /* Not ACORE, which is set where a limit forbade the core. */
  ended->dumped_core |= WCOREDUMP((int)thread->exit_code) != 0;
  if (thread->exit_code != 0)
    ended->exit_code = thread->exit_code;
  if (thread->pid == thread->tgid) {
    ended->has_main = true;
    memcpy(ended->comm, thread->comm, sizeof(ended->comm));
  }
}
