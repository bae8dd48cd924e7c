/* SPDX-License-Identifier: MIT */
#include "kernel/process_events.h"

#include "fuzz/fuzz.h"

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Messages of the kernel's connector: whether new threads are requested, and
 * then each message, preceded by its socket (changes or forks) and its length.
 * The filters are attached to the sockets, and the kernel runs them. Each
 * resulting event was in a message; each event in a message as the kernel
 * writes it results; and events are in the order of their times.
 */

enum { CHANGES, FORKS, SOCKETS, MESSAGES = 16, MESSAGE_MAX = 512 };

/* As the kernel writes it */
struct whole {
  struct nlmsghdr header;
  struct { /* cn_msg, which its data follows */
    struct cb_id id;
    uint32_t seq, ack;
    uint16_t len, flags;
  } message;
  struct proc_event event;
} __attribute__((packed));

_Static_assert(offsetof(struct whole, event) ==
                   sizeof(struct nlmsghdr) + sizeof(struct cn_msg),
               "the event is where the kernel puts it");

struct message {
  unsigned int to;
  size_t size;
  unsigned char bytes[MESSAGE_MAX];
  bool has_come_out;
};

static int kernel_fds[SOCKETS];
static unsigned int opened;

/* Stands in for the connector's sockets. The answer to a listener is queued in
 * advance, for the first port that it tries. */
int socket(int domain, int type, int protocol) {
  int fds[2];
  (void)domain;
  (void)type;
  (void)protocol;
  fuzz_check(opened < SOCKETS);
  fuzz_check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
  kernel_fds[opened++] = fds[0];
  struct whole answer = {
      .header = {.nlmsg_len = sizeof(answer), .nlmsg_type = NLMSG_DONE},
      .message = {.id = {CN_IDX_PROC, CN_VAL_PROC},
                  .ack = (uint32_t)getpid() + (1U << 22) + 1,
                  .len = sizeof(answer.event)},
      .event = {.what = PROC_EVENT_NONE}};
  fuzz_check(send(fds[0], &answer, sizeof(answer), 0) == sizeof(answer));
  return fds[1];
}

int bind(int fd, const struct sockaddr *address, socklen_t length) {
  (void)fd;
  (void)address;
  (void)length;
  return 0;
}

static struct whole whole_of(const struct message *message) {
  struct whole whole = {.event = {.what = PROC_EVENT_NONE}};
  size_t size = message->size < sizeof(whole) ? message->size : sizeof(whole);
  memcpy(&whole, message->bytes, size);
  return whole;
}

/* Decodes an event independently. */
static struct process_event describe(const struct message *message) {
  struct whole whole = whole_of(message);
  struct process_event event = {.pid = 0};

  switch ((uint32_t)whole.event.what) {
  case PROC_EVENT_FORK:
    event.tid = whole.event.event_data.fork.child_pid;
    event.pid = whole.event.event_data.fork.child_tgid;
    event.parent = whole.event.event_data.fork.parent_tgid;
    event.is_by_thread = whole.event.event_data.fork.parent_pid != event.parent;
    event.kind = event.tid == event.pid ? PROCESS_FORKED : PROCESS_THREAD;
    break;
  case PROC_EVENT_EXEC:
    event.pid = whole.event.event_data.exec.process_tgid;
    event.kind = PROCESS_EXECED;
    break;
  case PROC_EVENT_COMM:
    event.pid = whole.event.event_data.comm.process_tgid;
    event.kind = PROCESS_RENAMED;
    break;
  default:
    event.pid = whole.event.event_data.id.process_tgid;
    event.kind = PROCESS_REOWNED;
  }
  return event;
}

static bool are_same(const struct process_event *a,
                     const struct process_event *b) {
  return a->kind == b->kind && a->pid == b->pid && a->tid == b->tid &&
         a->parent == b->parent && a->is_by_thread == b->is_by_thread;
}

/* Whether the kernel writes such a message, and the socket's filter passes it.
 */
static bool must_come_out(const struct message *message, bool has_threads) {
  struct whole whole = whole_of(message);
  if (message->size != sizeof(whole) ||
      whole.header.nlmsg_len != sizeof(whole) ||
      whole.header.nlmsg_type != NLMSG_DONE ||
      whole.message.id.idx != CN_IDX_PROC ||
      whole.message.id.val != CN_VAL_PROC ||
      whole.message.len != sizeof(whole.event))
    return false;
  struct process_event event = describe(message);
  bool is_main = whole.event.event_data.comm.process_pid ==
                 whole.event.event_data.comm.process_tgid;
  switch ((uint32_t)whole.event.what) {
  case PROC_EVENT_FORK:
    return message->to == FORKS &&
           (has_threads || event.kind == PROCESS_FORKED);
  case PROC_EVENT_EXEC:
    return message->to == CHANGES;
  case PROC_EVENT_COMM:
  case PROC_EVENT_UID:
    return message->to == CHANGES && is_main;
  default:
    return false;
  }
}

/* Whether all must result, with each socket's in the order of their times, as
 * the kernel sends them. */
static bool are_in_order(const struct message *messages, size_t count,
                         bool has_threads) {
  uint64_t last[SOCKETS] = {0};
  for (size_t i = 0; i < count; i++) {
    uint64_t time_ns = whole_of(&messages[i]).event.timestamp_ns;
    if (time_ns < last[messages[i].to] ||
        !must_come_out(&messages[i], has_threads))
      return false;
    last[messages[i].to] = time_ns;
  }
  return true;
}

static size_t take_messages(struct fuzz_input *input,
                            struct message messages[MESSAGES]) {
  size_t count = 0;
  while (count < MESSAGES && input->left > 0) {
    struct message *message = &messages[count++];
    *message = (struct message){.to = fuzz_take_u8(input) % SOCKETS};
    message->size = fuzz_take_u16(input) % (MESSAGE_MAX + 1);
    if (message->size > input->left)
      message->size = input->left;
    fuzz_take(input, message->bytes, message->size);
  }
  return count;
}

/* Finds the first unused message from which an event can result: one that must
 * result is preferred to one that may. */
static struct message *find_message(struct message *messages, size_t count,
                                    const struct process_event *event,
                                    bool has_threads) {
  struct message *found = NULL;
  for (size_t i = 0; i < count; i++) {
    struct process_event described = describe(&messages[i]);
    if (messages[i].has_come_out || !are_same(&described, event))
      continue;
    if (must_come_out(&messages[i], has_threads))
      return &messages[i];
    found = &messages[i];
  }
  return found;
}

static void check_events(struct process_events *events,
                         struct message *messages, size_t count,
                         bool has_threads) {
  bool in_order = are_in_order(messages, count, has_threads);
  struct process_event event;
  uint64_t lost = 0, last_ns = 0;
  int status;

  while ((status = process_events_next(events, UINT64_MAX, &event, &lost)) >
         0) {
    struct message *message =
        find_message(messages, count, &event, has_threads);
    fuzz_check(message != NULL);
    message->has_come_out = true;
    uint64_t time_ns = whole_of(message).event.timestamp_ns;
    fuzz_check(!in_order || time_ns >= last_ns);
    last_ns = time_ns;
  }
  fuzz_check(status == 0);
  fuzz_check(lost == 0);
  for (size_t i = 0; i < count; i++)
    fuzz_check(messages[i].has_come_out ||
               !must_come_out(&messages[i], has_threads));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct message messages[MESSAGES];
  struct fuzz_input input = {data, size};
  struct process_events *events;

  bool has_threads = fuzz_take_u8(&input) % 2 != 0;
  size_t count = take_messages(&input, messages);
  opened = 0;
  fuzz_check(process_events_open(4096, has_threads, &events) == 0);
  for (size_t i = 0; i < count; i++)
    fuzz_check(send(kernel_fds[messages[i].to], messages[i].bytes,
                    messages[i].size, 0) == (ssize_t)messages[i].size);
  check_events(events, messages, count, has_threads);
  process_events_close(events);
  for (size_t i = 0; i < SOCKETS; i++)
    close(kernel_fds[i]);
  return 0;
}
