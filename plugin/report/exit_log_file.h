/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_LOG_FILE_H
#define TASKSTATS_EXIT_LOG_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* A file to which whole lines are added, and which others may move or remove.
 * What there is may hang with its file system. One thread. */
struct exit_log_file {
  const char *path; /* the caller's, set at first */
  int fd;           /* or -1, at first */
  dev_t device;
  ino_t inode;
};

/* Adds a line, all of it or nothing. Opens the file first if need be. Returns 0
 * or a negative errno: -ENXIO for a FIFO that nobody reads, -EAGAIN for one
 * that is full. */
int exit_log_file_add(struct exit_log_file *file, const char *line,
                      size_t length);

void exit_log_file_close(struct exit_log_file *file);

#endif
