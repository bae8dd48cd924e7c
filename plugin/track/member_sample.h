/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_MEMBER_SAMPLE_H
#define TASKSTATS_MEMBER_SAMPLE_H

#include "kernel/fd_budget.h"
#include "track/exited_threads.h"
#include "track/kernel_connection.h"
#include "track/member.h"
#include "track/tracker.h"

/*
 * A sample of one member: its record, its CPU clock and what procfs has, read
 * one after the other. It takes three steps: member_sample_begin, when the
 * record was asked for; member_sample_read; and, once the exit records that
 * have arrived meanwhile were taken, sample_accounting_count. The reader has
 * its sources, and who takes process events others.
 */

/* What samples are read from. Belongs to one thread. */
struct sample_sources {
  struct procfs *proc;     /* not owned */
  struct tracker *tracker; /* not owned */
  struct kernel_connection connection;
  struct fd_budget files; /* what is kept open for members */
  uint64_t tick_ns;       /* clock_tick_ns, of start times */
  uint64_t suspended_ns;  /* clock_suspended_ns, when the read began */
};

/* A sample, and what it points to: it must not be moved or copied once it was
 * read. */
struct member_sample {
  struct sample sample;
  struct record *record; /* the answer's, which is the caller's; or NULL */
  struct procfs_io io;
  struct procfs_stat stat;
  uint32_t threads;
  struct exited_period recent; /* of the process, when its record was asked for:
                                * the caller's to set, or empty */
  uint32_t ended;  /* threads, as far as was known before its I/O was read */
  bool had_waited; /* for a child, perhaps */
  bool had_exited; /* its exit record was counted before */
  bool is_zombie;  /* single-threaded, and its thread has the final figures */
};

/* Begins a sample of a member whose record was asked for just before time_ns
 * (CLOCK_MONOTONIC). Sets all of found. */
void member_sample_begin(const struct sample_sources *sources,
                         const struct process *process, uint64_t time_ns,
                         struct member_sample *found);

/* Reads all else that a sample needs. answer is that of the process's record,
 * which may be changed and is needed as long as the sample, or NULL if there is
 * none. Keeps files of the member open. What cannot be read is left out: why,
 * is in the member's io_error, or goes to the connection. Returns false if the
 * process is gone. Its calls may hang. */
bool member_sample_read(struct sample_sources *sources, struct process *process,
                        struct query_answer *answer,
                        struct member_sample *found) EXCLUDES(tracker_mutex);

/* How many threads of a process have ended since its I/O was last counted, as
 * far as is known. */
static inline uint32_t
member_sample_ended_threads(const struct process *process)
    REQUIRES(tracker_mutex) {
  return process->exited != NULL ? process->exited->io_count : 0;
}

#endif
