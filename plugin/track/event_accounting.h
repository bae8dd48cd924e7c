/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EVENT_ACCOUNTING_H
#define TASKSTATS_EVENT_ACCOUNTING_H

#include "kernel/process_events.h"
#include "track/tracker.h"

/*
 * What process events tell of processes: which ones there are, and to which
 * groups they belong. A child belongs to its parent's groups until it calls
 * exec. What a process has become is read at once, as far as the rules ask for
 * it; and if it is a member that has done something, so is what it has used
 * before, which stays where it was. Belongs to the listener's thread.
 */

struct event_accounting;

/* root is "/proc" but in tests; the tracker stays the caller's. Returns 0 or a
 * negative errno. */
int event_accounting_create(const char *root, struct tracker *tracker,
                            struct event_accounting **events);

/* Takes NULL. */
void event_accounting_destroy(struct event_accounting *events);

/* What it reads with. After that was abandoned, another one takes its place. */
struct procfs *event_accounting_proc(const struct event_accounting *events);
void event_accounting_use_proc(struct event_accounting *events,
                               struct procfs *proc);

/* It is now later than that, CLOCK_BOOTTIME, and no exit record that was sent
 * later has been taken. */
void event_accounting_set_time(struct event_accounting *events,
                               uint64_t now_ns);

/* Takes an event, in the order in which they happened, and before the exit
 * records of who has a part in it. Reads what the process is, which may hang.
 * Returns whether that could not wait. */
bool event_accounting_take(struct event_accounting *events,
                           const struct process_event *event)
    EXCLUDES(tracker_mutex);

#endif
