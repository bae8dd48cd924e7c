/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_DISK_WAIT_H
#define TASKSTATS_DISK_WAIT_H

#include "kernel/record.h"

#include <stdbool.h>

/*
 * False waits for a disk. Since Linux 6.12 the kernel may store the start of a
 * wait for another task than the one that waits (__block_task stores it for the
 * current one). The wait is then counted from the task's previous wait, or from
 * boot if it had none, in which case it is as long as the machine has been up.
 * A thread can have several of these.
 *
 * Times are of CLOCK_MONOTONIC, which, like the kernel's clock for waits,
 * excludes times when the machine was suspended.
 */

/* Waits of some threads that were counted from boot. */
struct disk_wait_from_boot {
  uint64_t count;
  uint64_t sum_ns, longest_ns;
  /* Further ones of these threads, of unknown length, at any time: a thread's
   * record has only its longest wait. */
  uint64_t more;
};

/* Adds a thread's longest wait if it was counted from boot, that is, if it is
 * longer than the thread's life; but not if it ended before since_ns, or if it
 * is at most known_ns, the longest known one: a later one is longer. Before
 * version 15, records lack the longest wait. */
void disk_wait_note(struct disk_wait_from_boot *from_boot,
                    const struct record *thread, uint64_t since_ns,
                    uint64_t known_ns);

/* Adds those of other threads. */
void disk_wait_add(struct disk_wait_from_boot *from_boot,
                   const struct disk_wait_from_boot *more);

/* Subtracts what was added before. */
void disk_wait_subtract(struct disk_wait_from_boot *from_boot,
                        const struct disk_wait_from_boot *less);

/* What is known of a period in which a process's threads waited. */
struct disk_wait_period {
  uint64_t since_ns, until_ns; /* its begin and end */
  uint64_t thread_ns;          /* sum of the threads' lifetimes in it */
  uint64_t busy_ns;  /* the part in which they ran or waited for a CPU */
  uint64_t spare_ns; /* the part of the period before in which they did neither,
                        nor wait for a disk, as far as was counted then: waits
                        are counted at their end, and may have begun in it */
  uint64_t false_ns; /* waits counted in it that are known to be false */
  uint64_t slack_ns; /* the possible error of these */
  bool is_steady;    /* no thread has ended: the living ones have all waits */
  struct disk_wait_from_boot from_boot; /* as far as they are known */
};

/* The values of a process are not read at exactly the same moment. */
enum { DISK_WAIT_SLACK_NS = 10000000 };

/* How long a thread that ended after age_ns can have waited for a disk or been
 * busy: only how long it was busy, if it never waited for a disk. */
uint64_t disk_wait_life(const struct record *thread, uint64_t age_ns);

/* Whether the threads' records are needed to determine what each can have
 * waited: because together they cannot have waited that long, since a thread
 * runs, waits for a CPU, or is blocked; or because, in a steady period, only
 * few may have waited; or because so much was counted that it may include a
 * wait from boot. */
bool disk_wait_is_doubtful(const struct disk_wait_period *period,
                           uint64_t waited_ns);

/* The maximum part of the kernel's waits in a period that can be true, in ns:
 * without known and presumed waits from boot, and at most what the threads can
 * have waited, in the part of the period before that was left, too. */
uint64_t disk_wait_bound(const struct disk_wait_period *period,
                         uint64_t waited_ns);

/* The part of a period that is left if bound_ns of it was counted as waits: the
 * next period's spare_ns. */
uint64_t disk_wait_spare(const struct disk_wait_period *period,
                         uint64_t bound_ns);

/* The minimum part of everything counted for a thread that is false. Its record
 * was sent after ended_ns. */
uint64_t disk_wait_false(const struct record *thread, uint64_t ended_ns);

#endif
