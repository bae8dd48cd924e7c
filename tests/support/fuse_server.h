/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_FUSE_SERVER_H
#define TASKSTATS_FUSE_SERVER_H

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

/*
 * A FUSE file system that this program serves. Some replies are delayed until
 * SIGUSR1. It ends at SIGTERM, or after two minutes.
 */

enum { SERVER_LIFE_S = 120, ANSWER_MAX = 4096 };

static volatile sig_atomic_t answers, must_end;

static inline void begin_to_answer(int signal) {
  (void)signal;
  answers = 1;
}

static inline void end_server(int signal) {
  (void)signal;
  must_end = 1;
}

_Noreturn static inline void die(const char *what) {
  perror(what);
  _exit(EXIT_FAILURE);
}

/* Returns the connection to the kernel. */
static inline int mount_server(const char *directory) {
  char options[128];
  int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (fd < 0)
    die("/dev/fuse");
  snprintf(options, sizeof(options),
           "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd);
  if (mount("hung", directory, "fuse", MS_NOSUID | MS_NODEV, options) != 0)
    die(directory);
  signal(SIGUSR1, begin_to_answer);
  signal(SIGTERM, end_server);
  signal(SIGALRM, end_server);
  alarm(SERVER_LIFE_S);
  return fd;
}

/* Pending requests fail. */
static inline void unmount_server(const char *directory, int fd) {
  umount2(directory, MNT_DETACH);
  close(fd);
}

static inline void answer(int fd, uint64_t unique, int error, const void *body,
                          size_t size) {
  unsigned char bytes[sizeof(struct fuse_out_header) + ANSWER_MAX];
  struct fuse_out_header header = {.len = (uint32_t)(sizeof(header) + size),
                                   .error = -error,
                                   .unique = unique};
  memcpy(bytes, &header, sizeof(header));
  if (size > 0)
    memcpy(bytes + sizeof(header), body, size);
  if (write(fd, bytes, header.len) < 0 && errno != ENOENT)
    perror("answer");
}

static inline void answer_init(int fd, uint64_t unique) {
  const struct fuse_init_out init = {
      .major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = ANSWER_MAX};
  answer(fd, unique, 0, &init, sizeof(init));
}

#endif
