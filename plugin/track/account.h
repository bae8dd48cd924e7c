/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_ACCOUNT_H
#define TASKSTATS_ACCOUNT_H

#include "kernel/procfs.h"
#include "track/counters.h"
#include "track/disk_wait.h"
#include "track/own_io.h"
#include "track/tracker_mutex.h"

/*
 * The account of one process: which part of its use was already counted. Each
 * look at the process yields a sample; the increase since the last sample is
 * returned once, and what a sample lacks is counted with a later one.
 */

struct account {
  bool from_zero : 1; /* also count what was used before the first sample */
  uint32_t disk_spare_ms : 31; /* disk_wait_spare of the last period */
  uint32_t known; /* counters known from some sample, as 1 << counter */
  uint64_t total[USE_COUNTERS]; /* counted so far; of the known counters */
  struct own_io *own_io; /* for a process that has waited for children; owned */
  /* to divide CPU time into user and system time */
  uint64_t user_ticks, system_ticks;
  uint64_t blkio_excess_ns; /* the permanent excess of the kernel's total */
  uint64_t presumed_ns;  /* the part of it that no record has confirmed yet */
  uint64_t from_boot_ns; /* the longest wait from boot in that part */
  uint64_t sampled_ns;   /* when a record was last counted; 0: never */
};

/* The result of one look at a process. */
struct sample {
  uint64_t cpu_ns; /* its CPU clock */

  /* Its record, read before the clock, or NULL. */
  const struct record *record;
  uint64_t time_ns; /* when it was read (CLOCK_MONOTONIC) */
  /* Since the last sample, or else since the process's start; without busy_ns
   * and spare_ns, which the account adds. */
  struct disk_wait_period disk;
  /* Whether the record's CPU times and switches include threads that have ended
   * (query_counts_ended_threads; always true for a single thread). */
  bool counts_ended_threads;
  /* Whether the caller has added their switches, from their exit records. */
  bool adds_ended_threads;

  const struct procfs_io *io; /* or NULL */
  /* To separate the I/O of children that the process has waited for. */
  struct own_io_sample own_io;
  /* or NULL; required for page faults, and to divide CPU time if records do not
   * include ended threads */
  const struct procfs_stat *stat;

  /* Whether the sample comes from exit records of the whole process: then I/O
   * is rounded down, the number of calls is unknown, and I/O and page faults of
   * threads that ended before the plugin's start are missing. */
  bool is_final;
};

/* Frees the contents. */
void account_clear(struct account *account) REQUIRES(tracker_mutex);

/* Starts with a CPU time that is not counted. */
void account_start_at(struct account *account, uint64_t cpu_ns)
    REQUIRES(tracker_mutex);

/* Whether the next sample's I/O is a base that is not counted. */
bool account_begins_io(const struct account *account) REQUIRES(tracker_mutex);

/* The CPU time that was counted. Later samples of the same process have at
 * least this, except for an ended process whose CPU time was estimated. */
uint64_t account_cpu_ns(const struct account *account) REQUIRES(tracker_mutex);

/* Whether a wait for something other than a CPU was ever counted: never for a
 * process that started while delay accounting was off. */
bool account_has_delays(const struct account *account) REQUIRES(tracker_mutex);

/* Whether the waits for a disk since the last sample may include false ones:
 * then the waits from boot should be determined. */
bool account_doubts_disk_waits(const struct account *account,
                               const struct sample *sample)
    REQUIRES(tracker_mutex);

/* Whether a sample's I/O may include that of children whose exit records have
 * not been taken yet. */
bool account_doubts_io(const struct account *account,
                       const struct sample *sample) REQUIRES(tracker_mutex);

/* Counts a sample. Each delta is the counter's increase since the last sample
 * that had it, or 0 if this one lacks it; it is negative if an earlier sample
 * was too high: the kernel counts a dying thread twice. Returns false if the
 * record was not counted for that reason, and must be requested again. */
bool account_update(struct account *account, const struct sample *sample,
                    int64_t delta[COUNTERS]) REQUIRES(tracker_mutex);

#endif
