/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_QUERY_H
#define TASKSTATS_QUERY_H

#include "kernel/message.h"

/*
 * Asking the kernel for the records of living processes, many at a time.
 * A struct query belongs to one thread at a time.
 */

struct query;

enum {
  QUERY_BATCH = 32,        /* requests in one system call */
  QUERY_TIMEOUT_MS = 1000, /* the longest wait for an answer */
};

struct query_answer {
  int error; /* 0, or a negative errno: -ESRCH for a vanished process */
  struct record record;
};

/* Opens a socket and asks for the family's number. Needs no privilege.
 * Returns 0 and a query that query_close ends; -ENOENT if this kernel has no
 * taskstats; another negative errno if the socket failed. */
int query_open(struct query **query);

/* The same over a connected datagram socket of the caller's, which the query
 * then owns (closed also on failure). For tests. */
int query_attach(int fd, uint16_t family, struct query **query);

/* Takes NULL. */
void query_close(struct query *query);

/* Asks for count records, at most QUERY_BATCH; answers[i] is that of ids[i].
 * Answers to earlier requests that come late are dropped.
 * Returns 0, or a negative errno if the socket failed (-ETIMEDOUT: no answer
 * within QUERY_TIMEOUT_MS): then no answer is valid and the query is of no
 * further use. */
int query_records(struct query *query, enum message_target target,
                  const uint32_t *ids, size_t count,
                  struct query_answer *answers);

/* Whether TGID records count the CPU times and context switches of threads
 * that have ended. Not all kernels do (6.1 does not), and no version number
 * tells; so a thread of the caller's own sleeps a little, ends, and is looked
 * for. Needs CAP_NET_ADMIN.
 * Returns 0 or a negative errno. Takes about 2 ms. */
int query_counts_ended_threads(struct query *query, bool *counts);

#endif
