/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CONDITION_H
#define TASKSTATS_CONDITION_H

#include "select/matching.h"
#include "select/pid_set.h"
#include "select/selector_kind.h"

/*
 * One value of a selector: what it is parsed to, and whether it holds for a
 * process.
 */

struct condition {
  struct condition *next;
  char *text;
  struct pattern *pattern;    /* CommandLine, ControlGroup */
  unsigned int first_capture; /* the number of its first part, from 0 */
  uid_t uid;                  /* User, if that is a number */
  bool is_number;

  struct path_watch *path; /* Executable, PIDFile */
  struct pid_set pids;     /* PIDFile: whom it named at the last refresh */
};

/* Parses a value. Returns 0, and a condition that the caller destroys; or a
 * negative errno and, in error, what is wrong with the value and what would be
 * right. */
int condition_create(enum selector_kind kind, const char *text,
                     struct condition **condition, char *error, size_t size);

/* Takes NULL. */
void condition_destroy(struct condition *condition);

/* Whether it holds; see selector_match. */
enum selector_match condition_match(enum selector_kind kind,
                                    const struct condition *condition,
                                    struct matching *matching,
                                    struct captures *captures);

#endif
