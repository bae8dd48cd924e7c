/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CGROUP_PATHS_H
#define TASKSTATS_CGROUP_PATHS_H

#include "kernel/procfs.h"
#include "track/tracker_mutex.h"

/*
 * The cgroups of a process, for the report of its exit: with version 1, the
 * kernel hides them when the process ends. A process shares them with its
 * parent until it is found in others.
 */
struct cgroup_paths {
  size_t users GUARDED_BY(tracker_mutex);
  const char *memory; /* points behind the other one; "" if unknown, as that */
  char unit[];
};

/* Sets the paths that were read, unless they are the same as before. If out of
 * memory, the paths are unknown. */
void cgroup_paths_set(struct cgroup_paths **paths,
                      const struct procfs_cgroups *cgroups)
    REQUIRES(tracker_mutex);

/* Sets those of another process, which may be NULL. */
void cgroup_paths_share(struct cgroup_paths **paths, struct cgroup_paths *other)
    REQUIRES(tracker_mutex);

#endif
