/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXECUTABLE_H
#define TASKSTATS_EXECUTABLE_H

#include "select/path_child.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Which files a configured executable is and was: by their paths, and by the
 * devices and inodes by which the kernel knows them. It makes no system call.
 * The caller serialises the calls.
 */

struct file_id {
  uint64_t dev, inode; /* as in path_answer; inode 0: none */
};

struct learned_file {
  struct file_id id;
  bool is_replaced; /* the path named it, and then another one */
};

enum { EXECUTABLE_LEARNED = 64, EXECUTABLE_FORMER = 8 };

/* All 0 before the first answer. */
struct executable {
  struct file_id file;                             /* of the path */
  struct learned_file learned[EXECUTABLE_LEARNED]; /* the last used first */
  bool has_unlearned;                              /* there were more */
  bool is_dev_hidden;
  char *canonical;                 /* or NULL */
  char *former[EXECUTABLE_FORMER]; /* where a symbolic link led before; or
                                      NULL */
};

/* Frees what it has. */
void executable_clear(struct executable *executable);

/* Takes what a successful look at the path has found. Returns whether the file
 * or its path is another one than before. */
bool executable_store(struct executable *executable,
                      const struct path_answer *answer);

/* Whether it has that path, symbolic links resolved, or had it: a link may lead
 * elsewhere now, while processes of its last few targets run on. */
bool executable_has_path(const struct executable *executable, const char *path);

/* Whether a command name (comm) is that of a file with one of these paths. */
bool executable_has_name(const struct executable *executable, const char *name);
bool executable_is_name(const char *path, const char *name);

/*
 * Whether it is the file that the kernel knows by this device and inode: that
 * of stat, or one that a process which ran it has shown. One that the path
 * named before WAS: processes run on after an upgrade, but once they have
 * ended, the file system gives the inode to another file. No other one is,
 * unless
 * - the path cannot be looked at (error is how the last look at it ended),
 * - its file system hides the kernel's device, or
 * - processes, in mount namespaces of their own, have shown more than are kept:
 * then it is UNKNOWN. What processes have shown never proves that another file
 * is not the executable, since anybody can mount a file there for himself.
 */
enum path_is { PATH_IS_NOT, PATH_IS, PATH_WAS, PATH_IS_UNKNOWN };
enum path_is executable_is(struct executable *executable, struct file_id id,
                           int error);

/* Remembers that a process which ran it had this device and inode; the 64 last
 * used are kept, since processes outlive an upgrade of their file and may be in
 * other mount namespaces. */
void executable_learn(struct executable *executable, struct file_id id);

#endif
