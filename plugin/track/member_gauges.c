/* SPDX-License-Identifier: MIT */
#include "track/member_gauges.h"

/* Who is gone has nothing any more, and that is known. */
static int error_of(int status) {
  return procfs_is_vanished(status) ? 0 : status;
}

static void read_memory(struct procfs *proc, pid_t pid, struct member *member) {
  struct procfs_memory memory = {0};
  if ((member->collect & COLLECT_MEMORY) == 0)
    return;
  int status = procfs_memory(proc, pid, &memory);
  member->memory = memory;
  member->memory_error = error_of(status);
}

static void read_files(struct procfs *proc, pid_t pid, struct member *member) {
  uint32_t files = 0;
  if ((member->collect & COLLECT_FILES) == 0)
    return;
  int status = procfs_files(proc, pid, &files);
  member->files = files;
  member->files_error = error_of(status);
}

void member_gauges_read(struct procfs *proc, pid_t pid, struct member *member) {
  read_memory(proc, pid, member);
  read_files(proc, pid, member);
}

void member_gauges_read_idle(struct procfs *proc, pid_t pid,
                             struct member *member) {
  read_memory(proc, pid, member);
  if (member->files_error != 0)
    read_files(proc, pid, member);
}
