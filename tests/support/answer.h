/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_ANSWER_H
#define TASKSTATS_ANSWER_H

#include "kernel/message.h"
#include "support/payload.h"
#include "support/test.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <string.h>

/*
 * A reply of the kernel, assembled byte by byte.
 */

enum { ANSWER_FAMILY = 0x1d };

struct answer {
  _Alignas(8) unsigned char bytes[4096];
  size_t size;
};

static inline void answer_put(struct answer *answer, const void *data,
                              size_t size) {
  size_t padded = (size + 3) / 4 * 4;
  if (answer->size + padded > sizeof(answer->bytes))
    fail_msg("an answer has no room for %zu bytes more", padded);
  memset(answer->bytes + answer->size, 0, padded);
  if (size > 0)
    memcpy(answer->bytes + answer->size, data, size);
  answer->size += padded;
}

static inline void answer_begin(struct answer *answer, uint16_t type,
                                uint32_t sequence) {
  struct nlmsghdr header = {.nlmsg_type = type, .nlmsg_seq = sequence};
  answer->size = 0;
  answer_put(answer, &header, sizeof(header));
}

static inline void answer_end(struct answer *answer) {
  uint32_t length = (uint32_t)answer->size;
  memcpy(answer->bytes, &length, sizeof(length)); /* nlmsg_len comes first */
}

static inline void answer_put_genl(struct answer *answer) {
  struct genlmsghdr genl = {.cmd = TASKSTATS_CMD_NEW,
                            .version = TASKSTATS_GENL_VERSION};
  answer_put(answer, &genl, sizeof(genl));
}

static inline void answer_put_attr(struct answer *answer, uint16_t type,
                                   const void *data, size_t size) {
  struct nlattr attr = {.nla_len = (uint16_t)(sizeof(attr) + size),
                        .nla_type = type};
  answer_put(answer, &attr, sizeof(attr));
  answer_put(answer, data, size);
}

/* Begins an attribute that contains others. Returns its position. */
static inline size_t answer_nest(struct answer *answer, uint16_t type) {
  size_t at = answer->size;
  answer_put_attr(answer, type, NULL, 0);
  return at;
}

static inline void answer_end_nest(struct answer *answer, size_t at) {
  uint16_t length = (uint16_t)(answer->size - at);
  memcpy(answer->bytes + at, &length, sizeof(length)); /* nla_len */
}

static inline void answer_put_stats(struct answer *answer,
                                    const struct record *record) {
  unsigned char payload[PAYLOAD_SIZE];
  payload_build(payload, record);
  answer_put_attr(answer, TASKSTATS_TYPE_STATS, payload,
                  layout_of(record->version)->size);
}

/* The usual reply: an aggregate attribute with an id and its record. */
static inline void answer_record(struct answer *answer, uint32_t sequence,
                                 enum message_target target, uint32_t id,
                                 const struct record *record) {
  bool is_process = target == MESSAGE_PROCESS;

  answer_begin(answer, ANSWER_FAMILY, sequence);
  answer_put_genl(answer);
  size_t nest = answer_nest(answer, is_process ? TASKSTATS_TYPE_AGGR_TGID
                                               : TASKSTATS_TYPE_AGGR_PID);
  answer_put_attr(answer, is_process ? TASKSTATS_TYPE_TGID : TASKSTATS_TYPE_PID,
                  &id, sizeof(id));
  answer_put_stats(answer, record);
  answer_end_nest(answer, nest);
  answer_end(answer);
}

/* An error (or, with 0, an acknowledgement), with the request's header. */
static inline void answer_error(struct answer *answer, uint32_t sequence,
                                int error) {
  struct nlmsgerr refusal = {.error = error, .msg = {.nlmsg_len = 28}};

  answer_begin(answer, NLMSG_ERROR, sequence);
  answer_put(answer, &refusal, sizeof(refusal));
  answer_end(answer);
}

#endif
