/* SPDX-License-Identifier: MIT */
#include "kernel/query.h"

#include "kernel/clock.h"
#include "kernel/genl.h"
#include "kernel/netlink_message.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_SIZE = 2048 }; /* version 17 needs 736 bytes */

struct query {
  int fd;
  uint16_t family;
  uint32_t sequence; /* of the next request */
  unsigned char requests[QUERY_BATCH][MESSAGE_QUERY_SIZE];
  struct mmsghdr headers[QUERY_BATCH];
  struct iovec vectors[QUERY_BATCH];
  _Alignas(struct nlmsghdr) unsigned char answers[QUERY_BATCH][ANSWER_SIZE];
};

_Static_assert(MESSAGE_QUERY_SIZE % _Alignof(struct nlmsghdr) == 0,
               "each request in the array is aligned");

int query_attach(int fd, uint16_t family, struct query **query) {
  struct timeval timeout = {.tv_sec = QUERY_TIMEOUT_MS / 1000,
                            .tv_usec = QUERY_TIMEOUT_MS % 1000 * 1000};
  struct query *q = calloc(1, sizeof(*q));
  if (q == NULL ||
      setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) != 0) {
    int status = q == NULL ? -ENOMEM : -errno;
    free(q);
    close(fd);
    return status;
  }

  q->fd = fd;
  q->family = family;
  q->sequence = 1; /* 0 is that of unsolicited messages */
  for (size_t i = 0; i < QUERY_BATCH; i++) {
    q->vectors[i] = (struct iovec){q->answers[i], ANSWER_SIZE};
    q->headers[i].msg_hdr.msg_iov = &q->vectors[i];
    q->headers[i].msg_hdr.msg_iovlen = 1;
  }
  *query = q;
  return 0;
}

void query_close(struct query *query) {
  if (query == NULL)
    return;
  close(query->fd);
  free(query);
}

/* Sends the first count requests in one call. */
static int send_requests(struct query *query, size_t count) {
  size_t size = count * MESSAGE_QUERY_SIZE;
  ssize_t sent;
  do
    sent = send(query->fd, query->requests, size, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0)
    return -errno;
  return (size_t)sent == size ? 0 : -EMSGSIZE;
}

/* Receives what has arrived, waiting for the first datagram only. Returns the
 * number of datagrams or a negative errno. */
static int receive_answers(struct query *query) {
  int received;
  do
    received =
        recvmmsg(query->fd, query->headers, QUERY_BATCH, MSG_WAITFORONE, NULL);
  while (received < 0 && errno == EINTR);
  if (received < 0)
    return errno == EAGAIN ? -ETIMEDOUT : -errno;
  return received;
}

/* Matches the messages of one datagram to their requests. Messages that do not
 * answer any are dropped. Returns the number of answered requests. */
static size_t match_answers(const struct mmsghdr *datagram, uint32_t first,
                            enum message_target target, const uint32_t *ids,
                            size_t count, struct query_answer *answers,
                            bool *answered) {
  const struct nlmsghdr *header = datagram->msg_hdr.msg_iov->iov_base;
  int left = (int)datagram->msg_len;
  size_t matched = 0;

  for (; left > 0 && netlink_message_fits(header, (size_t)left);
       header = mnl_nlmsg_next(header, &left)) {
    struct message message;
    int status = message_parse(header, &message);
    uint32_t i = message.sequence - first;
    if (i >= count || answered[i])
      continue;
    if (status == 0)
      status = message.error;
    if (status == 0 && (!message.has[target] || message.id[target] != ids[i]))
      status = -EBADMSG;
    answers[i].error = status;
    if (status == 0)
      answers[i].record = message.record[target];
    answered[i] = true;
    matched++;
  }
  return matched;
}

int query_records(struct query *query, enum message_target target,
                  const uint32_t *ids, size_t count,
                  struct query_answer *answers) {
  if (count == 0)
    return 0;
  if (count > QUERY_BATCH)
    return -EINVAL;

  uint32_t first = query->sequence;
  query->sequence += (uint32_t)count;
  for (size_t i = 0; i < count; i++)
    message_put_query(query->requests[i], query->family, first + (uint32_t)i,
                      target, ids[i]);
  int status = send_requests(query, count);
  if (status != 0)
    return status;

  bool answered[QUERY_BATCH] = {false};
  uint64_t deadline = clock_ms() + QUERY_TIMEOUT_MS;
  for (size_t matched = 0; matched < count;) {
    int received = receive_answers(query);
    if (received < 0)
      return received;
    for (int i = 0; i < received; i++)
      matched += match_answers(&query->headers[i], first, target, ids, count,
                               answers, answered);
    /* Stray messages must not prolong the wait. */
    if (matched < count && clock_ms() > deadline)
      return -ETIMEDOUT;
  }
  return 0;
}

int query_open(struct query **query) {
  uint16_t family;
  int fd = genl_connect(&family);
  return fd < 0 ? fd : query_attach(fd, family, query);
}

static void *sleep_a_little(void *arg) {
  for (int i = 0; i < 20; i++)
    nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
  return arg;
}

int query_counts_ended_threads(struct query *query, bool *counts) {
  pthread_t thread;
  int status = pthread_create(&thread, NULL, sleep_a_little, NULL);
  if (status != 0)
    return -status;
  pthread_join(thread, NULL);

  struct rusage usage; /* counts the ended threads on every kernel */
  getrusage(RUSAGE_SELF, &usage);
  uint32_t self = (uint32_t)getpid();
  struct query_answer answer;
  status = query_records(query, MESSAGE_PROCESS, &self, 1, &answer);
  if (status == 0)
    status = answer.error;
  if (status == 0)
    *counts = answer.record.switches_voluntary >= (uint64_t)usage.ru_nvcsw;
  return status;
}
