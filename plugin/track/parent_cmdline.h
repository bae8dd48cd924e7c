/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PARENT_CMDLINE_H
#define TASKSTATS_PARENT_CMDLINE_H

#include "kernel/procfs.h"
#include "select/pattern_memo.h"

#include <stdbool.h>

/*
 * The command lines of processes whose children have just ended, and what
 * expressions have found in them; and their names. A process may fork thousands
 * of children a second that call no exec, each of which has its parent's
 * command line. Each is read once a batch of exit records, and matched again
 * only if it has changed.
 */

enum { PARENT_CMDLINES = 32 }; /* of 128 KiB each, at most */

struct parent_cmdline {
  pid_t pid;
  unsigned int batch;          /* in which it was read */
  char *text;                  /* NULL: none */
  char comm[PROCFS_COMM_SIZE]; /* the process's name; "" if not known */
  uint64_t start_ns;           /* when it began, after boot */
  struct pattern_memo memo;
};

/* Zeroed at first. */
struct parent_cmdlines {
  unsigned int batch, next;
  struct parent_cmdline lines[PARENT_CMDLINES];
};

/* What was read is read again. */
void parent_cmdlines_begin_batch(struct parent_cmdlines *parents);

/* A process's command line, the cache's until the next call; NULL if it cannot
 * be read. Sets was_read if it was not known in this batch. */
struct parent_cmdline *parent_cmdlines_get(struct parent_cmdlines *parents,
                                           struct procfs *proc, pid_t pid,
                                           bool *was_read);

/* Frees them all. */
void parent_cmdlines_clear(struct parent_cmdlines *parents);

#endif
