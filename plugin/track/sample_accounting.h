/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_SAMPLE_ACCOUNTING_H
#define TASKSTATS_SAMPLE_ACCOUNTING_H

#include "track/member_sample.h"

/*
 * The accounting of a sample, as exit_accounting.h is that of an exit record:
 * what of it is new goes to the member's groups, but for what exit records have
 * counted, or will.
 */

/* Counts a sample that was read, and sets what the member is now. found is of
 * no use afterwards. May ask the process's threads (disk_wait_period_set), and
 * gives up the lock meanwhile. If something cannot be counted for now, the
 * process's clock_ns becomes PROCESS_CLOCK_UNKNOWN, so that the next read looks
 * again. Returns false, and counts nothing, if the process is gone. */
bool sample_accounting_count(struct sample_sources *sources,
                             struct process *process,
                             struct member_sample *found)
    EXCLUDES(tracker_mutex);

/* Counts a sample that was read for a process event, before its groups change.
 * The process, whose member gets it, need not be listed. Returns whether it
 * counts. */
bool sample_accounting_count_change(const struct sample_sources *sources,
                                    struct process *process,
                                    struct member_sample *found)
    REQUIRES(tracker_mutex);

/* Sets what a member is now by its <pid>/stat: its memory, and whether it has
 * ended. The reader's thread, with or without the lock. */
void sample_accounting_note_stat(struct member *member,
                                 const struct procfs_stat *stat);

#endif
