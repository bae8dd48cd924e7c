/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_HUNG_PROCESSES_H
#define TASKSTATS_HUNG_PROCESSES_H

#include "kernel/mutex.h"
#include "kernel/procfs.h"

#include <stdatomic.h>

/*
 * Processes whose files in /proc do not answer (kernel/hang_guard.h). They are
 * not read until the abandoned thread has returned.
 *
 * Has its own lock, so that any thread may call these functions.
 */

enum { HUNG_PROCESSES_MOST = 32 };

struct hung_process {
  pid_t pid;
  struct procfs *proc; /* used by the abandoned thread */
  bool is_old;         /* it has hung since an earlier read */
};

/* Represents its lock, for annotations only. */
extern struct mutex hung_mutex;

/* Private. */
struct hung_processes {
  struct mutex mutex;  /* hung_mutex */
  atomic_size_t count; /* written with the lock */
  struct hung_process processes[HUNG_PROCESSES_MOST] GUARDED_BY(hung_mutex);
};

void hung_processes_init(struct hung_processes *hung);

/* What threads that have not returned use remains theirs. */
void hung_processes_clear(struct hung_processes *hung);

bool hung_processes_has_room(const struct hung_processes *hung);

/* Takes ownership of proc, which was abandoned in a call about that process.
 * There must be room. */
void hung_processes_add(struct hung_processes *hung, pid_t pid,
                        struct procfs *proc);

bool hung_processes_has(struct hung_processes *hung, pid_t pid);

/* At the start of a read: removes those that have answered. */
void hung_processes_begin_read(struct hung_processes *hung);

/* The number of processes that have not answered since an earlier read, and the
 * id of one of them. */
size_t hung_processes_count(struct hung_processes *hung, pid_t *pid);

#endif
