/* SPDX-License-Identifier: MIT */
#include "unixsock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

FILE *unixsock_connect(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof(address.sun_path)) {
    errno = ENAMETOOLONG;
    return NULL;
  }
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return NULL;
  FILE *connection = NULL;
  if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
    connection = fdopen(fd, "r");
  if (connection == NULL) {
    int error = errno;
    close(fd);
    errno = error;
  }
  return connection;
}

/* Shuts down sending. */
static char *write_quoted(char *to, const char *text) {
  *to++ = '"';
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\')
      *to++ = '\\';
    *to++ = *text;
  }
  *to++ = '"';
  return to;
}

/* In one write: collectd reads a command from one line. */
static int send_command(int fd, const char *command, const char *identifier) {
  size_t length = strlen(command), sent = 0;
  size_t room = length + (identifier == NULL ? 0 : 2 * strlen(identifier));
  char *line = malloc(room + sizeof(" \"\"\n"));
  if (line == NULL)
    return -1;
  char *end = mempcpy(line, command, length);
  if (identifier != NULL) {
    *end++ = ' ';
    end = write_quoted(end, identifier);
  }
  *end++ = '\n';
  length = (size_t)(end - line);
  while (sent < length) {
    ssize_t more = send(fd, line + sent, length - sent, MSG_NOSIGNAL);
    if (more < 0 && errno != EINTR)
      break;
    sent += more > 0 ? (size_t)more : 0;
  }
  free(line);
  return sent == length ? 0 : -1;
}

/* NULL if there is no complete line. */
static char *read_line(FILE *connection) {
  char *line = NULL;
  size_t size = 0;
  ssize_t length = getline(&line, &size, connection);
  if (length <= 0 || line[length - 1] != '\n') {
    free(line);
    return NULL;
  }
  line[length - 1] = '\0';
  return line;
}

/* The number of lines that follow; negative if collectd refuses. */
static int read_status(FILE *connection, long *status) {
  char *line = read_line(connection), *end = NULL;
  if (line == NULL)
    return -1;
  *status = strtol(line, &end, 10);
  int result = end != line && *end == ' ' ? 0 : -1;
  free(line);
  return result;
}

static int add_line(struct unixsock_reply *reply, size_t *room, char *line) {
  if (line == NULL)
    return -1;
  if (reply->len == *room) {
    *room = 2 * *room + 1;
    char **lines = reallocarray(reply->lines, *room, sizeof(*lines));
    if (lines == NULL) {
      free(line);
      return -1;
    }
    reply->lines = lines;
  }
  reply->lines[reply->len++] = line;
  return 0;
}

static int read_lines(FILE *connection, long count,
                      struct unixsock_reply *reply) {
  size_t room = 0;
  for (long i = 0; i < count; i++)
    if (add_line(reply, &room, read_line(connection)) != 0) {
      unixsock_reply_free(reply);
      return -1;
    }
  return 0;
}

int unixsock_ask(FILE *connection, const char *command, const char *identifier,
                 struct unixsock_reply *reply) {
  long status = 0;
  *reply = (struct unixsock_reply){0};
  if (send_command(fileno(connection), command, identifier) != 0 ||
      read_status(connection, &status) != 0)
    return -1;
  return read_lines(connection, status, reply);
}

void unixsock_reply_free(struct unixsock_reply *reply) {
  for (size_t i = 0; i < reply->len; i++)
    free(reply->lines[i]);
  free(reply->lines);
  *reply = (struct unixsock_reply){0};
}
