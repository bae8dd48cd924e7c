/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PATH_CHILD_H
#define TASKSTATS_PATH_CHILD_H

#include "select/pid_set.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A child process that looks at configured paths. A file server that does not
 * answer leaves who asks it in uninterruptible sleep, and a process of which
 * one thread sleeps so cannot end; a child can be left behind.
 */

enum path_kind { PATH_EXECUTABLE, PATH_PID_FILE };

struct path_answer {
  /* 0 or a negative errno. Of a pid file: -ENODATA if it is empty, -EBADMSG if
   * it does not begin with a pid, -E2BIG if it has more than PID_SET_MAX or too
   * long a text, -EINVAL if it is no regular file. Of several that wildcards
   * stand for, the first that is not 0; if there are none, 0. Of an executable:
   * -ENOEXEC for a script, or what no process can run. */
  int32_t status;

  /* Of an executable */
  uint64_t dev, inode; /* as stat has them; dev in the kernel's encoding */
  bool is_dev_hidden;  /* the kernel knows the file by another device: btrfs,
                        * overlayfs */
  char canonical[PATH_MAX]; /* without symbolic links */

  struct pid_set pids; /* of pid files; of those that could be read */
};

/* Forks a child. Its name and its only argument are "taskstats paths". It has
 * no descriptors but its end of the socket, of which fd is the other one, and
 * ends when that is closed. Returns its pid or a negative errno. Any thread:
 * between fork and _exit it calls only what a signal handler may call
 * (signal-safety(7)); and glob, which allocates, as glibc and musl allow in the
 * child of a process with threads. */
pid_t path_child_fork(int *fd);

/* Asks the child. Returns 0 or a negative errno. */
int path_child_ask(int fd, enum path_kind kind, const char *path);

/* Takes its answer. Does not wait. Returns 0; -EAGAIN if there is none yet; or
 * -EPIPE if the child is gone. */
int path_child_answer(int fd, struct path_answer *answer);

#endif
