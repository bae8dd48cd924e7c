/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_OOM_COUNTS_H
#define TASKSTATS_OOM_COUNTS_H

#include "kernel/memory_cgroup.h"

/*
 * The numbers of kills by the OOM killer, on the machine and in each cgroup:
 * the only evidence of its victims if the kernel's log cannot be read. A
 * process of the same cgroup that is killed otherwise at the same time may be
 * mistaken for a victim.
 */

enum { OOM_COUNTS_CGROUPS = 64 };

struct oom_counts {
  /* Set by the caller before use: */
  const char *vmstat; /* path of /proc/vmstat */
  struct memory_cgroups cgroups;

  /* Private: the machine's count, since when it has this value, and the value
   * before its last increase. */
  bool has_machine;
  uint64_t machine, before, grown_ns;
  struct oom_counts_cgroup {
    uint64_t hash; /* hash of the path; 0: unused */
    uint64_t kills;
    uint64_t pending; /* kills not yet attributed to a process, */
    uint64_t seen_ns; /* and since when */
  } known[OOM_COUNTS_CGROUPS];
  size_t next;
};

/* Reads the machine's count at this time, CLOCK_MONOTONIC. Returns 0; or a
 * negative errno if it is not available, as before Linux 4.13. */
int oom_counts_look(struct oom_counts *counts, uint64_t now_ns);

/* Whether the OOM killer has probably killed a process of this cgroup that just
 * ended with SIGKILL. */
bool oom_counts_take(struct oom_counts *counts, const char *path,
                     uint64_t now_ns);

#endif
