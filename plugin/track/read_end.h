/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_READ_END_H
#define TASKSTATS_READ_END_H

#include "track/reader_report.h"
#include "track/selection.h"

/*
 * The end of a read: processes that have ended are removed from the table.
 */

/* After everything was visited; lists: in a listing. Also counts the members
 * that exist, in the gauges of their groups, and completes the report. */
void read_end_complete(struct selection *selection, bool lists,
                       struct reader_report *report) REQUIRES(tracker_mutex);

/* After an incomplete listing. Keeps what may exist; the gauges of the groups
 * are unchanged. */
void read_end_incomplete(struct selection *selection) REQUIRES(tracker_mutex);

#endif
