/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_OOM_LOG_H
#define TASKSTATS_OOM_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Parses what the OOM killer writes to the kernel's log (mm/oom_kill.c,
 * mm/memcontrol.c in the kernel), in the format of /dev/kmsg
 * (Documentation/ABI/testing/dev-kmsg):
 *
 *     6,1293,39340407036,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),
 *     cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,task=x,pid=7,uid=0
 *     3,1294,39340407071,-;Memory cgroup out of memory: Killed process 7 (x) …
 *
 * The second record is written for each process that is killed, the first for
 * at most ten in five seconds. Both contain names, which processes and cgroups
 * choose.
 */

enum oom_limit {
  OOM_LIMIT_UNKNOWN,
  OOM_LIMIT_MACHINE, /* its memory, or what a cpuset or policy leaves of it */
  OOM_LIMIT_CGROUP,
};

enum { OOM_LOG_PATH_SIZE = 512 };

struct oom_kill {
  pid_t pid;
  uint64_t time_us; /* in the log's clock */
  enum oom_limit limit;
  /* The cgroup whose limit was reached, a path in the memory controller's
   * hierarchy; "" if it is unknown or too long. */
  char cgroup[OOM_LOG_PATH_SIZE];
  bool is_of_group; /* cgroup is from the first victim of memory.oom.group */
};

/* The state between lines. Zeroed before use. Private. */
struct oom_log {
  char line[2048]; /* a line that later records may continue; "": none */
  pid_t pid;       /* the process in that line */
  bool kills_all;  /* all processes of a cgroup are killed */
  enum oom_limit limit;
  char cgroup[OOM_LOG_PATH_SIZE];
};

/* Takes one NUL-terminated record of /dev/kmsg. Returns whether it reports a
 * kill; kill is then set. */
bool oom_log_take(struct oom_log *log, const char *record,
                  struct oom_kill *kill);

#endif
