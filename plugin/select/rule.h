/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_RULE_H
#define TASKSTATS_RULE_H

#include "select/group_name.h"
#include "select/selector.h"
#include "select/top_order.h"

/*
 * A stanza of the configuration: which processes it selects, their groups, and
 * what is reported of them.
 */

/* What is reported of a group; the bits of collect. */
enum collect {
  COLLECT_DELAY = 1 << 0,
  COLLECT_CPU = 1 << 1,
  COLLECT_IO = 1 << 2,
  COLLECT_COUNT = 1 << 3,
  COLLECT_CONTEXT_SWITCH = 1 << 4,
  COLLECT_PAGE_FAULTS = 1 << 5,
  COLLECT_MEMORY = 1 << 6,
  COLLECT_DELAY_LATENCY = 1 << 7,
  COLLECT_EXITS = 1 << 8,
  COLLECT_DELAY_TOTAL = 1 << 9,
  COLLECT_FILES = 1 << 10,
  COLLECT_UPTIME = 1 << 11,
  /* Not an option: needed for notifications, the exit log, or to identify OOM
   * kills. */
  COLLECT_CGROUP = 1 << 30,
};

/* Which exits cause a notification. */
enum notify { NOTIFY_NONE, NOTIFY_OOM, NOTIFY_FAILURE, NOTIFY_ALL };

/* Processes that a rule excludes. */
struct exclusion {
  struct exclusion *next;
  struct selector *selector;
};

struct rule {
  struct rule *next;
  char *name;                  /* as configured */
  struct group_name *template; /* NULL: one group with the configured name */
  struct selector *selector;
  /* a process is excluded if any of them matches */
  struct exclusion *exclusions;
  bool descendants; /* also select everything that these processes start */
  uint32_t top;     /* report only this number of its groups; 0: all */
  enum top_order top_order; /* the order by which they are chosen */
  uint32_t collect;
  uint32_t collect_own; /* bits that the stanza sets itself */
  enum notify notify;
  bool has_notify; /* the stanza sets it itself */
};

/* collectd truncates longer names. */
enum { GROUP_NAME_SIZE = 128 };

/* rule may be NULL. */
void rule_destroy(struct rule *rule);

/* Adds an exclusion with an empty selector. Returns NULL if out of memory. */
struct exclusion *rule_exclude(struct rule *rule);

/* As selector_refresh, for all its selectors. */
void rule_refresh(const struct rule *rule,
                  void (*changed)(void *context, pid_t pid), void *context);

/* Whether it needs the user cache, for a selector or for its name. Requests
 * lookups of the users that it selects. */
bool rule_looks_up_users(const struct rule *rule);

/* What must be read of the processes, as bits of collect: what is reported, and
 * what its groups are ordered by. */
uint32_t rule_reads(const struct rule *rule);

/* Whether the processes that it selects or excludes, or the group's name,
 * depend on the pid. */
bool rule_wants_pid(const struct rule *rule);

/* Whether its exclusions depend on the command name; on the pid; and on this
 * pid. */
bool rule_excludes_by_name(const struct rule *rule);
bool rule_excludes_by_pid(const struct rule *rule);
bool rule_excludes_pid(const struct rule *rule, pid_t pid);

/* A rule that selects a process, and the name of its group. */
struct match {
  const struct rule *rule;
  /* Whether it excludes the process, even as a descendant. */
  enum selector_match is_excluded;
  const char *name; /* the rule's name, or expanded; it fits into a group */
  char expanded[GROUP_NAME_SIZE];
};

/* Whether the rule selects a process and does not exclude it; if so, match is
 * set. match->is_excluded is always set. As selector_match, except that a rule
 * without conditions selects all processes but kernel threads. For a rule with
 * Descendants, UNKNOWN may only mean that it is unknown whether the process is
 * excluded. */
enum selector_match rule_match(const struct rule *rule, struct attributes *a,
                               struct match *match);

#endif
