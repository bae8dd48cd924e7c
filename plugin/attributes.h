/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_ATTRIBUTES_H
#define TASKSTATS_ATTRIBUTES_H

#include "proc.h"

#include <limits.h>

/*
 * What selectors ask about one process. Each attribute is read from procfs when
 * it is first asked for, so that a process costs only what its selectors need.
 */
struct attributes {
  struct proc *proc;
  pid_t pid;
  const char *comm;
  int error; /* the last failure to read one, but for a vanished process */
  unsigned int read; /* private: the attributes that were asked for */
  char *cmdline;
  const char *exe, *cgroup;
  uid_t uid;
  bool has_uid;
  char exe_buffer[PATH_MAX], cgroup_buffer[PATH_MAX];
};

/* comm stays the caller's. */
void attributes_init(struct attributes *a, struct proc *proc, pid_t pid,
                     const char *comm);
void attributes_clear(struct attributes *a);

/* Each NULL, or false, if it cannot be had. Owned by a. */
const char *attributes_cmdline(struct attributes *a); /* comm if it is empty */
const char *attributes_exe(struct attributes *a);
const char *attributes_cgroup(struct attributes *a);
bool attributes_uid(struct attributes *a, uid_t *uid); /* the real one */

#endif
