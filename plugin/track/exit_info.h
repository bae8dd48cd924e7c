/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_INFO_H
#define TASKSTATS_EXIT_INFO_H

#include "kernel/message.h"
#include "kernel/oom_watch.h"
#include "kernel/procfs.h"
#include "select/attributes.h"
#include "select/rule.h"
#include "track/exited_threads.h"

#include <limits.h>

/*
 * A process of which a thread has ended: the contents of its exit record, and
 * what can still be read.
 */

struct exit_info {
  pid_t tgid;
  bool is_last;                /* no thread is left */
  const struct record *thread; /* the record of the last thread that ended */
  /* all threads together; NULL if it had only one */
  const struct record *whole;
  uint64_t earliest_ns, latest_ns; /* it started between these times */
  uint64_t
      prompt_ns; /* lower bound of its start if the record was sent at once */
  uint64_t elapsed_us; /* its lifetime */
  /* elapsed_us is only a lower bound: before version 12, if it is unknown when
   * the thread started. */
  bool is_age_least;
  char comm[RECORD_COMM_SIZE];
  bool is_forked; /* it never called exec */
  /* Its command line was known before, and is unchanged. */
  bool is_same_program;
  pid_t parent; /* the process that forked it, from an event; 0: unknown */

  uint32_t exit_code; /* a wait status */
  bool dumped_core;
  struct oom_verdict oom;
  /* Its cgroups when it ended, owned by the caller; or NULL. */
  const struct procfs_cgroups *cgroups;
  bool has_clock; /* its CPU clock was still readable */
  uint64_t clock_ns;
};

/* The maximum lifetime of the process in us; 0: unknown. */
static inline uint64_t exit_info_age_us(const struct exit_info *info) {
  /* Before version 12, it follows from the times of events, and from a start
   * time in ticks. */
  enum { SLACK_US = 20000 };
  bool is_exact = info->thread->version >= RECORD_VERSION_LAST_THREAD;
  if (info->is_age_least)
    return 0;
  return info->elapsed_us + (is_exact ? 0 : SLACK_US);
}

/* When threads have ended: between two times since boot. The machine has been
 * suspended for suspended_ns since then. */
struct exit_info_when {
  uint64_t earliest_ns, latest_ns;
  uint64_t suspended_ns;
};

/*
 * Identifies the process of the thread that has ended. message must stay valid.
 * Before version 12, a record that was not completed (old_record.h) and has no
 * process's part is that of a whole process only if its pid is known to be a
 * process's: returns false.
 */
bool exit_info_identify(struct exit_info *info, const struct message *message,
                        const struct exit_info_when *when);

/* Whether the record of the main thread has arrived, which contains the
 * process's name. ended are the earlier records, or NULL. */
bool exit_info_knows_name(const struct exit_info *info,
                          const struct exited_threads *exited);

/* Sets what only the main thread's record tells, as far as that is known: its
 * name, and whether it never called exec. */
void exit_info_set_main(struct exit_info *info,
                        const struct exited_threads *exited);

/* Whether the parent in its record is known to have adopted it: process 1 does
 * so, and subreapers do. */
bool exit_info_is_adopted(const struct exit_info *info);

/* Reads the CPU clock of a process that its parent has not reaped yet. The
 * clock of a process that still runs its teardown lags by up to a tick
 * (thread_group_cputime in the kernel), and is no better than an estimate.
 * tick_ns is the unit of start times. */
void exit_info_read_clock(struct exit_info *info, struct procfs *proc,
                          uint64_t tick_ns);

/* The attributes that decide about its groups: what its record lacks is read
 * when a rule first asks for it. */
struct exit_info_look {
  const struct exit_info *info;
  struct procfs *proc;
  struct attributes attributes; /* its work must be set by the caller */
  char cgroup[PATH_MAX];
};

/* Starts a look; the arguments remain owned by the caller, and must stay valid.
 */
void exit_info_look_init(struct exit_info_look *look,
                         const struct exit_info *info, struct procfs *proc);

/* As rule_match. */
enum selector_match exit_info_match(struct exit_info_look *look,
                                    const struct rule *rule,
                                    struct match *match);

void exit_info_look_clear(struct exit_info_look *look);

#endif
