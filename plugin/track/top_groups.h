/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TOP_GROUPS_H
#define TASKSTATS_TOP_GROUPS_H

#include "track/tracker.h"

/* Of rules that report a few of their groups only: hides all but those that
 * come first in the rule's order, by what they have used since the last choice
 * or what they are, and adds up in the other group what they have not
 * published. To be called before each publication. */
void top_groups_choose(struct tracker *tracker) REQUIRES(tracker_mutex);

#endif
