/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_DESCENDANTS_H
#define TASKSTATS_DESCENDANTS_H

#include "track/tracker.h"

/*
 * Who is a descendant: follows from fork to fork what the members of groups
 * bequeath that want their descendants. Belongs to the listener's thread.
 */

struct descendants;

/* root is "/proc" but in tests; the tracker stays the caller's. Returns 0 or a
 * negative errno. */
int descendants_create(const char *root, struct tracker *tracker,
                       struct descendants **descendants);

/* Takes NULL. */
void descendants_destroy(struct descendants *descendants);

/* What it reads with. After that was abandoned, another one takes its place. */
struct procfs *descendants_proc(const struct descendants *descendants);
void descendants_use_proc(struct descendants *descendants, struct procfs *proc);

/* It is now later than that, CLOCK_BOOTTIME, and no exit record that was sent
 * later has been taken. */
void descendants_set_time(struct descendants *descendants, uint64_t now_ns);

/* A process has forked another one, at that time, CLOCK_BOOTTIME, which then
 * inherits the groups that want descendants. To be called before the exit
 * records of either are taken. */
void descendants_fork(struct descendants *descendants, pid_t parent,
                      pid_t child, uint64_t begin_ns) EXCLUDES(tracker_mutex);

/* A process has called exec, and may be another one now. */
void descendants_exec(struct descendants *descendants, pid_t pid)
    EXCLUDES(tracker_mutex);

#endif
