/* SPDX-License-Identifier: MIT */
#include "kernel/exit_inbox.h"

#include "kernel/arithmetic.h"
#include "kernel/exit_registration.h"
#include "kernel/genl.h"
#include "kernel/netlink_inbox.h"
#include "kernel/netlink_message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGE_SIZE = 2048 }; /* version 17 with two records needs 1440 */

struct exit_inbox {
  struct netlink_inbox socket;
  uint16_t family;
  char *cpus;
  size_t buffer;
  /* How many messages of a drain are yet to come, at most; SIZE_MAX: unknown */
  size_t left;
  struct mmsghdr headers[EXIT_INBOX_BATCH];
  struct iovec vectors[EXIT_INBOX_BATCH];
  _Alignas(struct nlmsghdr) unsigned char bytes[EXIT_INBOX_BATCH][MESSAGE_SIZE];
};

static void destroy(struct exit_inbox *inbox) {
  if (inbox->socket.fd >= 0)
    close(inbox->socket.fd);
  free(inbox->cpus);
  free(inbox);
}

int exit_inbox_open(const char *cpus, size_t buffer,
                    struct exit_inbox **inbox) {
  struct exit_inbox *i = calloc(1, sizeof(*i));
  if (i == NULL)
    return -ENOMEM;

  i->cpus = strdup(cpus);
  int fd = genl_connect(&i->family);
  netlink_inbox_init(&i->socket, fd);
  for (size_t k = 0; k < EXIT_INBOX_BATCH; k++) {
    i->vectors[k] = (struct iovec){i->bytes[k], MESSAGE_SIZE};
    i->headers[k].msg_hdr.msg_iov = &i->vectors[k];
    i->headers[k].msg_hdr.msg_iovlen = 1;
  }
  int status = fd < 0 ? fd : i->cpus == NULL ? -ENOMEM : 0;
  /* Before the buffer is resized, since the answer might not fit into a small
   * one. */
  if (status == 0)
    status = exit_registration_set(fd, i->family, i->cpus, true);
  if (status != 0) {
    destroy(i);
    return status;
  }
  i->buffer = netlink_inbox_set_buffer(&i->socket, buffer);
  *inbox = i;
  return 0;
}

void exit_inbox_close(struct exit_inbox *inbox) {
  if (inbox == NULL)
    return;
  exit_registration_set(inbox->socket.fd, inbox->family, inbox->cpus, false);
  destroy(inbox);
}

int exit_inbox_fd(const struct exit_inbox *inbox) { return inbox->socket.fd; }

const char *exit_inbox_cpus(const struct exit_inbox *inbox) {
  return inbox->cpus;
}

size_t exit_inbox_buffer(const struct exit_inbox *inbox) {
  return inbox->buffer;
}

/* Adds a datagram to the batch if it is an exit record. */
static void add_datagram(struct exit_inbox_batch *batch,
                         const struct mmsghdr *datagram) {
  const struct nlmsghdr *header = datagram->msg_hdr.msg_iov->iov_base;
  struct message *message = &batch->messages[batch->count];

  int status = netlink_message_fits(header, datagram->msg_len)
                   ? message_parse(header, message)
                   : -EBADMSG;
  if (status == 0 && (message->error != 0 || !message->has[MESSAGE_THREAD]))
    status = -EBADMSG;
  if (status == 0)
    batch->count++;
  else
    batch->rejection = status;
}

void exit_inbox_begin_drain(struct exit_inbox *inbox) {
  inbox->left = SIZE_MAX;
}

/* Notes how much of a drain is left after some of it has been received. */
static void note_received(struct exit_inbox *inbox, int received) {
  if (received < EXIT_INBOX_BATCH)
    inbox->left = 0;
  else if (inbox->left == SIZE_MAX)
    inbox->left = netlink_inbox_count_waiting(&inbox->socket);
  else
    inbox->left = (size_t)subtract(inbox->left, EXIT_INBOX_BATCH);
}

bool exit_inbox_has_left(const struct exit_inbox *inbox) {
  return inbox->left > 0;
}

int exit_inbox_receive(struct exit_inbox *inbox,
                       struct exit_inbox_batch *batch) {
  int received =
      netlink_inbox_receive(&inbox->socket, inbox->headers, EXIT_INBOX_BATCH);
  batch->count = 0;
  batch->rejection = 0;
  for (int i = 0; i < received; i++)
    add_datagram(batch, &inbox->headers[i]);
  note_received(inbox, received);
  return received;
}

uint32_t exit_inbox_take_losses(struct exit_inbox *inbox) {
  return netlink_inbox_take_drops(&inbox->socket);
}
