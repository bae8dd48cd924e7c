/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CGROUP_UNIT_H
#define TASKSTATS_CGROUP_UNIT_H

#include "kernel/procfs.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * The unit that a process belongs to, by its cgroup. If the path contains
 * containers, it is the last of them:
 * - docker, podman, containerd, CRI-O: the first 12 digits of the id, as their
 *   tools show it, regardless of who manages the cgroups. A container's monitor
 *   (conmon) is not part of it;
 * - ECS with Fargate: the whole id, <32 digits>-<number>, because all
 *   containers of a task share the digits;
 * - LXC and libvirt without systemd: the name.
 *
 * Otherwise it is the unit of the machine's systemd: the first one below the
 * slices. Units below it are not considered: a systemd-nspawn machine has its
 * own units, which belong to that machine. The exception is a user's systemd,
 * whose units are the user's: "user-1000-dbus.service" is user 1000's,
 * "dbus.service" the system's. A process in a slice but in no unit belongs to
 * the last slice.
 */

/* The user and the name of the unit. */
enum { CGROUP_UNIT_SIZE = NAME_MAX + 32 };

/* Writes the name, truncated to size bytes. Returns false if there is none. */
bool cgroup_unit_name(const char *path, char *name, size_t size);

/* Reads the cgroup path of a process that contains its unit, from any
 * hierarchy: on a host with both versions, the path of version 2 may be that of
 * the runtime's service. Returns the same as procfs_cgroup. */
int cgroup_unit_read_path(struct procfs *proc, pid_t pid, char *path,
                          size_t size);

/* The same, and the path in the memory controller. Returns the same as
 * procfs_cgroups. */
int cgroup_unit_read_cgroups(struct procfs *proc, pid_t pid,
                             struct procfs_cgroups *cgroups);

#endif
