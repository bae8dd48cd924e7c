/* SPDX-License-Identifier: MIT */
#include "kernel/exit_registration.h"

#include "kernel/clock.h"
#include "kernel/message.h"
#include "kernel/netlink_message.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { SEQUENCE = 1, ANSWER_SIZE = 2048, TIMEOUT_S = 1 };

static int send_request(int fd, uint16_t family, const char *cpus, bool on) {
  size_t size = MESSAGE_WATCH_SIZE + strlen(cpus) + 1;
  void *request = calloc(1, NLMSG_ALIGN(size));
  if (request == NULL)
    return -ENOMEM;

  size = message_put_watch(request, family, SEQUENCE, on, cpus);
  int status = send(fd, request, size, MSG_NOSIGNAL) < 0 ? -errno : 0;
  free(request);
  return status;
}

/* Exit records may arrive before the answer and are lost if the buffer is full.
 */
static int await_answer(int fd) {
  const struct timeval timeout = {.tv_sec = TIMEOUT_S};
  _Alignas(struct nlmsghdr) unsigned char bytes[ANSWER_SIZE];
  uint64_t give_up_ns =
      clock_ns(CLOCK_BOOTTIME) + TIMEOUT_S * UINT64_C(1000000000);

  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  do {
    int status;
    ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
    if (got >= 0 && netlink_message_fits((const void *)bytes, (size_t)got) &&
        message_is_acknowledgement((const void *)bytes, SEQUENCE, &status))
      return status;
    if (got < 0 && errno != EINTR && errno != ENOBUFS)
      return errno == EAGAIN ? -ETIMEDOUT : -errno;
  } while (clock_ns(CLOCK_BOOTTIME) < give_up_ns);
  return -ETIMEDOUT;
}

int exit_registration_set(int fd, uint16_t family, const char *cpus, bool on) {
  int status = send_request(fd, family, cpus, on);
  return status == 0 && on ? await_answer(fd) : status;
}
