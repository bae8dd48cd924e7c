/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_APART_H
#define TASKSTATS_APART_H

#include "support/test.h"

#include <linux/capability.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Runs part of a test in a separate process, for changes that cannot be undone.
 * The process returns 0 on success, or APART_SKIPPED; any other number
 * identifies the failed step.
 */

enum { APART_SKIPPED = 77 };

static inline void apart_run(int (*run)(void)) {
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0)
    _exit(run());
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  if (WEXITSTATUS(status) == APART_SKIPPED)
    skip();
  assert_int_equal(WEXITSTATUS(status), 0);
}

/* Drops all capabilities. */
static inline bool apart_give_up(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  const struct __user_cap_data_struct none[2] = {{0}};
  return syscall(SYS_capset, &header, none) == 0;
}

#endif
