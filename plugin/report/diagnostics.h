/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_DIAGNOSTICS_H
#define TASKSTATS_DIAGNOSTICS_H

#include "track/reader.h"

/*
 * What an administrator is told when something cannot be done: its cause and
 * its cure, once, and again when it changes.
 */

enum problem {
  PROBLEM_PROC,
  PROBLEM_TASKSTATS,
  PROBLEM_DELAYS_OFF,
  PROBLEM_IO,
  PROBLEM_SELECT,
  PROBLEM_UNDECIDED,
  PROBLEM_CLOCKS,
  PROBLEM_LISTENER,
  PROBLEM_OLD_RECORDS,
  PROBLEM_STRANGE_RECORDS,
  PROBLEM_FORKS,
  PROBLEM_GROUPS,
  PROBLEMS
};

/* What was last said of each; zeroed at start. */
struct diagnostics {
  int said[PROBLEMS];
};

struct problem_report {
  const struct reader_report *read;
  int listener;          /* why nobody listens: 0 or a negative errno */
  bool has_unattributed; /* exit records that name no process */
  int rejection;         /* why exit records are not understood, likewise */
  int forks;             /* why forks are not heard of, likewise */
  bool is_full;          /* there were more than MaxGroups */
};

/* Hands a line to say for each problem that has come, changed or gone since the
 * last report. */
void diagnostics_update(struct diagnostics *diagnostics,
                        const struct problem_report *now,
                        void (*say)(bool is_warning, const char *line));

#endif
