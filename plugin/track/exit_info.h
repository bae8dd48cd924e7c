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
 * A process whose thread has ended: what its exit record tells of it, and what
 * can still be read.
 */

struct exit_info {
  pid_t tgid;
  bool is_last;                /* no thread is left */
  const struct record *thread; /* the last that ended */
  const struct record *whole; /* all threads together; NULL if it had but one */
  uint64_t earliest_ns, latest_ns; /* between these times it began */
  uint64_t prompt_ns;  /* no earlier than that if its record was sent at once */
  uint64_t elapsed_us; /* how long it lived */
  char comm[RECORD_COMM_SIZE];
  bool is_forked; /* it never called exec */
  /* Its command line was known before, and is the same. */
  bool is_same_program;
  pid_t parent; /* who forked it, if that was heard of; else 0 */

  uint32_t exit_code; /* a wait status */
  bool dumped_core;
  struct oom_verdict oom;
  /* Where it was when it ended, of the caller's; or NULL. */
  const struct procfs_cgroups *cgroups;
  bool has_clock; /* its CPU clock could still be read */
  uint64_t clock_ns;
};

/* When threads have ended: between two times after boot. The machine has been
 * suspended for suspended_ns since then. */
struct exit_info_when {
  uint64_t earliest_ns, latest_ns;
  uint64_t suspended_ns;
};

/*
 * Fills in whose thread has ended. The message must outlive it. Before version
 * 12, a record that was not completed (old_record.h) and has no process's part
 * is that of a whole process only if its pid is known as one's: returns false.
 */
bool exit_info_identify(struct exit_info *info, const struct message *message,
                        const struct exit_info_when *when);

/* Whether the record of the main thread is there: it has the process's name.
 * ended is what came before, or NULL. */
bool exit_info_knows_name(const struct exit_info *info,
                          const struct exited_threads *exited);

/* Sets its name, as far as it is known. */
void exit_info_set_comm(struct exit_info *info,
                        const struct exited_threads *exited);

/* Whether the parent that its record names has adopted it, as far as is known:
 * process 1 does, and so does a subreaper. */
bool exit_info_is_adopted(const struct exit_info *info);

/* Reads the CPU clock of a process that its parent has not reaped yet. That of
 * one that still runs, to tear itself down, lags by up to a tick
 * (thread_group_cputime in the kernel), and is no better than an estimate.
 * tick_ns is that of start times. */
void exit_info_read_clock(struct exit_info *info, struct procfs *proc,
                          uint64_t tick_ns);

/* What its groups are decided by: what its record does not tell is read when a
 * rule first asks for it. */
struct exit_info_look {
  const struct exit_info *info;
  struct procfs *proc;
  struct attributes attributes; /* whose work must be set */
  char cgroup[PATH_MAX];
};

/* Begins a look; all stay the caller's, and must outlive it. */
void exit_info_look_init(struct exit_info_look *look,
                         const struct exit_info *info, struct procfs *proc);

/* As rule_match. */
enum selector_match exit_info_match(struct exit_info_look *look,
                                    const struct rule *rule,
                                    struct match *match);

void exit_info_look_clear(struct exit_info_look *look);

#endif
