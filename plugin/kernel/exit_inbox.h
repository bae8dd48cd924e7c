/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_INBOX_H
#define TASKSTATS_EXIT_INBOX_H

#include "kernel/message.h"

/*
 * The socket that receives the exit records of some CPUs. One thread at a time
 * uses it.
 */

struct exit_inbox;

enum { EXIT_INBOX_BATCH = 64 }; /* messages in one system call */

/* Registers for exit records. buffer is the size to ask for, in bytes, of the
 * socket's. Returns 0 or a negative errno as exit_listener_open. */
int exit_inbox_open(const char *cpus, size_t buffer, struct exit_inbox **inbox);

/* Ends the registration. Takes NULL. */
void exit_inbox_close(struct exit_inbox *inbox);

/* To be polled for input. */
int exit_inbox_fd(const struct exit_inbox *inbox);

/* The bytes of buffer that the kernel granted. */
size_t exit_inbox_buffer(const struct exit_inbox *inbox);

/* Some exit records in the order of their arrival. */
struct exit_inbox_batch {
  struct message messages[EXIT_INBOX_BATCH];
  size_t count;
  int rejection; /* why the last message that is no exit record is none: a
                  * negative errno as message_parse; 0 if there was none */
};

/* Receives what has arrived, without waiting. Returns how many messages that
 * were, less than EXIT_INBOX_BATCH if no more had arrived, or a negative errno.
 */
int exit_inbox_receive(struct exit_inbox *inbox,
                       struct exit_inbox_batch *batch);

/* How many records the kernel has dropped since the last call, for want of
 * buffer. */
uint32_t exit_inbox_take_losses(struct exit_inbox *inbox);

#endif
