/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_DISK_WAIT_PERIOD_H
#define TASKSTATS_DISK_WAIT_PERIOD_H

#include "track/member_sample.h"

/*
 * The time between two samples of a process, in which its threads may have
 * waited for a disk: the sum of their lifetimes in it, and which of their waits
 * are known to be false (disk_wait.h).
 */

/* Sets found->sample.disk of a sample that was read and has a record. Reads the
 * records of the process's threads only if the counted waits may include false
 * ones (account_doubts_disk_waits), and releases the lock meanwhile: what it
 * guards may have changed. If they cannot be read, the estimate without them is
 * kept. */
void disk_wait_period_set(struct sample_sources *sources,
                          const struct process *process,
                          struct member_sample *found) REQUIRES(tracker_mutex);

/* The same without the threads' records: keeps the lock. */
void disk_wait_period_estimate(const struct sample_sources *sources,
                               const struct process *process,
                               struct member_sample *found)
    REQUIRES(tracker_mutex);

#endif
