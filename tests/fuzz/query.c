/* SPDX-License-Identifier: MIT */
#include "kernel/query.h"

#include "fuzz/records.h"
#include "kernel/netlink_message.h"
#include "support/answer.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Datagrams from the kernel in reply to queries: the target and the ids, and
 * then each datagram, preceded by its length. Each request gets the first reply
 * that answers it, or else the correct one, which arrives last.
 */

enum { REQUESTS = 4, REPLIES = 8, REPLY_MAX = 2048 };

struct reply {
  void *bytes;
  size_t size;
};

struct conversation {
  enum message_target target;
  uint32_t ids[REQUESTS];
  struct reply replies[REPLIES + REQUESTS];
  size_t count;
};

static void add_reply(struct conversation *c, const void *bytes, size_t size) {
  c->replies[c->count++] = (struct reply){fuzz_copy(bytes, size), size};
}

static void take_conversation(struct conversation *c,
                              struct fuzz_input *input) {
  c->target = fuzz_take_u8(input) % 2 == 0 ? MESSAGE_PROCESS : MESSAGE_THREAD;
  fuzz_take(input, c->ids, sizeof(c->ids));
  while (c->count < REPLIES && input->left > 0) {
    size_t size = fuzz_take_u16(input) % (REPLY_MAX + 1);
    if (size > input->left)
      size = input->left;
    add_reply(c, input->at, size);
    input->at += size;
    input->left -= size;
  }
  for (uint32_t i = 0; i < REQUESTS; i++) {
    struct record record = payload_record(16, i);
    struct answer answer;
    answer_record(&answer, i + 1, c->target, c->ids[i], &record);
    add_reply(c, answer.bytes, answer.size);
  }
}

/* The expected result, from each datagram alone. */
static void expect(const struct conversation *c,
                   struct query_answer expected[REQUESTS]) {
  bool answered[REQUESTS] = {false};
  for (size_t r = 0; r < c->count; r++) {
    const struct nlmsghdr *header = c->replies[r].bytes;
    int left = (int)c->replies[r].size;
    for (; left > 0 && netlink_message_fits(header, (size_t)left);
         header = mnl_nlmsg_next(header, &left)) {
      struct message message;
      int status = message_parse(header, &message);
      uint32_t i = message.sequence - 1;
      if (i >= REQUESTS || answered[i])
        continue;
      answered[i] = true;
      bool fits = status == 0 && message.error == 0 && message.has[c->target] &&
                  message.id[c->target] == c->ids[i];
      expected[i].error = status != 0          ? status
                          : message.error != 0 ? message.error
                          : fits               ? 0
                                               : -EBADMSG;
      if (fits)
        expected[i].record = message.record[c->target];
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, size};
  struct conversation conversation = {.count = 0};
  struct query_answer expected[REQUESTS], answers[REQUESTS];
  struct query *query;
  int fds[2];

  take_conversation(&conversation, &input);
  expect(&conversation, expected);
  fuzz_check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
  fuzz_check(query_attach(fds[0], ANSWER_FAMILY, &query) == 0);
  for (size_t i = 0; i < conversation.count; i++) {
    struct reply *reply = &conversation.replies[i];
    fuzz_check(send(fds[1], reply->bytes, reply->size, 0) ==
               (ssize_t)reply->size);
    free(reply->bytes);
  }
  fuzz_check(query_records(query, conversation.target, conversation.ids,
                           REQUESTS, answers) == 0);
  for (size_t i = 0; i < REQUESTS; i++) {
    fuzz_check(answers[i].error <= 0);
    fuzz_check(answers[i].error == expected[i].error);
    if (answers[i].error != 0)
      continue;
    fuzz_check(records_equal(&answers[i].record, &expected[i].record));
    records_check(&answers[i].record);
  }
  query_close(query);
  close(fds[1]);
  return 0;
}
