/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_USAGE_H
#define TASKSTATS_EXIT_USAGE_H

#include "track/exit_batch.h"
#include "track/tracker.h"

/*
 * What a process used until it ended, from the exit records of its threads:
 * they are added up as they end, and counted for its groups once the process
 * has ended. The listener's thread.
 */

/* Adds a thread to the use of the process's ended threads, even if no group
 * selects the process: one may by the time it ends. Returns false if out of
 * memory. */
bool exit_usage_add_thread(const struct exit_batch *batch,
                           struct process *process, const struct record *thread)
    REQUIRES(tracker_mutex);

/* The same for a thread that was already added if is_added, unless the process
 * has been removed and entered again since. */
static inline bool exit_usage_add_thread_once(const struct exit_batch *batch,
                                              struct process *process,
                                              const struct record *thread,
                                              bool is_added)
    REQUIRES(tracker_mutex) {
  return (is_added && process->exited != NULL) ||
         exit_usage_add_thread(batch, process, thread);
}

/* Counts the use of a member that has ended, with all its delays; its last
 * thread must have been added. */
void exit_usage_count(const struct tracker *tracker,
                      const struct exit_batch *batch, struct process *process,
                      const struct exit_info *info) REQUIRES(tracker_mutex);

/* The same before a change: of its CPU time at most before_ns. The rest is left
 * to exit_usage_count. */
void exit_usage_count_before(const struct tracker *tracker,
                             const struct exit_batch *batch,
                             struct process *process,
                             const struct exit_info *info, uint64_t before_ns)
    REQUIRES(tracker_mutex);

/* Counts a thread that was added after its process was counted. The record of
 * the whole process included its delays and CPU time, but not its I/O and page
 * faults. */
void exit_usage_count_late_thread(const struct tracker *tracker,
                                  const struct exit_batch *batch,
                                  struct process *process,
                                  const struct exit_info *info)
    REQUIRES(tracker_mutex);

#endif
