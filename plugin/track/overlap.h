/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_OVERLAP_H
#define TASKSTATS_OVERLAP_H

#include "track/group.h"

/*
 * A process may belong to several groups that Top moves to "other" when it does
 * not report them, but must count there only once. For each such set of groups,
 * an overlap records what their common members used, so that all but one of the
 * groups can leave it out.
 */

struct overlap;
struct overlaps;

/* Returns NULL if out of memory. */
struct overlaps *overlaps_create(void);

/* overlaps may be NULL. Must be called after the last overlap_put. */
void overlaps_destroy(struct overlaps *overlaps);

/* Whether the use of processes in this group may be moved to "other". */
bool overlap_concerns(const struct group *group);

/* The overlap of these groups, at least two, all of which overlap_concerns;
 * they must stay until it is settled. Returns NULL if out of memory. */
struct overlap *overlap_get(struct overlaps *overlaps,
                            struct group *const *groups, size_t count)
    REQUIRES(tracker_mutex);

/* A member leaves the groups. overlap may be NULL. */
void overlap_put(struct overlap *overlap) REQUIRES(tracker_mutex);

/* Adds what a common member used, or its state, which was also added to each of
 * the groups. */
void overlap_add(struct overlap *overlap, const int64_t delta[COUNTERS])
    REQUIRES(tracker_mutex);
void overlap_add_one(struct overlap *overlap, unsigned int counter,
                     int64_t more) REQUIRES(tracker_mutex);
void overlap_add_gauges(struct overlap *overlap, const uint64_t gauges[GAUGES])
    REQUIRES(tracker_mutex);

/* Subtracts what common members used from all but one of the groups that will
 * be moved to "other". Must be called after the hidden groups were chosen,
 * before they are moved. overlaps may be NULL. */
void overlaps_settle(struct overlaps *overlaps) REQUIRES(tracker_mutex);

#endif
