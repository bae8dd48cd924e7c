/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_MEMORY_CGROUP_H
#define TASKSTATS_MEMORY_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The hierarchy of the memory controller, of either version (cgroups(7);
 * Documentation/admin-guide/cgroup-v1/memory.rst and cgroup-v2.rst in the
 * kernel). Paths are those in /proc/<pid>/cgroup for it.
 */

struct memory_cgroups {
  int fd; /* descriptor of its root, or -1 */
  bool is_v2;
};

/* Finds its mount point in a list like /proc/self/mounts. Returns 0; -ENOENT if
 * it is not mounted; or another negative errno. */
int memory_cgroups_open(const char *mounts, struct memory_cgroups *cgroups);

/* cgroups may be zeroed, or may have failed to open. */
void memory_cgroups_close(struct memory_cgroups *cgroups);

/* The number of processes of a cgroup, without its descendants, that the OOM
 * killer has killed. Returns 0 or a negative errno: -ENOENT if the cgroup does
 * not exist; -ENODATA before Linux 4.13. */
int memory_cgroups_oom_kills(const struct memory_cgroups *cgroups,
                             const char *path, uint64_t *kills);

/* Truncates a path to the only one among the cgroup and its ancestors that has
 * a limit. Returns false if there is none, or more than one, or if a limit
 * cannot be read. */
bool memory_cgroups_find_limit(const struct memory_cgroups *cgroups,
                               char *path);

/* Whether path is the cgroup, whose path has this length, or one of its
 * descendants. */
bool memory_cgroup_is_within(const char *path, const char *cgroup,
                             size_t length);

#endif
