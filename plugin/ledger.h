/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_LEDGER_H
#define TASKSTATS_LEDGER_H

#include "group.h"
#include "proctable.h"

#include <pthread.h>

/*
 * What the reader and the listener keep together: who is known, what of each
 * process is counted, and the sums of the groups.
 *
 * Processes that a read has met are entered, changed and removed by the
 * reader's thread alone, which may therefore look at them without the lock, but
 * for what the listener writes (has_exited, ended, account, the groups' sums).
 * Those that no read has met yet are the listener's.
 */
struct ledger {
  pthread_mutex_t lock; /* never held over a call that can block */

  struct proctable *table;
  struct group *groups;
  size_t group_count;

  bool has_read;     /* a read was complete */
  uint64_t since_ns; /* when the last complete one began, or else the plugin;
                      * CLOCK_BOOTTIME */
  uint32_t read;     /* number of the last read that has begun */
  bool listens;      /* exit records arrive */
  uint32_t drained_read; /* those until the end of this read have arrived */

  uint64_t undecided; /* exits that a CommandLine selector could not decide */
  uint64_t unattributed; /* records that name no process (before version 12) */
};

/* The rules stay the caller's and are needed until ledger_destroy.
 * Returns NULL if memory is short. */
struct ledger *ledger_create(const struct rule *rules, uint64_t boot_ns);

/* Takes NULL. */
void ledger_destroy(struct ledger *ledger);

/* Whether a process that no read has met counts from its first moment: the last
 * complete read came too early to see it, or else the plugin did. latest_ns is
 * when it began at the latest. */
bool ledger_counts_from_zero(const struct ledger *ledger, uint64_t latest_ns);

/* Whether a process had not used anything to speak of when the last read looked
 * at it: one that has just been forked, and calls exec or takes a name a moment
 * later. Whatever selects it then, counts it from zero. */
bool ledger_knows_as_unused(const struct ledger *ledger,
                            const struct process *process);

/* How long a process is young, and so looked at in each read. */
enum { LEDGER_YOUTH_S = 10 };

void ledger_lock(struct ledger *ledger);
void ledger_unlock(struct ledger *ledger);

#endif
