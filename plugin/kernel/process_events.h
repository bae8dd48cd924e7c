/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PROCESS_EVENTS_H
#define TASKSTATS_PROCESS_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Process events from the kernel's connector, in the order in which they
 * happened.
 *
 * Two sockets receive them: the attributes of a process can only be read while
 * it lives, so that an exec or a change must be taken at once; forks can wait
 * for the next of these. Used by one thread at a time.
 */

enum process_event_kind {
  PROCESS_FORKED,  /* a process's first event */
  PROCESS_THREAD,  /* a process has a new thread */
  PROCESS_EXECED,  /* a process has called exec */
  PROCESS_RENAMED, /* a main thread has another name */
  PROCESS_REOWNED, /* a main thread has another real or effective user */
};

struct process_event {
  enum process_event_kind kind;
  pid_t pid;
  pid_t tid; /* of a new thread */
  /* For a fork: the parent that the kernel assigned; with CLONE_PARENT that is
   * the parent of the process that forked. */
  pid_t parent;
  bool is_by_thread; /* a thread other than the main one forked: the child has
                        its name */
  /* When it happened, CLOCK_BOOTTIME. For a fork, slightly later than the
   * process's start time, which the kernel sets earlier. */
  uint64_t time_ns;
};

struct process_events;

/* Starts to listen; earlier events are not received. buffer is the requested
 * size of each socket's buffer, in bytes. Without has_threads, new threads are
 * left out. Takes at most two seconds. Returns 0 or a negative errno as
 * connector_open. */
int process_events_open(size_t buffer, bool has_threads,
                        struct process_events **events);

/* events may be NULL. */
void process_events_close(struct process_events *events);

/* The descriptor to poll for events that cannot wait. */
int process_events_fd(const struct process_events *events);

/* Takes the next event that has arrived, if it happened before until_ns,
 * CLOCK_BOOTTIME; without waiting. Adds to lost the number of events that the
 * kernel dropped because the buffer was full. Returns 1; 0 if there is none; or
 * a negative errno: then no more events will be received. */
int process_events_next(struct process_events *events, uint64_t until_ns,
                        struct process_event *event, uint64_t *lost);

/* Whether there are events that have arrived but happened later than until_ns:
 * polling does not show them. */
bool process_events_has_more(const struct process_events *events);

#endif
