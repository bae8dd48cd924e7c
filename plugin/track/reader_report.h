/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_READER_REPORT_H
#define TASKSTATS_READER_REPORT_H

#include "select/pattern.h"

#include <sys/types.h>

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

#endif
