/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_UNREAD_CHANGE_H
#define TASKSTATS_UNREAD_CHANGE_H

#include "track/exit_batch.h"
#include "track/tracker.h"

/*
 * A process that changed, according to an event, and ended before anything
 * could read what it had become: only its exit records tell what it used,
 * before and after the change together. Since the change, it has run all the
 * time at most; what exceeds this was certainly used before.
 *
 * If that is considerable, it belongs to the former groups, if there were any.
 * Nothing tells when all else was used: that goes where most of the CPU time
 * goes. If it is not, a process that was forked for what it has become counts
 * there as a whole.
 */

/* Counts what a process that has ended used before an unread change, if it is a
 * member and that is considerable. Its last thread must have been added.
 * Returns the CPU time in ns that it certainly used before; 0 without such a
 * change, or while the record of one of its threads is missing. */
uint64_t unread_change_count(const struct tracker *tracker,
                             const struct exit_batch *batch,
                             struct process *process,
                             const struct exit_info *info)
    REQUIRES(tracker_mutex);

/* Starts the account of its new member, which does not count from zero:
 * before_ns is what unread_change_count returned. */
void unread_change_begin(const struct process *process, struct member *member,
                         uint64_t before_ns) REQUIRES(tracker_mutex);

#endif
