/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_INBOX_H
#define TASKSTATS_EXIT_INBOX_H

#include "kernel/message.h"

/*
 * The socket that receives the exit records of some CPUs. Used by one thread at
 * a time.
 */

struct exit_inbox;

enum { EXIT_INBOX_BATCH = 64 }; /* messages per system call */

/* Registers for exit records. buffer is the requested size of the socket's
 * buffer, in bytes. Returns 0 or a negative errno as exit_listener_open. */
int exit_inbox_open(const char *cpus, size_t buffer, struct exit_inbox **inbox);

/* Ends the registration. inbox may be NULL. */
void exit_inbox_close(struct exit_inbox *inbox);

/* The descriptor to poll for input. */
int exit_inbox_fd(const struct exit_inbox *inbox);

/* The list with which it was opened; owned by the inbox. */
const char *exit_inbox_cpus(const struct exit_inbox *inbox);

/* The buffer size that the kernel granted, in bytes. */
size_t exit_inbox_buffer(const struct exit_inbox *inbox);

/* Some exit records in the order of their arrival. */
struct exit_inbox_batch {
  struct message messages[EXIT_INBOX_BATCH];
  size_t count;
  int rejection; /* why the last invalid message could not be parsed: a negative
                    errno as message_parse; 0 if all were valid */
};

/* Begins a drain, which ends when everything that has arrived by now is
 * received: while threads end faster than their records are taken, there is
 * always more.
 */
void exit_inbox_begin_drain(struct exit_inbox *inbox);

/* Whether the drain has to go on. */
bool exit_inbox_has_left(const struct exit_inbox *inbox);

/* Receives what has arrived, without waiting. Returns the number of messages,
 * less than EXIT_INBOX_BATCH if no more had arrived, or a negative errno. */
int exit_inbox_receive(struct exit_inbox *inbox,
                       struct exit_inbox_batch *batch);

/* The number of records that the kernel dropped since the last call because the
 * buffer was full. */
uint32_t exit_inbox_take_losses(struct exit_inbox *inbox);

#endif
