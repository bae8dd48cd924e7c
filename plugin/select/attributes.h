/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_ATTRIBUTES_H
#define TASKSTATS_ATTRIBUTES_H

#include "kernel/procfs.h"
#include "select/pattern.h"
#include "select/pattern_work.h"

#include <limits.h>

/*
 * What selectors ask about one process. Each attribute is read from procfs when
 * it is first asked for, so that a process costs only what its selectors need.
 */
struct path_watch;

struct attributes {
  struct procfs *proc; /* NULL for a process that has ended */
  pid_t pid;
  const char *comm;
  struct pattern_work *work; /* what matching it takes; NULL: no matter */
  const char *undecided;     /* an expression that did not decide within the
                              * limit, if the last selector that was asked
                              * depends on it; that selector's; NULL: none */
  enum pattern_result limit; /* which limit, then */
  int error; /* the last failure to read one, but for a vanished process */
  struct path_watch *executable; /* one whose file it runs, or NULL */
  bool is_pending; /* it depends on a user who is not looked up yet */
  /* Called when that is first asked for of a process that has ended, to set it
   * if it can be had; or NULL. */
  void (*find_cgroup)(void *context);
  void *find_context;
  unsigned int read; /* private: the attributes that were asked for */
  char *cmdline;
  const char *exe, *cgroup;
  uid_t uid;
  bool has_uid;
  bool is_kernel_thread; /* of one that has ended, to be set; else private */
  uint64_t exe_dev,
      exe_inode; /* of one that has ended; the kernel's encoding */
  char exe_buffer[PATH_MAX], cgroup_buffer[PATH_MAX];
};

/* comm stays the caller's. */
void attributes_init(struct attributes *a, struct procfs *proc, pid_t pid,
                     const char *comm);
void attributes_clear(struct attributes *a);

/* A process that has ended, by its exit record: it has a command line and a
 * cgroup only if they are set, or found. exe_inode is 0 where the record does
 * not tell it. */
void attributes_init_exited(struct attributes *a, pid_t pid, const char *comm,
                            uid_t uid, uint64_t exe_dev, uint64_t exe_inode);
void attributes_set_cgroup(struct attributes *a, const char *cgroup);

/* The cgroup if a selector asked for it and there was one, or NULL. */
const char *attributes_seen_cgroup(const struct attributes *a);

/* Whether a selector asked for something that a kernel thread does not have,
 * nor a process that ends. */
bool attributes_lacked_any(const struct attributes *a);

/* Whether what cannot be had may have been anything: the process has ended, and
 * was no thread of the kernel. */
bool attributes_are_incomplete(const struct attributes *a);

/* Each NULL, or false, if it cannot be had. Owned by a. */
const char *attributes_cmdline(struct attributes *a); /* comm if it is empty */
const char *attributes_exe(struct attributes *a);
const char *attributes_cgroup(struct attributes *a);
bool attributes_uid(struct attributes *a, uid_t *uid); /* the real one */
bool attributes_are_of_kernel_thread(struct attributes *a);

#endif
