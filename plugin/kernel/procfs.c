/* SPDX-License-Identifier: MIT */
#include "kernel/procfs.h"

#include "kernel/procfs_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool procfs_is_vanished(int status) {
  return status == -ENOENT || status == -ESRCH;
}

/* Takes ownership of the descriptor of /proc, which may be a negative errno. */
static int open_directory(int fd, struct procfs **proc) {
  if (fd < 0)
    return fd;
  struct procfs *p = calloc(1, sizeof(*p));
  DIR *dir = p != NULL ? fdopendir(fd) : NULL;
  if (dir == NULL) {
    int status = p != NULL ? -errno : -ENOMEM;
    free(p);
    close(fd);
    return status;
  }
  p->dir = dir;
  p->fd = fd;
  p->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
  *proc = p;
  return 0;
}

/* Returns a descriptor or a negative errno. */
static int open_root(int at, const char *root) {
  int fd = openat(at, root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return fd >= 0 ? fd : -errno;
}

int procfs_open(const char *root, struct procfs **proc) {
  return open_directory(open_root(AT_FDCWD, root), proc);
}

int procfs_reopen(const struct procfs *proc, struct procfs **again) {
  return open_directory(open_root(proc->fd, "."), again);
}

void procfs_close(struct procfs *proc) {
  if (proc == NULL)
    return;
  closedir(proc->dir);
  free(proc->cmdline);
  free(proc);
}

uint64_t procfs_call(const struct procfs *proc) {
  return hang_guard_call(&proc->guard);
}

pid_t procfs_call_pid(uint64_t call) { return hang_guard_pid(call); }

bool procfs_abandon(struct procfs *proc, uint64_t call) {
  return hang_guard_abandon(&proc->guard, call);
}

bool procfs_has_returned(const struct procfs *proc) {
  return hang_guard_has_returned(&proc->guard);
}

void procfs_rewind(struct procfs *proc) { rewinddir(proc->dir); }

int procfs_next(struct procfs *proc, pid_t *pid, uint32_t *inode) {
  for (;;) {
    errno = 0;
    const struct dirent *entry = readdir(proc->dir);
    if (entry == NULL)
      return -errno;
    *pid = procfs_file_pid(entry->d_name);
    if (*pid != 0) {
      *inode = (uint32_t)entry->d_ino;
      return 1;
    }
  }
}

int procfs_inode(struct procfs *proc, pid_t pid, uint32_t *inode) {
  char buffer[PROCFS_NAME_SIZE];
  struct stat st;

  if (fstatat(proc->fd, procfs_file_name(buffer, pid, ""), &st, 0) != 0)
    return -errno;
  *inode = (uint32_t)st.st_ino;
  return 0;
}

/* A directory has one link for each thread, plus "." and ".."
 * (proc_task_getattr); without threads its process has ended. */
static int count_threads(const struct stat *st, uint32_t *threads) {
  if (st->st_nlink <= 2)
    return -ESRCH;
  *threads = (uint32_t)st->st_nlink - 2;
  return 0;
}

int procfs_threads(struct procfs *proc, pid_t pid, uint32_t *threads) {
  char buffer[PROCFS_NAME_SIZE];
  struct stat st;

  if (fstatat(proc->fd, procfs_file_name(buffer, pid, "task"), &st, 0) != 0)
    return -errno;
  return count_threads(&st, threads);
}

int procfs_task_open(struct procfs *proc, pid_t pid) {
  return procfs_file_open(proc, pid, "task", O_PATH);
}

int procfs_task_threads(int fd, uint32_t *threads) {
  struct stat st;
  return fstat(fd, &st) == 0 ? count_threads(&st, threads) : -errno;
}

bool procfs_call_runs(const struct procfs *proc) {
  char name[sizeof("self/task/") + PROCFS_NAME_SIZE], text[256];

  snprintf(name, sizeof(name), "self/task/%d/stat",
           atomic_load(&proc->guard.tid));
  text[procfs_file_read_small(proc, name, text, sizeof(text) - 1)] = '\0';
  const char *end = strrchr(text, ')');
  return end != NULL && end[1] == ' ' && end[2] == 'R';
}
