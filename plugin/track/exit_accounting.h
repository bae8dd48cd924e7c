/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_ACCOUNTING_H
#define TASKSTATS_EXIT_ACCOUNTING_H

#include "kernel/message.h"
#include "kernel/procfs.h"
#include "track/tracker.h"

/*
 * Books exit records: what a process used and no read had counted, and how it
 * ended. Belongs to the listener's thread.
 */

struct exits;

/* A process that has ended, for those who are to be told. */
struct exit_event {
  struct group *group; /* one of its groups that wants to know */
  const char *comm;    /* filtered by text_clean */
  uint32_t pid, ppid, uid;
  uint32_t exit_code; /* a wait status */
  bool dumped_core;
  uint64_t elapsed_us;  /* how long it lived */
  uint64_t known;       /* which of the counters are known, as 1 << counter */
  const uint64_t *used; /* since it began; COUNTERS of them */
};

/* Called with the ledger's lock. */
typedef void exit_sink(void *context, const struct exit_event *event);

/* root is "/proc" but in tests; the ledger stays the caller's. Returns 0 or a
 * negative errno. */
int exits_create(const char *root, struct ledger *ledger, exit_sink *sink,
                 void *context, struct exits **exits);

/* Takes NULL. */
void exits_destroy(struct exits *exits);

/* Books exit records in the order of their arrival; their threads ended between
 * these two times, CLOCK_BOOTTIME. */
void exits_take(struct exits *exits, const struct message *messages,
                size_t count, uint64_t earliest_ns, uint64_t latest_ns);

#endif
