/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_MESSAGE_H
#define TASKSTATS_MESSAGE_H

#include "kernel/record.h"

#include <libmnl/libmnl.h>

/*
 * The messages of the taskstats generic netlink family: requests, and what the
 * kernel sends (Documentation/accounting/taskstats.rst).
 */

enum message_target {
  MESSAGE_PROCESS, /* all threads together, the dead ones too: TGID */
  MESSAGE_THREAD,  /* one thread: PID */
};

/* An answer has one record, that of its target. What the kernel sends at the
 * end of a thread has that thread's, and if it was the last of several also
 * that of the process. */
struct message {
  uint32_t sequence; /* that of the request it answers; any at an exit */
  int error;         /* 0 or a negative errno: -ESRCH for a vanished process */
  bool has[2];       /* by target */
  uint32_t id[2];    /* tgid or pid */
  struct record record[2]; /* unset where there is none */
};

enum { MESSAGE_QUERY_SIZE = 28 }; /* bytes of a request */

/* Writes a request for one record; buffer holds MESSAGE_QUERY_SIZE bytes,
 * aligned for struct nlmsghdr. Family is the number that the kernel gave to
 * "TASKSTATS". */
void message_put_query(void *buffer, uint16_t family, uint32_t sequence,
                       enum message_target target, uint32_t id);

/* Writes a request to get, or no longer to get, a message for each thread that
 * ends on the CPUs of a list such as "0-3,8". The kernel acknowledges it, in
 * the form of a refusal with error 0 (message_is_acknowledgement). The buffer's
 * size must be at least MESSAGE_WATCH_SIZE and the list. Returns the size of
 * the request. */
enum { MESSAGE_WATCH_SIZE = 32 };
size_t message_put_watch(void *buffer, uint16_t family, uint32_t sequence,
                         bool on, const char *cpus);

/* Whether a message is the acknowledgement or refusal of the request with that
 * sequence number; then status is 0 or a negative errno. */
bool message_is_acknowledgement(const struct nlmsghdr *header,
                                uint32_t sequence, int *status);

/* Parses one message, all of whose nlmsg_len bytes are there.
 * Returns 0, also for the kernel's refusal, which is message->error then;
 * -EBADMSG for what no taskstats answer looks like. message->sequence is set in
 * either case. */
int message_parse(const struct nlmsghdr *header, struct message *message);

#endif
