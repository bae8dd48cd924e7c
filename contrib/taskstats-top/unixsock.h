/* SPDX-License-Identifier: MIT */
#ifndef TOP_UNIXSOCK_H
#define TOP_UNIXSOCK_H

#include <stdio.h>

/*
 * collectd's unixsock plugin, see collectd-unixsock(5). A connection is a
 * stream, which fclose ends.
 */

struct unixsock_reply {
  char **lines; /* without their ends */
  size_t len;
};

/* NULL, with errno: there is no connection. */
FILE *unixsock_connect(const char *path);

/* Sends a command, and for an identifier that is not NULL that, too. Waits for
 * the reply, which the caller frees; one without lines if collectd refuses. -1:
 * the connection is of no use any more. */
int unixsock_ask(FILE *connection, const char *command, const char *identifier,
                 struct unixsock_reply *reply);

void unixsock_reply_free(struct unixsock_reply *reply);

#endif
