/* SPDX-License-Identifier: MIT */
#include "kernel/process_events.h"

#include "kernel/clock.h"
#include "kernel/netlink_inbox.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  BATCH = 32,         /* messages in one system call */
  MESSAGE_SIZE = 256, /* an event needs 76 */
  PID_BITS = 22,      /* PID_MAX_LIMIT of the kernel */
  PORTS = 255,        /* to try */
};

/* struct proc_input of Linux 6.6, which older headers lack. */
struct input {
  uint32_t operation;
  uint32_t events;
};

struct process_events {
  int fd;
  uint32_t port;                /* the socket's, unlike that of any other */
  uint32_t drops;               /* the socket's own count */
  uint64_t namespace_ns;        /* clock_namespace_ns */
  unsigned int received, taken; /* messages */
  struct mmsghdr headers[BATCH];
  struct iovec vectors[BATCH];
  struct sockaddr_nl senders[BATCH];
  _Alignas(struct nlmsghdr) unsigned char bytes[BATCH][MESSAGE_SIZE];
};

/* What a message says, copied to where it is aligned. */
struct event {
  uint32_t answers; /* the number of a request, plus 1 */
  size_t size;      /* of process, as far as the kernel sent it */
  struct proc_event process;
};

/* Sends the connector some bytes of an input. */
static int put(const struct process_events *forks, const struct input *input,
               size_t size) {
  _Alignas(struct nlmsghdr) unsigned char bytes[MESSAGE_SIZE];
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  struct cn_msg message = {
      .id = {.idx = CN_IDX_PROC, .val = CN_VAL_PROC},
      .ack = forks->port, /* comes back; seq does not */
      .len = (uint16_t)size,
  };
  struct nlmsghdr *header = mnl_nlmsg_put_header(bytes);
  header->nlmsg_type = NLMSG_DONE;
  unsigned char *payload =
      mnl_nlmsg_put_extra_header(header, sizeof(message) + size);
  memcpy(payload, &message, sizeof(message));
  memcpy(payload + sizeof(message), input, size);

  ssize_t sent = sendto(forks->fd, header, header->nlmsg_len, MSG_NOSIGNAL,
                        (struct sockaddr *)&kernel, sizeof(kernel));
  return sent < 0 ? -errno : 0;
}

/* Begins to get events of all kinds, or ends it. The kernel only counts its
 * listeners, and does not see that one has closed its socket. */
static int listen_to_all(const struct process_events *forks, bool on) {
  struct input input = {on ? PROC_CN_MCAST_LISTEN : PROC_CN_MCAST_IGNORE, 0};
  return put(forks, &input, sizeof(input.operation));
}

/* Spares the kernel and the buffer what is not wanted. Before Linux 6.6 such a
 * message is of a wrong length and ignored. Later the listener is not counted a
 * second time, and there is no answer, since that would not pass the filter. */
static void listen_to_less(const struct process_events *forks) {
  struct input input = {PROC_CN_MCAST_LISTEN,
                        PROC_EVENT_FORK | PROC_EVENT_EXEC};
  put(forks, &input, sizeof(input));
}

static bool parse(const struct sockaddr_nl *sender,
                  const struct nlmsghdr *header, size_t size,
                  struct event *event) {
  struct cn_msg message;
  if (sender->nl_pid != 0 || !mnl_nlmsg_ok(header, (int)size) ||
      header->nlmsg_type != NLMSG_DONE ||
      mnl_nlmsg_get_payload_len(header) < sizeof(message))
    return false;

  const unsigned char *payload = mnl_nlmsg_get_payload(header);
  memcpy(&message, payload, sizeof(message));
  if (message.id.idx != CN_IDX_PROC || message.id.val != CN_VAL_PROC ||
      message.len > mnl_nlmsg_get_payload_len(header) - sizeof(message))
    return false;

  *event = (struct event){.answers = message.ack, .size = message.len};
  if (event->size > sizeof(event->process))
    event->size = sizeof(event->process); /* of a later version */
  memcpy(&event->process, payload + sizeof(message), event->size);
  return true;
}

/* Is it of this kind, and is all there that such an event says? */
static bool has(const struct event *event, uint32_t what, size_t said) {
  return (uint32_t)event->process.what == what &&
         event->size >= offsetof(struct proc_event, event_data) + said;
}

/* Is it the answer to this listener? Every listener hears those to others. Then
 * status is 0 or a negative errno. */
static bool is_answer(const struct process_events *forks,
                      const struct event *event, int *status) {
  if (!has(event, PROC_EVENT_NONE, sizeof(event->process.event_data.ack)) ||
      event->answers != forks->port + 1)
    return false;
  *status = -(int)event->process.event_data.ack.err;
  return true;
}

/* Events that come before the answer are lost. */
static int wait_for_answer(struct process_events *forks) {
  struct timeval timeout = {.tv_sec = 1};
  setsockopt(forks->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  uint64_t give_up_ns = clock_ns(CLOCK_BOOTTIME) + UINT64_C(1000000000);

  do {
    struct sockaddr_nl sender = {.nl_family = AF_NETLINK};
    socklen_t length = sizeof(sender);
    struct event event;
    int status;
    ssize_t got = recvfrom(forks->fd, forks->bytes[0], MESSAGE_SIZE, 0,
                           (struct sockaddr *)&sender, &length);
    if (got < 0 && errno != EINTR && errno != ENOBUFS)
      return errno == EAGAIN ? -ETIMEDOUT : -errno;
    if (got >= 0 &&
        parse(&sender, (const void *)forks->bytes[0], (size_t)got, &event) &&
        is_answer(forks, &event, &status))
      return status;
  } while (clock_ns(CLOCK_BOOTTIME) < give_up_ns);
  return -ETIMEDOUT;
}

/* Joins the group of the events. The kernel would choose the process's number
 * as the port, which collectd's procevent insists on: takes one beyond those of
 * all processes. */
static int join(struct process_events *forks) {
  struct sockaddr_nl own = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};

  for (uint32_t i = 1; i <= PORTS; i++) {
    own.nl_pid = (uint32_t)getpid() + (i << PID_BITS);
    if (bind(forks->fd, (struct sockaddr *)&own, sizeof(own)) == 0) {
      forks->port = own.nl_pid;
      return 0;
    }
    if (errno != EADDRINUSE)
      break;
  }
  return -errno;
}

static int begin(struct process_events *forks) {
  int status = join(forks);
  if (status == 0)
    status = listen_to_all(forks, true);
  if (status != 0)
    return status;

  status = wait_for_answer(forks);
  if (status == -ETIMEDOUT)
    listen_to_all(forks, false); /* only the answer may have been lost */
  if (status == 0)
    listen_to_less(forks);
  return status;
}

int process_events_open(size_t buffer, struct process_events **forks) {
  struct process_events *f = calloc(1, sizeof(*f));
  if (f == NULL)
    return -ENOMEM;

  f->fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR);
  if (f->fd < 0) {
    int status = -errno;
    free(f);
    return status;
  }
  for (size_t i = 0; i < BATCH; i++) {
    f->vectors[i] = (struct iovec){f->bytes[i], MESSAGE_SIZE};
    f->headers[i].msg_hdr.msg_iov = &f->vectors[i];
    f->headers[i].msg_hdr.msg_iovlen = 1;
    f->headers[i].msg_hdr.msg_name = &f->senders[i];
  }
  netlink_inbox_set_buffer(f->fd, buffer);
  int status = begin(f);
  if (status != 0) {
    close(f->fd);
    free(f);
    return status;
  }
  netlink_inbox_take_drops(f->fd, &f->drops);
  f->namespace_ns = clock_namespace_ns();
  *forks = f;
  return 0;
}

void process_events_close(struct process_events *forks) {
  if (forks == NULL)
    return;
  listen_to_all(forks, false);
  close(forks->fd);
  free(forks);
}

bool process_events_has_more(const struct process_events *forks) {
  return forks->taken < forks->received;
}

int process_events_fd(const struct process_events *forks) { return forks->fd; }

static void tell(const struct event *event, uint64_t suspended_ns,
                 const struct process_events_calls *calls) {
  const struct proc_event *process = &event->process;

  if (has(event, PROC_EVENT_FORK, sizeof(process->event_data.fork))) {
    if (process->event_data.fork.child_pid ==
        process->event_data.fork.child_tgid)
      calls->fork(calls->context, process->event_data.fork.parent_tgid,
                  process->event_data.fork.child_tgid,
                  process->timestamp_ns + suspended_ns);
  } else if (has(event, PROC_EVENT_EXEC, sizeof(process->event_data.exec))) {
    calls->exec(calls->context, process->event_data.exec.process_tgid);
  }
}

/* Returns the number of messages, 0 if there are none now, or a negative errno.
 */
static int receive(struct process_events *forks) {
  /* The kernel overwrites it. */
  for (size_t i = 0; i < BATCH; i++)
    forks->headers[i].msg_hdr.msg_namelen = sizeof(forks->senders[i]);
  return netlink_inbox_receive(forks->fd, forks->headers, BATCH);
}

int process_events_drain(struct process_events *forks, uint64_t until_ns,
                         const struct process_events_calls *calls,
                         uint64_t *lost) {
  /* From the machine's CLOCK_MONOTONIC to this process's CLOCK_BOOTTIME */
  uint64_t suspended_ns = clock_ahead_ns() + forks->namespace_ns;
  int status = 0;

  for (;;) {
    if (forks->taken == forks->received) {
      status = receive(forks);
      if (status <= 0)
        break;
      forks->received = (unsigned int)status;
      forks->taken = 0;
    }
    struct event event;
    unsigned int i = forks->taken;
    bool is_event = parse(&forks->senders[i], (const void *)forks->bytes[i],
                          forks->headers[i].msg_len, &event);
    if (is_event && event.process.timestamp_ns + suspended_ns > until_ns)
      return 0; /* it stays, with all that come after it */
    forks->taken++;
    if (is_event)
      tell(&event, suspended_ns, calls);
  }
  *lost += netlink_inbox_take_drops(forks->fd, &forks->drops);
  return status;
}
