/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PROCESS_CHANGES_H
#define TASKSTATS_PROCESS_CHANGES_H

#include "kernel/process_events.h"
#include "track/member_sample.h"
#include "track/selection.h"

/*
 * Finds out what a process has become, as soon as an event tells that it has
 * changed, and puts it into its groups. What it has used before is sampled and
 * stays where it was, unless that is next to nothing. Belongs to the thread
 * that takes the events.
 */

enum { PROCESS_CHANGES_RECENT = 256 };

/* Zeroed at first; private but for the selection. */
struct process_changes {
  struct tracker *tracker;
  struct selection selection;
  struct sample_sources sources;
  uint64_t now_ns; /* at least; CLOCK_BOOTTIME */

  /* When what a process is was last read, by pid: CLOCK_BOOTTIME. */
  struct {
    pid_t pid;
    uint64_t time_ns;
  } recent[PROCESS_CHANGES_RECENT];

  /* How many changes of names and users may be looked at now. */
  uint32_t looks;
  uint64_t looks_ns; /* when they were filled up last; CLOCK_BOOTTIME */
};

/* root is "/proc" but in tests; the tracker stays the caller's. Returns 0 or a
 * negative errno; then it has to be cleared, too. */
int process_changes_init(struct process_changes *changes, const char *root,
                         struct tracker *tracker);

/* Takes what is zeroed, or failed to be made. */
void process_changes_clear(struct process_changes *changes);

/* What it reads with. */
void process_changes_use_proc(struct process_changes *changes,
                              struct procfs *proc);

/* As event_accounting_set_time. */
void process_changes_set_time(struct process_changes *changes, uint64_t now_ns);

/* Takes an event that a process has changed. Returns whether that was looked at
 * at once: it is not if what the process is was read since, or if there are so
 * many changes of names and users that they have to wait for the next read. */
bool process_changes_take(struct process_changes *changes,
                          const struct process_event *event)
    EXCLUDES(tracker_mutex);

/* Reads a process's stat, unless it does not answer. */
bool process_changes_read_stat(struct process_changes *changes, pid_t pid,
                               struct procfs_stat *stat);

/* Finds out what a process is that had the pid at a time, CLOCK_BOOTTIME, when
 * it changed, and puts it into its groups. If it is gone, or does not answer,
 * its groups are not resolved. Its calls may hang. */
void process_changes_resolve(struct process_changes *changes, pid_t pid,
                             uint64_t time_ns, bool has_called_exec)
    EXCLUDES(tracker_mutex);

/* The same of one that the table may not have, which is then entered. */
void process_changes_resolve_any(struct process_changes *changes, pid_t pid,
                                 uint64_t time_ns, bool has_called_exec)
    EXCLUDES(tracker_mutex);

#endif
