/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_OOM_SETUP_H
#define TASKSTATS_OOM_SETUP_H

#include "collectd/settings.h"
#include "kernel/oom_watch.h"

/* Starts to watch for kills by the OOM killer, as far as this process may, and
 * logs what it may not; the rules then collect what is needed instead. Must be
 * called before the rules are used. Returns what the caller closes; or NULL if
 * kills cannot be identified, or if exit records are disabled. */
struct oom_watch *oom_setup(struct settings *settings);

#endif
