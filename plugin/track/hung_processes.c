/* SPDX-License-Identifier: MIT */
#include "track/hung_processes.h"

void hung_processes_init(struct hung_processes *hung) {
  pthread_mutex_init(&hung->lock, NULL);
  hung->count = 0;
}

/* Forgets those that have answered. With the lock. */
static void remove_returned(struct hung_processes *hung) {
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
  remove_returned(hung);
  pthread_mutex_destroy(&hung->lock);
}

bool hung_processes_has_room(const struct hung_processes *hung) {
  return hung->count < HUNG_PROCESSES_MOST;
}

void hung_processes_add(struct hung_processes *hung, pid_t pid,
                        struct procfs *proc) {
  pthread_mutex_lock(&hung->lock);
  hung->processes[hung->count++] =
      (struct hung_process){.pid = pid, .proc = proc};
  pthread_mutex_unlock(&hung->lock);
}

/* Whether a process is among the first that do not answer. With the lock. */
static bool is_among(const struct hung_processes *hung, size_t count,
                     pid_t pid) {
  for (size_t i = 0; i < count; i++)
    if (hung->processes[i].pid == pid)
      return true;
  return false;
}

bool hung_processes_has(struct hung_processes *hung, pid_t pid) {
  if (hung->count == 0) /* nearly always */
    return false;
  pthread_mutex_lock(&hung->lock);
  bool has = is_among(hung, hung->count, pid);
  pthread_mutex_unlock(&hung->lock);
  return has;
}

void hung_processes_begin_read(struct hung_processes *hung) {
  pthread_mutex_lock(&hung->lock);
  remove_returned(hung);
  for (size_t i = 0; i < hung->count; i++)
    hung->processes[i].is_old = true;
  pthread_mutex_unlock(&hung->lock);
}

size_t hung_processes_count(struct hung_processes *hung, pid_t *pid) {
  size_t count = 0;
  pthread_mutex_lock(&hung->lock);
  for (size_t i = 0; i < hung->count; i++)
    if (hung->processes[i].is_old &&
        !is_among(hung, i, hung->processes[i].pid)) {
      count++;
      *pid = hung->processes[i].pid;
    }
  pthread_mutex_unlock(&hung->lock);
  return count;
}
