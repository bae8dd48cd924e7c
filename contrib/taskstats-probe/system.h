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

/* A file's first line, without its end. */
bool system_line(const char *path, char *line, size_t size);

/* Effective ones. */
uint64_t system_capabilities(void);

enum system_namespace { SYSTEM_INITIAL, SYSTEM_OWN, SYSTEM_UNKNOWN };

/* Of this process; name is "user", "pid" or "net". The last has no number that
 * tells: it is compared with that of process 1. */
enum system_namespace system_namespace(const char *name);

enum system_delays { SYSTEM_COUNTED, SYSTEM_OFF, SYSTEM_NO_SWITCH };

/* Whether the kernel counts other waits than those for a CPU. Kernels before
 * 5.14 have no switch. */
enum system_delays system_delays(void);

#endif
