/* SPDX-License-Identifier: MIT */
#ifndef EXPLAIN_VERDICT_H
#define EXPLAIN_VERDICT_H

#include "select/rule.h"
#include "subject.h"

/*
 * Whether a stanza selects a process, its group, or why not.
 */

struct verdict {
  enum selector_match result;
  char group[GROUP_NAME_SIZE]; /* if result is YES */
  struct { /* the ancestor from which it inherits the group; if result is YES */
    pid_t pid; /* 0: none */
    char comm[PROCFS_COMM_SIZE];
  } ancestor;
  char why[1024]; /* if result is not YES; "" if no selector explains it */
};

/* Waits up to two seconds for lookups of users. */
void verdict_find(const struct rule *rule, struct subject *subject,
                  struct verdict *verdict);

#endif
