/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_VERSION_H
#define TASKSTATS_VERSION_H

/* The version of all that is in this tree. It is written nowhere else but in
 * CHANGELOG.md, whose newest entry has it. */
#define TASKSTATS_VERSION "1.0.0"

#endif
