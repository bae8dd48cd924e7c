/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_LISTENER_H
#define TASKSTATS_EXIT_LISTENER_H

#include "kernel/message.h"

/*
 * Receives the exit records of threads that end on the watched CPUs, in its own
 * thread, together with events from another source.
 */

struct exit_listener;

/* The result of taking events. */
enum exit_listener_found {
  FOUND_NOTHING,   /* none, or only such as could have waited */
  FOUND_SOMETHING, /* some that could not wait */
  FOUND_MORE,      /* some are left, which also_fd does not signal */
  FOUND_END,       /* the source must not be polled any more */
};

/* Called in the listener's thread, or (except drained) in one that drains;
 * never concurrently. */
struct exit_listener_calls {
  void *context;

  /* Takes events. Called before take, at the end of exit_listener_drain, once a
   * second, and as soon as also_fd, which may be -1, is readable: all exit
   * records sent before until_ns, CLOCK_BOOTTIME, have been taken or are taken
   * next. After a call that also_fd caused, records wait up to 50 ms for the
   * next such call. */
  enum exit_listener_found (*before)(void *context, uint64_t until_ns);
  int also_fd;

  /* Takes exit records in the order of their arrival. Their threads ended
   * between these two times, CLOCK_BOOTTIME. Returns whether the next ones are
   * urgent; otherwise they may accumulate for up to 20 ms. */
  bool (*take)(void *context, const struct message *messages, size_t count,
               uint64_t earliest_ns, uint64_t latest_ns);

  /* Continues a call of take whose thread was abandoned
   * (exit_listener_leave_drain). */
  void (*resume)(void *context);

  /* Everything that had arrived was taken. Returns the time until the next call
   * at the latest, in ms; or -1. */
  int (*drained)(void *context);
};

/* Registers for exit records, which wait in the socket until the listener is
 * started. cpus is a list such as "0-3,8"; buffer is the requested size of the
 * socket's buffer, in bytes. Returns 0; -ENOENT if this kernel has no
 * taskstats; -EPERM without CAP_NET_ADMIN in the initial user namespace;
 * -EINVAL in another pid namespace, or for a malformed list; -ERANGE for
 * impossible CPUs; or another negative errno. */
int exit_listener_open(const char *cpus, size_t buffer,
                       struct exit_listener **listener);

/* Starts to take the records, in a new thread. Returns 0 or a negative errno.
 */
int exit_listener_start(struct exit_listener *listener,
                        const struct exit_listener_calls *calls);

/* Deregisters, and ends the thread if it was started; takes a few ms. Returns
 * false if the thread hangs: then everything that it may use must not be freed.
 * listener may be NULL. */
bool exit_listener_stop(struct exit_listener *listener);

/* Takes all exit records that have arrived, in the caller's thread. A record is
 * queued before its process can be reaped: if a process was found to have
 * ended, or its pid to be reused, its record has been taken when this returns,
 * unless the kernel dropped it. Any thread; it must not hold a lock that the
 * calls take. */
void exit_listener_drain(struct exit_listener *listener);

/* Ends the drains that are in progress soon; nothing more is taken. Only
 * exit_listener_stop may follow. Any thread. */
void exit_listener_end_drains(struct exit_listener *listener);

/* Whether drains end, or the listener stops: the calls should return soon. Any
 * thread. */
bool exit_listener_must_stop(const struct exit_listener *listener);

/* Must be called after the thread that drains was abandoned
 * (kernel/hang_guard.h): another one may continue. is_callers is set if it was
 * that of a caller of exit_listener_drain. Returns 0, or a negative errno if it
 * was the listener's thread and no new one can be started. */
int exit_listener_leave_drain(struct exit_listener *listener, bool *is_callers);

struct exit_listener_status {
  /* A record was received, or lost: of the self-test's thread, which ends at
   * the start, or of any other. The kernel may accept a listener but never send
   * records: it does so in a network namespace other than the initial one. If
   * no self-test is possible, untried is the reason, and the listener is
   * trusted. */
  bool is_proven;
  int untried; /* 0, or a negative errno: -ENOENT if this process may not run on
                  any watched CPU */
  int error;   /* why it has ended, or 0: -ENODATA if no record was received, or
                  rejection if all were invalid */
  size_t buffer;    /* bytes that the kernel granted */
  uint64_t records; /* number received, one per thread */
  uint64_t lost; /* exact number that the kernel dropped because the buffer was
                    full */
  int rejection; /* why the last invalid message could not be parsed: a negative
                    errno as message_parse; 0 if all were valid */
};

/* Any thread. */
void exit_listener_status(struct exit_listener *listener,
                          struct exit_listener_status *status);

#endif
