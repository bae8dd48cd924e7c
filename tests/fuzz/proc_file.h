/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_FUZZ_PROC_FILE_H
#define TASKSTATS_FUZZ_PROC_FILE_H

#include "fuzz/fuzz.h"
#include "kernel/procfs.h"

#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A procfs with one process, one file of which says what the target wants. The
 * file is in memory, and the directory links to it.
 */

enum { PROC_FILE_PID = 12 };

struct proc_file {
  struct procfs *proc;
  int fd;
};

static char proc_file_root[64];
static const char *proc_file_name;

static inline void proc_file_remove(void) {
  char path[PATH_MAX];
  snprintf(path, sizeof(path), "%s/%d/%s", proc_file_root, PROC_FILE_PID,
           proc_file_name);
  unlink(path);
  snprintf(path, sizeof(path), "%s/%d", proc_file_root, PROC_FILE_PID);
  rmdir(path);
  rmdir(proc_file_root);
}

/* Makes it once; it is removed at the end. */
static inline struct proc_file *proc_file_of(const char *name) {
  static struct proc_file file;
  char path[PATH_MAX], target[64];
  if (file.proc != NULL)
    return &file;

  const char *directory = getenv("TMPDIR");
  snprintf(proc_file_root, sizeof(proc_file_root),
           "%.40s/taskstats-fuzz.XXXXXX",
           directory != NULL ? directory : "/tmp");
  fuzz_check(mkdtemp(proc_file_root) != NULL);
  proc_file_name = name;
  atexit(proc_file_remove);
  file.fd = memfd_create(name, MFD_CLOEXEC);
  fuzz_check(file.fd >= 0);
  snprintf(path, sizeof(path), "%s/%d", proc_file_root, PROC_FILE_PID);
  fuzz_check(mkdir(path, 0700) == 0);
  snprintf(path, sizeof(path), "%s/%d/%s", proc_file_root, PROC_FILE_PID, name);
  snprintf(target, sizeof(target), "/proc/self/fd/%d", file.fd);
  fuzz_check(symlink(target, path) == 0);
  fuzz_check(procfs_open(proc_file_root, &file.proc) == 0);
  return &file;
}

static inline void proc_file_write(const struct proc_file *file,
                                   const void *data, size_t size) {
  fuzz_check(ftruncate(file->fd, 0) == 0);
  fuzz_check(pwrite(file->fd, data, size, 0) == (ssize_t)size);
}

/* A name as a process may have it: size bytes of the input at most, without a
 * NUL. */
static inline void proc_file_take_name(struct fuzz_input *input, char *name,
                                       size_t size) {
  size_t length = input->left < size - 1 ? input->left : size - 1;
  fuzz_take(input, name, length);
  for (size_t i = 0; i < length; i++)
    if (name[i] == '\0')
      name[i] = ')';
  name[length] = '\0';
}

#endif
