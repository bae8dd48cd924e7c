/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CONDITION_H
#define TASKSTATS_CONDITION_H

#include "select/matching.h"
#include "select/pid_set.h"
#include "select/selector_kind.h"

/*
 * One value of a selector: its parsed form, and whether it matches a process.
 */

struct condition {
  struct condition *next;
  char *text;
  struct pattern *pattern;    /* CommandLine, ControlGroup */
  unsigned int first_capture; /* the number of its first capture, from 0 */
  uid_t uid;                  /* User, if it is a number */
  bool is_number;

  struct path_watch *path; /* Executable, PIDFile */
  struct pid_set pids;     /* PIDFile: the processes at the last refresh */
};

/* Parses a value. Returns 0 and a condition that the caller destroys; or a
 * negative errno, with error saying what is wrong and what would be correct. */
int condition_create(enum selector_kind kind, const char *text,
                     struct condition **condition, char *error, size_t size);

/* condition may be NULL. */
void condition_destroy(struct condition *condition);

/* Whether the condition matches; see selector_match. */
enum selector_match condition_match(enum selector_kind kind,
                                    const struct condition *condition,
                                    struct matching *matching,
                                    struct captures *captures);

#endif
