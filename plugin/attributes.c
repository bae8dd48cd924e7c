/* SPDX-License-Identifier: MIT */
#include "attributes.h"

#include <errno.h>
#include <stdlib.h>

enum { CMDLINE = 1, EXE = 2, CGROUP = 4, UID = 8 };

void attributes_init(struct attributes *a, struct proc *proc, pid_t pid,
                     const char *comm) {
  a->proc = proc;
  a->pid = pid;
  a->comm = comm;
  a->error = 0;
  a->read = 0;
  a->cmdline = NULL;
}

void attributes_clear(struct attributes *a) {
  free(a->cmdline);
  a->cmdline = NULL;
}

static bool ask_first(struct attributes *a, unsigned int attribute) {
  bool first = (a->read & attribute) == 0;
  a->read |= attribute;
  return first;
}

static bool succeeded(struct attributes *a, int status) {
  if (status != 0 && status != -ENOENT && status != -ESRCH)
    a->error = status;
  return status == 0;
}

const char *attributes_cmdline(struct attributes *a) {
  if (ask_first(a, CMDLINE) &&
      !succeeded(a, proc_cmdline(a->proc, a->pid, &a->cmdline)))
    a->cmdline = NULL;
  if (a->cmdline == NULL)
    return NULL;
  return a->cmdline[0] != '\0' ? a->cmdline : a->comm;
}

const char *attributes_exe(struct attributes *a) {
  if (ask_first(a, EXE))
    a->exe = succeeded(a, proc_exe(a->proc, a->pid, a->exe_buffer,
                                   sizeof(a->exe_buffer)))
                 ? a->exe_buffer
                 : NULL;
  return a->exe;
}

const char *attributes_cgroup(struct attributes *a) {
  if (ask_first(a, CGROUP))
    a->cgroup = succeeded(a, proc_cgroup(a->proc, a->pid, a->cgroup_buffer,
                                         sizeof(a->cgroup_buffer)))
                    ? a->cgroup_buffer
                    : NULL;
  return a->cgroup;
}

bool attributes_uid(struct attributes *a, uid_t *uid) {
  if (ask_first(a, UID))
    a->has_uid = succeeded(a, proc_uid(a->proc, a->pid, &a->uid));
  *uid = a->uid;
  return a->has_uid;
}
