/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TREE_H
#define TASKSTATS_TREE_H

#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A directory that replaces procfs, with any contents. Paths are relative to
 * its root; missing directories are created. Initially it contains process 1,
 * whose files are missing, and delay accounting is on.
 */

struct tree {
  char root[64];
};

enum { TREE_PATH_SIZE = 256 };

static inline int tree_remove_one(const char *path, const struct stat *st,
                                  int type, struct FTW *at) {
  (void)st;
  (void)type;
  (void)at;
  return remove(path);
}

static inline int tree_remove_below(const char *path, const struct stat *st,
                                    int type, struct FTW *at) {
  return at->level == 0 ? 0 : tree_remove_one(path, st, type, at);
}

/* Moves a directory out of the tree. Its inode is not reused as long as the
 * tree exists, as in procfs; other file systems reuse the inodes of removed
 * directories at once. */
static inline void tree_move_away(const struct tree *tree, const char *path) {
  static unsigned int moved;
  char from[TREE_PATH_SIZE], to[TREE_PATH_SIZE];
  snprintf(from, sizeof(from), "%s/%s", tree->root, path);
  snprintf(to, sizeof(to), "%s.away", tree->root);
  mkdir(to, 0700);
  snprintf(to, sizeof(to), "%s.away/%u", tree->root, moved++);
  assert_int_equal(rename(from, to), 0);
}

/* Removes the file or directory at the path; "" removes the whole tree. */
static inline void tree_remove(const struct tree *tree, const char *path) {
  char full[TREE_PATH_SIZE];
  if (path[0] == '\0') {
    snprintf(full, sizeof(full), "%s.away", tree->root);
    nftw(full, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    nftw(tree->root, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return;
  }
  snprintf(full, sizeof(full), "%s/%s", tree->root, path);
  if (unlink(full) == 0 || errno != EISDIR)
    return;
  nftw(full, tree_remove_below, 16, FTW_DEPTH | FTW_PHYS);
  tree_move_away(tree, path);
}

static inline void tree_path(const struct tree *tree, const char *path,
                             char full[TREE_PATH_SIZE]) {
  snprintf(full, TREE_PATH_SIZE, "%s/%s", tree->root, path);
  for (char *at = full + strlen(tree->root) + 1; (at = strchr(at, '/')); at++) {
    *at = '\0';
    mkdir(full, 0700);
    *at = '/';
  }
}

static inline void tree_make(const struct tree *tree, const char *path) {
  char full[TREE_PATH_SIZE];
  tree_path(tree, path, full);
  assert_int_equal(mkdir(full, 0700), 0);
}

static inline void tree_put_bytes(const struct tree *tree, const char *path,
                                  const void *data, size_t size) {
  char full[TREE_PATH_SIZE];
  tree_path(tree, path, full);
  FILE *file = fopen(full, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(data, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

static inline void tree_put(const struct tree *tree, const char *path,
                            const char *text) {
  tree_put_bytes(tree, path, text, strlen(text));
}

static inline void tree_put_program(const struct tree *tree, const char *path,
                                    const char *text) {
  char full[TREE_PATH_SIZE];
  tree_put(tree, path, text);
  tree_path(tree, path, full);
  assert_int_equal(chmod(full, 0755), 0);
}

static inline void tree_fill(const struct tree *tree) {
  tree_make(tree, "1");
  tree_put(tree, "sys/kernel/task_delayacct", "1\n");
}

static inline void tree_create(struct tree *tree) {
  snprintf(tree->root, sizeof(tree->root), "/tmp/taskstats-test.XXXXXX");
  assert_non_null(mkdtemp(tree->root));
  tree_fill(tree);
}

/* Restores the initial state in the same directory, so that open descriptors
 * for the root remain valid. */
static inline void tree_renew(const struct tree *tree) {
  nftw(tree->root, tree_remove_below, 16, FTW_DEPTH | FTW_PHYS);
  tree_fill(tree);
}

static inline void tree_link(const struct tree *tree, const char *path,
                             const char *target) {
  char full[TREE_PATH_SIZE];
  tree_path(tree, path, full);
  unlink(full);
  assert_int_equal(symlink(target, full), 0);
}

/* Replaces each of the test's descriptors for the root by one for a file that
 * is not a directory, so that listing it fails. */
static inline void tree_break(const struct tree *tree) {
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  assert_true(null >= 0);
  for (int fd = 3; fd < 1024; fd++) {
    char name[64], target[TREE_PATH_SIZE];
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, target, sizeof(target) - 1);
    if (length < 0)
      continue;
    target[length] = '\0';
    if (strcmp(target, tree->root) == 0)
      assert_int_equal(dup2(null, fd), fd);
  }
  close(null);
}

/* Writes <pid>/<file> of a procfs. */
static inline void tree_put_of(const struct tree *tree, pid_t pid,
                               const char *file, const char *text) {
  char path[64];
  snprintf(path, sizeof(path), "%d/%s", pid, file);
  tree_put(tree, path, text);
}

/* The contents of stat, statm, io and task. */
struct tree_process {
  pid_t pid, ppid;
  const char *comm;
  char state;
  unsigned int flags; /* PF_EXITING is 4 */
  uint64_t start_ticks, pages;
};

static inline void tree_put_stat(const struct tree *tree,
                                 const struct tree_process *process) {
  char text[512];
  snprintf(text, sizeof(text),
           "%d (%s) %c %d 1 1 0 -1 %u 40 0 4 0 3 1 0 0 20 0 1 0 %" PRIu64
           " 4096000 100 0 0 0\n",
           process->pid, process->comm, process->state, process->ppid,
           process->flags, process->start_ticks);
  tree_put_of(tree, process->pid, "stat", text);
}

static inline void tree_put_process(const struct tree *tree,
                                    const struct tree_process *process) {
  char path[64], statm[128];
  tree_put_stat(tree, process);
  snprintf(statm, sizeof(statm), "1000 %" PRIu64 " 3 20 0 300 0\n",
           process->pages);
  tree_put_of(tree, process->pid, "statm", statm);
  tree_put_of(tree, process->pid, "io",
              "rchar: 1500\nwchar: 2500\nsyscr: 3\nsyscw: 4\n"
              "read_bytes: 4096\nwrite_bytes: 8192\n"
              "cancelled_write_bytes: 0\n");
  snprintf(path, sizeof(path), "%d/task/%d/x", process->pid, process->pid);
  tree_put(tree, path, "");
}

#endif
