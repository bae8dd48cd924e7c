/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_MEMBER_SAMPLE_H
#define TASKSTATS_MEMBER_SAMPLE_H

#include "kernel/fd_budget.h"
#include "track/exited_threads.h"
#include "track/kernel_connection.h"
#include "track/member.h"
#include "track/tracker.h"

/*
 * A sample of one member: its record, its CPU clock and its procfs files, read
 * one after the other. It has three steps: member_sample_begin, when the record
 * was requested; member_sample_read; and sample_accounting_count, after the
 * exit records that have arrived meanwhile were taken. The reader has its own
 * sources, and so has the thread that takes process events.
 */

/* The sources of samples. Used by one thread. */
struct sample_sources {
  struct procfs *proc;     /* not owned */
  struct tracker *tracker; /* not owned */
  struct kernel_connection connection;
  struct fd_budget files; /* descriptors that are kept open for members */
  uint64_t tick_ns;       /* clock_tick_ns, of start times */
  uint64_t suspended_ns;  /* clock_suspended_ns at the start of the read */
};

/* A sample and its contents: it must not be moved or copied after it was read.
 */
struct member_sample {
  struct sample sample;
  struct record *record; /* part of the caller's answer; or NULL */
  struct procfs_io io;
  struct procfs_stat stat;
  uint32_t threads;
  /* of the process, when its record was requested: set by the caller, or empty
   */
  struct exited_period recent;
  uint32_t
      ended; /* number of threads known to have ended before its I/O was read */
  bool had_waited; /* possibly for a child */
  bool had_exited; /* its exit record was counted before */
  bool is_zombie;  /* single-threaded, and its thread has the final values */
};

/* Starts a sample of a member whose record was requested just before time_ns
 * (CLOCK_MONOTONIC). Sets all of found. */
void member_sample_begin(const struct sample_sources *sources,
                         const struct process *process, uint64_t time_ns,
                         struct member_sample *found);

/* Reads everything else that a sample needs. answer is that for the process's
 * record, which may be changed and must stay valid as long as the sample, or
 * NULL. Keeps files of the member open. What cannot be read is left out: the
 * reason is stored in the member's io_error, or in the connection. Returns
 * false if the process has ended. May hang. */
bool member_sample_read(struct sample_sources *sources, struct process *process,
                        struct query_answer *answer,
                        struct member_sample *found) EXCLUDES(tracker_mutex);

/* The number of threads of a process that are known to have ended since its I/O
 * was last counted. */
static inline uint32_t
member_sample_ended_threads(const struct process *process)
    REQUIRES(tracker_mutex) {
  return process->exited != NULL ? process->exited->io_count : 0;
}

#endif
