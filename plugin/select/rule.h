/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_RULE_H
#define TASKSTATS_RULE_H

#include "select/group_name.h"
#include "select/selector.h"
#include "select/top_order.h"

/*
 * A stanza of the configuration: which processes, in which groups, and what is
 * reported of them.
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
  /* No option: what a notice or a log tells, or ends are told by. */
  COLLECT_CGROUP = 1 << 30,
};

/* Which ends of processes are told at once. */
enum notify { NOTIFY_NONE, NOTIFY_OOM, NOTIFY_FAILURE, NOTIFY_ALL };

/* Processes that a rule leaves out. */
struct exclusion {
  struct exclusion *next;
  struct selector *selector;
};

struct rule {
  struct rule *next;
  char *name;                  /* as configured */
  struct group_name *template; /* NULL: there is one group, with that name */
  struct selector *selector;
  struct exclusion *exclusions; /* any of them leaves a process out */
  bool descendants;             /* and all that these processes start */
  uint32_t top;                 /* report so many of its groups; 0: all */
  enum top_order top_order;     /* and those that come first by this */
  uint32_t collect;
  uint32_t collect_own; /* bits that the stanza sets itself */
  enum notify notify;
  bool has_notify; /* the stanza sets it itself */
};

/* A name is cut by collectd beyond this. */
enum { GROUP_NAME_SIZE = 128 };

/* Takes NULL. */
void rule_destroy(struct rule *rule);

/* Adds an exclusion, whose selector selects nothing yet. Returns NULL if memory
 * is short. */
struct exclusion *rule_exclude(struct rule *rule);

/* As selector_refresh, for all of its selectors. */
void rule_refresh(const struct rule *rule,
                  void (*changed)(void *context, pid_t pid), void *context);

/* Whether it needs the user cache, for a selector or for its name; asks that
 * for the users it selects. */
bool rule_looks_up_users(const struct rule *rule);

/* What is to be read of the processes, as collect: what is reported, and what
 * its groups are ordered by. */
uint32_t rule_reads(const struct rule *rule);

/* Whether it depends on a process's pid what it selects, or leaves out, or the
 * group's name. */
bool rule_wants_pid(const struct rule *rule);

/* Whether it depends on the command name what it leaves out; or on the pid; and
 * whether on this one. */
bool rule_excludes_by_name(const struct rule *rule);
bool rule_excludes_by_pid(const struct rule *rule);
bool rule_excludes_pid(const struct rule *rule, pid_t pid);

/* A rule that selects a process, and the name of its group. */
struct match {
  const struct rule *rule;
  /* Whether it leaves the process out, though it may be a descendant. */
  enum selector_match is_excluded;
  const char *name; /* the rule's, or expanded; it fits into a group */
  char expanded[GROUP_NAME_SIZE];
};

/* Whether the rule selects a process, and does not leave it out; then match is
 * set, and is_excluded always. As selector_match, but without any condition it
 * selects all processes but kernel threads. Of a rule that wants descendants,
 * what is undecided may be no more than whether it leaves the process out. */
enum selector_match rule_match(const struct rule *rule, struct attributes *a,
                               struct match *match);

#endif
