/* SPDX-License-Identifier: MIT */
#include "report/exit_log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

void exit_log_file_close(struct exit_log_file *file) {
  if (file->fd >= 0)
    close(file->fd);
  file->fd = -1;
}

static bool is_there(const struct exit_log_file *file) {
  struct stat now;
  return file->fd >= 0 && stat(file->path, &now) == 0 &&
         now.st_dev == file->device && now.st_ino == file->inode;
}

/* Does not wait for the reader of a FIFO. */
static int open_file(struct exit_log_file *file) {
  enum { MODE = 0640 };
  if (is_there(file))
    return 0;
  exit_log_file_close(file);
  int fd = open(
      file->path,
      O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, MODE);
  struct stat opened;
  if (fd < 0 || fstat(fd, &opened) != 0) {
    int status = -errno;
    if (fd >= 0)
      close(fd);
    return status;
  }
  file->fd = fd;
  file->device = opened.st_dev;
  file->inode = opened.st_ino;
  return 0;
}

int exit_log_file_add(struct exit_log_file *file, const char *line,
                      size_t length) {
  struct stat before;
  int status = open_file(file);
  if (status != 0)
    return status;
  if (fstat(file->fd, &before) != 0)
    return -errno;
  ssize_t written = write(file->fd, line, length);
  if (written == (ssize_t)length)
    return 0;
  status = written < 0 ? -errno : -ENOSPC;
  /* A partial line would corrupt the next one. */
  if (written > 0 && S_ISREG(before.st_mode) &&
      ftruncate(file->fd, before.st_size) != 0)
    status = -errno;
  if (status == -EPIPE)
    exit_log_file_close(file);
  return status;
}
