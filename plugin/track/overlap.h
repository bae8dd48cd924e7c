/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_OVERLAP_H
#define TASKSTATS_OVERLAP_H

#include "track/group.h"

/*
 * A process may belong to several groups that Top moves to "other" when it does
 * not report them, and counts once in there. For each such set of groups an
 * overlap keeps what their common members used, so that all but one of the
 * groups can leave it out.
 */

struct overlap;
struct overlaps;

/* Returns NULL if memory is short. */
struct overlaps *overlaps_create(void);

/* Takes NULL. After the last overlap_put. */
void overlaps_destroy(struct overlaps *overlaps);

/* Whether what a process uses in this group may go to "other". */
bool overlap_concerns(const struct group *group);

/* The overlap of these groups, two at least, which overlap_concerns; they stay
 * until it is settled. Returns NULL if memory is short. */
struct overlap *overlap_get(struct overlaps *overlaps,
                            struct group *const *groups, size_t count)
    REQUIRES(tracker_mutex);

/* A member leaves the groups. Takes NULL. */
void overlap_put(struct overlap *overlap) REQUIRES(tracker_mutex);

/* What a common member used, or is, which each of the groups has got, too. */
void overlap_add(struct overlap *overlap, const int64_t delta[COUNTERS])
    REQUIRES(tracker_mutex);
void overlap_add_gauges(struct overlap *overlap, const uint64_t gauges[GAUGES])
    REQUIRES(tracker_mutex);

/* Takes what common members used away from all but one of the groups that will
 * be diverted to "other". To be called once the hidden groups are chosen,
 * before they are diverted. Takes NULL. */
void overlaps_settle(struct overlaps *overlaps) REQUIRES(tracker_mutex);

#endif
