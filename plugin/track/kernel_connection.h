/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_KERNEL_CONNECTION_H
#define TASKSTATS_KERNEL_CONNECTION_H

#include "kernel/query.h"

/*
 * The connection over which the kernel is asked for records of living
 * processes. It is opened anew by the first read after it failed, and then
 * checked with the plugin's own record: whoever gets that gets others, too.
 * Belongs to one thread, which holds no lock over a call.
 */

/* Zeroed before the first read. */
struct kernel_connection {
  struct query *query;       /* owned; NULL while there is no connection */
  uint16_t version;          /* of the running kernel's records */
  bool counts_ended_threads; /* query_counts_ended_threads */

  /* Since kernel_connection_begin. */
  int error;       /* why there are no records: 0 or a negative errno */
  bool has_record; /* of some process */
  int refusal;     /* why the last record that was refused was; 0 for none */
};

/* Begins a read: forgets the errors of the last one, and connects if there is
 * no connection. A failure is in connection->error. */
void kernel_connection_begin(struct kernel_connection *connection);

void kernel_connection_close(struct kernel_connection *connection);

/* As query_records. Returns -ENOTCONN if there is no connection. If it fails,
 * closes it and keeps the negative errno, which it returns, as the error. */
int kernel_connection_query(struct kernel_connection *connection,
                            enum message_target target, const uint32_t *ids,
                            size_t count, struct query_answer *answers);

/* Notes the answer for a process that is there: 0 or a negative errno. */
void kernel_connection_note_answer(struct kernel_connection *connection,
                                   int error);

/* If records were refused since kernel_connection_begin, and none was given,
 * finds out whether all are, and sets the error: a bad answer to one query
 * concerns its process alone. */
void kernel_connection_check_refusal(struct kernel_connection *connection);

#endif
