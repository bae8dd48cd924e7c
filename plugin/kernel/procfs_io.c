/* SPDX-License-Identifier: MIT */
#include "kernel/procfs.h"

#include "kernel/procfs_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int procfs_io_open(struct procfs *proc, pid_t pid) {
  return procfs_file_open(proc, pid, "io", O_RDONLY);
}

/* Parses an io file. */
static int take_io(const char *text, struct procfs_io *io) {
  uint64_t *const values[] = {&io->read_chars, &io->write_chars,
                              &io->read_calls, &io->write_calls,
                              &io->read_bytes, &io->write_bytes};
  /* One per line, in the order in which the kernel added them: "rchar:
   * 323934931". */
  const char *at = text;
  for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
    at = strchr(at, ':');
    if (at == NULL || at[1] != ' ')
      return -EBADMSG;
    at += 2;
    if (!procfs_file_take_number(&at, values[i]) || *at != '\n')
      return -EBADMSG;
  }
  return 0;
}

enum { IO_SIZE = 512 }; /* larger than an io file */

/* Reads an io file. The caller guards the call. */
static int read_io(int fd, char text[IO_SIZE]) {
  ssize_t size = pread(fd, text, IO_SIZE - 1, 0);
  if (size < 0)
    return -errno;
  text[size] = '\0';
  return 0;
}

int procfs_io_read(struct procfs *proc, pid_t pid, int fd,
                   struct procfs_io *io) {
  char text[IO_SIZE];

  hang_guard_enter(&proc->guard, pid);
  int opened = fd < 0 ? procfs_io_open(proc, pid) : -1;
  int status =
      fd < 0 && opened < 0 ? opened : read_io(fd < 0 ? opened : fd, text);
  if (opened >= 0)
    close(opened);
  hang_guard_leave(&proc->guard);
  return status == 0 ? take_io(text, io) : status;
}

static void add_io(struct procfs_io *sum, const struct procfs_io *io) {
  sum->read_chars += io->read_chars;
  sum->write_chars += io->write_chars;
  sum->read_calls += io->read_calls;
  sum->write_calls += io->write_calls;
  sum->read_bytes += io->read_bytes;
  sum->write_bytes += io->write_bytes;
}

/* A thread that ends meanwhile counts as none. */
static int add_io_of_thread(void *context, int task_fd, const char *tid) {
  char name[PROCFS_NAME_SIZE + 256], text[IO_SIZE];
  struct procfs_io io;

  snprintf(name, sizeof(name), "%s/io", tid);
  int fd = openat(task_fd, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return errno == ENOENT ? 0 : -errno;
  int status = read_io(fd, text);
  close(fd);
  if (status == 0)
    status = take_io(text, &io);
  if (status == 0)
    add_io(context, &io);
  return status == -ESRCH ? 0 : status;
}

int procfs_io_of_threads(struct procfs *proc, pid_t pid, struct procfs_io *io) {
  struct procfs_io sum = {0};

  hang_guard_enter(&proc->guard, pid);
  int status = procfs_file_each_thread(proc, pid, add_io_of_thread, &sum);
  hang_guard_leave(&proc->guard);
  *io = sum;
  return status;
}

struct tid_list {
  uint32_t *tids;
  size_t size, count;
};

static int add_tid(void *context, int task_fd, const char *tid) {
  struct tid_list *list = context;
  (void)task_fd;
  if (list->count < list->size)
    list->tids[list->count++] = (uint32_t)procfs_file_pid(tid);
  return 0;
}

int procfs_tids(struct procfs *proc, pid_t pid, uint32_t *tids, size_t size,
                size_t *count) {
  struct tid_list list = {.tids = tids, .size = size};
  int status = procfs_file_each_thread(proc, pid, add_tid, &list);
  *count = list.count;
  return status;
}
