/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_INFO_H
#define TASKSTATS_EXIT_INFO_H

#include "kernel/message.h"
#include "select/attributes.h"
#include "select/rule.h"
#include "track/exited_threads.h"

#include <limits.h>

/*
 * A process whose thread has ended: what its exit record tells of it, and what
 * can still be read.
 */

struct departed {
  pid_t tgid;
  bool is_last;                /* no thread is left */
  const struct record *thread; /* the last that ended */
  const struct record *whole; /* all threads together; NULL if it had but one */
  uint64_t earliest_ns, latest_ns; /* between these times it began */
  uint64_t elapsed_us;             /* how long it lived */
  char comm[RECORD_COMM_SIZE];

  uint32_t exit_code; /* a wait status */
  bool dumped_core;
  bool has_clock; /* its CPU clock could still be read */
  uint64_t clock_ns;
};

/* When threads have ended: between two times after boot. The machine has been
 * suspended for suspended_ns since then. */
struct departed_when {
  uint64_t earliest_ns, latest_ns;
  uint64_t suspended_ns;
};

/*
 * Fills in whose thread has ended. The message must outlive it. Before version
 * 12 a record without a process's part is that of a whole process only if its
 * pid is known as one's: returns false.
 */
bool departed_identify(struct departed *departed, const struct message *message,
                       const struct departed_when *when);

/* Whether the record of the main thread is there: it has the process's name.
 * ended is what came before, or NULL. */
bool departed_knows_name(const struct departed *departed,
                         const struct ended *ended);

/* Sets its name, as far as it is known. */
void departed_set_comm(struct departed *departed, const struct ended *ended);

/* Reads the CPU clock of a process that its parent has not reaped yet. That of
 * one that still runs, to tear itself down, lags by up to a tick
 * (thread_group_cputime in the kernel), and is no better than an estimate.
 * tick_ns is that of start times. */
void departed_read_clock(struct departed *departed, struct proc *proc,
                         uint64_t tick_ns);

/* What its groups are decided by: what its record does not tell is read when a
 * rule first asks for it. */
struct departed_look {
  const struct departed *departed;
  struct proc *proc;
  struct attributes attributes;
  bool has_cgroup, has_cmdline; /* tried, at least */
  char cgroup[PATH_MAX];
};

/* Begins a look; both stay the caller's, and must outlive it. */
void departed_look_init(struct departed_look *look,
                        const struct departed *departed, struct proc *proc);

/* As rule_match. */
enum selector_match departed_match(struct departed_look *look,
                                   const struct rule *rule,
                                   struct match *match);

void departed_look_clear(struct departed_look *look);

#endif
