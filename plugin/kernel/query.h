/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_QUERY_H
#define TASKSTATS_QUERY_H

#include "kernel/message.h"

/*
 * Queries the kernel for the records of living processes, many at a time. A
 * struct query is used by one thread at a time.
 */

struct query;

enum {
  QUERY_BATCH = 32,        /* requests per system call */
  QUERY_TIMEOUT_MS = 1000, /* the longest wait for an answer */
};

struct query_answer {
  int error; /* 0, or a negative errno: -ESRCH if the process does not exist */
  struct record record;
};

/* Opens a socket and asks for the family's id. Requires no privilege. Returns 0
 * and a query, which query_close ends; -ENOENT if this kernel has no taskstats;
 * another negative errno if the socket failed. */
int query_open(struct query **query);

/* The same over a connected datagram socket of the caller, which the query then
 * owns (closed also on failure). For tests. */
int query_attach(int fd, uint16_t family, struct query **query);

/* query may be NULL. */
void query_close(struct query *query);

/* Requests count records, at most QUERY_BATCH; answers[i] is for ids[i]. Late
 * answers to earlier requests are dropped. Returns 0, or a negative errno if
 * the socket failed (-ETIMEDOUT: no answer within QUERY_TIMEOUT_MS): then no
 * answer is valid and the query must be closed. */
int query_records(struct query *query, enum message_target target,
                  const uint32_t *ids, size_t count,
                  struct query_answer *answers);

/* Whether TGID records include the CPU times and context switches of threads
 * that have ended. Not on all kernels (not on 6.1), and no version number shows
 * it; so this starts a thread that sleeps briefly and ends, and checks the
 * record. Requires CAP_NET_ADMIN. Returns 0 or a negative errno. Takes about 2
 * ms. */
int query_counts_ended_threads(struct query *query, bool *counts);

#endif
