/* SPDX-License-Identifier: MIT */
#include "kernel/procfs_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

const char *procfs_file_name(char buffer[PROCFS_NAME_SIZE], pid_t pid,
                             const char *file) {
  size_t size = strlen(file) + 1;
  char *name = buffer + PROCFS_NAME_SIZE - size;

  memcpy(name, file, size);
  *--name = '/';
  unsigned int rest = (unsigned int)pid;
  do
    *--name = (char)('0' + rest % 10);
  while ((rest /= 10) > 0);
  return name;
}

int procfs_file_open(struct procfs *proc, pid_t pid, const char *file,
                     int flags) {
  char buffer[PROCFS_NAME_SIZE];
  int fd =
      openat(proc->fd, procfs_file_name(buffer, pid, file), flags | O_CLOEXEC);
  return fd >= 0 ? fd : -errno;
}

ssize_t procfs_file_read(struct procfs *proc, pid_t pid, const char *file,
                         char *buffer, size_t size) {
  hang_guard_enter(&proc->guard, pid);
  int fd = procfs_file_open(proc, pid, file, O_RDONLY);
  ssize_t got = fd;
  /* procfs returns everything that fits in one call. */
  if (fd >= 0)
    do
      got = read(fd, buffer, size - 1);
    while (got < 0 && errno == EINTR);
  int status = fd < 0 ? fd : got < 0 ? -errno : 0;
  if (fd >= 0)
    close(fd);
  hang_guard_leave(&proc->guard);
  buffer[got > 0 ? got : 0] = '\0';
  return status != 0 ? status : got;
}

pid_t procfs_file_pid(const char *name) {
  pid_t pid = 0;
  for (; isdigit((unsigned char)*name); name++) {
    if (pid > (INT_MAX - 9) / 10)
      return 0;
    pid = pid * 10 + (*name - '0');
  }
  return *name == '\0' ? pid : 0;
}

int procfs_file_each_thread(struct procfs *proc, pid_t pid,
                            int (*visit)(void *context, int task_fd,
                                         const char *tid),
                            void *context) {
  int fd = procfs_file_open(proc, pid, "task", O_RDONLY);
  DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
  if (dir == NULL) {
    int status = fd >= 0 ? -errno : fd;
    if (fd >= 0)
      close(fd);
    return status;
  }

  int status = 0;
  const struct dirent *entry;
  while (status == 0 && (entry = readdir(dir)) != NULL)
    if (procfs_file_pid(entry->d_name) != 0)
      status = visit(context, fd, entry->d_name);
  closedir(dir);
  return status;
}

size_t procfs_file_read_at(int directory, const char *file, char *buffer,
                           size_t size) {
  int fd = openat(directory, file, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  ssize_t used = read(fd, buffer, size);
  close(fd);
  return used > 0 ? (size_t)used : 0;
}

size_t procfs_file_read_small(const struct procfs *proc, const char *file,
                              char *buffer, size_t size) {
  return procfs_file_read_at(proc->fd, file, buffer, size);
}

void procfs_file_cut_deleted(char *path) {
  static const char deleted[] = " (deleted)";
  size_t length = strlen(path), suffix = sizeof(deleted) - 1;

  if (length > suffix && strcmp(path + length - suffix, deleted) == 0)
    path[length - suffix] = '\0';
}
