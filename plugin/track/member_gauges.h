/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_MEMBER_GAUGES_H
#define TASKSTATS_MEMBER_GAUGES_H

#include "track/member.h"

/*
 * What a member is at a moment, beside its threads: memory and open files, as
 * far as any of its groups wants them. What cannot be read is noted in the
 * member. The reader's thread; the calls may hang.
 */

/* Of a member that ran since it was last looked at. The caller makes sure after
 * that that the pid did not change hands. */
void member_gauges_read(struct procfs *proc, pid_t pid, struct member *member)
    EXCLUDES(tracker_mutex);

/* Of one that did not run: it has opened no file, but its memory may have been
 * taken. */
void member_gauges_read_idle(struct procfs *proc, pid_t pid,
                             struct member *member) EXCLUDES(tracker_mutex);

#endif
