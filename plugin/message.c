/* SPDX-License-Identifier: MIT */
#include "message.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/taskstats.h>

_Static_assert(sizeof(struct nlmsghdr) + sizeof(struct genlmsghdr) +
                       sizeof(struct nlattr) + sizeof(uint32_t) ==
                   MESSAGE_QUERY_SIZE,
               "a query is two headers and one 32 bit attribute");

void message_put_query(void *buffer, uint16_t family, uint32_t sequence,
                       enum message_target target, uint32_t id) {
  struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
  header->nlmsg_type = family;
  header->nlmsg_flags = NLM_F_REQUEST;
  header->nlmsg_seq = sequence;

  struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(header, sizeof(*genl));
  genl->cmd = TASKSTATS_CMD_GET;
  genl->version = TASKSTATS_GENL_VERSION;

  mnl_attr_put_u32(header,
                   target == MESSAGE_PROCESS ? TASKSTATS_CMD_ATTR_TGID
                                             : TASKSTATS_CMD_ATTR_PID,
                   id);
}

static int parse_error(const struct nlmsghdr *header, struct message *message) {
  if (mnl_nlmsg_get_payload_len(header) < sizeof(struct nlmsgerr))
    return -EBADMSG;

  const struct nlmsgerr *refusal = mnl_nlmsg_get_payload(header);
  /* An error of 0 acknowledges what no query asks to be acknowledged. */
  if (refusal->error >= 0)
    return -EBADMSG;
  message->error = refusal->error;
  return 0;
}

/* What was found so far while the attributes of a message are visited. */
struct parse {
  struct message *message;
  bool has_id, has_record;
  int status;
};

/* An aggregate nests the id of a thread or a process and its record. */
static int visit_nested(const struct nlattr *attr, void *data) {
  struct parse *parse = data;

  switch (mnl_attr_get_type(attr)) {
  case TASKSTATS_TYPE_PID:
  case TASKSTATS_TYPE_TGID:
    if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
      return MNL_CB_STOP;
    parse->message->id = mnl_attr_get_u32(attr);
    parse->has_id = true;
    return MNL_CB_OK;
  case TASKSTATS_TYPE_STATS:
    parse->status =
        record_decode(mnl_attr_get_payload(attr),
                      mnl_attr_get_payload_len(attr), &parse->message->record);
    parse->has_record = true;
    return parse->status == 0 ? MNL_CB_OK : MNL_CB_STOP;
  default: /* TASKSTATS_TYPE_NULL pads; others may come */
    return MNL_CB_OK;
  }
}

static int visit_attr(const struct nlattr *attr, void *data) {
  struct parse *parse = data;

  switch (mnl_attr_get_type(attr)) {
  case TASKSTATS_TYPE_AGGR_PID:
    parse->message->target = MESSAGE_THREAD;
    break;
  case TASKSTATS_TYPE_AGGR_TGID:
    parse->message->target = MESSAGE_PROCESS;
    break;
  default: /* TASKSTATS_TYPE_NULL pads; others may come */
    return MNL_CB_OK;
  }
  mnl_attr_parse_nested(attr, visit_nested, parse);
  return MNL_CB_STOP;
}

int message_parse(const struct nlmsghdr *header, struct message *message) {
  *message = (struct message){.sequence = header->nlmsg_seq};

  if (header->nlmsg_type == NLMSG_ERROR)
    return parse_error(header, message);
  if (header->nlmsg_type < NLMSG_MIN_TYPE ||
      mnl_nlmsg_get_payload_len(header) < GENL_HDRLEN)
    return -EBADMSG;

  struct parse parse = {.message = message};
  mnl_attr_parse(header, GENL_HDRLEN, visit_attr, &parse);
  if (parse.status != 0)
    return parse.status;
  return parse.has_id && parse.has_record ? 0 : -EBADMSG;
}
