/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_ACCOUNTING_H
#define TASKSTATS_EXIT_ACCOUNTING_H

#include "kernel/message.h"
#include "kernel/procfs.h"
#include "track/exit_event.h"
#include "track/tracker.h"

/*
 * Accounts for exit records: what a process used and no read had counted, and
 * how it ended. Here is the sequence: which record is taken when, and what is
 * done with the lock and what without. Whose record it is is in exit_owner.h,
 * what the process used in exit_usage.h, and in which groups it ends in
 * exit_groups.h. Belongs to the listener's thread.
 */

struct exit_accounting;

/* root is "/proc" but in tests; the tracker stays the caller's. Returns 0 or a
 * negative errno. */
int exit_accounting_create(const char *root, struct tracker *tracker,
                           exit_sink *sink, void *context,
                           struct exit_accounting **exits);

/* Takes NULL. */
void exit_accounting_destroy(struct exit_accounting *exits);

/* Takes exit records in the order of their arrival; their threads ended between
 * these two times, CLOCK_BOOTTIME. Returns whether a process of a group may
 * have ended, so that the next records should be taken soon: what is to be read
 * beside them disappears with the process. */
bool exit_accounting_take(struct exit_accounting *exits,
                          const struct message *messages, size_t count,
                          uint64_t earliest_ns, uint64_t latest_ns)
    EXCLUDES(tracker_mutex);

/* Goes on with the messages of exit_accounting_take whose thread was left
 * behind (struct drain). */
void exit_accounting_resume(struct exit_accounting *exits);

/* What it reads with. After that was abandoned, another one takes its place. */
struct procfs *exit_accounting_proc(const struct exit_accounting *exits);
void exit_accounting_use_proc(struct exit_accounting *exits,
                              struct procfs *proc);

#endif
