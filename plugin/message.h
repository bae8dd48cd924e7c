/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_MESSAGE_H
#define TASKSTATS_MESSAGE_H

#include "record.h"

#include <libmnl/libmnl.h>

/*
 * The messages of the taskstats generic netlink family: requests, and what the
 * kernel sends (Documentation/accounting/taskstats.rst).
 */

enum message_target {
  MESSAGE_PROCESS, /* all threads together, the dead ones too: TGID */
  MESSAGE_THREAD,  /* one thread: PID */
};

struct message {
  uint32_t sequence; /* that of the request it answers */
  int error;         /* 0 or a negative errno: -ESRCH for a vanished process */
  enum message_target target; /* of the record; unset when error is not 0 */
  uint32_t id;                /* its tgid or pid; 0 when error is not 0 */
  struct record record;       /* unset when error is not 0 */
};

enum { MESSAGE_QUERY_SIZE = 28 }; /* bytes of a request */

/* Writes a request for one record; buffer holds MESSAGE_QUERY_SIZE bytes,
 * aligned for struct nlmsghdr. Family is the number that the kernel gave to
 * "TASKSTATS". */
void message_put_query(void *buffer, uint16_t family, uint32_t sequence,
                       enum message_target target, uint32_t id);

/* Parses one message, all of whose nlmsg_len bytes are there.
 * Returns 0, also for the kernel's refusal, which is message->error then;
 * -EBADMSG for what no taskstats answer looks like. message->sequence is set in
 * either case. */
int message_parse(const struct nlmsghdr *header, struct message *message);

#endif
