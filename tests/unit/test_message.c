/* SPDX-License-Identifier: MIT */
#include "kernel/message.h"

#include "support/answer.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

enum { SEQUENCE = 0x11223344, ID = 4711 };

/* Parses size bytes that end where the memory ends, so that a sanitizer sees
 * what is read behind them. */
static int parse_exactly(const struct answer *answer, size_t size,
                         struct message *message) {
  struct nlmsghdr *copy = malloc(size);
  assert_non_null(copy);
  memcpy(copy, answer->bytes, size);
  copy->nlmsg_len = (uint32_t)size;
  memset(message, 0xa5, sizeof(*message));
  int status = message_parse(copy, message);
  free(copy);
  return status;
}

static void asks_for_a_record(void **state) {
  (void)state;
  static const struct {
    const char *name;
    enum message_target target;
    uint16_t family, attribute;
    uint32_t sequence, id;
  } cases[] = {
      {"process", MESSAGE_PROCESS, 0x1d, TASKSTATS_CMD_ATTR_TGID, 1, 4711},
      {"thread", MESSAGE_THREAD, 0x1d, TASKSTATS_CMD_ATTR_PID, 2, 4712},
      {"large numbers", MESSAGE_PROCESS, 0xfffe, TASKSTATS_CMD_ATTR_TGID,
       0xfffffffe, 0x12345678},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const struct {
      struct nlmsghdr header;
      struct genlmsghdr genl;
      struct nlattr attr;
      uint32_t id;
    } expected = {
        .header = {.nlmsg_len = 28,
                   .nlmsg_type = cases[i].family,
                   .nlmsg_flags = NLM_F_REQUEST,
                   .nlmsg_seq = cases[i].sequence},
        .genl = {.cmd = TASKSTATS_CMD_GET, .version = TASKSTATS_GENL_VERSION},
        .attr = {.nla_len = 8, .nla_type = cases[i].attribute},
        .id = cases[i].id,
    };
    assert_int_equal(sizeof(expected), MESSAGE_QUERY_SIZE);

    _Alignas(struct nlmsghdr) unsigned char buffer[MESSAGE_QUERY_SIZE + 4];
    memset(buffer, 0xa5, sizeof(buffer));
    message_put_query(buffer, cases[i].family, cases[i].sequence,
                      cases[i].target, cases[i].id);
    if (memcmp(buffer, &expected, sizeof(expected)) != 0)
      fail_msg("%s: another request", cases[i].name);
    for (size_t at = MESSAGE_QUERY_SIZE; at < sizeof(buffer); at++)
      assert_case_int("behind the request", buffer[at], 0xa5);
  }
}

/* The possible parts of an answer, in their order. */
enum part {
  END,
  GENL,
  PAD,       /* TASKSTATS_TYPE_NULL, without payload */
  UNKNOWN,   /* an attribute of a type to come */
  TGID_NEST, /* up to CLOSE */
  PID_NEST,
  CLOSE,
  TGID,
  PID,
  STATS,
  STATS_SHORT, /* by one byte */
  STATS_LONG,
  STATS_OLD, /* of version 7 */
  STATS_EMPTY,
  ID_SHORT, /* of 2 bytes */
  ID_LONG,  /* of 8 bytes */
  TRUNCATED_ATTR,
};

enum { PARTS_MAX = 12 };

static void put_raw_stats(struct answer *answer, const struct record *record,
                          size_t size, uint16_t version) {
  unsigned char payload[PAYLOAD_SIZE];
  payload_build(payload, record);
  memcpy(payload, &version, sizeof(version));
  answer_put_attr(answer, TASKSTATS_TYPE_STATS, payload, size);
}

static void put_part(struct answer *answer, enum part part, size_t *nest,
                     const struct record *record) {
  static const uint64_t id = ID, unknown = 0xabcdef;
  size_t size = layout_of(record->version)->size;

  switch (part) {
  case GENL:
    answer_put_genl(answer);
    break;
  case PAD:
    answer_put_attr(answer, TASKSTATS_TYPE_NULL, NULL, 0);
    break;
  case UNKNOWN:
    answer_put_attr(answer, 42, &unknown, 5);
    break;
  case TGID_NEST:
    *nest = answer_nest(answer, TASKSTATS_TYPE_AGGR_TGID);
    break;
  case PID_NEST:
    *nest = answer_nest(answer, TASKSTATS_TYPE_AGGR_PID);
    break;
  case CLOSE:
    answer_end_nest(answer, *nest);
    break;
  case TGID:
    answer_put_attr(answer, TASKSTATS_TYPE_TGID, &(uint32_t){ID}, 4);
    break;
  case PID:
    answer_put_attr(answer, TASKSTATS_TYPE_PID, &(uint32_t){ID}, 4);
    break;
  case STATS:
    answer_put_stats(answer, record);
    break;
  case STATS_SHORT:
    put_raw_stats(answer, record, size - 1, record->version);
    break;
  case STATS_LONG:
    put_raw_stats(answer, record, size + 64, record->version);
    break;
  case STATS_OLD:
    put_raw_stats(answer, record, size, 7);
    break;
  case STATS_EMPTY:
    put_raw_stats(answer, record, 0, record->version);
    break;
  case ID_SHORT:
    answer_put_attr(answer, TASKSTATS_TYPE_TGID, &(uint16_t){ID}, 2);
    break;
  case ID_LONG:
    answer_put_attr(answer, TASKSTATS_TYPE_TGID, &id, 8);
    break;
  case TRUNCATED_ATTR: /* claims more than there is */
    answer_put(answer, &(struct nlattr){.nla_len = 400, .nla_type = 42}, 4);
    break;
  case END:
    break;
  }
}

static void parses_answers(void **state) {
  (void)state;
  static const struct {
    const char *name;
    enum part parts[PARTS_MAX];
    int status;
    enum message_target target; /* of status 0 */
  } cases[] = {
      {"of a process",
       {GENL, TGID_NEST, TGID, STATS, CLOSE},
       0,
       MESSAGE_PROCESS},
      {"of a thread", {GENL, PID_NEST, PID, STATS, CLOSE}, 0, MESSAGE_THREAD},
      {"record before id",
       {GENL, TGID_NEST, STATS, TGID, CLOSE},
       0,
       MESSAGE_PROCESS},
      {"padding in front",
       {GENL, PAD, TGID_NEST, TGID, STATS, CLOSE},
       0,
       MESSAGE_PROCESS},
      {"padding inside",
       {GENL, TGID_NEST, TGID, PAD, STATS, CLOSE},
       0,
       MESSAGE_PROCESS},
      {"unknown attribute before",
       {GENL, UNKNOWN, PID_NEST, PID, STATS, CLOSE},
       0,
       MESSAGE_THREAD},
      {"unknown attribute behind",
       {GENL, TGID_NEST, TGID, STATS, CLOSE, UNKNOWN},
       0,
       MESSAGE_PROCESS},
      {"unknown attributes inside",
       {GENL, TGID_NEST, UNKNOWN, TGID, UNKNOWN, STATS, UNKNOWN, CLOSE},
       0,
       MESSAGE_PROCESS},
      {"unknown and padding everywhere",
       {GENL, PAD, UNKNOWN, TGID_NEST, PAD, UNKNOWN, TGID, PAD, STATS, PAD,
        CLOSE, PAD},
       0,
       MESSAGE_PROCESS},
      {"longer record",
       {GENL, TGID_NEST, TGID, STATS_LONG, CLOSE},
       0,
       MESSAGE_PROCESS},
      {"no id", {GENL, TGID_NEST, STATS, CLOSE}, -EBADMSG, 0},
      {"no record", {GENL, TGID_NEST, TGID, CLOSE}, -EBADMSG, 0},
      {"nothing inside", {GENL, TGID_NEST, CLOSE}, -EBADMSG, 0},
      {"not nested", {GENL, TGID, STATS}, -EBADMSG, 0},
      {"no attribute", {GENL}, -EBADMSG, 0},
      {"no generic header", {END}, -EBADMSG, 0},
      {"padding alone", {GENL, PAD}, -EBADMSG, 0},
      {"unknown alone", {GENL, UNKNOWN}, -EBADMSG, 0},
      {"short id", {GENL, TGID_NEST, ID_SHORT, STATS, CLOSE}, -EBADMSG, 0},
      {"long id", {GENL, TGID_NEST, ID_LONG, STATS, CLOSE}, -EBADMSG, 0},
      {"short record",
       {GENL, TGID_NEST, TGID, STATS_SHORT, CLOSE},
       -EBADMSG,
       0},
      {"empty record",
       {GENL, TGID_NEST, TGID, STATS_EMPTY, CLOSE},
       -EBADMSG,
       0},
      {"old record",
       {GENL, TGID_NEST, TGID, STATS_OLD, CLOSE},
       -EPROTONOSUPPORT,
       0},
      {"truncated attribute before",
       {GENL, TRUNCATED_ATTR, TGID_NEST, TGID, STATS, CLOSE},
       -EBADMSG,
       0},
      {"truncated attribute inside",
       {GENL, TGID_NEST, TGID, TRUNCATED_ATTR, CLOSE},
       -EBADMSG,
       0},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct record record = payload_record(16, i);
    struct answer answer;
    size_t nest = 0;
    answer_begin(&answer, ANSWER_FAMILY, SEQUENCE);
    for (size_t p = 0; p < PARTS_MAX && cases[i].parts[p] != END; p++)
      put_part(&answer, cases[i].parts[p], &nest, &record);

    struct message message;
    const char *name = cases[i].name;
    assert_case_int(name, parse_exactly(&answer, answer.size, &message),
                    cases[i].status);
    assert_case_int(name, message.sequence, SEQUENCE);
    if (cases[i].status != 0)
      continue;
    assert_case_int(name, message.error, 0);
    enum message_target target = cases[i].target;
    assert_case_int(name, message.has[target], true);
    assert_case_int(name, message.has[1 - target], false);
    assert_case_int(name, message.id[target], ID);
    assert_record(name, &message.record[target], &record);
  }
}

/* The record of a process's end: the part of its last thread, then its own,
 * whose version is 0 on Linux 6.1. */
static void parses_ends_of_processes(void **state) {
  (void)state;
  static const struct {
    const char *name;
    bool has_thread;
    uint16_t version; /* of the process's part */
    int status;
  } cases[] = {
      {"same version", true, 13, 0},
      {"no version", true, 0, 0},
      {"no version, no thread", false, 0, -EPROTONOSUPPORT},
      {"old version", true, 7, -EPROTONOSUPPORT},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct record thread = payload_record(13, i);
    struct record process = payload_record(13, i + COUNT_OF(cases));
    struct answer answer;
    answer_begin(&answer, ANSWER_FAMILY, SEQUENCE);
    answer_put_genl(&answer);
    if (cases[i].has_thread) {
      size_t nest = answer_nest(&answer, TASKSTATS_TYPE_AGGR_PID);
      answer_put_attr(&answer, TASKSTATS_TYPE_PID, &(uint32_t){ID + 1}, 4);
      answer_put_stats(&answer, &thread);
      answer_end_nest(&answer, nest);
    }
    size_t nest = answer_nest(&answer, TASKSTATS_TYPE_AGGR_TGID);
    answer_put_attr(&answer, TASKSTATS_TYPE_TGID, &(uint32_t){ID}, 4);
    put_raw_stats(&answer, &process, layout_of(13)->size, cases[i].version);
    answer_end_nest(&answer, nest);

    struct message message;
    const char *name = cases[i].name;
    assert_case_int(name, parse_exactly(&answer, answer.size, &message),
                    cases[i].status);
    if (cases[i].status != 0)
      continue;
    assert_case_int(name, message.id[MESSAGE_THREAD], ID + 1);
    assert_case_int(name, message.id[MESSAGE_PROCESS], ID);
    assert_record(name, &message.record[MESSAGE_THREAD], &thread);
    assert_record(name, &message.record[MESSAGE_PROCESS], &process);
  }
}

static void parses_refusals(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int error;
    size_t size; /* of the message; 36 is whole */
    int status;
  } cases[] = {
      {"vanished", -ESRCH, 36, 0},
      {"not permitted", -EPERM, 36, 0},
      {"with more behind", -EINVAL, 60, 0},
      {"an acknowledgement", 0, 36, -EBADMSG},
      {"positive", ESRCH, 36, -EBADMSG},
      {"short", -ESRCH, 32, -EBADMSG},
      {"the error alone", -ESRCH, 20, -EBADMSG},
      {"nothing", -ESRCH, 16, -EBADMSG},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct answer answer = {.size = 0};
    answer_error(&answer, SEQUENCE, cases[i].error);

    struct message message;
    const char *name = cases[i].name;
    assert_case_int(name, parse_exactly(&answer, cases[i].size, &message),
                    cases[i].status);
    assert_case_int(name, message.sequence, SEQUENCE);
    if (cases[i].status == 0) {
      assert_case_int(name, message.error, cases[i].error);
      assert_case(name, !message.has[MESSAGE_PROCESS]);
      assert_case(name, !message.has[MESSAGE_THREAD]);
    }
  }
}

static void refuses_control_messages(void **state) {
  (void)state;
  static const uint16_t types[] = {0, NLMSG_NOOP, NLMSG_DONE, NLMSG_OVERRUN,
                                   NLMSG_MIN_TYPE - 1};

  for (size_t i = 0; i < COUNT_OF(types); i++) {
    struct record record = payload_record(16, i);
    struct answer answer;
    answer_record(&answer, SEQUENCE, MESSAGE_PROCESS, ID, &record);
    ((struct nlmsghdr *)answer.bytes)->nlmsg_type = types[i];

    struct message message;
    char name[32];
    snprintf(name, sizeof(name), "type %u", types[i]);
    assert_case_int(name, parse_exactly(&answer, answer.size, &message),
                    -EBADMSG);
    assert_case_int(name, message.sequence, SEQUENCE);
  }
}

/* Every shorter length is rejected, and nothing beyond it is read. The last
 * field of version 14 ends its struct. */
static void refuses_truncated_answers(void **state) {
  (void)state;
  static const uint16_t versions[] = {8, 14, 15, 16};

  for (size_t i = 0; i < COUNT_OF(versions); i++) {
    struct record record = payload_record(versions[i], i);
    struct answer answer;
    answer_record(&answer, SEQUENCE, MESSAGE_PROCESS, ID, &record);

    struct message message;
    for (size_t size = sizeof(struct nlmsghdr); size < answer.size; size++)
      if (parse_exactly(&answer, size, &message) != -EBADMSG)
        fail_msg("version %u: %zu of %zu bytes were accepted", versions[i],
                 size, answer.size);
    assert_int_equal(parse_exactly(&answer, answer.size, &message), 0);
  }
}

/* The same with consistent lengths. */
static void refuses_short_attributes(void **state) {
  (void)state;
  struct record record = payload_record(14, 1);
  struct answer whole;
  answer_record(&whole, SEQUENCE, MESSAGE_PROCESS, ID, &record);

  const size_t nest = 20, stats = 32; /* where their headers are */
  for (size_t size = stats + 4; size < whole.size; size++) {
    struct answer answer = whole;
    struct nlattr *aggregate = (struct nlattr *)(answer.bytes + nest);
    struct nlattr *payload = (struct nlattr *)(answer.bytes + stats);
    aggregate->nla_len = (uint16_t)(size - nest);
    payload->nla_len = (uint16_t)(size - stats);

    struct message message;
    if (parse_exactly(&answer, size, &message) != -EBADMSG)
      fail_msg("a record cut to %zu bytes was accepted", size - stats - 4);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(asks_for_a_record),
      cmocka_unit_test(parses_answers),
      cmocka_unit_test(parses_ends_of_processes),
      cmocka_unit_test(parses_refusals),
      cmocka_unit_test(refuses_control_messages),
      cmocka_unit_test(refuses_truncated_answers),
      cmocka_unit_test(refuses_short_attributes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
