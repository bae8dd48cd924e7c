/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_OWNER_H
#define TASKSTATS_EXIT_OWNER_H

#include "track/exit_batch.h"
#include "track/tracker.h"

/*
 * Whose exit record it is. A record states the pid and the age of its process,
 * but not when that began. Of several processes of the pid that fit, the order
 * in which records of one pid arrive decides, the parent, and whether a process
 * was still there when the record had arrived. The listener's thread.
 */

/* The process whose thread has ended, and whose exit is not counted yet, or
 * NULL if it is not known: rather one whose record came at once than one whose
 * record was late. The record has to be the next of the batch, or one that has
 * waited for it. */
struct process *exit_owner_find(const struct tracker *tracker,
                                const struct exit_batch *batch,
                                const struct exit_info *info)
    REQUIRES(tracker_mutex);

/* The process whose exit is counted and which lacks the record of a thread that
 * this may be, or NULL. It is not the main thread's if that has come. Once a
 * listing has shown who has its pid now, it has come or is lost. */
struct process *exit_owner_find_exited(const struct tracker *tracker,
                                       const struct exit_info *info)
    REQUIRES(tracker_mutex);

/* Enters a process that nothing is known of, announced. Of others that have its
 * pid, those that have ended began before and those that have not began later:
 * exit records of a pid come in the order of its processes. NULL if memory is
 * short. */
struct process *exit_owner_enter(struct tracker *tracker,
                                 const struct exit_info *info)
    REQUIRES(tracker_mutex);

/* How many processes that have a thread's pid end within the messages at hand:
 * its own, if this is not its last one, and later ones. */
unsigned int exit_owner_count_exits(const struct exit_batch *batch,
                                    const struct exit_info *info);

#endif
