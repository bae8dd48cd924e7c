/* SPDX-License-Identifier: MIT */
#include "kernel/procfs.h"

#include "kernel/procfs_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether the size of a directory fd is the number of open files
 * (proc_fd_getattr, since Linux 6.2): checked on this process, which has some.
 */
static bool has_sizes(struct procfs *proc) {
  struct stat st;

  if (proc->fd_sizes == PROCFS_FD_SIZES_UNKNOWN) {
    bool has = fstatat(proc->fd, "self/fd", &st, 0) == 0 && st.st_size > 0;
    proc->fd_sizes = has ? PROCFS_FD_SIZES : PROCFS_FD_NO_SIZES;
  }
  return proc->fd_sizes == PROCFS_FD_SIZES;
}

/* Counts the entries of a directory fd, without the descriptor for the
 * directory itself if the process is this one. */
static int count_entries(int at, const char *name, bool is_own,
                         uint32_t *files) {
  int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
  if (dir == NULL) {
    int status = -errno;
    if (fd >= 0)
      close(fd);
    return status;
  }

  const struct dirent *entry;
  uint32_t count = 0;
  errno = 0;
  while ((entry = readdir(dir)) != NULL)
    count += isdigit((unsigned char)entry->d_name[0]) != 0;
  int status = -errno;
  closedir(dir);
  *files = count - (is_own && count > 0);
  return status;
}

struct search {
  bool has_sizes, is_own;
  uint32_t files;
};

/* Returns 0 or a negative errno. */
static int count_at(int at, const char *name, struct search *search) {
  struct stat st;

  if (!search->has_sizes)
    return count_entries(at, name, search->is_own, &search->files);
  if (fstatat(at, name, &st, 0) != 0)
    return -errno;
  search->files = (uint32_t)st.st_size;
  return 0;
}

/* Returns 1 if the thread has open files. A thread that ends meanwhile has
 * none. */
static int count_of_thread(void *context, int task_fd, const char *tid) {
  struct search *search = context;
  char name[PROCFS_NAME_SIZE + 256];

  snprintf(name, sizeof(name), "%s/fd", tid);
  int status = count_at(task_fd, name, search);
  if (procfs_is_vanished(status))
    return 0;
  return status != 0 ? status : search->files > 0;
}

int procfs_files(struct procfs *proc, pid_t pid, uint32_t *files) {
  struct search search = {.has_sizes = has_sizes(proc),
                          .is_own = pid == getpid()};
  char buffer[PROCFS_NAME_SIZE];
  const char *name = procfs_file_name(buffer, pid, "fd");

  hang_guard_enter(&proc->guard, pid);
  int status = count_at(proc->fd, name, &search);
  if (status == 0 && search.files == 0)
    status = procfs_file_each_thread(proc, pid, count_of_thread, &search);
  hang_guard_leave(&proc->guard);
  *files = search.files;
  return status < 0 ? status : 0;
}
