/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_DISK_WAIT_PERIOD_H
#define TASKSTATS_DISK_WAIT_PERIOD_H

#include "track/member_sample.h"

/*
 * The time between two samples of a process, in which its threads may have
 * waited for a disk: how long they have lived in it, all together, and which of
 * their waits are known to be false (disk_wait.h).
 */

/* Sets found->sample.disk, of a sample that was read and has a record. Asks the
 * threads of the process only if false waits may be among those that were
 * counted (account_doubts_disk_waits), and gives up the lock meanwhile: what
 * it guards may have changed. If they cannot be asked, what is known without
 * them stays. */
void disk_wait_period_set(struct sample_sources *sources,
                          const struct process *process,
                          struct member_sample *found) REQUIRES(tracker_mutex);

/* The same without asking the threads: keeps the lock. */
void disk_wait_period_estimate(const struct sample_sources *sources,
                               const struct process *process,
                               struct member_sample *found)
    REQUIRES(tracker_mutex);

#endif
