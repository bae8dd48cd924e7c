/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_MEMORY_CGROUP_H
#define TASKSTATS_MEMORY_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The hierarchy of the memory controller, of either version (cgroups(7);
 * Documentation/admin-guide/cgroup-v1/memory.rst and cgroup-v2.rst in the
 * kernel). Paths are those that /proc/<pid>/cgroup has for it.
 */

struct memory_cgroups {
  int fd; /* of its root, or -1 */
  bool is_v2;
};

/* Finds where it is mounted, by a list as /proc/self/mounts. Returns 0; -ENOENT
 * if it is not mounted; or another negative errno. */
int memory_cgroups_open(const char *mounts, struct memory_cgroups *cgroups);

/* Takes what is zeroed, or failed to be opened. */
void memory_cgroups_close(struct memory_cgroups *cgroups);

/* How many processes of a cgroup, without those of the cgroups in it, an OOM
 * killer has killed. Returns 0 or a negative errno: -ENOENT if there is no such
 * cgroup; -ENODATA before Linux 4.13. */
int memory_cgroups_oom_kills(const struct memory_cgroups *cgroups,
                             const char *path, uint64_t *kills);

/* Cuts a path to that cgroup, of it and those that it is in, that alone has a
 * limit. Returns false if none has, or several have, or that cannot be read. */
bool memory_cgroups_find_limit(const struct memory_cgroups *cgroups,
                               char *path);

/* Whether a path is that of a cgroup, whose own has so many bytes, or of one in
 * it. */
bool memory_cgroup_is_within(const char *path, const char *cgroup,
                             size_t length);

#endif
