/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_LOG_FILE_H
#define TASKSTATS_EXIT_LOG_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* A file to which whole lines are appended, and which others may move or
 * remove. Each call may hang with the file system. One thread. */
struct exit_log_file {
  const char *path; /* owned by the caller; set before use */
  int fd;           /* -1 before use */
  dev_t device;
  ino_t inode;
};

/* Appends a line completely or not at all. Opens the file first if necessary.
 * Returns 0 or a negative errno: -ENXIO for a FIFO without a reader, -EAGAIN
 * for one that is full. */
int exit_log_file_add(struct exit_log_file *file, const char *line,
                      size_t length);

void exit_log_file_close(struct exit_log_file *file);

#endif
