/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_DELAY_ACCOUNTING_H
#define TASKSTATS_DELAY_ACCOUNTING_H

#include "track/tracker.h"

/*
 * Since when the kernel has counted all kinds of delay (kernel.task_delayacct):
 * they are counted only for processes that started later. Used by the reader's
 * thread only.
 */

/* Determines the state at the plugin's start. */
void delay_accounting_begin(struct tracker *tracker, struct procfs *proc)
    EXCLUDES(tracker_mutex);

/* Records the current state at this time, CLOCK_BOOTTIME. */
void delay_accounting_note(struct tracker *tracker, bool is_on,
                           uint64_t boot_ns) EXCLUDES(tracker_mutex);

/* Sets kernel.task_delayacct to 1. Returns 1 if it was 0, 0 if it was already
 * 1, or a negative errno. */
int delay_accounting_enable(struct tracker *tracker, struct procfs *proc)
    EXCLUDES(tracker_mutex);

#endif
