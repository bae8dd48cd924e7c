/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_ENTRIES_H
#define TASKSTATS_ENTRIES_H

#include "support/test.h"

#include <dirent.h>

/* The number of entries of a directory: for example of /proc/self/fd and
 * /proc/self/task, before and after something that must not leak. */
static inline size_t count_entries(const char *path) {
  size_t count = 0;
  DIR *dir = opendir(path);
  assert_non_null(dir);
  while (readdir(dir) != NULL)
    count++;
  closedir(dir);
  return count;
}

#endif
