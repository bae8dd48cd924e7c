/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_MESSAGE_H
#define TASKSTATS_MESSAGE_H

#include "kernel/record.h"

#include <libmnl/libmnl.h>

/*
 * The messages of the taskstats generic netlink family: requests, answers and
 * exit records (Documentation/accounting/taskstats.rst).
 */

enum message_target {
  MESSAGE_PROCESS, /* TGID: all threads together, including those that have
                      ended */
  MESSAGE_THREAD,  /* PID: one thread */
};

/* An answer has one record, that of its target. An exit record has that of the
 * thread and, if it was the last of several, also that of the process. */
struct message {
  uint32_t sequence; /* that of the request; arbitrary in an exit record */
  int error;   /* 0 or a negative errno: -ESRCH if the process does not exist */
  bool has[2]; /* index: target */
  uint32_t id[2];          /* tgid or pid */
  struct record record[2]; /* not set without has */
};

enum { MESSAGE_QUERY_SIZE = 28 }; /* size of a request, in bytes */

/* Writes a request for one record; buffer holds MESSAGE_QUERY_SIZE bytes,
 * aligned for struct nlmsghdr. family is the id that the kernel assigned to
 * "TASKSTATS". */
void message_put_query(void *buffer, uint16_t family, uint32_t sequence,
                       enum message_target target, uint32_t id);

/* Writes a request to start or stop exit records for threads that end on the
 * CPUs of a list such as "0-3,8". The kernel acknowledges it with an error
 * message of error 0 (message_is_acknowledgement). The size of the buffer must
 * be at least MESSAGE_WATCH_SIZE plus the length of the list. Returns the size
 * of the request. */
enum { MESSAGE_WATCH_SIZE = 32 };
size_t message_put_watch(void *buffer, uint16_t family, uint32_t sequence,
                         bool on, const char *cpus);

/* Whether a message acknowledges or refuses the request with that sequence
 * number; status is then 0 or a negative errno. */
bool message_is_acknowledgement(const struct nlmsghdr *header,
                                uint32_t sequence, int *status);

/* Parses one message, of which all nlmsg_len bytes must be present. Returns 0,
 * also for a refusal, in which case message->error is set; or -EBADMSG if it is
 * not a valid taskstats answer. message->sequence is always set. */
int message_parse(const struct nlmsghdr *header, struct message *message);

#endif
