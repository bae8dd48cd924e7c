/* SPDX-License-Identifier: MIT */
#include "kernel/message.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/taskstats.h>

_Static_assert(sizeof(struct nlmsghdr) + sizeof(struct genlmsghdr) +
                       sizeof(struct nlattr) + sizeof(uint32_t) ==
                   MESSAGE_QUERY_SIZE,
               "a query is two headers and one 32 bit attribute");

static struct nlmsghdr *put_header(void *buffer, uint16_t family,
                                   uint32_t sequence) {
  struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
  header->nlmsg_type = family;
  header->nlmsg_flags = NLM_F_REQUEST;
  header->nlmsg_seq = sequence;

  struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(header, sizeof(*genl));
  genl->cmd = TASKSTATS_CMD_GET;
  genl->version = TASKSTATS_GENL_VERSION;
  return header;
}

void message_put_query(void *buffer, uint16_t family, uint32_t sequence,
                       enum message_target target, uint32_t id) {
  struct nlmsghdr *header = put_header(buffer, family, sequence);
  mnl_attr_put_u32(header,
                   target == MESSAGE_PROCESS ? TASKSTATS_CMD_ATTR_TGID
                                             : TASKSTATS_CMD_ATTR_PID,
                   id);
}

size_t message_put_watch(void *buffer, uint16_t family, uint32_t sequence,
                         bool on, const char *cpus) {
  struct nlmsghdr *header = put_header(buffer, family, sequence);
  header->nlmsg_flags |= NLM_F_ACK;
  mnl_attr_put_strz(header,
                    on ? TASKSTATS_CMD_ATTR_REGISTER_CPUMASK
                       : TASKSTATS_CMD_ATTR_DEREGISTER_CPUMASK,
                    cpus);
  return header->nlmsg_len;
}

/* Sets the error of a refusal, or 0 for an acknowledgement. Returns 0 or
 * -EBADMSG. */
static int get_error(const struct nlmsghdr *header, int *error) {
  if (header->nlmsg_type != NLMSG_ERROR ||
      mnl_nlmsg_get_payload_len(header) < sizeof(struct nlmsgerr))
    return -EBADMSG;

  const struct nlmsgerr *refusal = mnl_nlmsg_get_payload(header);
  if (refusal->error > 0)
    return -EBADMSG;
  *error = refusal->error;
  return 0;
}

bool message_is_acknowledgement(const struct nlmsghdr *header,
                                uint32_t sequence, int *status) {
  return header->nlmsg_seq == sequence && get_error(header, status) == 0;
}

/* The state while the attributes of a message are visited. */
struct visit {
  struct message *message;
  enum message_target target;
  bool has_id, has_record; /* for the current aggregate */
  int status;
};

/* Linux 6.1 sets no version in the process's part of the exit record of its
 * last thread, which follows the thread's part: it is the same. */
static uint16_t version_before(const struct message *message) {
  return message->has[MESSAGE_THREAD] ? message->record[MESSAGE_THREAD].version
                                      : 0;
}

/* An aggregate contains the id of a thread or a process, and its record. */
static int visit_nested(const struct nlattr *attr, void *data) {
  struct visit *visit = data;
  struct message *message = visit->message;

  switch (mnl_attr_get_type(attr)) {
  case TASKSTATS_TYPE_PID:
  case TASKSTATS_TYPE_TGID:
    if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
      return MNL_CB_STOP;
    message->id[visit->target] = mnl_attr_get_u32(attr);
    visit->has_id = true;
    return MNL_CB_OK;
  case TASKSTATS_TYPE_STATS:
    visit->status = record_decode(
        mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr),
        version_before(message), &message->record[visit->target]);
    visit->has_record = true;
    return visit->status == 0 ? MNL_CB_OK : MNL_CB_STOP;
  default: /* TASKSTATS_TYPE_NULL is padding; unknown ones are ignored */
    return MNL_CB_OK;
  }
}

static int visit_attr(const struct nlattr *attr, void *data) {
  struct visit *visit = data;

  switch (mnl_attr_get_type(attr)) {
  case TASKSTATS_TYPE_AGGR_PID:
    visit->target = MESSAGE_THREAD;
    break;
  case TASKSTATS_TYPE_AGGR_TGID:
    visit->target = MESSAGE_PROCESS;
    break;
  default: /* TASKSTATS_TYPE_NULL is padding; unknown ones are ignored */
    return MNL_CB_OK;
  }
  visit->has_id = false;
  visit->has_record = false;
  mnl_attr_parse_nested(attr, visit_nested, visit);
  if (visit->status == 0 && !(visit->has_id && visit->has_record))
    visit->status = -EBADMSG;
  visit->message->has[visit->target] = visit->status == 0;
  return visit->status == 0 ? MNL_CB_OK : MNL_CB_STOP;
}

int message_parse(const struct nlmsghdr *header, struct message *message) {
  message->sequence = header->nlmsg_seq;
  message->error = 0;
  message->has[MESSAGE_PROCESS] = message->has[MESSAGE_THREAD] = false;

  if (header->nlmsg_len % MNL_ALIGNTO != 0) /* truncated: libmnl rounds it up */
    return -EBADMSG;
  if (header->nlmsg_type == NLMSG_ERROR) {
    int status = get_error(header, &message->error);
    /* No query requests an acknowledgement. */
    return status == 0 && message->error == 0 ? -EBADMSG : status;
  }
  if (header->nlmsg_type < NLMSG_MIN_TYPE ||
      mnl_nlmsg_get_payload_len(header) < GENL_HDRLEN)
    return -EBADMSG;

  struct visit visit = {.message = message};
  mnl_attr_parse(header, GENL_HDRLEN, visit_attr, &visit);
  if (visit.status != 0)
    return visit.status;
  return message->has[MESSAGE_PROCESS] || message->has[MESSAGE_THREAD]
             ? 0
             : -EBADMSG;
}
