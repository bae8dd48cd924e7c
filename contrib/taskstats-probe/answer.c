/* SPDX-License-Identifier: MIT */
#include "answer.h"

#include <errno.h>
#include <linux/taskstats.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <string.h>

/* Linux 6.1 sets no version in the process's part, which follows the thread's:
 * it is the same. */
static uint16_t version_before(const struct answer *answer) {
  return answer->parts[ANSWER_THREAD].there
             ? (uint16_t)answer->parts[ANSWER_THREAD]
                   .stats.values[FIELD_version]
             : 0;
}

static int parse_part(struct nlattr *aggregate, enum answer_part part,
                      bool at_end, struct answer *answer) {
  static const struct nla_policy policy[TASKSTATS_TYPE_MAX + 1] = {
      [TASKSTATS_TYPE_PID] = {.type = NLA_U32},
      [TASKSTATS_TYPE_TGID] = {.type = NLA_U32},
      [TASKSTATS_TYPE_STATS] = {.minlen = sizeof(uint16_t)},
  };
  struct nlattr *attrs[TASKSTATS_TYPE_MAX + 1];
  if (nla_parse_nested(attrs, TASKSTATS_TYPE_MAX, aggregate, policy) < 0)
    return -EBADMSG;
  const struct nlattr *id =
      attrs[part == ANSWER_THREAD ? TASKSTATS_TYPE_PID : TASKSTATS_TYPE_TGID];
  const struct nlattr *payload = attrs[TASKSTATS_TYPE_STATS];
  if (id == NULL || payload == NULL)
    return -EBADMSG;

  static const enum stats_origin origins[ANSWER_PARTS][2] = {
      [ANSWER_THREAD] = {STATS_THREAD, STATS_THREAD_END},
      [ANSWER_PROCESS] = {STATS_PROCESS, STATS_PROCESS_END}};
  size_t size = (size_t)nla_len(payload);
  int status = stats_decode(nla_data(payload), size, origins[part][at_end],
                            version_before(answer), &answer->parts[part].stats);
  if (status < 0)
    return status;
  answer->parts[part].there = true;
  answer->parts[part].id = nla_get_u32(id);
  answer->parts[part].size =
      size < ANSWER_PAYLOAD_MAX ? size : ANSWER_PAYLOAD_MAX;
  memcpy(answer->parts[part].payload, nla_data(payload),
         answer->parts[part].size);
  return 0;
}

int answer_parse(const struct nlmsghdr *header, bool at_end,
                 struct answer *answer) {
  static const int types[ANSWER_PARTS] = {
      [ANSWER_THREAD] = TASKSTATS_TYPE_AGGR_PID,
      [ANSWER_PROCESS] = TASKSTATS_TYPE_AGGR_TGID};
  struct nlattr *attrs[TASKSTATS_TYPE_MAX + 1];
  for (int part = 0; part < ANSWER_PARTS; part++)
    answer->parts[part].there = false;
  if (genlmsg_parse((struct nlmsghdr *)(uintptr_t)header, 0, attrs,
                    TASKSTATS_TYPE_MAX, NULL) < 0)
    return -EBADMSG;

  for (int part = 0; part < ANSWER_PARTS; part++) {
    if (attrs[types[part]] == NULL)
      continue;
    int status =
        parse_part(attrs[types[part]], (enum answer_part)part, at_end, answer);
    if (status < 0)
      return status;
  }
  return answer->parts[ANSWER_THREAD].there ||
                 answer->parts[ANSWER_PROCESS].there
             ? 0
             : -EBADMSG;
}
