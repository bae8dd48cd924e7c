/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PROCESS_EVENTS_H
#define TASKSTATS_PROCESS_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Hears who forks whom, by the kernel's process events connector
 * (CONFIG_PROC_EVENTS, drivers/connector/cn_proc.c).
 */

struct process_events;

/* Called in the thread that drains, in the order of the events: a process's
 * fork comes before all else of it. */
struct process_events_calls {
  void *context;

  /* A process was forked; threads are left out. The parent is who the kernel
   * made its parent, that is with CLONE_PARENT the parent of who forked.
   * begin_ns is when, CLOCK_BOOTTIME: a little after the child's own start
   * time, which the kernel takes earlier in the fork. */
  void (*fork)(void *context, pid_t parent, pid_t child, uint64_t begin_ns);

  /* A process has called exec. */
  void (*exec)(void *context, pid_t pid);
};

/* Begins to listen; what happened before is not heard. buffer is the size to
 * ask for, in bytes, of the socket's. Takes a second at most.
 * Returns 0; -EPERM without CAP_NET_ADMIN, which Linux 6.6 and later do not
 * ask for; -EPROTONOSUPPORT if this kernel has no connector; -ECONNREFUSED in a
 * network namespace other than the initial one; -ETIMEDOUT if the kernel does
 * not answer: it has no process events, or this is another user or pid
 * namespace; or another negative errno. */
int process_events_open(size_t buffer, struct process_events **forks);

/* Takes NULL. */
void process_events_close(struct process_events *forks);

/* Whether events have arrived that are not taken yet, since they happened
 * later: polling does not show them. */
bool process_events_has_more(const struct process_events *forks);

/* To be polled for input. */
int process_events_fd(const struct process_events *forks);

/* Takes what has arrived and happened until then, CLOCK_BOOTTIME, without
 * waiting. lost grows by the events that the kernel had to drop for want of
 * buffer: of threads, too, and before Linux 6.6 of any kind. One thread at a
 * time. Returns 0, or a negative errno: then nothing more will be heard. */
int process_events_drain(struct process_events *forks, uint64_t until_ns,
                         const struct process_events_calls *calls,
                         uint64_t *lost);

#endif
