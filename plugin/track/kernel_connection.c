/* SPDX-License-Identifier: MIT */
#include "track/kernel_connection.h"

#include <errno.h>
#include <unistd.h>

void kernel_connection_close(struct kernel_connection *connection) {
  query_close(connection->query);
  connection->query = NULL;
}

static void close_failed(struct kernel_connection *connection, int error) {
  kernel_connection_close(connection);
  connection->error = error;
}

int kernel_connection_query(struct kernel_connection *connection,
                            enum message_target target, const uint32_t *ids,
                            size_t count, struct query_answer *answers) {
  if (connection->query == NULL)
    return -ENOTCONN;
  int status = query_records(connection->query, target, ids, count, answers);
  if (status != 0)
    close_failed(connection, status);
  return status;
}

/* Reads the plugin's own record. Returns 0 or a negative errno. */
static int read_own_record(struct kernel_connection *connection) {
  uint32_t self = (uint32_t)getpid();
  struct query_answer answer;
  int status =
      kernel_connection_query(connection, MESSAGE_PROCESS, &self, 1, &answer);
  if (status == 0)
    status = answer.error;
  if (status == 0)
    connection->version = answer.record.version;
  return status;
}

/* Opens the socket and determines what this kernel counts, and whether the
 * plugin may read records. */
static int open_connection(struct kernel_connection *connection) {
  int status = query_open(&connection->query);
  if (status == 0)
    status = read_own_record(connection);
  if (status == 0)
    status = query_counts_ended_threads(connection->query,
                                        &connection->counts_ended_threads);
  return status;
}

void kernel_connection_begin(struct kernel_connection *connection) {
  connection->error = 0;
  connection->has_record = false;
  connection->refusal = 0;
  if (connection->query == NULL) {
    int status = open_connection(connection);
    if (status != 0)
      close_failed(connection, status);
  }
}

void kernel_connection_note_answer(struct kernel_connection *connection,
                                   int error) {
  if (error == 0)
    connection->has_record = true;
  else
    connection->refusal = error;
}

void kernel_connection_check_refusal(struct kernel_connection *connection) {
  if (connection->refusal == 0 || connection->has_record ||
      connection->query == NULL)
    return;
  connection->error = read_own_record(connection);
  connection->has_record = connection->error == 0;
}
