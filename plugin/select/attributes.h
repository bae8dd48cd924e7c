/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_ATTRIBUTES_H
#define TASKSTATS_ATTRIBUTES_H

#include "kernel/procfs.h"
#include "select/pattern.h"
#include "select/pattern_work.h"

#include <limits.h>

/*
 * The attributes of one process that selectors ask for. Each is read from
 * procfs when it is first asked for, so that a process costs only what its
 * selectors need.
 */
struct path_watch;

struct attributes {
  struct procfs *proc; /* NULL for a process that has ended */
  pid_t pid;
  const char *comm;
  struct pattern_work *work; /* steps that matching may take; NULL: unlimited */
  const char *undecided; /* the expression that reached the limit, if the result
                            of the last selector depends on it; owned by that
                            selector; NULL: none */
  enum pattern_result limit; /* the limit that undecided reached */
  int error; /* the last failure to read an attribute, except ESRCH and the like
              */
  /* a path whose file the process runs, or NULL */
  struct path_watch *executable;
  bool is_pending; /* depends on a user who has not been looked up yet */
  /* Called when the cgroup of a process that has ended is first asked for; sets
   * it if possible. May be NULL. */
  void (*find_cgroup)(void *context);
  void *find_context;
  unsigned int read; /* private: the attributes that were asked for */
  char *cmdline;
  const char *exe, *cgroup;
  uid_t uid;
  bool has_uid;
  bool is_kernel_thread; /* set for a process that has ended; else private */
  uint64_t exe_dev, exe_inode; /* set for a process that has ended; in the
                                  kernel's encoding */
  char exe_buffer[PATH_MAX], cgroup_buffer[PATH_MAX];
};

/* comm remains owned by the caller. */
void attributes_init(struct attributes *a, struct procfs *proc, pid_t pid,
                     const char *comm);
void attributes_clear(struct attributes *a);

/* For a process that has ended, from its exit record: the command line and the
 * cgroup are known only if they are set, or found. exe_inode is 0 if the record
 * lacks it. */
void attributes_init_exited(struct attributes *a, pid_t pid, const char *comm,
                            uid_t uid, uint64_t exe_dev, uint64_t exe_inode);
void attributes_set_cgroup(struct attributes *a, const char *cgroup);

/* The cgroup if a selector asked for it and the process had one, else NULL. */
const char *attributes_seen_cgroup(const struct attributes *a);

/* Whether a selector asked for something that neither a kernel thread nor an
 * exiting process has. */
bool attributes_lacked_any(const struct attributes *a);

/* Whether an unavailable attribute may have had any value: the process has
 * ended and was not a kernel thread. */
bool attributes_are_incomplete(const struct attributes *a);

/* Each returns NULL, or false, if the attribute is unavailable. The result is
 * owned by a. */
const char *attributes_cmdline(struct attributes *a); /* comm if it is empty */
const char *attributes_exe(struct attributes *a);
const char *attributes_cgroup(struct attributes *a);
bool attributes_uid(struct attributes *a, uid_t *uid); /* the real user id */
bool attributes_are_of_kernel_thread(struct attributes *a);

#endif
