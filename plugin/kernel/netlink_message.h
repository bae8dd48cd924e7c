/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_NETLINK_MESSAGE_H
#define TASKSTATS_NETLINK_MESSAGE_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether a whole message fits in size bytes. (mnl_nlmsg_ok treats a length of
 * 2 GiB or more as negative, and accepts it.) */
static inline bool netlink_message_fits(const struct nlmsghdr *header,
                                        size_t size) {
  return size >= sizeof(*header) && header->nlmsg_len >= sizeof(*header) &&
         header->nlmsg_len <= size;
}

#endif
