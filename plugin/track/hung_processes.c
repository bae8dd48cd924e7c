/* SPDX-License-Identifier: MIT */
#include "track/hung_processes.h"

static void lock(struct hung_processes *hung) ACQUIRES(hung_mutex) UNCHECKED {
  mutex_lock(&hung->mutex);
}

static void unlock(struct hung_processes *hung) RELEASES(hung_mutex) UNCHECKED {
  mutex_unlock(&hung->mutex);
}

void hung_processes_init(struct hung_processes *hung) {
  mutex_init(&hung->mutex);
  hung->count = 0;
}

/* Removes those that have answered. */
static void remove_returned(struct hung_processes *hung) REQUIRES(hung_mutex) {
  size_t kept = 0;
  for (size_t i = 0; i < hung->count; i++) {
    if (procfs_has_returned(hung->processes[i].proc))
      procfs_close(hung->processes[i].proc);
    else
      hung->processes[kept++] = hung->processes[i];
  }
  hung->count = kept;
}

void hung_processes_clear(struct hung_processes *hung) {
  lock(hung);
  remove_returned(hung);
  unlock(hung);
  mutex_destroy(&hung->mutex);
}

bool hung_processes_has_room(const struct hung_processes *hung) {
  return hung->count < HUNG_PROCESSES_MOST;
}

void hung_processes_add(struct hung_processes *hung, pid_t pid,
                        struct procfs *proc) {
  lock(hung);
  hung->processes[hung->count++] =
      (struct hung_process){.pid = pid, .proc = proc};
  unlock(hung);
}

/* Whether a process is among the first count that do not answer. */
static bool is_among(const struct hung_processes *hung, size_t count, pid_t pid)
    REQUIRES(hung_mutex) {
  for (size_t i = 0; i < count; i++)
    if (hung->processes[i].pid == pid)
      return true;
  return false;
}

bool hung_processes_has(struct hung_processes *hung, pid_t pid) {
  if (hung->count == 0) /* the common case */
    return false;
  lock(hung);
  bool has = is_among(hung, hung->count, pid);
  unlock(hung);
  return has;
}

void hung_processes_begin_read(struct hung_processes *hung) {
  lock(hung);
  remove_returned(hung);
  for (size_t i = 0; i < hung->count; i++)
    hung->processes[i].is_old = true;
  unlock(hung);
}

size_t hung_processes_count(struct hung_processes *hung, pid_t *pid) {
  size_t count = 0;
  lock(hung);
  for (size_t i = 0; i < hung->count; i++)
    if (hung->processes[i].is_old &&
        !is_among(hung, i, hung->processes[i].pid)) {
      count++;
      *pid = hung->processes[i].pid;
    }
  unlock(hung);
  return count;
}
