/* SPDX-License-Identifier: MIT */

/*
 * hung_mount DIRECTORY: a file system whose server never answers, as that of a
 * dead file server. Says "ready" once it is mounted. SIGUSR1 makes it answer
 * that nothing exists, to whoever waits, too; SIGTERM, or two minutes, ends it.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

enum { LIFE_S = 120, WAITING_MAX = 1024 };

static volatile sig_atomic_t answers, must_end;

static void begin_to_answer(int signal) {
  (void)signal;
  answers = 1;
}

static void end(int signal) {
  (void)signal;
  must_end = 1;
}

static void answer_init(int fd, uint64_t unique) {
  struct {
    struct fuse_out_header header;
    struct fuse_init_out init;
  } answer = {
      .header = {.len = sizeof(answer), .unique = unique},
      .init = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 65536}};
  if (write(fd, &answer, sizeof(answer)) != sizeof(answer))
    perror("FUSE_INIT");
  puts("ready");
  fflush(stdout);
}

static void answer_none(int fd, uint64_t unique) {
  struct fuse_out_header answer = {
      .len = sizeof(answer), .error = -ENOENT, .unique = unique};
  if (write(fd, &answer, sizeof(answer)) < 0 && errno != ENOENT)
    perror("answer");
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
    if (header->opcode == FUSE_INIT)
      answer_init(fd, header->unique);
    else if (header->opcode != FUSE_FORGET &&
             header->opcode != FUSE_INTERRUPT && count < WAITING_MAX)
      waiting[count++] = header->unique;
  }
  while (count > 0)
    answer_none(fd, waiting[--count]);
}

int main(int argc, char **argv) {
  char options[128];
  if (argc != 2) {
    fprintf(stderr, "usage: hung_mount DIRECTORY\n");
    return EXIT_FAILURE;
  }
  int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    perror("/dev/fuse");
    return EXIT_FAILURE;
  }
  snprintf(options, sizeof(options),
           "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd);
  if (mount("hung", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) != 0) {
    perror(argv[1]);
    return EXIT_FAILURE;
  }
  signal(SIGUSR1, begin_to_answer);
  signal(SIGTERM, end);
  signal(SIGALRM, end);
  alarm(LIFE_S);
  serve(fd);
  umount2(argv[1], MNT_DETACH);
  close(fd);
  return EXIT_SUCCESS;
}
