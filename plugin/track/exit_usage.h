/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_USAGE_H
#define TASKSTATS_EXIT_USAGE_H

#include "track/exit_batch.h"
#include "track/tracker.h"

/*
 * What a process used until it ended, by the exit records of its threads: they
 * are added up while they end, and counted for its groups once it has ended.
 * The listener's thread.
 */

/* Adds a thread to what the process's ended threads used, also if no group
 * selects it: one may by the time it ends. Returns false if memory is short. */
bool exit_usage_add_thread(const struct exit_batch *batch,
                           struct process *process, const struct record *thread)
    REQUIRES(tracker_mutex);

/* The same for one that was added already if is_added, unless the process was
 * removed and met anew since. */
static inline bool exit_usage_add_thread_once(const struct exit_batch *batch,
                                              struct process *process,
                                              const struct record *thread,
                                              bool is_added)
    REQUIRES(tracker_mutex) {
  return (is_added && process->exited != NULL) ||
         exit_usage_add_thread(batch, process, thread);
}

/* Counts what a member used in all that has ended, with all its delays; its
 * last thread must have been added. */
void exit_usage_count(const struct tracker *tracker,
                      const struct exit_batch *batch, struct process *process,
                      const struct exit_info *info) REQUIRES(tracker_mutex);

/* Counts, for a member that was counted already, a thread that has been added
 * since. The record of the whole process had its delays and CPU time, but not
 * its I/O and page faults. */
void exit_usage_count_late_thread(const struct tracker *tracker,
                                  const struct exit_batch *batch,
                                  struct process *process,
                                  const struct exit_info *info)
    REQUIRES(tracker_mutex);

#endif
