/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_ACCOUNTING_H
#define TASKSTATS_EXIT_ACCOUNTING_H

#include "kernel/message.h"
#include "kernel/procfs.h"
#include "track/exit_event.h"
#include "track/tracker.h"

/*
 * Accounts for exit records: what a process used that no read has counted, and
 * how it ended. This file defines the sequence: when each record is taken, and
 * what is done with and without the lock. The process of a record is determined
 * in exit_owner.h, its use in exit_usage.h, and the groups in which it ends in
 * exit_groups.h. Used by the listener's thread.
 */

struct exit_accounting;

/* root is "/proc" except in tests; the tracker remains owned by the caller.
 * Returns 0 or a negative errno. */
int exit_accounting_create(const char *root, struct tracker *tracker,
                           exit_sink *sink, void *context,
                           struct exit_accounting **exits);

/* exits may be NULL. */
void exit_accounting_destroy(struct exit_accounting *exits);

/* Takes exit records in the order of their arrival; their threads ended between
 * these two times, CLOCK_BOOTTIME. Returns whether a process of a group may
 * have ended, so that the next records are urgent: what has to be read in
 * addition disappears with the process. */
bool exit_accounting_take(struct exit_accounting *exits,
                          const struct message *messages, size_t count,
                          uint64_t earliest_ns, uint64_t latest_ns)
    EXCLUDES(tracker_mutex);

/* Continues with the messages of an exit_accounting_take whose thread was
 * abandoned (struct drain). */
void exit_accounting_resume(struct exit_accounting *exits);

/* The procfs that it reads. After that was abandoned, another one replaces it.
 */
struct procfs *exit_accounting_proc(const struct exit_accounting *exits);
void exit_accounting_use_proc(struct exit_accounting *exits,
                              struct procfs *proc);

#endif
