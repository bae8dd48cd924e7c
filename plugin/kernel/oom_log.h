/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_OOM_LOG_H
#define TASKSTATS_OOM_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What the OOM killer writes to the kernel's log (mm/oom_kill.c,
 * mm/memcontrol.c in the kernel), as /dev/kmsg shows it
 * (Documentation/ABI/testing/dev-kmsg):
 *
 *   6,1293,39340407036,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),
 *     cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,task=x,pid=7,uid=0
 *   3,1294,39340407071,-;Memory cgroup out of memory: Killed process 7 (x) …
 *
 * The second line is there for each process that is killed, the first for ten
 * in five seconds only. Names are in both, and processes and cgroups choose
 * theirs.
 */

enum oom_limit {
  OOM_LIMIT_UNKNOWN,
  OOM_LIMIT_MACHINE, /* its memory, or what a cpuset or policy leaves of it */
  OOM_LIMIT_CGROUP,
};

enum { OOM_LOG_PATH_SIZE = 512 };

struct oom_kill {
  pid_t pid;
  uint64_t time_us; /* of the log's clock */
  enum oom_limit limit;
  /* Whose limit it was, a path of the memory controller's hierarchy; "" if that
   * is not known, or too long. */
  char cgroup[OOM_LOG_PATH_SIZE];
  bool is_of_group; /* it was named for the first victim of memory.oom.group */
};

/* What earlier lines have told. Zeroed at first. Private. */
struct oom_log {
  char line[2048]; /* that later records may continue; "" for none */
  pid_t pid;       /* whom that line has named */
  bool kills_all;  /* of a cgroup, and not that process alone */
  enum oom_limit limit;
  char cgroup[OOM_LOG_PATH_SIZE];
};

/* Takes one record of /dev/kmsg, with a NUL behind it. Returns whether it tells
 * that a process is killed; then kill says which. */
bool oom_log_take(struct oom_log *log, const char *record,
                  struct oom_kill *kill);

#endif
