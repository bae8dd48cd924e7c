/* SPDX-License-Identifier: MIT */
#include "select/attributes.h"

#include "select/cgroup_unit.h"

#include <stdlib.h>

enum { CMDLINE = 1, EXE = 2, CGROUP = 4, UID = 8, KERNEL_THREAD = 16 };

void attributes_init(struct attributes *a, struct procfs *proc, pid_t pid,
                     const char *comm) {
  a->proc = proc;
  a->pid = pid;
  a->comm = comm;
  a->work = NULL;
  a->undecided = NULL;
  a->limit = PATTERN_NO;
  a->error = 0;
  a->is_pending = false;
  a->find_cgroup = NULL;
  a->find_context = NULL;
  a->executable = NULL;
  a->read = 0;
  a->cmdline = NULL;
  a->is_kernel_thread = false;
}

void attributes_init_exited(struct attributes *a, pid_t pid, const char *comm,
                            uid_t uid, uint64_t exe_dev, uint64_t exe_inode) {
  attributes_init(a, NULL, pid, comm);
  a->uid = uid;
  a->has_uid = true;
  a->exe = NULL;
  a->exe_dev = exe_dev;
  a->exe_inode = exe_inode;
  a->cgroup = NULL;
}

void attributes_set_cgroup(struct attributes *a, const char *cgroup) {
  a->cgroup = cgroup;
}

const char *attributes_seen_cgroup(const struct attributes *a) {
  return (a->read & CGROUP) != 0 ? a->cgroup : NULL;
}

bool attributes_lacked_any(const struct attributes *a) {
  bool lacked_cmdline =
      (a->read & CMDLINE) != 0 && (a->cmdline == NULL || *a->cmdline == '\0');
  bool lacked_exe = (a->read & EXE) != 0 && a->exe == NULL;
  bool lacked_uid = (a->read & UID) != 0 && !a->has_uid;
  bool lacked_cgroup = (a->read & CGROUP) != 0 && a->cgroup == NULL;
  return lacked_cmdline || lacked_exe || lacked_uid || lacked_cgroup;
}

bool attributes_are_incomplete(const struct attributes *a) {
  return a->proc == NULL && !a->is_kernel_thread;
}

void attributes_clear(struct attributes *a) {
  free(a->cmdline);
  a->cmdline = NULL;
}

/* Whether to read an attribute from procfs now. If the process has ended, find
 * supplies it instead. */
static bool must_read(struct attributes *a, unsigned int attribute,
                      void (*find)(void *context)) {
  bool first = (a->read & attribute) == 0;
  a->read |= attribute;
  if (first && a->proc == NULL && find != NULL)
    find(a->find_context);
  return first && a->proc != NULL;
}

static bool succeeded(struct attributes *a, int status) {
  if (status != 0 && !procfs_is_vanished(status))
    a->error = status;
  return status == 0;
}

const char *attributes_cmdline(struct attributes *a) {
  if (must_read(a, CMDLINE, NULL) &&
      !succeeded(a, procfs_cmdline(a->proc, a->pid, &a->cmdline)))
    a->cmdline = NULL;
  if (a->cmdline == NULL)
    return a->is_kernel_thread ? a->comm : NULL;
  return a->cmdline[0] != '\0' ? a->cmdline : a->comm;
}

const char *attributes_exe(struct attributes *a) {
  if (must_read(a, EXE, NULL))
    a->exe = succeeded(a, procfs_exe(a->proc, a->pid, a->exe_buffer,
                                     sizeof(a->exe_buffer)))
                 ? a->exe_buffer
                 : NULL;
  return a->exe;
}

const char *attributes_cgroup(struct attributes *a) {
  if (must_read(a, CGROUP, a->find_cgroup))
    a->cgroup =
        succeeded(a, cgroup_unit_read_path(a->proc, a->pid, a->cgroup_buffer,
                                           sizeof(a->cgroup_buffer)))
            ? a->cgroup_buffer
            : NULL;
  return a->cgroup;
}

bool attributes_uid(struct attributes *a, uid_t *uid) {
  if (must_read(a, UID, NULL))
    a->has_uid = succeeded(a, procfs_uid(a->proc, a->pid, &a->uid));
  *uid = a->uid;
  return a->has_uid;
}

bool attributes_are_of_kernel_thread(struct attributes *a) {
  struct procfs_stat stat;
  if (must_read(a, KERNEL_THREAD, NULL))
    a->is_kernel_thread = succeeded(a, procfs_stat(a->proc, a->pid, &stat)) &&
                          stat.is_kernel_thread;
  return a->is_kernel_thread;
}
