/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CGROUP_UNIT_H
#define TASKSTATS_CGROUP_UNIT_H

#include "kernel/procfs.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * The unit that a process belongs to, by its cgroup. It is the last container
 * that the path goes through, if there is one:
 *
 * - docker, podman, containerd, CRI-O: the first 12 digits of its id, as their
 *   tools show it, whoever manages the cgroups. A container's monitor (conmon)
 *   is not in it;
 * - ECS with Fargate: its id, <32 digits>-<number>, whole, since all containers
 *   of a task share the digits;
 * - LXC and libvirt without systemd: its name.
 *
 * Otherwise it is the unit that the machine's systemd knows: the first below
 * slices. What is below it is its own affair: a machine of systemd-nspawn has
 * units, too, and they belong to that machine. But a user's systemd has the
 * user's units: "user-1000-dbus.service" is that of user 1000, whereas
 * "dbus.service" is the system's. A process in no unit but in a slice belongs
 * to the last slice.
 */

/* A unit's name and the user's before it. */
enum { CGROUP_UNIT_SIZE = NAME_MAX + 32 };

/* Writes the name, cut to size bytes; or returns false if there is none. */
bool cgroup_unit_name(const char *path, char *name, size_t size);

/* Reads the path of a process's cgroup that tells its unit, which may be that
 * of any hierarchy: of a host with both versions, version 2's may be that of
 * the runtime's own service. As procfs_cgroup. */
int cgroup_unit_read_path(struct procfs *proc, pid_t pid, char *path,
                          size_t size);

/* The same, and that of the memory controller. As procfs_cgroups. */
int cgroup_unit_read_cgroups(struct procfs *proc, pid_t pid,
                             struct procfs_cgroups *cgroups);

#endif
