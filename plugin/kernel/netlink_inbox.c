/* SPDX-License-Identifier: MIT */
#include "kernel/netlink_inbox.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

size_t netlink_inbox_set_buffer(int fd, size_t size) {
  int value = size < INT32_MAX / 2 ? (int)size : INT32_MAX / 2;
  socklen_t length = sizeof(value);

  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &value, length) != 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, length);
  if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, &length) != 0)
    return 0;
  return (size_t)value / 2; /* the kernel shows it doubled */
}

int netlink_inbox_receive(int fd, struct mmsghdr *headers, unsigned int count) {
  for (;;) {
    int received = recvmmsg(fd, headers, count, MSG_DONTWAIT, NULL);
    if (received >= 0)
      return received;
    if (errno == EAGAIN)
      return 0;
    /* The kernel says once that it had to drop; the socket knows how much. */
    if (errno != EINTR && errno != ENOBUFS)
      return -errno;
  }
}

uint32_t netlink_inbox_take_drops(int fd, uint32_t *drops) {
  uint32_t info[SK_MEMINFO_VARS] = {0};
  socklen_t length = sizeof(info);
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &length) != 0)
    return 0;
  uint32_t more = info[SK_MEMINFO_DROPS] - *drops;
  *drops = info[SK_MEMINFO_DROPS];
  return more;
}
