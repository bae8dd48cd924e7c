/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_READER_H
#define TASKSTATS_READER_H

#include "ledger.h"

/*
 * A read: finds all processes, selects them, looks at the members that ran, and
 * adds what they used to their groups. Belongs to one thread.
 */

struct reader;

/* What a read found. Status values are 0 or a negative errno. */
struct reader_report {
  int proc;        /* processes cannot be listed: the groups stand still */
  int taskstats;   /* no records: neither delays nor context switches */
  int io;          /* some member's I/O cannot be read */
  int select;      /* some process's executable or the like cannot be read */
  bool delays_off; /* kernel.task_delayacct is 0 */
  uint32_t delays; /* the kinds of delay that are counted, as 1 << kind */
  size_t members;
};

/* root is "/proc" but in tests; the ledger stays the caller's. Returns 0 or a
 * negative errno. */
int reader_create(const char *root, struct ledger *ledger,
                  struct reader **reader);

/* Takes NULL. Before the ledger's end. */
void reader_destroy(struct reader *reader);

/* Reads once. boot_ns is the time, CLOCK_BOOTTIME. */
void reader_read(struct reader *reader, uint64_t boot_ns,
                 struct reader_report *report);

/* Sets kernel.task_delayacct to 1. Returns 1 if it was not, 0 if nothing was to
 * be done, or a negative errno. */
int reader_enable_delay_accounting(struct reader *reader);

#endif
