/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_NOTICE_H
#define TASKSTATS_NOTICE_H

#include "track/exit_accounting.h"

/*
 * The message of a notification about a process that has ended: one line that a
 * person can act on.
 */

/* Writes the message into size bytes. */
void notice_describe(const struct exit_event *event, char *text, size_t size);

/* Writes the signal's name, "SIGKILL", or "signal 40" if it has none. */
void notice_signal_name(int signal, char *text, size_t size);

#endif
