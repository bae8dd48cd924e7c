/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TOP_GROUPS_H
#define TASKSTATS_TOP_GROUPS_H

#include "track/tracker.h"

/* For rules with Top: hides all groups but the first in the rule's order, by
 * their use since the last choice or their state, and adds up in the other
 * group what they have not published. Must be called before each publication.
 */
void top_groups_choose(struct tracker *tracker) REQUIRES(tracker_mutex);

#endif
