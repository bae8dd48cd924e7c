/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_KERNEL_CONNECTION_H
#define TASKSTATS_KERNEL_CONNECTION_H

#include "kernel/query.h"

/*
 * The connection for querying the records of living processes. After a failure,
 * the next read opens it again, and checks it with the plugin's own record: if
 * that is available, so are others. Used by one thread, which must not hold a
 * lock during a call.
 */

/* Zeroed before the first read. */
struct kernel_connection {
  struct query *query;       /* owned; NULL while there is no connection */
  uint16_t version;          /* of the running kernel's records */
  bool counts_ended_threads; /* query_counts_ended_threads */

  /* Since kernel_connection_begin: */
  int error;       /* why there are no records: 0 or a negative errno */
  bool has_record; /* of any process */
  int refusal;     /* the error of the last record that was refused; 0: none */
};

/* Starts a read: resets the errors, and connects if there is no connection. A
 * failure is in connection->error. */
void kernel_connection_begin(struct kernel_connection *connection);

void kernel_connection_close(struct kernel_connection *connection);

/* As query_records. Returns -ENOTCONN if there is no connection. On failure,
 * closes it, stores the negative errno as the error, and returns it. */
int kernel_connection_query(struct kernel_connection *connection,
                            enum message_target target, const uint32_t *ids,
                            size_t count, struct query_answer *answers);

/* Stores the answer for a process that exists: 0 or a negative errno. */
void kernel_connection_note_answer(struct kernel_connection *connection,
                                   int error);

/* If records were refused since kernel_connection_begin, and none was received,
 * determines whether all are, and sets the error: a bad answer to one query
 * concerns only its process. */
void kernel_connection_check_refusal(struct kernel_connection *connection);

#endif
