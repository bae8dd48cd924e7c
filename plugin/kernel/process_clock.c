/* SPDX-License-Identifier: MIT */
#include "kernel/process_clock.h"

#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int process_clock_ns(pid_t pid, uint64_t *ns) {
  /* The result of clock_getcpuclockid(3), without its system call to check the
   * pid, which clock_gettime does anyway (MAKE_PROCESS_CPUCLOCK, CPUCLOCK_SCHED
   * in the kernel's posix-timers_types.h). */
  clockid_t clock = (clockid_t)((~(unsigned int)pid << 3) | 2);
  struct timespec time;

  if (clock_gettime(clock, &time) != 0)
    return errno == EINVAL ? -ESRCH : -errno;
  *ns = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
  return 0;
}

bool process_clock_may_be_final(pid_t pid) {
  int fd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0)
    return errno != ESRCH;

  /* A pidfd is readable once all threads have ended. */
  struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
  bool has_ended = poll(&poll_fd, 1, 0) != 0;
  close(fd);
  return has_ended;
}
