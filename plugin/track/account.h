/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_ACCOUNT_H
#define TASKSTATS_ACCOUNT_H

#include "kernel/procfs.h"
#include "track/counters.h"
#include "track/disk_wait.h"
#include "track/own_io.h"
#include "track/tracker_mutex.h"

/*
 * The books of one process: what of its use was already counted. Each look at
 * the process gives a sample; what has been added since the last one is handed
 * out once, and what a look could not tell stays for a later one.
 */

struct account {
  bool from_zero; /* count what was used before the first sample, too */
  uint32_t known; /* counters that some sample has told, as 1 << counter */
  uint64_t total[USE_COUNTERS]; /* what is counted; of the known ones */
  struct own_io *own_io; /* of a process that has waited for children; owned */
  uint64_t user_ticks, system_ticks; /* proportion of user to system time */
  uint64_t blkio_excess_ns; /* what the kernel's total has too much for good */
  uint64_t presumed_ns;     /* the part of it that no record has shown yet */
  uint64_t from_boot_ns;    /* the longest of the waits from boot among that */
  uint64_t sampled_ns;      /* when a record was last booked; 0 for never */
};

/* What one look at a process tells. */
struct sample {
  uint64_t cpu_ns; /* its CPU clock */

  /* Its record, read before the clock, or NULL. */
  const struct record *record;
  uint64_t time_ns; /* when it was read (CLOCK_MONOTONIC) */
  /* Since the last sample, or else since the process's start; without busy_ns,
   * which the account works out. */
  struct disk_wait_period disk;
  /* Whether the record's CPU times and switches count threads that have ended
   * (query_counts_ended_threads; that of a single thread always does). */
  bool counts_ended_threads;
  /* Whether the caller has added their switches, by their exit records. */
  bool adds_ended_threads;

  const struct procfs_io *io; /* or NULL */
  /* How far that may have the I/O of children which the process has waited for.
   */
  struct own_io_sample own_io;
  const struct procfs_stat *stat; /* or NULL; needed for page faults, and for
                                   user against system time if no record counts
                                   ended threads */

  /* Whether it is what exit records tell of the whole process: then I/O is
   * rounded down and its calls are not known, and I/O and page faults of
   * threads that ended before the plugin's start are missing. */
  bool is_final;
};

/* Frees what it holds. */
void account_clear(struct account *account) REQUIRES(tracker_mutex);

/* Begins the books with a CPU time that is not counted. */
void account_start_at(struct account *account, uint64_t cpu_ns)
    REQUIRES(tracker_mutex);

/* Whether the next I/O of a sample is a base that is not counted. */
bool account_begins_io(const struct account *account) REQUIRES(tracker_mutex);

/* The CPU time that is booked. No later sample of the same process has less,
 * but of one that has ended, where it was estimated. */
uint64_t account_cpu_ns(const struct account *account) REQUIRES(tracker_mutex);

/* Whether a wait for something else than a CPU was counted, ever: of a process
 * that started while delay accounting was off, none is. */
bool account_has_delays(const struct account *account) REQUIRES(tracker_mutex);

/* Whether what was counted as waits for a disk since the last sample may have
 * false ones in it: then it is worth asking for those from boot. */
bool account_doubts_disk_waits(const struct account *account,
                               const struct sample *sample)
    REQUIRES(tracker_mutex);

/* Whether a sample's I/O may be that of children whose exit records are yet to
 * be taken. */
bool account_doubts_io(const struct account *account,
                       const struct sample *sample) REQUIRES(tracker_mutex);

/* Books a sample. Each delta is
 * what the counter has grown since the last sample that told it, 0 if this one
 * does not; negative where an earlier sample was too high: the kernel counts a
 * dying thread twice. Returns false if the record is not booked for that: it is
 * to be asked for again. */
bool account_update(struct account *account, const struct sample *sample,
                    int64_t delta[COUNTERS]) REQUIRES(tracker_mutex);

#endif
