/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_READER_H
#define TASKSTATS_READER_H

#include "track/tracker.h"

/*
 * A read: finds all processes, selects them, samples the members that ran, and
 * adds their use to their groups. Used by one thread.
 */

struct reader;

/* The result of a read. Status values are 0 or a negative errno. */
struct reader_report {
  int proc; /* processes cannot be listed, or (-EACCES) those of other users are
               hidden, or (-ENODEV) /proc is not a procfs, or (-EXDEV) it
               belongs to another pid namespace: the groups are unchanged,
               except for what the listener adds */
  int taskstats; /* no records: neither delays nor context switches */
  int io;        /* some member's I/O cannot be read */
  int memory;    /* some member's memory cannot be read */
  int files;     /* some member's open files cannot be counted */
  int select; /* some process's executable or other attribute cannot be read */
  /* The number of processes that could not be matched within the limit
   * (pattern.h), the name of a rule and its expression that was undecided, or
   * NULL. Both are owned by the rule. */
  size_t undecided;
  const char *undecided_rule, *undecided_expression;
  /* the limit that the expression reached */
  enum pattern_result undecided_limit;
  int delay_accounting; /* -ENODATA: kernel.task_delayacct is 0; -EOPNOTSUPP:
                           this kernel never counts; else why it is unknown */
  uint32_t delays;      /* the kinds of delay that are counted, as 1 << kind */
  int clocks; /* -EXDEV: in a time namespace that shifts them, false waits for a
                 disk cannot be recognised */
  size_t hung;    /* number of processes that have not answered since an earlier
                     read */
  pid_t hung_pid; /* one of them */
  size_t members;
};

/* root is "/proc" except in tests; the tracker remains owned by the caller.
 * Returns 0 or a negative errno. */
int reader_create(const char *root, struct tracker *tracker,
                  struct reader **reader);

/* reader may be NULL. Must be called before the tracker is destroyed. */
void reader_destroy(struct reader *reader);

/* Requests the users of all processes from the user cache, so that the first
 * read knows them. */
void reader_look_up_users(struct reader *reader);

/* Reads once. boot_ns is the current time, CLOCK_BOOTTIME. */
void reader_read(struct reader *reader, uint64_t boot_ns,
                 struct reader_report *report) EXCLUDES(tracker_mutex);

/* The procfs that it reads, for monitoring. */
struct procfs *reader_proc(const struct reader *reader);

/* Must be called after the read's thread was abandoned. The next read uses
 * again, and repeats everything that this one has not finished; if the reader
 * was reading the process that did not answer, everything about it is read
 * again. */
void reader_abandon_read(struct reader *reader, struct procfs *again,
                         pid_t hung);

/* Sets kernel.task_delayacct to 1. Returns 1 if it was 0, 0 if it was already
 * 1, or a negative errno. */
int reader_enable_delay_accounting(struct reader *reader)
    EXCLUDES(tracker_mutex);

#endif
