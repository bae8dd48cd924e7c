/* SPDX-License-Identifier: MIT */
#ifndef TOP_UNIXSOCK_H
#define TOP_UNIXSOCK_H

#include <stdio.h>

/*
 * collectd's unixsock plugin, see collectd-unixsock(5). A connection is a
 * stream, closed with fclose.
 */

struct unixsock_reply {
  char **lines; /* without newlines */
  size_t len;
};

/* Returns NULL, with errno set, on failure. */
FILE *unixsock_connect(const char *path);

/* Sends a command, with the identifier unless that is NULL. Waits for the
 * reply, which the caller frees; it has no lines if collectd refuses. Returns
 * -1 if the connection is broken. */
int unixsock_ask(FILE *connection, const char *command, const char *identifier,
                 struct unixsock_reply *reply);

void unixsock_reply_free(struct unixsock_reply *reply);

#endif
