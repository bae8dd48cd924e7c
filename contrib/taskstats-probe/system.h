/* SPDX-License-Identifier: MIT */
#ifndef PROBE_SYSTEM_H
#define PROBE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The privileges of this process, and settings of the kernel.
 */

#define SYSTEM_NET_ADMIN (UINT64_C(1) << 12)
#define SYSTEM_SYS_PTRACE (UINT64_C(1) << 19)
#define SYSTEM_DAC_OVERRIDE (UINT64_C(1) << 1)
#define SYSTEM_DAC_READ_SEARCH (UINT64_C(1) << 2)

/* Reads the first line of a file, without the newline. */
bool system_line(const char *path, char *line, size_t size);

/* The effective capabilities. */
uint64_t system_capabilities(void);

/* Whether /proc is mounted, and whether it shows other users' processes:
 * process 1 always exists. */
bool system_has_proc(void);
bool system_shows_others(void);

/* Whether a seccomp filter applies to this process. */
bool system_is_filtered(void);

enum system_namespace { SYSTEM_INITIAL, SYSTEM_OWN, SYSTEM_UNKNOWN };

/* The namespace of this process; name is "user", "pid", "cgroup", "time" or
 * "net". The last has no characteristic inode: it is compared with that of
 * process 1. */
enum system_namespace system_namespace(const char *name);

enum system_delays {
  SYSTEM_COUNTED,
  SYSTEM_OFF,
  SYSTEM_NO_SWITCH,
  SYSTEM_HIDDEN
};

/* Whether the kernel counts waits other than those for a CPU. Kernels before
 * 5.14 have no switch; a service may not see it. */
enum system_delays system_delays(void);

#endif
