/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PHP_PROCESS_H
#define TASKSTATS_PHP_PROCESS_H

#include "kernel/procfs.h"
#include "support/tree.h"

/*
 * A procfs with one process, a PHP worker, created before a test and removed
 * after it.
 */

struct procfs {
  struct tree tree;
  struct procfs *proc;
};

enum { PROCFS_PID = 12 };

static inline int procfs_set_up(void **state) {
  struct procfs *procfs = calloc(1, sizeof(*procfs));
  assert_non_null(procfs);
  tree_create(&procfs->tree);
  assert_int_equal(procfs_open(procfs->tree.root, &procfs->proc), 0);

  static const char cmdline[] = "php-fpm: pool\0www\0--nodaemonize";
  tree_put_bytes(&procfs->tree, "12/cmdline", cmdline, sizeof(cmdline));
  tree_put(&procfs->tree, "12/status",
           "Name:\tphp-fpm8.2\nUid:\t33\t0\t0\t0\n");
  tree_put(&procfs->tree, "12/cgroup", "0::/system.slice/php.service\n");
  tree_link(&procfs->tree, "12/exe", "/usr/sbin/php-fpm8.2");
  *state = procfs;
  return 0;
}

static inline int procfs_tear_down(void **state) {
  struct procfs *procfs = *state;
  procfs_close(procfs->proc);
  tree_remove(&procfs->tree, "");
  free(procfs);
  return 0;
}

#endif
