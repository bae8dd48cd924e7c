/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PROCESS_CHANGES_H
#define TASKSTATS_PROCESS_CHANGES_H

#include "kernel/process_events.h"
#include "track/member_sample.h"
#include "track/selection.h"

/*
 * Reads the attributes of a process as soon as an event reports that it has
 * changed, and puts it into its groups. Its use before the change is sampled
 * and stays in the old groups, unless it is negligible. Used by the thread that
 * takes the events.
 */

enum { PROCESS_CHANGES_RECENT = 256 };

/* Zeroed before use; private except for selection. */
struct process_changes {
  struct tracker *tracker;
  struct selection selection;
  struct sample_sources sources;
  uint64_t now_ns; /* lower bound of the time; CLOCK_BOOTTIME */

  /* When the attributes of a process were last read, by pid: CLOCK_BOOTTIME. */
  struct {
    pid_t pid;
    uint64_t time_ns;
  } recent[PROCESS_CHANGES_RECENT];

  /* The number of changes of names and users that may be handled now. */
  uint32_t looks;
  uint64_t looks_ns; /* when looks was last filled up; CLOCK_BOOTTIME */
};

/* root is "/proc" except in tests; the tracker remains owned by the caller.
 * Returns 0 or a negative errno; even then it must be cleared. */
int process_changes_init(struct process_changes *changes, const char *root,
                         struct tracker *tracker);

/* changes may be zeroed, or may have failed to initialise. */
void process_changes_clear(struct process_changes *changes);

/* Sets the procfs that it reads. */
void process_changes_use_proc(struct process_changes *changes,
                              struct procfs *proc);

/* As event_accounting_set_time. */
void process_changes_set_time(struct process_changes *changes, uint64_t now_ns);

/* Handles the event of a change. Returns whether it was handled at once: not if
 * the attributes have been read since, or if there are so many changes of names
 * and users that they have to wait for the next read. */
bool process_changes_take(struct process_changes *changes,
                          const struct process_event *event)
    EXCLUDES(tracker_mutex);

/* Determines the attributes of the process that had the pid at time_ns,
 * CLOCK_BOOTTIME, when it changed, and puts it into its groups. If it has
 * ended, or does not answer, its groups are not resolved. Returns false if it
 * is missing in the table. May hang. */
bool process_changes_resolve(struct process_changes *changes, pid_t pid,
                             uint64_t time_ns, bool has_called_exec)
    EXCLUDES(tracker_mutex);

/* The same for a process that may be missing in the table, to which it is then
 * added. */
void process_changes_resolve_any(struct process_changes *changes, pid_t pid,
                                 uint64_t time_ns, bool has_called_exec)
    EXCLUDES(tracker_mutex);

#endif
