/* SPDX-License-Identifier: MIT */
#include "kernel/fd_budget.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

enum { FD_MIN = 1024 }; /* select(2) supports lower descriptors only */

static size_t budget_of(rlim_t limit) {
  rlim_t budget = limit > FD_MIN ? (limit - FD_MIN) / 2 : 0;
  return budget < SIZE_MAX ? (size_t)budget : SIZE_MAX;
}

/* Doubles the soft limit, up to the hard one. */
static bool raise_limit(struct rlimit *limit) {
  struct rlimit raised = *limit;
  rlim_t twice = limit->rlim_cur < FD_MIN ? 2 * FD_MIN : 2 * limit->rlim_cur;

  raised.rlim_cur = twice < limit->rlim_max ? twice : limit->rlim_max;
  if (raised.rlim_cur <= limit->rlim_cur ||
      setrlimit(RLIMIT_NOFILE, &raised) != 0)
    return false;
  *limit = raised;
  return true;
}

bool fd_budget_have_room(struct fd_budget *files) {
  struct rlimit limit;

  if (files->kept < files->budget)
    return true;
  if (files->is_final || getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return false;
  while ((files->budget = budget_of(limit.rlim_cur)) <= files->kept)
    if (!raise_limit(&limit)) {
      files->is_final = true;
      return false;
    }
  return true;
}

int fd_budget_keep(struct fd_budget *files, int fd) {
  if (fd < 0)
    return -1;

  int kept = -1;
  if (fd_budget_have_room(files)) {
    kept = fcntl(fd, F_DUPFD_CLOEXEC, FD_MIN);
    if (kept >= 0)
      files->kept++;
    else /* other descriptors use the rest */
      files->budget = files->kept;
  }
  close(fd);
  return kept;
}

void fd_budget_release(struct fd_budget *files, int fd) {
  files->kept -= fd >= 0;
}
