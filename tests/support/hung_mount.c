/* SPDX-License-Identifier: MIT */

/*
 * hung_mount DIRECTORY: a file system whose server does not reply, as if a
 * network file server were down. Prints "ready" once it is mounted. From
 * SIGUSR1 on, it replies to all requests, also pending ones, that nothing
 * exists. It ends at SIGTERM, or after two minutes.
 */

#include "fuse_server.h"

#include <poll.h>

enum { WAITING_MAX = 1024 };

static void answer_none(int fd, uint64_t unique) {
  answer(fd, unique, ENOENT, NULL, 0);
}

static void serve(int fd) {
  static char request[1 << 20];
  static uint64_t waiting[WAITING_MAX];
  size_t count = 0;

  while (!must_end) {
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    if (answers)
      while (count > 0)
        answer_none(fd, waiting[--count]);
    if (poll(&poll_fd, 1, 100) <= 0 || read(fd, request, sizeof(request)) <= 0)
      continue;
    const struct fuse_in_header *header = (const void *)request;
    if (header->opcode == FUSE_INIT) {
      answer_init(fd, header->unique);
      puts("ready");
      fflush(stdout);
    } else if (header->opcode != FUSE_FORGET &&
               header->opcode != FUSE_INTERRUPT && count < WAITING_MAX) {
      waiting[count++] = header->unique;
    }
  }
  while (count > 0)
    answer_none(fd, waiting[--count]);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: hung_mount DIRECTORY\n");
    return EXIT_FAILURE;
  }
  int fd = mount_server(argv[1]);
  serve(fd);
  unmount_server(argv[1], fd);
  return EXIT_SUCCESS;
}
