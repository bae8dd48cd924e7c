/* SPDX-License-Identifier: MIT */
#include "kernel/procfs.h"

#include "kernel/procfs_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

bool procfs_has_other_pids(struct procfs *proc) {
  char self[PROCFS_NAME_SIZE];
  ssize_t size = readlinkat(proc->fd, "self", self, sizeof(self) - 1);
  if (size < 0) /* the link is dangling if this process is not visible there */
    return errno == ENOENT &&
           faccessat(proc->fd, "self", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  self[size] = '\0';
  return procfs_file_pid(self) != getpid();
}

bool procfs_shifts_clocks(struct procfs *proc) {
  char text[256];
  long long monotonic[2] = {0}, boottime[2] = {0};

  text[procfs_file_read_small(proc, "self/timens_offsets", text,
                              sizeof(text) - 1)] = '\0';
  int count = sscanf(text, "monotonic %lld %lld boottime %lld %lld",
                     &monotonic[0], &monotonic[1], &boottime[0], &boottime[1]);
  return count == 4 && (monotonic[0] != 0 || monotonic[1] != 0 ||
                        boottime[0] != 0 || boottime[1] != 0);
}

static const char delay_accounting[] = "sys/kernel/task_delayacct";

/* Whether a kernel without the switch counts all kinds: not if it could have
 * one (since 5.14), nor if its command line disables it. */
static bool counts_without_switch(struct procfs *proc) {
  struct utsname system;
  unsigned int major = 0, minor = 0;
  char line[4096];

  uname(&system);
  sscanf(system.release, "%u.%u", &major, &minor);
  line[procfs_file_read_small(proc, "cmdline", line, sizeof(line) - 1)] = '\0';
  return (major < 5 || (major == 5 && minor < 14)) &&
         strstr(line, "nodelayacct") == NULL;
}

int procfs_delay_accounting(struct procfs *proc, bool *on) {
  int fd = openat(proc->fd, delay_accounting, O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT &&
      faccessat(proc->fd, "sys/kernel", F_OK, 0) == 0) {
    *on = true;
    return counts_without_switch(proc) ? 0 : -EOPNOTSUPP;
  }
  if (fd < 0)
    return -errno;

  char value;
  ssize_t size = read(fd, &value, 1);
  int status = size < 0 ? -errno : 0;
  close(fd);
  if (size == 1)
    *on = value != '0';
  return status;
}

bool procfs_can_switch_delay_accounting(struct procfs *proc) {
  return faccessat(proc->fd, delay_accounting, F_OK, 0) == 0;
}

int procfs_enable_delay_accounting(struct procfs *proc) {
  int fd = openat(proc->fd, delay_accounting, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;

  int status = write(fd, "1\n", 2) < 0 ? -errno : 0;
  close(fd);
  return status;
}
