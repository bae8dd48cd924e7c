/* SPDX-License-Identifier: MIT */
#include "kernel/procfs.h"

#include "kernel/procfs_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Arguments are separated and ended by NULs; programs that write their title
 * there leave more of them, or spaces, at the end. */
static void join_arguments(char *cmdline, size_t size) {
  while (size > 0 && (cmdline[size - 1] == '\0' || cmdline[size - 1] == ' '))
    size--;
  for (size_t i = 0; i < size; i++)
    if (cmdline[i] == '\0')
      cmdline[i] = ' ';
  cmdline[size] = '\0';
}

/* Makes room for a command line. */
static int grow_cmdline(struct procfs *proc, size_t size) {
  if (size <= proc->cmdline_size)
    return 0;
  char *larger = realloc(proc->cmdline, size);
  if (larger == NULL)
    return -ENOMEM;
  proc->cmdline = larger;
  proc->cmdline_size = size;
  return 0;
}

int procfs_cmdline(struct procfs *proc, pid_t pid, char **cmdline) {
  ssize_t used;

  /* A process may change its arguments at any time, so a buffer that was too
   * small is filled anew from the start. It may also let them point to
   * gigabytes of its memory (PR_SET_MM_MAP), so there is a limit. */
  for (size_t size = proc->cmdline_size > 0 ? proc->cmdline_size : 1024;;
       size = size < PROCFS_CMDLINE_SIZE / 4 ? size * 4 : PROCFS_CMDLINE_SIZE) {
    int status = grow_cmdline(proc, size);
    if (status != 0)
      return status;
    used = procfs_file_read(proc, pid, "cmdline", proc->cmdline, size);
    if (used < 0)
      return (int)used;
    if ((size_t)used < size - 1 || size == PROCFS_CMDLINE_SIZE)
      break;
  }
  join_arguments(proc->cmdline, (size_t)used);
  *cmdline = strdup(proc->cmdline);
  return *cmdline != NULL ? 0 : -ENOMEM;
}

int procfs_exe(struct procfs *proc, pid_t pid, char *path, size_t size) {
  char name[PROCFS_NAME_SIZE];

  snprintf(name, sizeof(name), "%d/exe", pid);
  hang_guard_enter(&proc->guard, pid);
  ssize_t length = readlinkat(proc->fd, name, path, size - 1);
  int status = length < 0 ? -errno : 0;
  hang_guard_leave(&proc->guard);
  if (status != 0)
    return status;
  path[length] = '\0';
  procfs_file_cut_deleted(path);
  return 0;
}

int procfs_uid(struct procfs *proc, pid_t pid, uid_t *uid) {
  char text[4096]; /* "Uid:" stands in the first lines */
  ssize_t size = procfs_file_read(proc, pid, "status", text, sizeof(text));
  if (size < 0)
    return (int)size;

  const char *line = strstr(text, "\nUid:");
  if (line == NULL || sscanf(line, "\nUid: %u", uid) != 1)
    return -EBADMSG;
  return 0;
}

/* A path in /proc/<pid>/cgroup. */
struct cgroup_line {
  const char *path;
  size_t length;
  bool is_v1;
};

/* Finds the line "N:HIERARCHY:PATH". Controllers that share a hierarchy are not
 * told apart from one that is alone: nobody mounts memory with others. */
static bool find_hierarchy(const char *text, const char *hierarchy,
                           struct cgroup_line *found) {
  for (const char *line = text; *line != '\0';) {
    size_t width = strcspn(line, "\n");
    const char *rest = line + strspn(line, "0123456789");
    if (strncmp(rest, hierarchy, strlen(hierarchy)) == 0) {
      found->path = rest + strlen(hierarchy);
      found->length = width - (size_t)(found->path - line);
      return true;
    }
    line += width + (line[width] == '\n');
  }
  return false;
}

/* Whether a cgroup is outside of the cgroup namespace of who asks. */
static bool is_outside(const char *path, size_t length) {
  return strncmp(path, "/..", 3) == 0 && (length == 3 || path[3] == '/');
}

/* Whether a process is exiting, or gone. */
static bool is_exiting(struct procfs *proc, pid_t pid) {
  struct procfs_stat stat;
  return procfs_stat(proc, pid, &stat) != 0 || stat.is_exiting;
}

/* Reads the file with the paths of all hierarchies. */
static int read_cgroups(struct procfs *proc, pid_t pid) {
  ssize_t used =
      procfs_file_read(proc, pid, "cgroup", proc->cgroups, PROCFS_CGROUPS_SIZE);
  if (used < 0)
    return (int)used;
  return used == PROCFS_CGROUPS_SIZE - 1 ? -ENAMETOOLONG : 0;
}

/* Copies the path of a hierarchy. Of a process that is exiting, the kernel
 * shows version 1's root, wherever it was (proc_cgroup_show). */
static int copy_cgroup(struct procfs *proc, pid_t pid, struct cgroup_line line,
                       char *path, size_t size) {
  if (line.is_v1 && line.length == 1 && is_exiting(proc, pid))
    return -ESRCH;
  if (is_outside(line.path, line.length))
    return -EXDEV;
  if (line.length >= size)
    return -ENAMETOOLONG;
  memcpy(path, line.path, line.length);
  path[line.length] = '\0';
  procfs_file_cut_deleted(path); /* a zombie's may be gone already */
  return 0;
}

static int copy_unit(struct procfs *proc, pid_t pid, char *path, size_t size) {
  struct cgroup_line v2 = {0}, systemd = {.is_v1 = true};
  bool has_v2 = find_hierarchy(proc->cgroups, "::", &v2);
  bool has_systemd = find_hierarchy(proc->cgroups, ":name=systemd:", &systemd);
  if (!has_v2 && !has_systemd)
    return -ENOENT;
  /* Where version 1 is in use, version 2's tree may be there and empty. */
  bool is_v1 = !has_v2 || (has_systemd && v2.length <= 1);
  return copy_cgroup(proc, pid, is_v1 ? systemd : v2, path, size);
}

static int copy_memory(struct procfs *proc, pid_t pid, char *path,
                       size_t size) {
  struct cgroup_line line = {.is_v1 = true};
  if (!find_hierarchy(proc->cgroups, ":memory:", &line)) {
    line.is_v1 = false;
    if (!find_hierarchy(proc->cgroups, "::", &line))
      return -ENOENT;
  }
  return copy_cgroup(proc, pid, line, path, size);
}

int procfs_cgroup(struct procfs *proc, pid_t pid, char *path, size_t size) {
  int status = read_cgroups(proc, pid);
  return status != 0 ? status : copy_unit(proc, pid, path, size);
}

int procfs_cgroups(struct procfs *proc, pid_t pid,
                   struct procfs_cgroups *cgroups) {
  int status = read_cgroups(proc, pid);
  if (status != 0)
    return status;
  int unit = copy_unit(proc, pid, cgroups->unit, sizeof(cgroups->unit));
  if (unit != 0)
    cgroups->unit[0] = '\0';
  int memory = copy_memory(proc, pid, cgroups->memory, sizeof(cgroups->memory));
  if (memory != 0)
    cgroups->memory[0] = '\0';
  return unit != 0 && memory != 0 ? unit : 0;
}
