/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_FUZZ_PROC_FILE_H
#define TASKSTATS_FUZZ_PROC_FILE_H

#include "fuzz/fuzz.h"
#include "kernel/procfs.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A procfs with one process, and one file of it whose contents the target
 * chooses. The file is in memory, and the directory contains a link to it.
 */

enum { PROC_FILE_PID = 12 };

struct proc_file {
  struct procfs *proc;
  int fd;
};

static char proc_file_root[PATH_MAX];
static char proc_file_link[64]; /* the file's name in there */
static int proc_file_root_fd;

static inline void proc_file_remove(void) {
  char process[16];
  snprintf(process, sizeof(process), "%d", PROC_FILE_PID);
  unlinkat(proc_file_root_fd, proc_file_link, 0);
  unlinkat(proc_file_root_fd, process, AT_REMOVEDIR);
  rmdir(proc_file_root);
}

static inline void proc_file_make(struct proc_file *file, const char *name) {
  char process[16], target[64];
  const char *directory = getenv("TMPDIR");
  snprintf(proc_file_root, sizeof(proc_file_root), "%s/taskstats-fuzz.XXXXXX",
           directory != NULL ? directory : "/tmp");
  fuzz_check(mkdtemp(proc_file_root) != NULL);
  proc_file_root_fd = open(proc_file_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  fuzz_check(proc_file_root_fd >= 0);
  atexit(proc_file_remove);

  snprintf(process, sizeof(process), "%d", PROC_FILE_PID);
  snprintf(proc_file_link, sizeof(proc_file_link), "%s/%s", process, name);
  file->fd = memfd_create(name, MFD_CLOEXEC);
  fuzz_check(file->fd >= 0);
  snprintf(target, sizeof(target), "/proc/self/fd/%d", file->fd);
  fuzz_check(mkdirat(proc_file_root_fd, process, 0700) == 0);
  fuzz_check(symlinkat(target, proc_file_root_fd, proc_file_link) == 0);
  fuzz_check(procfs_open(proc_file_root, &file->proc) == 0);
}

/* Creates it once; it is removed at the end. */
static inline struct proc_file *proc_file_of(const char *name) {
  static struct proc_file file;
  if (file.proc == NULL)
    proc_file_make(&file, name);
  return &file;
}

static inline void proc_file_write(const struct proc_file *file,
                                   const void *data, size_t size) {
  fuzz_check(ftruncate(file->fd, 0) == 0);
  fuzz_check(pwrite(file->fd, data, size, 0) == (ssize_t)size);
}

/* A name that a process may have: at most size bytes of the input, without a
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
