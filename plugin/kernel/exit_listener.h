/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_LISTENER_H
#define TASKSTATS_EXIT_LISTENER_H

#include "kernel/message.h"

/*
 * Hears of every thread that ends on the watched CPUs, in a thread of its own.
 */

struct exit_listener;

/* What was found beside exit records. */
enum exit_listener_found {
  FOUND_NOTHING, /* that could not wait */
  FOUND_SOMETHING,
  FOUND_MORE, /* is yet to be taken, and also_fd does not show it */
  FOUND_END,  /* it is not to be looked at again */
};

/* Called in the listener's thread, or (but for drained) in one that drains;
 * never in two at a time. */
struct exit_listener_calls {
  void *context;

  /* Called before take, at the end of exit_listener_drain, once a second, and
   * as soon as also_fd has something to read, which may be -1: all exit records
   * that were sent until then, CLOCK_BOOTTIME, have been taken or are taken
   * next. Records wait up to 50 ms for the next such call after one that
   * also_fd has caused. */
  enum exit_listener_found (*before)(void *context, uint64_t until_ns);
  int also_fd;

  /* Some exit records in the order of their arrival. Their threads ended
   * between these two times, CLOCK_BOOTTIME. Returns whether the next ones
   * should come soon; else they may gather for up to 20 ms. */
  bool (*take)(void *context, const struct message *messages, size_t count,
               uint64_t earliest_ns, uint64_t latest_ns);

  /* Goes on with the records of take whose thread was left behind
   * (exit_listener_leave_drain). */
  void (*resume)(void *context);

  /* Everything that had arrived is taken. Returns when to be called again, at
   * the latest, in ms; or -1. */
  int (*drained)(void *context);
};

/* Registers for exit records, which wait in the socket until the listener is
 * started. cpus is a list such as "0-3,8"; buffer the size to ask for, in
 * bytes, of the socket's. Returns 0; -ENOENT if this kernel has no taskstats;
 * -EPERM without CAP_NET_ADMIN in the initial user namespace; -EINVAL in a pid
 * namespace, or for a malformed list; -ERANGE for impossible CPUs; or another
 * negative errno.
 */
int exit_listener_open(const char *cpus, size_t buffer,
                       struct exit_listener **listener);

/* Begins to take the records, in a thread of its own. Returns 0 or a negative
 * errno. */
int exit_listener_start(struct exit_listener *listener,
                        const struct exit_listener_calls *calls);

/* Ends the listening and the thread, if it was started; takes some ms. Returns
 * false if the thread hangs: then everything that it may use must be left
 * alone. Takes NULL. */
bool exit_listener_stop(struct exit_listener *listener);

/* Takes all exit records that have arrived, in the caller's thread. A record is
 * queued before its process can be reaped: once a process is seen to be gone,
 * or its pid to be another one's, its record has been taken when this returns,
 * unless the kernel dropped it. Any thread; it must hold no lock that the calls
 * take. */
void exit_listener_drain(struct exit_listener *listener);

/* The thread that drains has been left behind (kernel/hang_guard.h): another
 * one may go on. is_callers tells whether it was that of a caller of
 * exit_listener_drain. Returns 0, or a negative errno if the listener's thread
 * was it and there is no other one. */
int exit_listener_leave_drain(struct exit_listener *listener, bool *is_callers);

struct exit_listener_status {
  /* A record arrived. The kernel may accept a listener and never send: it does
   * so in a network namespace other than the initial one. If that cannot be
   * tried, untried says why, and the listener is believed. */
  bool is_proven;
  int untried;   /* 0, or a negative errno: -ENOENT if this process may run on
                  * none of the watched CPUs */
  int error;     /* why it has ended, or 0: -ENODATA if no record ever came, or
                  rejection if nothing else came */
  size_t buffer; /* bytes that the kernel granted */
  uint64_t records; /* received, one a thread */
  uint64_t lost;    /* that the kernel dropped for want of buffer, exactly */
  int rejection;    /* why the last message that is no exit record is none: a
                     * negative errno as message_parse; 0 if there was none */
};

/* Any thread. */
void exit_listener_status(struct exit_listener *listener,
                          struct exit_listener_status *status);

#endif
