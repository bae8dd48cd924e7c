/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_OOM_SETUP_H
#define TASKSTATS_OOM_SETUP_H

#include "collectd/settings.h"
#include "kernel/oom_watch.h"

/* Begins to watch whom the OOM killer ends, as far as this process may, and
 * says in the log what it may not: then the rules collect what is needed
 * instead. Before these are used. Returns what the caller closes; NULL if
 * nothing tells, or nobody listens for exits. */
struct oom_watch *oom_setup(struct settings *settings);

#endif
