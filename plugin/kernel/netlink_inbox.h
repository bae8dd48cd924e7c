/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_NETLINK_INBOX_H
#define TASKSTATS_NETLINK_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mmsghdr;

/*
 * What a netlink socket gets unasked: messages of the kernel, which drops them
 * if the socket's buffer is full. One thread at a time uses it.
 */

/* The socket is the caller's; the rest is private. */
struct netlink_inbox {
  int fd;
  uint32_t drops;      /* that are known, as the socket counts them */
  bool may_have_drops; /* others */
};

/* Forgets what was dropped before. */
void netlink_inbox_init(struct netlink_inbox *inbox, int fd);

/* Asks for a buffer, in bytes, beyond the system's limit where that is allowed.
 * Returns what the kernel granted. */
size_t netlink_inbox_set_buffer(struct netlink_inbox *inbox, size_t size);

/* Takes up to count messages, without waiting. Returns their number, which is
 * less than count if no more had arrived, or a negative errno. That some were
 * dropped is none. */
int netlink_inbox_receive(struct netlink_inbox *inbox, struct mmsghdr *headers,
                          unsigned int count);

/* How many messages the kernel has dropped since the last call. Costs a system
 * call only if there were some. */
uint32_t netlink_inbox_take_drops(struct netlink_inbox *inbox);

#endif
