/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_DELAY_ACCOUNTING_H
#define TASKSTATS_DELAY_ACCOUNTING_H

#include "track/tracker.h"

/*
 * Since when the kernel counts all kinds of delay (kernel.task_delayacct): only
 * processes that started later have them. Belongs to the reader's thread.
 */

/* Finds out whether it does when the plugin begins. */
void delay_accounting_begin(struct tracker *tracker, struct procfs *proc)
    EXCLUDES(tracker_mutex);

/* Notes whether it does now, CLOCK_BOOTTIME. */
void delay_accounting_note(struct tracker *tracker, bool is_on,
                           uint64_t boot_ns) EXCLUDES(tracker_mutex);

/* Sets kernel.task_delayacct to 1. Returns 1 if it was not, 0 if nothing was to
 * be done, or a negative errno. */
int delay_accounting_enable(struct tracker *tracker, struct procfs *proc)
    EXCLUDES(tracker_mutex);

#endif
