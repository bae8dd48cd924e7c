/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CHANGED_PROCESS_H
#define TASKSTATS_CHANGED_PROCESS_H

#include "track/member_sample.h"
#include "track/selection.h"

/*
 * A process that may have changed, according to an event: a copy of what is
 * known of it, for use without the lock, its attributes, and a sample of its
 * use so far. Used by the thread that takes the events.
 */

/* A sample, and what it refers to. */
struct changed_process_sample {
  struct query_answer answer;
  struct member_sample sample;
};

/* The caller sets the first three members, and zeroes the others. */
struct changed_process {
  pid_t pid;
  uint64_t time_ns;                     /* time of the change, CLOCK_BOOTTIME */
  struct changed_process_sample *taken; /* its contents are set if has_sample */

  bool has_sample;
  struct procfs_stat stat; /* zeroed if it could not be read */
  uint64_t clock_ns;       /* its CPU clock, minus the time since the change */
  uint64_t read_clock_ns;  /* as read */

  /* Copies of the process and its member, to be sampled. */
  bool is_member;
  bool is_counted;       /* some of its use was counted */
  bool counts_from_zero; /* its fork event was received, or it is new */
  struct process process;
  struct member member;
  uint32_t ended; /* threads: member_sample_ended_threads */
};

/* Copies what is needed of the process. Returns false if nothing has to be
 * resolved, because it has ended. */
bool changed_process_begin(struct changed_process *changed,
                           const struct tracker *tracker,
                           const struct process *process)
    REQUIRES(tracker_mutex);

/* Reads its attributes, matches it, and samples it if necessary. Returns false
 * if it has ended, or is ending: then only its exit record shows what it was.
 * May hang. */
bool changed_process_look(struct changed_process *changed,
                          struct selection *selection,
                          struct sample_sources *sources)
    EXCLUDES(tracker_mutex);

/* Whether it had used so little that everything is attributed to what it has
 * become, if nothing was counted yet: it was forked for that. Before it calls
 * exec, it may have had to enter a cgroup, or to change its user. After a look.
 */
bool changed_process_is_unused(const struct changed_process *changed);

#endif
