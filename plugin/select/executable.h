/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXECUTABLE_H
#define TASKSTATS_EXECUTABLE_H

#include "select/path_child.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The files that a configured executable is and has been: by their paths, and
 * by the device and inode in the kernel's encoding. Makes no system calls. The
 * caller serialises the calls.
 */

struct file_id {
  uint64_t dev, inode; /* encoded as in path_answer; inode 0: none */
};

struct learned_file {
  struct file_id id;
  bool is_replaced; /* the path named this file before, but names another one
                       now */
};

enum { EXECUTABLE_LEARNED = 64, EXECUTABLE_FORMER = 8 };

/* Zeroed before the first answer. */
struct executable {
  struct file_id file; /* the file that the path names */
  /* most recently used first */
  struct learned_file learned[EXECUTABLE_LEARNED];
  bool has_unlearned; /* the array overflowed */
  bool is_dev_hidden;
  char *canonical; /* or NULL */
  /* former targets of a symbolic link, or NULL */
  char *former[EXECUTABLE_FORMER];
};

/* Frees the members. */
void executable_clear(struct executable *executable);

/* Stores the result of a successful look at the path. Returns whether the file
 * or its path has changed. */
bool executable_store(struct executable *executable,
                      const struct path_answer *answer);

/* Whether the executable has, or had, this path, with symbolic links resolved:
 * a link may have another target now, while processes of the last few targets
 * still run. */
bool executable_has_path(const struct executable *executable, const char *path);

/* Whether a command name (comm) is that of a file at one of these paths. */
bool executable_has_name(const struct executable *executable, const char *name);
bool executable_is_name(const char *path, const char *name);

/*
 * Whether the executable is the file with this device and inode in the kernel:
 * either those of stat, or those of a process that ran it. A file that the path
 * named before is PATH_WAS: processes keep running after an upgrade, but once
 * they have ended, the file system may reuse the inode. Any other file is
 * PATH_IS_NOT, unless
 * - the last look at the path failed with error,
 * - the file system hides the kernel's device, or
 * - processes in other mount namespaces have shown more files than are kept:
 *   then the result is PATH_IS_UNKNOWN. Files that processes have shown never
 *   prove that another file is not the executable, because any user can mount a
 *   file there in a mount namespace.
 */
enum path_is { PATH_IS_NOT, PATH_IS, PATH_WAS, PATH_IS_UNKNOWN };
enum path_is executable_is(struct executable *executable, struct file_id id,
                           int error);

/* Stores the device and inode of a process that ran the executable. The 64 most
 * recently used are kept, because processes outlive an upgrade of their file
 * and may run in other mount namespaces. */
void executable_learn(struct executable *executable, struct file_id id);

#endif
