/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_OOM_COUNTS_H
#define TASKSTATS_OOM_COUNTS_H

#include "kernel/memory_cgroup.h"

/*
 * How many processes the OOM killer has killed, on the machine and in each
 * cgroup: what there is to tell whom, where the kernel's log cannot be read. A
 * process that is killed otherwise in the same cgroup and the same moment may
 * be taken for one that it has killed.
 */

enum { OOM_COUNTS_CGROUPS = 64 };

struct oom_counts {
  /* The caller's, set at first: */
  const char *vmstat; /* path of /proc/vmstat */
  struct memory_cgroups cgroups;

  /* Private: the machine's count, since when it has that, and what it had
   * before it last grew. */
  bool has_machine;
  uint64_t machine, before, grown_ns;
  struct oom_counts_cgroup {
    uint64_t hash; /* of the path; 0 for none */
    uint64_t kills;
    uint64_t pending; /* that no process was found for, */
    uint64_t seen_ns; /* since then */
  } known[OOM_COUNTS_CGROUPS];
  size_t next;
};

/* Reads the machine's count, and notes the time, CLOCK_MONOTONIC. Returns 0; or
 * a negative errno if it is not known, as before Linux 4.13. */
int oom_counts_look(struct oom_counts *counts, uint64_t now_ns);

/* Whether the OOM killer has probably killed a process of this cgroup that
 * ended with SIGKILL just now. */
bool oom_counts_take(struct oom_counts *counts, const char *path,
                     uint64_t now_ns);

#endif
