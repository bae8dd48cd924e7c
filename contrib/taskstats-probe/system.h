/* SPDX-License-Identifier: MIT */
#ifndef PROBE_SYSTEM_H
#define PROBE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What this process may do here, and how the kernel is set.
 */

#define SYSTEM_NET_ADMIN (UINT64_C(1) << 12)
#define SYSTEM_SYS_PTRACE (UINT64_C(1) << 19)
#define SYSTEM_DAC_OVERRIDE (UINT64_C(1) << 1)
#define SYSTEM_DAC_READ_SEARCH (UINT64_C(1) << 2)

/* A file's first line, without its end. */
bool system_line(const char *path, char *line, size_t size);

/* Effective ones. */
uint64_t system_capabilities(void);

/* Whether /proc is there, and whether it shows others' processes: process 1 is
 * always there. */
bool system_has_proc(void);
bool system_shows_others(void);

/* Whether a seccomp filter applies to this process. */
bool system_is_filtered(void);

enum system_namespace { SYSTEM_INITIAL, SYSTEM_OWN, SYSTEM_UNKNOWN };

/* Of this process; name is "user", "pid", "cgroup", "time" or "net". The last
 * has no number that tells: it is compared with that of process 1. */
enum system_namespace system_namespace(const char *name);

enum system_delays {
  SYSTEM_COUNTED,
  SYSTEM_OFF,
  SYSTEM_NO_SWITCH,
  SYSTEM_HIDDEN
};

/* Whether the kernel counts other waits than those for a CPU. Kernels before
 * 5.14 have no switch; a service may not see it. */
enum system_delays system_delays(void);

#endif
