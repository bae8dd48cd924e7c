/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_MEMBER_GAUGES_H
#define TASKSTATS_MEMBER_GAUGES_H

#include "kernel/procfs.h"
#include "select/rule.h"
#include "track/counters.h"

/* The current state of a member, apart from its threads, and why it is unknown:
 * 0 or a negative errno each. Used by the reader. */
struct member_gauges {
  struct procfs_memory memory;
  uint32_t files; /* open files */
  int memory_error, files_error;
};

enum { MEMBER_GAUGES = COLLECT_MEMORY | COLLECT_FILES };

/* Reads what is collected, at least one of MEMBER_GAUGES, of a process, into
 * *gauges, which is allocated if it is NULL, and stays NULL if out of memory.
 * If the process has not run since the last time, it has opened no files, but
 * its memory may have been reclaimed. The caller must check afterwards that the
 * pid was not reused. May hang. */
void member_gauges_read(struct member_gauges **gauges, uint32_t collect,
                        struct procfs *proc, pid_t pid, bool has_run);

/* Stores why a requested value is unknown. */
void member_gauges_note_errors(const struct member_gauges *gauges, int *memory,
                               int *files);

/* Adds them to the sums of a group. */
void member_gauges_add(const struct member_gauges *gauges,
                       uint64_t sums[GAUGES]);

#endif
