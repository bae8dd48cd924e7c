/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_DISK_WAIT_H
#define TASKSTATS_DISK_WAIT_H

#include "kernel/record.h"

#include <stdbool.h>

/*
 * False waits for a disk. Since Linux 6.12 the kernel may note the start of a
 * wait for another task than the one that waits (__block_task notes it for the
 * current one). The wait is then counted from the task's previous wait, or from
 * boot if it had none: then it is as long as the machine has been up. A thread
 * can have several of these.
 *
 * Times are of CLOCK_MONOTONIC, which, like the clock that the kernel counts
 * waits by, leaves out what the machine was suspended.
 */

/* Waits of some threads that were counted from boot. */
struct disk_wait_from_boot {
  uint64_t count;
  uint64_t sum_ns, longest_ns;
  /* Further ones of these threads, of unknown lengths, at any time: a thread's
   * record has its longest only. */
  uint64_t more;
};

/* Adds a thread's longest wait if it was counted from boot, which it was if it
 * is longer than the thread's life; but not if it ended before since_ns, or is
 * not longer than known_ns, the longest of which is known already: a later one
 * is longer. Before version 15 a record does not have the longest wait. */
void disk_wait_note(struct disk_wait_from_boot *from_boot,
                    const struct record *thread, uint64_t since_ns,
                    uint64_t known_ns);

/* Adds what other threads had. */
void disk_wait_add(struct disk_wait_from_boot *from_boot,
                   const struct disk_wait_from_boot *more);

/* Takes back what was added before. */
void disk_wait_subtract(struct disk_wait_from_boot *from_boot,
                        const struct disk_wait_from_boot *less);

/* What is known of a period in which a process's threads waited. */
struct disk_wait_period {
  uint64_t since_ns, until_ns; /* when it began and ended */
  uint64_t thread_ns; /* how long its threads lived in it, all together */
  uint64_t busy_ns;   /* of that, they ran or waited for a CPU */
  uint64_t false_ns;  /* what was counted that is known to be false */
  uint64_t slack_ns;  /* by how much these can be wrong */
  bool is_steady;     /* no thread has ended in it: those that live tell all */
  struct disk_wait_from_boot from_boot; /* as far as they are known */
};

/* What is read of one process is not all of the same moment. */
enum { DISK_WAIT_SLACK_NS = 10000000 };

/* How long a thread that ended after age_ns can have waited for a disk, and
 * been busy: not at all, but for what it was busy, if it never did. */
uint64_t disk_wait_life(const struct record *thread, uint64_t age_ns);

/* Whether the threads are to be asked what each can have waited: they cannot
 * have waited that long, since a thread runs, waits for a CPU, or is blocked;
 * or, in a steady period, those that waited may be few; or so much was counted
 * that a wait from boot may be among it. */
bool disk_wait_is_doubtful(const struct disk_wait_period *period,
                           uint64_t waited_ns);

/* How much of the waits that the kernel has counted in a period can be true, in
 * ns: without those from boot, known and presumed, and no more than the threads
 * can have waited. */
uint64_t disk_wait_bound(const struct disk_wait_period *period,
                         uint64_t waited_ns);

/* How much of all that was counted for a thread is false, at least. Its record
 * came after ended_ns. */
uint64_t disk_wait_false(const struct record *thread, uint64_t ended_ns);

#endif
