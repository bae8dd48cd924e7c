/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PROCFS_FILE_H
#define TASKSTATS_PROCFS_FILE_H

#include "kernel/hang_guard.h"

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Shared by the procfs_*.c files: the handle, and how files are read. */

enum {
  PROCFS_NAME_SIZE = 32, /* a pid, "/", 20 characters and a NUL */
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
  int fd; /* owned by dir */
  uint64_t page_size;
  enum procfs_fd_sizes fd_sizes;
  struct hang_guard guard;
  char *cmdline; /* the last command line, and its buffer's size */
  size_t cmdline_size;
  char cgroups[PROCFS_CGROUPS_SIZE]; /* of the current process */
};

/* Writes the name "<pid>/<file>" to a buffer; file may be empty, and has at
 * most 20 characters. Returns the name, which does not start at the buffer's
 * start. (snprintf would take a tenth as long as opening, reading and closing
 * the file.) */
const char *procfs_file_name(char buffer[PROCFS_NAME_SIZE], pid_t pid,
                             const char *file);

/* Opens <pid>/<file>. Returns a descriptor that the caller closes, or a
 * negative errno. */
int procfs_file_open(struct procfs *proc, pid_t pid, const char *file,
                     int flags);

/* Reads up to size - 1 bytes of <pid>/<file>, and appends a NUL. Returns the
 * number of bytes or a negative errno. The buffer must be the thread's own: the
 * call may hang (kernel/hang_guard.h). */
ssize_t procfs_file_read(struct procfs *proc, pid_t pid, const char *file,
                         char *buffer, size_t size);

/* Calls visit for each thread in <pid>/task, with the directory and the
 * thread's name in it, until visit returns a value other than 0. Returns that
 * value, or a negative errno. */
int procfs_file_each_thread(struct procfs *proc, pid_t pid,
                            int (*visit)(void *context, int task_fd,
                                         const char *tid),
                            void *context);

/* Reads a file in a directory, truncated to the buffer. Returns the length, 0
 * on error. */
size_t procfs_file_read_at(int directory, const char *file, char *buffer,
                           size_t size);

/* The same for a file of the system. */
size_t procfs_file_read_small(const struct procfs *proc, const char *file,
                              char *buffer, size_t size);

/* The pid or thread id that is a directory's name; or 0. */
pid_t procfs_file_pid(const char *name);

/* Parses a decimal number, and moves past it. (The handling of locales and
 * bases in strtoull and sscanf costs more than reading the file.) */
static inline bool procfs_file_take_number(const char **at, uint64_t *number) {
  const char *digit = *at;

  *number = 0;
  for (; *digit >= '0' && *digit <= '9'; digit++)
    *number = *number * 10 + (uint64_t)(*digit - '0');
  bool has_digits = digit != *at;
  *at = digit;
  return has_digits;
}

/* Cuts off the suffix of a path whose file was deleted. */
void procfs_file_cut_deleted(char *path);

#endif
