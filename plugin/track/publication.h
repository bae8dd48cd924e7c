/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PUBLICATION_H
#define TASKSTATS_PUBLICATION_H

#include "track/tracker.h"

/*
 * What a read reports. All groups are published at once; their copies can be
 * used without the lock, while the listener continues. The read thread.
 */

/* Chooses the groups that are reported, and publishes them. counted is the
 * kinds of delay that the kernel counts, as 1 << kind; 0 if no delay is
 * reported. */
void publication_begin(struct tracker *tracker, uint32_t counted)
    EXCLUDES(tracker_mutex);

/* Copies the next reported group; former is NULL for the first. Returns it, or
 * NULL if there is none. */
const struct group *publication_next(struct tracker *tracker,
                                     const struct group *former,
                                     struct group *copy)
    EXCLUDES(tracker_mutex);

#endif
