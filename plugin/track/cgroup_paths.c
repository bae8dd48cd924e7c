/* SPDX-License-Identifier: MIT */
#include "track/cgroup_paths.h"

#include <stdlib.h>
#include <string.h>

static struct cgroup_paths *
create(const struct procfs_cgroups *cgroups) UNCHECKED {
  size_t unit = strlen(cgroups->unit) + 1, memory = strlen(cgroups->memory) + 1;
  struct cgroup_paths *paths = malloc(sizeof(*paths) + unit + memory);
  if (paths == NULL)
    return NULL;
  paths->users = 0;
  memcpy(paths->unit, cgroups->unit, unit);
  memcpy(paths->unit + unit, cgroups->memory, memory);
  paths->memory = paths->unit + unit;
  return paths;
}

void cgroup_paths_share(struct cgroup_paths **paths,
                        struct cgroup_paths *other) {
  if (other != NULL)
    other->users++;
  if (*paths != NULL && --(*paths)->users == 0)
    free(*paths);
  *paths = other;
}

void cgroup_paths_set(struct cgroup_paths **paths,
                      const struct procfs_cgroups *cgroups) {
  if (*paths == NULL || strcmp((*paths)->unit, cgroups->unit) != 0 ||
      strcmp((*paths)->memory, cgroups->memory) != 0)
    cgroup_paths_share(paths, create(cgroups));
}
