/* SPDX-License-Identifier: MIT */
#include "kernel/connector.h"

#include "kernel/clock.h"
#include "kernel/netlink_inbox.h"
#include "kernel/netlink_message.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
  MESSAGE_SIZE = 256, /* an event needs 76 */
  PID_BITS = 22,      /* PID_MAX_LIMIT of the kernel */
  PORTS = 255,        /* number of ports to try */
};

/* struct proc_input of Linux 6.6, which older headers lack. */
struct input {
  uint32_t operation;
  uint32_t events;
};

struct connector {
  struct netlink_inbox socket;
  uint32_t port; /* the port of the socket, different from all others */
  unsigned int received, taken; /* number of messages */
  struct mmsghdr headers[CONNECTOR_BATCH];
  struct iovec vectors[CONNECTOR_BATCH];
  struct sockaddr_nl senders[CONNECTOR_BATCH];
  _Alignas(struct nlmsghdr) unsigned char bytes[CONNECTOR_BATCH][MESSAGE_SIZE];
};

/* Sends the first bytes of an input to the kernel. */
static int send_input(const struct connector *connector,
                      const struct input *input, size_t size) {
  _Alignas(struct nlmsghdr) unsigned char bytes[MESSAGE_SIZE];
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  struct cn_msg message = {
      .id = {.idx = CN_IDX_PROC, .val = CN_VAL_PROC},
      .ack = connector->port, /* is returned in the answer; seq is not */
      .len = (uint16_t)size,
  };
  struct nlmsghdr *header = mnl_nlmsg_put_header(bytes);
  header->nlmsg_type = NLMSG_DONE;
  unsigned char *payload =
      mnl_nlmsg_put_extra_header(header, sizeof(message) + size);
  memcpy(payload, &message, sizeof(message));
  memcpy(payload + sizeof(message), input, size);

  ssize_t sent =
      sendto(connector->socket.fd, header, header->nlmsg_len, MSG_NOSIGNAL,
             (struct sockaddr *)&kernel, sizeof(kernel));
  return sent < 0 ? -errno : 0;
}

/* Starts or stops events of all kinds. Before Linux 6.6 the kernel only counts
 * its listeners, and does not notice that one closed its socket. */
static int listen_to_all(const struct connector *connector, bool on) {
  struct input input = {on ? PROC_CN_MCAST_LISTEN : PROC_CN_MCAST_IGNORE, 0};
  return send_input(connector, &input, sizeof(input.operation));
}

/* Tells the kernel which kinds are not needed. Before Linux 6.6, such a message
 * has a wrong length and is ignored. Later kernels do not count the listener a
 * second time; their answer does not pass the filter. */
static void listen_to_kinds(const struct connector *connector, uint32_t kinds) {
  struct input input = {PROC_CN_MCAST_LISTEN, kinds};
  send_input(connector, &input, sizeof(input));
}

static bool parse_message(const struct sockaddr_nl *sender,
                          const struct nlmsghdr *header, size_t size,
                          struct connector_event *event) {
  struct cn_msg message;
  if (sender->nl_pid != 0 || !netlink_message_fits(header, size) ||
      header->nlmsg_type != NLMSG_DONE ||
      mnl_nlmsg_get_payload_len(header) < sizeof(message))
    return false;

  const unsigned char *payload = mnl_nlmsg_get_payload(header);
  memcpy(&message, payload, sizeof(message));
  if (message.id.idx != CN_IDX_PROC || message.id.val != CN_VAL_PROC ||
      message.len > mnl_nlmsg_get_payload_len(header) - sizeof(message))
    return false;

  *event = (struct connector_event){.ack = message.ack, .size = message.len};
  if (event->size > sizeof(event->process))
    event->size = sizeof(event->process); /* of a later version */
  memcpy(&event->process, payload + sizeof(message), event->size);
  return true;
}

bool connector_event_is(const struct connector_event *event, uint32_t kind,
                        size_t size) {
  return (uint32_t)event->process.what == kind &&
         event->size >= offsetof(struct proc_event, event_data) + size;
}

/* Whether an event is the answer to this listener: every listener receives the
 * answers to all. status is then 0 or a negative errno. */
static bool is_answer(const struct connector *connector,
                      const struct connector_event *event, int *status) {
  if (!connector_event_is(event, PROC_EVENT_NONE,
                          sizeof(event->process.event_data.ack)) ||
      event->ack != connector->port + 1)
    return false;
  *status = -(int)event->process.event_data.ack.err;
  return true;
}

/* Events that arrive before the answer are lost. */
static int wait_for_answer(struct connector *connector) {
  struct timeval timeout = {.tv_sec = 1};
  int fd = connector->socket.fd;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  uint64_t give_up_ns = clock_ns(CLOCK_BOOTTIME) + UINT64_C(1000000000);

  do {
    struct sockaddr_nl sender = {.nl_family = AF_NETLINK};
    socklen_t length = sizeof(sender);
    struct connector_event event;
    int status;
    ssize_t got = recvfrom(fd, connector->bytes[0], MESSAGE_SIZE, 0,
                           (struct sockaddr *)&sender, &length);
    if (got < 0 && errno != EINTR && errno != ENOBUFS)
      return errno == EAGAIN ? -ETIMEDOUT : -errno;
    if (got >= 0 &&
        parse_message(&sender, (const void *)connector->bytes[0], (size_t)got,
                      &event) &&
        is_answer(connector, &event, &status))
      return status;
  } while (clock_ns(CLOCK_BOOTTIME) < give_up_ns);
  return -ETIMEDOUT;
}

/* Joins the multicast group of the events. The kernel would choose the process
 * id as the port, which collectd's procevent plugin requires: chooses a port
 * above all process ids. */
static int join_group(struct connector *connector) {
  struct sockaddr_nl own = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};

  for (uint32_t i = 1; i <= PORTS; i++) {
    own.nl_pid = (uint32_t)getpid() + (i << PID_BITS);
    if (bind(connector->socket.fd, (struct sockaddr *)&own, sizeof(own)) == 0) {
      connector->port = own.nl_pid;
      return 0;
    }
    if (errno != EADDRINUSE)
      break;
  }
  return -errno;
}

static int begin_listening(struct connector *connector,
                           const struct connector_filter *filter) {
  if (setsockopt(connector->socket.fd, SOL_SOCKET, SO_ATTACH_FILTER,
                 filter->program, sizeof(*filter->program)) != 0)
    return -errno;
  int status = join_group(connector);
  if (status == 0)
    status = listen_to_all(connector, true);
  if (status != 0)
    return status;

  status = wait_for_answer(connector);
  if (status == -ETIMEDOUT)
    listen_to_all(connector, false); /* perhaps only the answer was lost */
  if (status == 0)
    listen_to_kinds(connector, filter->kinds);
  return status;
}

int connector_open(size_t buffer, const struct connector_filter *filter,
                   struct connector **connector) {
  struct connector *c = calloc(1, sizeof(*c));
  if (c == NULL)
    return -ENOMEM;

  int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR);
  if (fd < 0) {
    int status = -errno;
    free(c);
    return status;
  }
  for (size_t i = 0; i < CONNECTOR_BATCH; i++) {
    c->vectors[i] = (struct iovec){c->bytes[i], MESSAGE_SIZE};
    c->headers[i].msg_hdr.msg_iov = &c->vectors[i];
    c->headers[i].msg_hdr.msg_iovlen = 1;
    c->headers[i].msg_hdr.msg_name = &c->senders[i];
    c->headers[i].msg_hdr.msg_namelen = sizeof(c->senders[i]);
  }
  netlink_inbox_init(&c->socket, fd);
  netlink_inbox_set_buffer(&c->socket, buffer);
  int status = begin_listening(c, filter);
  if (status != 0) {
    close(fd);
    free(c);
    return status;
  }
  netlink_inbox_init(&c->socket, fd); /* ignores losses before the answer */
  *connector = c;
  return 0;
}

void connector_close(struct connector *connector) {
  if (connector == NULL)
    return;
  listen_to_all(connector, false);
  close(connector->socket.fd);
  free(connector);
}

int connector_fd(const struct connector *connector) {
  return connector->socket.fd;
}

int connector_receive(struct connector *connector) {
  /* The kernel has overwritten it. */
  for (unsigned int i = 0; i < connector->received; i++)
    connector->headers[i].msg_hdr.msg_namelen = sizeof(connector->senders[i]);
  int status = netlink_inbox_receive(&connector->socket, connector->headers,
                                     CONNECTOR_BATCH);
  connector->received = status > 0 ? (unsigned int)status : 0;
  connector->taken = 0;
  return status;
}

bool connector_peek(struct connector *connector,
                    struct connector_event *event) {
  for (; connector->taken < connector->received; connector->taken++) {
    unsigned int i = connector->taken;
    if (parse_message(&connector->senders[i], (const void *)connector->bytes[i],
                      connector->headers[i].msg_len, event))
      return true;
  }
  return false;
}

void connector_drop(struct connector *connector) { connector->taken++; }

uint32_t connector_take_losses(struct connector *connector) {
  return netlink_inbox_take_drops(&connector->socket);
}
