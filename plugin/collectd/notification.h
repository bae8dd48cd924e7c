/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_NOTIFICATION_H
#define TASKSTATS_NOTIFICATION_H

#include "track/exit_accounting.h"

/*
 * Sends exit events as collectd's notifications.
 */

/* Stores the context of the plugin, which other threads need to call collectd.
 * Must be called in the init callback. */
void notification_set_context(void);

/* Dispatches one notification; a notifier_say. event is NULL if text summarises
 * several. Any thread. */
void notification_send(const char *group, const struct exit_event *event,
                       const char *text, uint32_t exit_code);

#endif
