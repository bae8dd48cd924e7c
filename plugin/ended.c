/* SPDX-License-Identifier: MIT */
#include "ended.h"

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

void ended_add(struct ended *ended, const struct record *thread,
               uint64_t tick_ns) {
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
  /* Not ACORE, which is set where a limit forbade the core. */
  ended->dumped_core |= WCOREDUMP((int)thread->exit_code) != 0;
  if (thread->exit_code != 0)
    ended->exit_code = thread->exit_code;
  if (thread->pid == thread->tgid) {
    ended->has_main = true;
    memcpy(ended->comm, thread->comm, sizeof(ended->comm));
  }
}
