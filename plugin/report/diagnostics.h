/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_DIAGNOSTICS_H
#define TASKSTATS_DIAGNOSTICS_H

#include "track/reader.h"

/*
 * What an administrator is told when something cannot be done: its cause and
 * its cure, once, and again when it changes. What comes and goes with each read
 * does not make a line each time.
 */

enum problem {
  PROBLEM_PROC,
  PROBLEM_TASKSTATS,
  PROBLEM_DELAYS_OFF,
  PROBLEM_IO,
  PROBLEM_MEMORY,
  PROBLEM_FILES,
  PROBLEM_SELECT,
  PROBLEM_UNDECIDED,
  PROBLEM_HUNG,
  PROBLEM_CLOCKS,
  PROBLEM_LISTENER,
  PROBLEM_OLD_RECORDS,
  PROBLEM_STRANGE_RECORDS,
  PROBLEM_EVENTS,
  PROBLEM_GROUPS,
  PROBLEM_EXIT_LOG,
  PROBLEMS
};

enum { DIAGNOSTICS_CAUSES = 4 }; /* of one problem that are remembered */

/* What was logged of each problem; zeroed at start. Private. */
struct diagnostics {
  struct logged_problem {
    int status; /* the cause, while the problem lasts: a negative errno; or 0 */
    bool is_over; /* but not long enough yet to say so */
    uint64_t over_since_s;
    struct {
      int status;
      uint64_t time_s; /* when it was logged */
    } causes[DIAGNOSTICS_CAUSES];
    size_t next_cause;
  } problems[PROBLEMS];
};

struct problem_report {
  uint64_t time_s; /* CLOCK_MONOTONIC */
  const struct reader_report *read;
  int listener;          /* why nobody listens: 0 or a negative errno */
  bool has_unattributed; /* exit records that name no process */
  int rejection;         /* why exit records are not understood, likewise */
  int events;            /* why process events do not arrive, likewise */
  bool is_full;          /* there were more than MaxGroups */
  int exit_log;          /* why exits cannot be written, likewise */
};

/* Hands a line to say for each problem that has come, changed or gone. The end
 * of a problem that depends on which processes there are is logged when it has
 * lasted for a minute, and the same cause again after an hour at the earliest;
 * of other problems, the same cause again after a minute. */
void diagnostics_update(struct diagnostics *diagnostics,
                        const struct problem_report *now,
                        void (*say)(bool is_warning, const char *line));

#endif
