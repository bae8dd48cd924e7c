/* SPDX-License-Identifier: MIT */
#include "channel.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/taskstats.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { PATIENCE_MS = 2000, GENL_VERSION = TASKSTATS_GENL_VERSION };

struct channel {
  struct nl_sock *socket;
  int family;
  /* The pending request. */
  uint32_t awaited;
  bool answered;
  int status;
  struct answer *query; /* receives its answer; NULL: acknowledgement only */
  /* The listener. */
  channel_handler *handler;
  void *data;
  bool enough;
  uint32_t malformed;
  char *cpus;
  struct answer scratch;
};

static int on_refusal(struct sockaddr_nl *from, struct nlmsgerr *refusal,
                      void *data) {
  struct channel *channel = data;
  (void)from;
  channel->answered = true;
  channel->status = refusal->error < 0 ? refusal->error : -EBADMSG;
  return NL_SKIP; /* libnl would treat NL_STOP as an error, too */
}

static int on_acknowledgement(struct nl_msg *msg, void *data) {
  struct channel *channel = data;
  (void)msg;
  channel->answered = true;
  channel->status = channel->query == NULL ? 0 : -EBADMSG;
  return NL_STOP;
}

static bool is_record(const struct channel *channel,
                      const struct nlmsghdr *header) {
  return channel->handler != NULL && header->nlmsg_type == channel->family;
}

/* Skips late answers to other requests, and messages of other processes. Exit
 * records have their own sequence numbers. */
static int on_arrival(struct nl_msg *msg, void *data) {
  const struct channel *channel = data;
  const struct nlmsghdr *header = nlmsg_hdr(msg);
  const struct sockaddr_nl *from = nlmsg_get_src(msg);
  if (from->nl_pid != 0)
    return NL_SKIP;
  return is_record(channel, header) || header->nlmsg_seq == channel->awaited
             ? NL_OK
             : NL_SKIP;
}

static int on_message(struct nl_msg *msg, void *data) {
  struct channel *channel = data;
  const struct nlmsghdr *header = nlmsg_hdr(msg);
  if (is_record(channel, header)) {
    if (answer_parse(header, true, &channel->scratch) < 0)
      channel->malformed++;
    else if (!channel->enough)
      channel->enough = !channel->handler(&channel->scratch, channel->data);
  } else {
    channel->answered = true;
    channel->status =
        header->nlmsg_type == channel->family && channel->query != NULL
            ? answer_parse(header, false, channel->query)
            : -EBADMSG;
  }
  return NL_OK;
}

struct channel *channel_wrap(struct nl_sock *socket, int family) {
  struct channel *channel = calloc(1, sizeof(*channel));
  if (channel == NULL)
    return NULL;
  channel->socket = socket;
  channel->family = family;
  nl_socket_disable_auto_ack(socket);
  nl_socket_modify_cb(socket, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_arrival,
                      channel);
  nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_message, channel);
  nl_socket_modify_cb(socket, NL_CB_ACK, NL_CB_CUSTOM, on_acknowledgement,
                      channel);
  nl_socket_modify_err_cb(socket, NL_CB_CUSTOM, on_refusal, channel);
  return channel;
}

static int connect_socket(struct nl_sock *socket, int *family) {
  errno = 0;
  if (genl_connect(socket) < 0)
    return errno > 0 ? -errno : -EIO;
  *family = genl_ctrl_resolve(socket, TASKSTATS_GENL_NAME);
  if (*family < 0)
    return *family == -NLE_OBJ_NOTFOUND ? -ENOENT : -EIO;
  nl_socket_set_nonblocking(socket);
  return 0;
}

int channel_open(struct channel **channel) {
  struct nl_sock *socket = nl_socket_alloc();
  int family = 0;
  if (socket == NULL)
    return -ENOMEM;
  int status = connect_socket(socket, &family);
  if (status == 0) {
    *channel = channel_wrap(socket, family);
    status = *channel == NULL ? -ENOMEM : 0;
  }
  if (status < 0)
    nl_socket_free(socket);
  return status;
}

void channel_close(struct channel *channel) {
  if (channel == NULL)
    return;
  nl_socket_free(channel->socket);
  free(channel->cpus);
  free(channel);
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Receives one message. Returns 0, -EAGAIN, -ENOBUFS or -EBADMSG. */
static int receive(struct channel *channel) {
  int status = nl_recvmsgs_default(channel->socket);
  if (status >= 0)
    return 0;
  switch (-status) {
  case NLE_AGAIN:
    return -EAGAIN;
  case NLE_NOMEM: /* libnl's code for ENOBUFS */
    return -ENOBUFS;
  default:
    return -EBADMSG;
  }
}

/* Returns false if nothing has arrived before the deadline. */
static bool await_message(struct channel *channel, int64_t deadline) {
  struct pollfd wait = {.fd = channel_fd(channel), .events = POLLIN};
  int64_t left = deadline - now_ms();
  if (wait.fd < 0) /* set by a test */
    return left > 0;
  return left > 0 && (poll(&wait, 1, (int)left) > 0 || errno == EINTR);
}

static int await_answer(struct channel *channel) {
  int64_t deadline = now_ms() + PATIENCE_MS;
  while (!channel->answered) {
    if (!await_message(channel, deadline))
      return -ETIMEDOUT;
    int status = receive(channel);
    if (status == -EBADMSG && channel->handler != NULL)
      channel->malformed++;
    else if (status == -EBADMSG)
      return status;
    else if (status == -EAGAIN && channel_fd(channel) < 0)
      return -ETIMEDOUT;
  }
  return channel->status;
}

static struct nl_msg *new_request(const struct channel *channel, int flags) {
  struct nl_msg *msg = nlmsg_alloc();
  if (msg != NULL &&
      genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, channel->family, 0, flags,
                  TASKSTATS_CMD_GET, GENL_VERSION) == NULL) {
    nlmsg_free(msg);
    msg = NULL;
  }
  return msg;
}

/* Sends the request, frees it, and waits for the answer. */
static int ask(struct channel *channel, struct nl_msg *msg,
               struct answer *answer) {
  nl_complete_msg(channel->socket, msg);
  channel->awaited = nlmsg_hdr(msg)->nlmsg_seq;
  channel->answered = false;
  channel->query = answer;
  errno = 0;
  int status = nl_send(channel->socket, msg);
  nlmsg_free(msg);
  if (status < 0)
    return errno > 0 ? -errno : -EIO;
  status = await_answer(channel);
  channel->awaited = 0;
  channel->query = NULL;
  return status;
}

int channel_query(struct channel *channel, enum answer_part part, uint32_t id,
                  struct answer *answer) {
  struct nl_msg *msg = new_request(channel, 0);
  if (msg == NULL)
    return -ENOMEM;
  nla_put_u32(msg,
              part == ANSWER_THREAD ? TASKSTATS_CMD_ATTR_PID
                                    : TASKSTATS_CMD_ATTR_TGID,
              id);
  int status = ask(channel, msg, answer);
  if (status == 0 &&
      (!answer->parts[part].there || answer->parts[part].id != id))
    return -EBADMSG;
  return status;
}

static int ask_for_cpus(struct channel *channel, int attribute) {
  struct nl_msg *msg = new_request(channel, NLM_F_ACK);
  if (msg == NULL)
    return -ENOMEM;
  if (nla_put_string(msg, attribute, channel->cpus) < 0) {
    nlmsg_free(msg);
    return -EINVAL; /* longer than any list of CPUs */
  }
  return ask(channel, msg, NULL);
}

int channel_watch(struct channel *channel, const char *cpus,
                  channel_handler *handler, void *data) {
  channel->cpus = strdup(cpus);
  if (channel->cpus == NULL)
    return -ENOMEM;
  channel->handler = handler;
  channel->data = data;
  return ask_for_cpus(channel, TASKSTATS_CMD_ATTR_REGISTER_CPUMASK);
}

/* If the buffer is full, the kernel's acknowledgement is lost, too. */
int channel_unwatch(struct channel *channel) {
  channel_drain(channel);
  int status = ask_for_cpus(channel, TASKSTATS_CMD_ATTR_DEREGISTER_CPUMASK);
  channel_drain(channel);
  channel->handler = NULL;
  return status;
}

int channel_drain(struct channel *channel) {
  int lost = 0;
  while (!channel->enough) {
    int status = receive(channel);
    if (status == -ENOBUFS)
      lost = status;
    if (status == -EBADMSG)
      channel->malformed++;
    if (status == -EAGAIN || status == -EBADMSG)
      break; /* the rest, if any, is received at the next call */
  }
  return lost;
}

int channel_fd(const struct channel *channel) {
  return nl_socket_get_fd(channel->socket);
}

int channel_set_buffer(struct channel *channel, int bytes) {
  int fd = channel_fd(channel), got = 0;
  socklen_t size = sizeof(got);
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0 &&
      setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) < 0)
    return -errno;
  if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &size) < 0)
    return -errno;
  return got / 2; /* the kernel doubles it for its own overhead */
}

uint32_t channel_dropped(const struct channel *channel) {
  uint32_t info[SK_MEMINFO_VARS] = {0};
  socklen_t size = sizeof(info);
  if (getsockopt(channel_fd(channel), SOL_SOCKET, SO_MEMINFO, info, &size) < 0)
    return 0;
  return info[SK_MEMINFO_DROPS];
}

uint32_t channel_malformed(const struct channel *channel) {
  return channel->malformed;
}
