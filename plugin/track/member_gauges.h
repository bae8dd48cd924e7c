/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_MEMBER_GAUGES_H
#define TASKSTATS_MEMBER_GAUGES_H

#include "kernel/procfs.h"
#include "select/rule.h"
#include "track/counters.h"

/* What a member is at a moment, beside its threads, and why that is not known:
 * 0 or a negative errno each. The reader's. */
struct member_gauges {
  struct procfs_memory memory;
  uint32_t files; /* open */
  int memory_error, files_error;
};

enum { MEMBER_GAUGES = COLLECT_MEMORY | COLLECT_FILES };

/* Reads what is collected, at least one of MEMBER_GAUGES, of a process, into
 * memory that is made if there is none (NULL), or that stays NULL if it is
 * short. If it has not run since, it has opened no file, but its memory may
 * have been taken. The caller makes sure after that that the pid did not change
 * hands. The calls may hang. */
void member_gauges_read(struct member_gauges **gauges, uint32_t collect,
                        struct procfs *proc, pid_t pid, bool has_run);

/* Notes why something is not known that was asked for. */
void member_gauges_note_errors(const struct member_gauges *gauges, int *memory,
                               int *files);

/* Adds them to a group's. */
void member_gauges_add(const struct member_gauges *gauges,
                       uint64_t sums[GAUGES]);

#endif
