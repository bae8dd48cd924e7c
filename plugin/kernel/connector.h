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
 * (CONFIG_PROC_EVENTS, drivers/connector/cn_proc.c). Used by one thread at a
 * time.
 */

struct connector;

enum { CONNECTOR_BATCH = 32 }; /* messages per system call */

/* Which events a socket receives. */
struct connector_filter {
  /* A classic BPF program that the kernel runs on each message. It must accept
   * events of the kind PROC_EVENT_NONE, which answer requests. */
  const struct sock_fprog *program;
  uint32_t
      kinds; /* PROC_EVENT_* bits: Linux 6.6 and later do not send the others */
};

/* An event, copied to an aligned struct. */
struct connector_event {
  uint32_t ack; /* in an answer: the number of the request, plus 1 */
  size_t size;  /* of process, as far as the kernel sent it */
  struct proc_event process;
};

/* Starts to listen. buffer is the requested size of the socket's buffer, in
 * bytes. Takes at most a second. Returns 0; -EPERM without CAP_NET_ADMIN, which
 * Linux 6.6 and later do not require; -EPROTONOSUPPORT if this kernel has no
 * connector; -ECONNREFUSED in a network namespace other than the initial one;
 * -ETIMEDOUT if the kernel does not answer: it has no process events, or this
 * is another user or pid namespace; or another negative errno. */
int connector_open(size_t buffer, const struct connector_filter *filter,
                   struct connector **connector);

/* connector may be NULL. */
void connector_close(struct connector *connector);

/* The descriptor to poll for input. */
int connector_fd(const struct connector *connector);

/* Receives messages, after all received before were dropped. Returns their
 * number, less than CONNECTOR_BATCH if no more had arrived, or a negative
 * errno. */
int connector_receive(struct connector *connector);

/* The first received event that was not dropped. Returns false if there is
 * none; messages that are not events are skipped. */
bool connector_peek(struct connector *connector, struct connector_event *event);

/* Drops the event that connector_peek returned. */
void connector_drop(struct connector *connector);

/* Whether an event is of this kind and has at least size bytes of data. */
bool connector_event_is(const struct connector_event *event, uint32_t kind,
                        size_t size);

/* The number of messages that the kernel dropped since the last call because
 * the buffer was full. */
uint32_t connector_take_losses(struct connector *connector);

#endif
