/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PATH_CHILD_H
#define TASKSTATS_PATH_CHILD_H

#include "select/pid_set.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A child process that looks at configured paths. If a file server does not
 * answer, its clients are in uninterruptible sleep, and a process with such a
 * thread cannot end; a child, however, can be abandoned.
 */

enum path_kind { PATH_EXECUTABLE, PATH_PID_FILE };

struct path_answer {
  /* 0 or a negative errno. For a pid file: -ENODATA if it is empty, -EBADMSG if
   * it does not begin with a pid, -E2BIG if it has more than PID_SET_MAX pids
   * or is too long, -EINVAL if it is not a regular file. With wildcards: the
   * first error, or 0, also if nothing matches. For an executable: -ENOEXEC if
   * it is a script, or if no process can run it. */
  int32_t status;

  /* For an executable: */
  uint64_t dev, inode; /* from stat; dev in the kernel's encoding */
  bool is_dev_hidden;  /* the kernel uses another device for the file: btrfs,
                          overlayfs */
  char canonical[PATH_MAX]; /* the path with symbolic links resolved */

  struct pid_set pids; /* for pid files: the pids in those that could be read */
};

/* Forks a child whose name and only argument are "taskstats paths". Its only
 * descriptor is its end of a socket, whose other end is fd; it ends when fd is
 * closed. Returns its pid or a negative errno. Any thread: between fork and
 * _exit, the child calls only async-signal-safe functions (signal-safety(7)),
 * and glob, which allocates memory: glibc and musl allow that in the child of a
 * multithreaded process. */
pid_t path_child_fork(int *fd);

/* Sends a request to the child. Returns 0 or a negative errno. */
int path_child_ask(int fd, enum path_kind kind, const char *path);

/* Receives its answer without waiting. Returns 0; -EAGAIN if there is none yet;
 * or -EPIPE if the child has ended. */
int path_child_answer(int fd, struct path_answer *answer);

#endif
