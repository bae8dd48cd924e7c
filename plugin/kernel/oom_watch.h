/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_OOM_WATCH_H
#define TASKSTATS_OOM_WATCH_H

#include "kernel/oom_log.h"

/*
 * Tells whether the OOM killer has ended a process, by the kernel's log; where
 * that cannot be read, by what the kernel counts for the machine and for each
 * cgroup. It is asked only about processes that ended with SIGKILL, and looks
 * at nothing before. One thread at a time.
 */

struct oom_watch;

/* Where the kernel shows these; but in tests "/dev/kmsg", "/proc/vmstat" and
 * "/proc/self/mounts". */
struct oom_watch_paths {
  const char *log, *vmstat, *mounts;
};

/* Kills from now on are told. The paths stay the caller's, who keeps them.
 * Returns 0 or -ENOMEM. */
int oom_watch_open(const struct oom_watch_paths *paths,
                   struct oom_watch **watch);

/* Takes NULL. */
void oom_watch_close(struct oom_watch *watch);

/* Why the log cannot be read: 0 or a negative errno. Never changes. */
int oom_watch_log_error(const struct oom_watch *watch);

/* Whether it can tell anything, without the log too. Never changes. */
bool oom_watch_can_tell(const struct oom_watch *watch);

/* What was asked before may be out of date: other exit records have arrived. */
void oom_watch_refresh(struct oom_watch *watch);

struct oom_question {
  pid_t pid;
  uint64_t begin_ns;  /* it did not begin before that, CLOCK_BOOTTIME */
  const char *cgroup; /* of the memory controller, or NULL if not known */
};

struct oom_verdict {
  bool is_killed;
  bool is_sure; /* the log says so */
  enum oom_limit limit;
  const char *cgroup; /* whose limit, or NULL; valid until the next question */
};

/* Each kill is told once. May wait for a ms, for the log to have what the
 * kernel has counted already. */
struct oom_verdict oom_watch_ask(struct oom_watch *watch,
                                 const struct oom_question *question);

#endif
