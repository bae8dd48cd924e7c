/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EVENT_ACCOUNTING_H
#define TASKSTATS_EVENT_ACCOUNTING_H

#include "kernel/process_events.h"
#include "track/tracker.h"

/*
 * Accounts for process events: which processes exist, and their groups. A child
 * belongs to its parent's groups until it calls exec. The attributes that the
 * rules need are read at once; if the process is a member that has used
 * anything, its use so far is sampled, too, and stays in its previous groups.
 * Used by the listener's thread.
 */

struct event_accounting;

/* root is "/proc" except in tests; the tracker remains owned by the caller.
 * Returns 0 or a negative errno. */
int event_accounting_create(const char *root, struct tracker *tracker,
                            struct event_accounting **events);

/* events may be NULL. */
void event_accounting_destroy(struct event_accounting *events);

/* The procfs that it reads. After that was abandoned, another one replaces it.
 */
struct procfs *event_accounting_proc(const struct event_accounting *events);
void event_accounting_use_proc(struct event_accounting *events,
                               struct procfs *proc);

/* Sets the current time, a lower bound, CLOCK_BOOTTIME; no exit record that was
 * sent later must have been taken. */
void event_accounting_set_time(struct event_accounting *events,
                               uint64_t now_ns);

/* Takes an event. Events must be taken in their order, and before the exit
 * records of the processes involved. Reads the attributes of the process, which
 * may hang. Returns whether the event was urgent. */
bool event_accounting_take(struct event_accounting *events,
                           const struct process_event *event)
    EXCLUDES(tracker_mutex);

#endif
