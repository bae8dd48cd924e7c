/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CONNECTOR_H
#define TASKSTATS_CONNECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/cn_proc.h>

struct sock_fprog;

/*
 * A socket that receives process events from the kernel's connector
 * (CONFIG_PROC_EVENTS, drivers/connector/cn_proc.c). One thread at a time uses
 * it.
 */

struct connector;

enum { CONNECTOR_BATCH = 32 }; /* messages in one system call */

/* Which events a socket receives. */
struct connector_filter {
  /* A program that the kernel runs on each message (classic BPF). It must let
   * events of the kind PROC_EVENT_NONE pass, which answer requests. */
  const struct sock_fprog *program;
  uint32_t kinds; /* PROC_EVENT_*, or'ed: Linux 6.6 and later do not even send
                   * others */
};

/* An event, copied to where it is aligned. */
struct connector_event {
  uint32_t ack; /* of an answer: the number of the request, plus 1 */
  size_t size;  /* of process, as far as the kernel sent it */
  struct proc_event process;
};

/* Begins to listen. buffer is the size to ask for, in bytes, of the socket's.
 * Takes a second at most.
 * Returns 0; -EPERM without CAP_NET_ADMIN, which Linux 6.6 and later do not
 * ask for; -EPROTONOSUPPORT if this kernel has no connector; -ECONNREFUSED in a
 * network namespace other than the initial one; -ETIMEDOUT if the kernel does
 * not answer: it has no process events, or this is another user or pid
 * namespace; or another negative errno. */
int connector_open(size_t buffer, const struct connector_filter *filter,
                   struct connector **connector);

/* Takes NULL. */
void connector_close(struct connector *connector);

/* To be polled for input. */
int connector_fd(const struct connector *connector);

/* Receives some messages once all that were received are dropped. Returns how
 * many, less than CONNECTOR_BATCH if no more had arrived, or a negative errno.
 */
int connector_receive(struct connector *connector);

/* The first event that was received and not dropped. Returns false if there is
 * none; messages that are no events are passed over. */
bool connector_peek(struct connector *connector, struct connector_event *event);

/* Drops the event that connector_peek has shown. */
void connector_drop(struct connector *connector);

/* Whether an event is of this kind and has size bytes of data. */
bool connector_event_is(const struct connector_event *event, uint32_t kind,
                        size_t size);

/* How many messages the kernel has dropped since the last call, for want of
 * buffer. */
uint32_t connector_take_losses(struct connector *connector);

#endif
