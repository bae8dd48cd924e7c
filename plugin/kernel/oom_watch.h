/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_OOM_WATCH_H
#define TASKSTATS_OOM_WATCH_H

#include "kernel/oom_log.h"

/*
 * Determines whether the OOM killer has killed a process: from the kernel's log
 * or, if that cannot be read, from the kernel's counters for the machine and
 * for each cgroup. Queried only for processes that ended with SIGKILL; makes no
 * system calls before. Used by one thread at a time.
 */

struct oom_watch;

/* The paths, except in tests: "/dev/kmsg", "/proc/vmstat" and
 * "/proc/self/mounts". */
struct oom_watch_paths {
  const char *log, *vmstat, *mounts;
};

/* Watches for kills from now on. The paths remain owned by the caller and must
 * stay valid. Returns 0 or -ENOMEM. */
int oom_watch_open(const struct oom_watch_paths *paths,
                   struct oom_watch **watch);

/* watch may be NULL. */
void oom_watch_close(struct oom_watch *watch);

/* Why the log cannot be read: 0 or a negative errno. Constant. */
int oom_watch_log_error(const struct oom_watch *watch);

/* Whether kills can be identified, with or without the log. Constant. */
bool oom_watch_can_tell(const struct oom_watch *watch);

/* Must be called when more exit records have arrived: earlier readings may be
 * outdated. */
void oom_watch_refresh(struct oom_watch *watch);

struct oom_question {
  pid_t pid;
  uint64_t begin_ns; /* earliest start of the process, CLOCK_BOOTTIME */
  uint64_t end_ns; /* its end or slightly later, CLOCK_MONOTONIC; 0: unknown */
  bool is_succeeded;  /* another process is known to have had its pid since */
  const char *cgroup; /* path in the memory controller's hierarchy, or NULL if
                         unknown */
};

struct oom_verdict {
  bool is_killed;
  bool is_sure; /* from the log */
  enum oom_limit limit;
  const char *cgroup; /* whose limit was reached, or NULL; valid until the next
                         question */
};

/* Reports each kill once. May wait for 1 ms until the log contains what the
 * kernel has already counted. */
struct oom_verdict oom_watch_ask(struct oom_watch *watch,
                                 const struct oom_question *question);

#endif
