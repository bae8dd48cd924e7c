/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_NETLINK_INBOX_H
#define TASKSTATS_NETLINK_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mmsghdr;

/*
 * Receives a netlink socket's unsolicited messages, which the kernel drops if
 * the socket's buffer is full. Used by one thread at a time.
 */

/* The socket is owned by the caller; the rest is private. */
struct netlink_inbox {
  int fd;
  uint32_t drops;      /* counted already, from the socket's counter */
  bool may_have_drops; /* there may be more */
};

/* Ignores earlier losses. */
void netlink_inbox_init(struct netlink_inbox *inbox, int fd);

/* Requests a buffer size, in bytes, beyond the system's limit if permitted.
 * Returns what the kernel granted. */
size_t netlink_inbox_set_buffer(struct netlink_inbox *inbox, size_t size);

/* Receives up to count messages, without waiting. Returns their number, less
 * than count if no more had arrived, or a negative errno. Losses are not an
 * error. */
int netlink_inbox_receive(struct netlink_inbox *inbox, struct mmsghdr *headers,
                          unsigned int count);

/* The maximum number of messages that have arrived and are not taken yet; 0 if
 * unknown. */
size_t netlink_inbox_count_waiting(const struct netlink_inbox *inbox);

/* The number of messages that the kernel dropped since the last call. Makes a
 * system call only if there were any. */
uint32_t netlink_inbox_take_drops(struct netlink_inbox *inbox);

#endif
