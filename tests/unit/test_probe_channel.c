/* SPDX-License-Identifier: MIT */
#include "channel.h"

#include "support/test.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>

/* A kernel that sends the answers of the test. */

enum { FAMILY = 0x1d, ID = 4242, DATAGRAMS = 8, ROOM = 4096 };

struct datagram {
  _Alignas(8) unsigned char bytes[ROOM];
  size_t size;
  uint32_t port;
  bool own_sequence; /* not that of the request */
};

static struct datagram queue[DATAGRAMS];
static size_t queued, taken;
static uint32_t asked; /* sequence number of the request */

static int fake_send(struct nl_sock *socket, struct nl_msg *msg) {
  (void)socket;
  asked = nlmsg_hdr(msg)->nlmsg_seq;
  return (int)nlmsg_hdr(msg)->nlmsg_len;
}

static int fake_receive(struct nl_sock *socket, struct sockaddr_nl *from,
                        unsigned char **bytes, struct ucred **credentials) {
  (void)socket;
  (void)credentials;
  if (taken == queued)
    return -NLE_AGAIN;
  struct datagram *datagram = &queue[taken++];
  *from =
      (struct sockaddr_nl){.nl_family = AF_NETLINK, .nl_pid = datagram->port};
  if (datagram->size == 0)
    return 0; /* as nl_recv does */
  *bytes = malloc(datagram->size);
  assert_non_null(*bytes);
  memcpy(*bytes, datagram->bytes, datagram->size);
  if (!datagram->own_sequence && datagram->size >= sizeof(struct nlmsghdr))
    memcpy(*bytes + offsetof(struct nlmsghdr, nlmsg_seq), &asked,
           sizeof(asked));
  return (int)datagram->size;
}

static struct channel *fake_channel(void) {
  struct nl_cb *callbacks = nl_cb_alloc(NL_CB_DEFAULT);
  assert_non_null(callbacks);
  nl_cb_overwrite_send(callbacks, fake_send);
  nl_cb_overwrite_recv(callbacks, fake_receive);
  struct nl_sock *socket = nl_socket_alloc_cb(callbacks);
  nl_cb_put(callbacks);
  assert_non_null(socket);
  struct channel *channel = channel_wrap(socket, FAMILY);
  assert_non_null(channel);
  queued = taken = 0;
  return channel;
}

/* Messages, byte by byte. */

static void put(struct datagram *datagram, const void *data, size_t size) {
  assert_true(datagram->size + size + 4 < ROOM);
  if (size > 0)
    memcpy(datagram->bytes + datagram->size, data, size);
  datagram->size += (size + 3) / 4 * 4;
}

static struct datagram *begin(uint16_t type) {
  struct datagram *datagram = &queue[queued++];
  struct nlmsghdr header = {.nlmsg_type = type};
  *datagram = (struct datagram){0};
  put(datagram, &header, sizeof(header));
  return datagram;
}

static void end(struct datagram *datagram) {
  uint32_t length = (uint32_t)datagram->size;
  memcpy(datagram->bytes, &length, sizeof(length));
}

static void put_attr(struct datagram *datagram, uint16_t type, const void *data,
                     size_t size) {
  struct nlattr attr = {.nla_len = (uint16_t)(sizeof(attr) + size),
                        .nla_type = type};
  put(datagram, &attr, sizeof(attr));
  put(datagram, data, size);
}

static void put_part(struct datagram *datagram, bool process, uint32_t id,
                     uint16_t version, size_t size) {
  unsigned char payload[1024];
  size_t at = datagram->size;
  memset(payload, 7, sizeof(payload));
  memcpy(payload, &version, sizeof(version));
  put_attr(datagram,
           process ? TASKSTATS_TYPE_AGGR_TGID : TASKSTATS_TYPE_AGGR_PID, NULL,
           0);
  put_attr(datagram, process ? TASKSTATS_TYPE_TGID : TASKSTATS_TYPE_PID, &id,
           sizeof(id));
  put_attr(datagram, TASKSTATS_TYPE_NULL, NULL, 0);
  put_attr(datagram, TASKSTATS_TYPE_STATS, payload, size);
  uint16_t length = (uint16_t)(datagram->size - at);
  memcpy(datagram->bytes + at, &length, sizeof(length));
}

static struct datagram *begin_record(void) {
  struct genlmsghdr genl = {.cmd = TASKSTATS_CMD_NEW, .version = 1};
  struct datagram *datagram = begin(FAMILY);
  put(datagram, &genl, sizeof(genl));
  return datagram;
}

static struct datagram *answer_with(bool process, uint32_t id, uint16_t version,
                                    size_t size) {
  struct datagram *datagram = begin_record();
  put_part(datagram, process, id, version, size);
  end(datagram);
  return datagram;
}

static struct datagram *refuse(int error) {
  struct nlmsgerr refusal = {.error = error, .msg = {.nlmsg_len = 28}};
  struct datagram *datagram = begin(NLMSG_ERROR);
  put(datagram, &refusal, sizeof(refusal));
  end(datagram);
  return datagram;
}

/* Answers */

static void a_record(void) { answer_with(true, ID, 16, 560); }
static void a_thread(void) { answer_with(false, ID, 16, 560); }
static void another_id(void) { answer_with(true, ID + 1, 16, 560); }
static void a_short_payload(void) { answer_with(true, ID, 16, 559); }
static void one_byte_of_payload(void) { answer_with(true, ID, 16, 1); }
static void an_old_payload(void) { answer_with(true, ID, 7, 328); }
static void a_vanished_process(void) { refuse(-ESRCH); }
static void not_permitted(void) { refuse(-EPERM); }
static void a_mere_acknowledgement(void) { refuse(0); }
static void a_positive_error(void) { refuse(5); }
static void silence(void) {}

static void a_stray_answer_first(void) {
  answer_with(true, ID, 16, 100)->own_sequence = true;
  a_record();
}

static void a_late_refusal_first(void) {
  refuse(-ESRCH)->own_sequence = true;
  a_record();
}

static void a_stranger_first(void) {
  answer_with(true, ID, 7, 20)->port = 999;
  a_record();
}

static void no_attribute(void) { end(begin_record()); }

static void no_headers(void) {
  struct datagram *datagram = begin(FAMILY);
  end(datagram);
}

static void another_family(void) {
  a_record();
  uint16_t type = FAMILY + 1;
  memcpy(queue[0].bytes + 4, &type, sizeof(type));
}

static void a_cut_refusal(void) {
  struct datagram *datagram = refuse(-ESRCH);
  datagram->size = 18;
  end(datagram);
}

static void an_aggregate_longer_than_the_message(void) {
  uint16_t length = 60000;
  a_record();
  memcpy(queue[0].bytes + 20, &length, sizeof(length));
}

static void a_length_beyond_the_end(void) {
  uint32_t length = 60000;
  a_record();
  memcpy(queue[0].bytes, &length, sizeof(length));
}

static void an_id_of_two_bytes(void) {
  struct datagram *datagram = begin_record();
  put_attr(datagram, TASKSTATS_TYPE_AGGR_TGID, NULL, 0);
  put_attr(datagram, TASKSTATS_TYPE_TGID, "ab", 2);
  end(datagram);
  uint16_t length = (uint16_t)(datagram->size - 20);
  memcpy(datagram->bytes + 20, &length, sizeof(length));
}

static void understands_what_is_answered(void **state) {
  (void)state;
  static const struct {
    const char *name;
    void (*answer)(void);
    int status;
  } cases[] = {
      {"a record", a_record, 0},
      {"a thread's instead", a_thread, -EBADMSG},
      {"another id", another_id, -EBADMSG},
      {"a short payload", a_short_payload, -EBADMSG},
      {"one byte of payload", one_byte_of_payload, -EBADMSG},
      {"an old payload", an_old_payload, -EPROTONOSUPPORT},
      {"a vanished process", a_vanished_process, -ESRCH},
      {"not permitted", not_permitted, -EPERM},
      {"a mere acknowledgement", a_mere_acknowledgement, -EBADMSG},
      {"a positive error", a_positive_error, -EBADMSG},
      {"silence", silence, -ETIMEDOUT},
      {"a stray answer first", a_stray_answer_first, 0},
      {"a late refusal first", a_late_refusal_first, 0},
      {"a stranger first", a_stranger_first, 0},
      {"no attribute", no_attribute, -EBADMSG},
      {"no headers", no_headers, -EBADMSG},
      {"another family", another_family, -EBADMSG},
      {"a cut refusal", a_cut_refusal, -EBADMSG},
      {"an aggregate longer than the message",
       an_aggregate_longer_than_the_message, -EBADMSG},
      {"a length beyond the end", a_length_beyond_the_end, -ETIMEDOUT},
      {"an id of two bytes", an_id_of_two_bytes, -EBADMSG},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    static struct answer answer;
    struct channel *channel = fake_channel();
    cases[i].answer();
    assert_case_int(cases[i].name,
                    channel_query(channel, ANSWER_PROCESS, ID, &answer),
                    cases[i].status);
    if (cases[i].status == 0)
      assert_case_int(cases[i].name,
                      answer.parts[ANSWER_PROCESS].stats.values[FIELD_version],
                      16);
    channel_close(channel);
  }
}

/* Each message with some bytes changed, or cut: any status, no crash. */
static void survives_noise(void **state) {
  (void)state;
  uint32_t seed = 1;
  for (int round = 0; round < 30000; round++) {
    static struct answer answer;
    struct channel *channel = fake_channel();
    answer_with(true, ID, (uint16_t)(8 + round % 11), 700);
    for (int change = 0; change < 1 + round % 5; change++) {
      seed = seed * 1103515245 + 12345;
      /* The headers more often than the payload. */
      size_t at = (seed >> 8) % (round % 2 == 0 ? 48 : queue[0].size);
      queue[0].bytes[at] = (unsigned char)(seed >> 24);
    }
    if (round % 3 == 0)
      queue[0].size = (seed >> 4) % (queue[0].size + 1);
    assert_true(channel_query(channel, ANSWER_PROCESS, ID, &answer) <= 0);
    channel_close(channel);
  }
}

static unsigned heard, processes;

static bool hear(const struct answer *answer, void *data) {
  (void)data;
  heard++;
  if (answer->parts[ANSWER_PROCESS].there) {
    processes++;
    assert_int_equal(answer->parts[ANSWER_PROCESS].stats.values[FIELD_version],
                     13);
    assert_int_equal(answer->parts[ANSWER_PROCESS].stats.origin,
                     STATS_PROCESS_END);
  }
  return true;
}

/* Linux 6.1 sets no version in the process's part. */
static void hears_the_ends(void **state) {
  (void)state;
  struct channel *channel = fake_channel();
  heard = processes = 0;
  answer_with(false, 1, 13, 416)->own_sequence = true; /* before the refusal */
  refuse(0);
  assert_int_equal(channel_watch(channel, "0", hear, NULL), 0);
  struct datagram *datagram = begin_record();
  put_part(datagram, false, 2, 13, 416);
  put_part(datagram, true, 3, 0, 416);
  end(datagram);
  datagram->own_sequence = true;
  answer_with(false, 1, 13, 100)->own_sequence = true;
  assert_int_equal(channel_drain(channel), 0);
  assert_int_equal(heard, 2);
  assert_int_equal(processes, 1);
  assert_int_equal(channel_malformed(channel), 1);
  channel_close(channel);
}

static void tells_why_it_may_not_hear(void **state) {
  (void)state;
  static const int errors[] = {-EPERM, -EINVAL, -ERANGE};
  for (size_t i = 0; i < COUNT_OF(errors); i++) {
    struct channel *channel = fake_channel();
    refuse(errors[i]);
    assert_int_equal(channel_watch(channel, "9", hear, NULL), errors[i]);
    channel_close(channel);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(understands_what_is_answered),
      cmocka_unit_test(survives_noise),
      cmocka_unit_test(hears_the_ends),
      cmocka_unit_test(tells_why_it_may_not_hear),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
