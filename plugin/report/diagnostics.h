/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_DIAGNOSTICS_H
#define TASKSTATS_DIAGNOSTICS_H

#include "track/reader.h"

/*
 * Log lines about what the plugin cannot do: each problem is logged once with
 * its cause and remedy, and again when the cause changes. Problems that come
 * and go with each read are not logged each time.
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

enum { DIAGNOSTICS_CAUSES = 4 }; /* causes remembered per problem */

/* What was logged about each problem. Zeroed at start. Private. */
struct diagnostics {
  struct logged_problem {
    int status; /* the cause while the problem lasts, a negative errno; or 0 */
    bool is_over; /* but not for long enough to be logged */
    uint64_t over_since_s;
    struct {
      int status;
      uint64_t time_s; /* the time of the log line */
    } causes[DIAGNOSTICS_CAUSES];
    size_t next_cause;
  } problems[PROBLEMS];
};

struct problem_report {
  uint64_t time_s; /* CLOCK_MONOTONIC */
  const struct reader_report *read;
  int listener; /* why exit records are not received: 0 or a negative errno */
  bool has_unattributed; /* some exit records belong to no known process */
  int rejection;         /* why exit records cannot be decoded, likewise */
  int events;            /* why process events are not received, likewise */
  bool is_full;          /* MaxGroups was exceeded */
  int exit_log;          /* why exits cannot be written, likewise */
};

/* Passes a line to say for each problem that began, changed its cause, or
 * ended. The end of a problem that depends on which processes exist is logged
 * after a minute without it, and the same cause again after an hour at the
 * earliest; for other problems, the same cause is logged again after a minute.
 */
void diagnostics_update(struct diagnostics *diagnostics,
                        const struct problem_report *now,
                        void (*say)(bool is_warning, const char *line));

#endif
