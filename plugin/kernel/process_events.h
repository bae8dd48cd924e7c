/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PROCESS_EVENTS_H
#define TASKSTATS_PROCESS_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What happens to processes, by the kernel's process events connector: in the
 * order in which it happens.
 *
 * Two sockets receive the events: what a process has become can only be read as
 * long as it lives, so that an exec or a change has to be taken at once; a fork
 * can wait for the next of these. One thread at a time calls these functions.
 */

enum process_event_kind {
  PROCESS_FORKED,  /* a process's first event */
  PROCESS_THREAD,  /* it has a new thread */
  PROCESS_EXECED,  /* it has called exec */
  PROCESS_RENAMED, /* its main thread has another name */
  PROCESS_REOWNED, /* its main thread has another real or effective user */
};

struct process_event {
  enum process_event_kind kind;
  pid_t pid;
  pid_t tid; /* of a new thread */
  /* Of a fork: who the kernel made its parent, that is with CLONE_PARENT the
   * parent of who forked. */
  pid_t parent;
  bool is_by_thread; /* other than the main one: the child has its name */
  /* When, CLOCK_BOOTTIME. Of a fork a little after the process's own start
   * time, which the kernel takes earlier. */
  uint64_t time_ns;
};

struct process_events;

/* Begins to listen; what happened before is not heard. buffer is the size to
 * ask for, in bytes, of each socket's. Without has_threads new threads are left
 * out. Takes two seconds at most. Returns 0 or a negative errno as
 * connector_open. */
int process_events_open(size_t buffer, bool has_threads,
                        struct process_events **events);

/* Takes NULL. */
void process_events_close(struct process_events *events);

/* To be polled for input: the events that cannot wait. */
int process_events_fd(const struct process_events *events);

/* Takes the next event that has arrived, if it happened until then,
 * CLOCK_BOOTTIME; without waiting. lost grows by the events that the kernel had
 * to drop for want of buffer. Returns 1; 0 if there is none; or a negative
 * errno: then nothing more will be heard. */
int process_events_next(struct process_events *events, uint64_t until_ns,
                        struct process_event *event, uint64_t *lost);

/* Whether events have arrived that are not taken yet, since they happened
 * later: polling does not show them. */
bool process_events_has_more(const struct process_events *events);

#endif
