/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_NETLINK_INBOX_H
#define TASKSTATS_NETLINK_INBOX_H

#include <stddef.h>
#include <stdint.h>

struct mmsghdr;

/*
 * What a netlink socket gets unasked: messages of the kernel, which drops them
 * if the socket's buffer is full.
 */

/* Asks for a buffer, in bytes, beyond the system's limit where that is allowed.
 * Returns what the kernel granted. */
size_t netlink_inbox_set_buffer(int fd, size_t size);

/* Takes up to count messages, without waiting. Returns their number, 0 if there
 * are none now, or a negative errno. That some were dropped is none. */
int netlink_inbox_receive(int fd, struct mmsghdr *headers, unsigned int count);

/* How many messages the kernel has dropped by now. drops has the number of the
 * last call, modulo 2^32; returns by how much it has grown. */
uint32_t netlink_inbox_take_drops(int fd, uint32_t *drops);

#endif
