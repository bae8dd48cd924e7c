/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CGROUP_PATHS_H
#define TASKSTATS_CGROUP_PATHS_H

#include "kernel/procfs.h"
#include "track/tracker_mutex.h"

/*
 * In which cgroups a process is, for what is told of its end: where version 1
 * is in use, the kernel does not show that any more when it ends. A process
 * shares them with its parent until it is seen in others.
 */
struct cgroup_paths {
  size_t users GUARDED_BY(tracker_mutex);
  const char *memory; /* behind the other one; "" if not known, as that */
  char unit[];
};

/* Sets what was read, unless these are the paths that there are. If memory is
 * short nothing is known. */
void cgroup_paths_set(struct cgroup_paths **paths,
                      const struct procfs_cgroups *cgroups)
    REQUIRES(tracker_mutex);

/* Sets those of another process, which may be NULL. */
void cgroup_paths_share(struct cgroup_paths **paths, struct cgroup_paths *other)
    REQUIRES(tracker_mutex);

#endif
