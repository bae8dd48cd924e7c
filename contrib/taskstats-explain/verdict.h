/* SPDX-License-Identifier: MIT */
#ifndef EXPLAIN_VERDICT_H
#define EXPLAIN_VERDICT_H

#include "select/rule.h"
#include "subject.h"

/*
 * Whether a stanza has a process in a group, and why not.
 */

struct verdict {
  enum selector_match result;
  char group[GROUP_NAME_SIZE]; /* if it is YES */
  struct {                     /* from which it inherits the group, then */
    pid_t pid;                 /* 0: none */
    char comm[PROCFS_COMM_SIZE];
  } ancestor;
  char why[1024]; /* if it is not YES; "" for no selector that says so */
};

/* Waits up to two seconds for what is not known yet of users. */
void verdict_find(const struct rule *rule, struct subject *subject,
                  struct verdict *verdict);

#endif
