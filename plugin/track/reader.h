/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_READER_H
#define TASKSTATS_READER_H

#include "track/tracker.h"

/*
 * A read: finds all processes, selects them, looks at the members that ran, and
 * adds what they used to their groups. Belongs to one thread.
 */

struct reader;

/* What a read found. Status values are 0 or a negative errno. */
struct reader_report {
  int proc;      /* processes cannot be listed, or (-EACCES) those of others are
                  * hidden, or (-ENODEV) /proc is none, or (-EXDEV) that of
                  * another pid namespace: the groups stand still,
                  * but for what the listener adds */
  int taskstats; /* no records: neither delays nor context switches */
  int io;        /* some member's I/O cannot be read */
  int memory;    /* nor its memory */
  int files;     /* nor how many files it has open */
  int select;    /* some process's executable or the like cannot be read */
  /* How many processes could not be matched within the limit (pattern.h), the
   * name of a rule and its expression that did not decide, or NULL. They are
   * the rules'. */
  size_t undecided;
  const char *undecided_rule, *undecided_expression;
  enum pattern_result undecided_limit; /* of the expression */
  int delay_accounting; /* -ENODATA: kernel.task_delayacct is 0; -EOPNOTSUPP:
                         * this kernel never counts; else why that cannot be
                         * told */
  uint32_t delays;      /* the kinds of delay that are counted, as 1 << kind */
  int clocks;           /* -EXDEV: in a time namespace that shifts them, false
                         * waits for a disk are not told from true ones */
  size_t hung;          /* processes that do not answer since an earlier read */
  pid_t hung_pid;       /* one of them */
  size_t members;
};

/* root is "/proc" but in tests; the tracker stays the caller's. Returns 0 or a
 * negative errno. */
int reader_create(const char *root, struct tracker *tracker,
                  struct reader **reader);

/* Takes NULL. Before the tracker's end. */
void reader_destroy(struct reader *reader);

/* Asks the user cache for the users of all processes, so that the first read
 * knows them. */
void reader_look_up_users(struct reader *reader);

/* Reads once. boot_ns is the time, CLOCK_BOOTTIME. */
void reader_read(struct reader *reader, uint64_t boot_ns,
                 struct reader_report *report) EXCLUDES(tracker_mutex);

/* What it reads with, for whoever looks after it. */
struct procfs *reader_proc(const struct reader *reader);

/* The read's thread is gone. The next read uses again, and leaves nothing out
 * that this one has not finished; of the process that did not answer, if it was
 * asked by the reader, everything is read anew. */
void reader_abandon_read(struct reader *reader, struct procfs *again,
                         pid_t hung);

/* Sets kernel.task_delayacct to 1. Returns 1 if it was not, 0 if nothing was to
 * be done, or a negative errno. */
int reader_enable_delay_accounting(struct reader *reader)
    EXCLUDES(tracker_mutex);

#endif
