/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_DESCENDANTS_H
#define TASKSTATS_DESCENDANTS_H

#include "track/tracker.h"

/*
 * Who is a descendant: follows from fork to fork what the members of groups
 * bequeath that want their descendants. Belongs to the listener's thread.
 */

struct heirs;

/* root is "/proc" but in tests; the ledger stays the caller's. Returns 0 or a
 * negative errno. */
int heirs_create(const char *root, struct ledger *ledger, struct heirs **heirs);

/* Takes NULL. */
void heirs_destroy(struct heirs *heirs);

/* A process has forked another one, at that time, CLOCK_BOOTTIME, which then
 * inherits the groups that want descendants. To be called before the exit
 * records of either are taken. */
void heirs_fork(struct heirs *heirs, pid_t parent, pid_t child,
                uint64_t begin_ns);

/* A process has called exec, and may be another one now. */
void heirs_exec(struct heirs *heirs, pid_t pid);

#endif
