/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_SAMPLE_ACCOUNTING_H
#define TASKSTATS_SAMPLE_ACCOUNTING_H

#include "track/member_sample.h"

/*
 * Accounts for samples, as exit_accounting.h does for exit records: the
 * increase is added to the member's groups, except for what exit records have
 * counted, or will count.
 */

/* Counts a sample that was read, and sets the member's current state. found
 * must not be used afterwards. May read the records of the process's threads
 * (disk_wait_period_set), and releases the lock meanwhile. If something cannot
 * be counted now, sets the process's clock_ns to PROCESS_CLOCK_UNKNOWN, so that
 * the next read samples it again. Returns false, and counts nothing, if the
 * process has ended. */
bool sample_accounting_count(struct sample_sources *sources,
                             struct process *process,
                             struct member_sample *found)
    EXCLUDES(tracker_mutex);

/* Counts a sample that was read for a process event, before the process's
 * groups change. The process need not be listed. Returns whether it was
 * counted. */
bool sample_accounting_count_change(const struct sample_sources *sources,
                                    struct process *process,
                                    struct member_sample *found)
    REQUIRES(tracker_mutex);

/* Stores whether a member has ended, according to its <pid>/stat. The reader's
 * thread, with or without the lock. */
void sample_accounting_note_stat(struct member *member,
                                 const struct procfs_stat *stat);

#endif
