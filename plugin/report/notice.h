/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_NOTICE_H
#define TASKSTATS_NOTICE_H

#include "track/exit_accounting.h"

/*
 * What is said when a process has ended: one line that a person can act on.
 */

/* Writes what an event says into size bytes. */
void notice_describe(const struct exit_event *event, char *text, size_t size);

/* The signal's name, "SIGKILL", or "signal 40" for one that has none. */
void notice_signal_name(int signal, char *text, size_t size);

#endif
