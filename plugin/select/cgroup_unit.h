/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CGROUP_UNIT_H
#define TASKSTATS_CGROUP_UNIT_H

#include <stdbool.h>
#include <stddef.h>

/* Finds the last component of a cgroup's path that names a container, which
 * becomes the first 12 digits of its id, as docker, podman and crictl show it;
 * or else the last that names a systemd unit. (A container may have units of
 * its own.) Writes its name, cut to size bytes; or returns false if there is
 * none. */
bool cgroup_unit_name(const char *path, char *name, size_t size);

#endif
