/* SPDX-License-Identifier: MIT */
#include "kernel/netlink_inbox.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

enum {
  /* How often to repeat a receive that only reports dropped messages or a
   * signal. */
  TRIES = 8,
  LEAST_CHARGE = 512, /* bytes: two structures of the kernel, and the message */
};

/* Returns 0 or a negative errno. */
static int read_memory(const struct netlink_inbox *inbox,
                       uint32_t info[SK_MEMINFO_VARS]) {
  socklen_t length = SK_MEMINFO_VARS * sizeof(info[0]);
  int status = getsockopt(inbox->fd, SOL_SOCKET, SO_MEMINFO, info, &length);
  return status != 0 ? -errno : 0;
}

/* Returns the number of new losses since the last count. */
static uint32_t count_drops(struct netlink_inbox *inbox) {
  uint32_t info[SK_MEMINFO_VARS] = {0};
  if (read_memory(inbox, info) != 0)
    return 0;
  uint32_t more = info[SK_MEMINFO_DROPS] - inbox->drops; /* modulo 2^32 */
  inbox->drops = info[SK_MEMINFO_DROPS];
  return more;
}

void netlink_inbox_init(struct netlink_inbox *inbox, int fd) {
  *inbox = (struct netlink_inbox){.fd = fd};
  count_drops(inbox);
}

size_t netlink_inbox_set_buffer(struct netlink_inbox *inbox, size_t size) {
  int value = size < INT32_MAX / 2 ? (int)size : INT32_MAX / 2;
  socklen_t length = sizeof(value);

  if (setsockopt(inbox->fd, SOL_SOCKET, SO_RCVBUFFORCE, &value, length) != 0)
    setsockopt(inbox->fd, SOL_SOCKET, SO_RCVBUF, &value, length);
  if (getsockopt(inbox->fd, SOL_SOCKET, SO_RCVBUF, &value, &length) != 0)
    return 0;
  return (size_t)value / 2; /* the kernel shows it doubled */
}

int netlink_inbox_receive(struct netlink_inbox *inbox, struct mmsghdr *headers,
                          unsigned int count) {
  for (int tries = 0; tries < TRIES; tries++) {
    int received = recvmmsg(inbox->fd, headers, count, MSG_DONTWAIT, NULL);
    if (received >= 0)
      return received;
    if (errno == EAGAIN)
      return 0;
    /* The kernel reports losses only once until the socket is empty again
     * (netlink_overrun); the socket has their number. */
    if (errno == ENOBUFS)
      inbox->may_have_drops = true;
    else if (errno != EINTR)
      return -errno;
  }
  return 0; /* for now */
}

size_t netlink_inbox_count_waiting(const struct netlink_inbox *inbox) {
  uint32_t info[SK_MEMINFO_VARS] = {0};
  if (read_memory(inbox, info) != 0)
    return 0;
  return info[SK_MEMINFO_RMEM_ALLOC] / LEAST_CHARGE;
}

uint32_t netlink_inbox_take_drops(struct netlink_inbox *inbox) {
  if (!inbox->may_have_drops)
    return 0;
  uint32_t more = count_drops(inbox);
  inbox->may_have_drops = more > 0; /* there may be more */
  return more;
}
