/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PROCFS_FILE_H
#define TASKSTATS_PROCFS_FILE_H

#include "kernel/hang_guard.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What the procfs_*.c share: the handle, and how it reads a file. */

enum {
  PROCFS_NAME_SIZE = 32, /* "<pid>/cmdline" and shorter */
  /* 13 hierarchies of version 1, each with a path of up to PATH_MAX */
  PROCFS_CGROUPS_SIZE = 65536,
};

/* Whether the size of <pid>/fd is the number of open files. */
enum procfs_fd_sizes {
  PROCFS_FD_SIZES_UNKNOWN,
  PROCFS_FD_SIZES,
  PROCFS_FD_NO_SIZES
};

struct procfs {
  DIR *dir;
  int fd; /* of dir, and owned by it */
  uint64_t page_size;
  enum procfs_fd_sizes fd_sizes;
  struct hang_guard guard;
  char *cmdline; /* what was read last, and its room */
  size_t cmdline_size;
  char cgroups[PROCFS_CGROUPS_SIZE]; /* of the process at hand */
};

/* Opens <pid>/<file>. Returns a descriptor that the caller closes, or a
 * negative errno. */
int procfs_file_open(struct procfs *proc, pid_t pid, const char *file,
                     int flags);

/* Reads of <pid>/<file> what fits into size - 1 bytes, and ends it with a NUL.
 * Returns the number of bytes or a negative errno. The buffer is the thread's
 * own: the call may hang (kernel/hang_guard.h). */
ssize_t procfs_file_read(struct procfs *proc, pid_t pid, const char *file,
                         char *buffer, size_t size);

/* Calls visit for each thread in <pid>/task, with the directory and the
 * thread's name there, until it returns something else than 0. Returns that, or
 * a negative errno. */
int procfs_file_each_thread(struct procfs *proc, pid_t pid,
                            int (*visit)(void *context, int task_fd,
                                         const char *tid),
                            void *context);

/* Reads a file in a directory, as much as has room. Returns how much, 0 for an
 * error. */
size_t procfs_file_read_at(int directory, const char *file, char *buffer,
                           size_t size);

/* The same of a file of the system. */
size_t procfs_file_read_small(const struct procfs *proc, const char *file,
                              char *buffer, size_t size);

/* The pid, or a thread's id, that is the name of a directory; or 0. */
pid_t procfs_file_pid(const char *name);

/* Takes a number in digits, and moves behind it. (What strtoull and sscanf do
 * for locales and bases costs more than the read of the file.) */
static inline bool procfs_file_take_number(const char **at, uint64_t *number) {
  const char *digit = *at;

  *number = 0;
  for (; isdigit((unsigned char)*digit); digit++)
    *number = *number * 10 + (uint64_t)(*digit - '0');
  bool has_digits = digit != *at;
  *at = digit;
  return has_digits;
}

/* Cuts what stands behind the path of a file that is gone. */
void procfs_file_cut_deleted(char *path);

#endif
