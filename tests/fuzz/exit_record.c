/* SPDX-License-Identifier: MIT */
#include "kernel/exit_inbox.h"

#include "fuzz/records.h"
#include "kernel/exit_registration.h"
#include "kernel/genl.h"
#include "kernel/netlink_message.h"
#include "track/exit_info.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * A datagram from the kernel to the socket for exit records. The result depends
 * only on the datagram, not on earlier contents of the buffer.
 */

enum { DATAGRAM_MAX = 2048 }; /* the inbox truncates longer ones */

static int kernel_fd;

/* Stands in for the socket to the kernel */
int genl_connect(uint16_t *family) {
  int fds[2];
  fuzz_check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
  *family = 0x1d;
  kernel_fd = fds[0];
  return fds[1];
}

int exit_registration_set(int fd, uint16_t family, const char *cpus, bool on) {
  (void)fd;
  (void)family;
  (void)cpus;
  (void)on;
  return 0;
}

static void receive(struct exit_inbox *inbox, const void *data, size_t size,
                    struct exit_inbox_batch *batch) {
  fuzz_check(send(kernel_fd, data, size, 0) == (ssize_t)size);
  fuzz_check(exit_inbox_receive(inbox, batch) == 1);
}

/* Parses the datagram by itself. */
static int parse(const void *data, size_t size, struct message *message) {
  struct nlmsghdr *copy = fuzz_copy(data, size);
  int status = netlink_message_fits(copy, size) ? message_parse(copy, message)
                                                : -EBADMSG;
  free(copy);
  return status;
}

/* Its start time is a valid range, however old it is. */
static void check_identity(const struct message *message) {
  const struct exit_info_when when = {.earliest_ns = UINT64_C(90) << 40,
                                      .latest_ns = UINT64_C(91) << 40,
                                      .suspended_ns = 1000000000};
  struct exit_info info;
  bool is_known = exit_info_identify(&info, message, &when);
  bool has_whole = message->has[MESSAGE_PROCESS];
  fuzz_check(info.earliest_ns <= info.latest_ns);
  fuzz_check(info.prompt_ns <= when.earliest_ns);
  fuzz_check(info.latest_ns <= when.latest_ns);
  fuzz_check((info.whole != NULL) == has_whole);
  fuzz_check(is_known || (info.thread->tgid == 0 && !has_whole));
  exit_info_set_main(&info, NULL);
  fuzz_check(strcmp(info.comm, info.thread->comm) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct exit_inbox *inbox;
  static struct exit_inbox_batch batch;
  static unsigned char noise[DATAGRAM_MAX];
  if (inbox == NULL)
    fuzz_check(exit_inbox_open("0", 4096, &inbox) == 0);
  if (size > DATAGRAM_MAX)
    return 0;

  struct message message;
  int status = parse(data, size, &message);
  memset(noise, size % 2 == 0 ? 0xff : 0x01, sizeof(noise));
  receive(inbox, noise, sizeof(noise), &batch);
  receive(inbox, data, size, &batch);
  fuzz_check(batch.count <= 1);
  bool is_record =
      status == 0 && message.error == 0 && message.has[MESSAGE_THREAD];
  fuzz_check(is_record == (batch.count == 1));
  fuzz_check(is_record == (batch.rejection == 0));
  if (status != 0)
    fuzz_check(batch.rejection == status);
  if (!is_record)
    return 0;
  fuzz_check(messages_equal(&batch.messages[0], &message));
  messages_check(&message);
  check_identity(&message);
  return 0;
}
