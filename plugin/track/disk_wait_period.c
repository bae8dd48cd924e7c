/* SPDX-License-Identifier: MIT */
#include "track/disk_wait_period.h"

#include "kernel/arithmetic.h"
#include "kernel/clock.h"

#include <stdlib.h>

/* The maximum number of a process's threads that are queried for their longest
 * waits. */
enum { THREADS_ASKED = 16384 };

/*
 * The minimum sum of the lifetimes of a process's threads since the last
 * sample. The lifetimes of those that started since then would have to be
 * queried; those of ended threads are in their records, if there is a listener.
 */
static uint64_t least_thread_ns(const struct sample_sources *sources,
                                const struct process *process,
                                const struct member_sample *found,
                                uint64_t length_ns) REQUIRES(tracker_mutex) {
  uint32_t threads_now = found->threads;
  /* It had at least one, whether or not a read has counted them. */
  uint32_t before = process->member->threads > 0 ? process->member->threads : 1;

  if (!sources->tracker->listens)
    return max(threads_now, before) * length_ns;
  if (found->recent.lived_ns > 0)
    return found->recent.lived_ns;
  return min(threads_now, before) * length_ns;
}

void disk_wait_period_estimate(const struct sample_sources *sources,
                               const struct process *process,
                               struct member_sample *found) {
  struct disk_wait_period *period = &found->sample.disk;

  *period = (struct disk_wait_period){
      .since_ns = process->member->account.sampled_ns,
      .until_ns = found->sample.time_ns,
      .slack_ns = DISK_WAIT_SLACK_NS,
  };
  if (period->since_ns == 0)
    period->since_ns = subtract(process->start_ns, sources->suspended_ns);
  period->thread_ns = least_thread_ns(
      sources, process, found, subtract(period->until_ns, period->since_ns));
  period->is_steady = sources->tracker->listens && found->recent.lived_ns == 0;
  period->false_ns = found->recent.false_ns;
  period->from_boot = found->recent.from_boot;
}

/* What the records of a process's living threads say about a period. */
struct thread_life {
  uint64_t lived_ns;
  struct disk_wait_from_boot from_boot;
  size_t count; /* number of those that answered */
};

static void add_thread_life(struct thread_life *life,
                            const struct query_answer *is,
                            const struct disk_wait_period *period,
                            uint64_t known_ns) {
  uint64_t length_ns = subtract(period->until_ns, period->since_ns);
  uint64_t age_ns = length_ns; /* for one that has just ended */
  if (is->error == 0) {
    age_ns = is->record.elapsed_us * 1000;
    /* The process's record was read before it started. */
    if (age_ns < subtract(clock_ns(CLOCK_MONOTONIC), period->until_ns))
      return;
    disk_wait_note(&life->from_boot, &is->record, period->since_ns, known_ns);
    age_ns = disk_wait_life(&is->record, age_ns);
    life->count++;
  }
  life->lived_ns += min(age_ns, length_ns);
}

/* Queries a process's threads, as far as possible. */
static struct thread_life query_threads(struct sample_sources *sources,
                                        const struct process *process,
                                        const struct disk_wait_period *period,
                                        uint64_t known_ns) {
  size_t count = 0;
  struct thread_life life = {0};
  uint32_t *tids = calloc(THREADS_ASKED, sizeof(tids[0]));

  if (tids == NULL || procfs_tids(sources->proc, process->pid, tids,
                                  THREADS_ASKED, &count) != 0)
    count = 0;
  for (size_t i = 0, size; i < count; i += size) {
    struct query_answer answers[QUERY_BATCH];
    size = count - i < QUERY_BATCH ? count - i : QUERY_BATCH;
    if (kernel_connection_query(&sources->connection, MESSAGE_THREAD, &tids[i],
                                size, answers) != 0)
      break;
    for (size_t k = 0; k < size; k++)
      add_thread_life(&life, &answers[k], period, known_ns);
  }
  free(tids);
  return life;
}

void disk_wait_period_set(struct sample_sources *sources,
                          const struct process *process,
                          struct member_sample *found) {
  const struct account *account = &process->member->account;

  disk_wait_period_estimate(sources, process, found);
  if (!account_doubts_disk_waits(account, &found->sample))
    return;

  struct disk_wait_period period = found->sample.disk;
  uint64_t known_ns = account->from_boot_ns;
  tracker_unlock(sources->tracker);
  struct thread_life life = query_threads(sources, process, &period, known_ns);
  tracker_lock(sources->tracker);

  struct disk_wait_period *asked = &found->sample.disk;
  disk_wait_period_estimate(sources, process, found);
  if (sources->tracker->listens)
    life.lived_ns += found->recent.lived_ns;
  /* Threads that have just ended are not known yet. */
  if ((asked->is_steady && life.count == found->threads) ||
      life.lived_ns > asked->thread_ns)
    asked->thread_ns = life.lived_ns;
  disk_wait_add(&asked->from_boot, &life.from_boot);
}
