/* SPDX-License-Identifier: MIT */
#include "kernel/procfs.h"

#include "kernel/procfs_file.h"

#include <errno.h>
#include <string.h>

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
