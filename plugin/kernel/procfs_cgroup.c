/* SPDX-License-Identifier: MIT */
#include "kernel/procfs.h"

#include "kernel/procfs_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A line of /proc/<pid>/cgroup: "<number>:<controllers>:<path>". */
struct line {
  const char *controllers;
  size_t controllers_length;
  const char *path; /* NULL: this line does not exist */
  size_t length;
};

/* The kernel appends this to the path of a removed cgroup: a zombie's may be
 * one. */
static const char deleted[] = " (deleted)";

/* Parses a line, and moves past it. */
static struct line take_line(const char **at) {
  size_t width = strcspn(*at, "\n");
  const char *end = *at + width;
  struct line line = {.controllers = *at + strspn(*at, "0123456789")};
  *at = end + (*end == '\n');
  if (*line.controllers != ':')
    return line;
  line.controllers++;
  line.controllers_length = strcspn(line.controllers, ":\n");
  const char *path = line.controllers + line.controllers_length + 1;
  if (path > end)
    return line;
  line.path = path;
  line.length = (size_t)(end - path);
  size_t suffix = strlen(deleted);
  if (line.length > suffix && memcmp(end - suffix, deleted, suffix) == 0)
    line.length -= suffix;
  return line;
}

/* Whether a hierarchy has this controller alone, as memory has in practice; or
 * whether it is systemd's, "name=systemd". */
static bool is_hierarchy_of(const struct line *line, const char *name) {
  return line->controllers_length == strlen(name) &&
         memcmp(line->controllers, name, strlen(name)) == 0;
}

/* Whether a cgroup is outside the cgroup namespace of this process. */
static bool is_outside(const struct line *line) {
  return strncmp(line->path, "/..", 3) == 0 &&
         (line->length == 3 || line->path[3] == '/');
}

/* The relevant lines: version 2's, systemd's and memory's of version 1, and the
 * first preferred one. */
struct lines {
  struct line v2, systemd, memory, preferred;
};

static bool is_in_preferred(const struct line *line,
                            procfs_is_preferred *is_preferred) {
  return is_preferred != NULL && line->path != NULL && !is_outside(line) &&
         is_preferred(line->path, line->length);
}

static struct lines find_lines(const char *text,
                               procfs_is_preferred *is_preferred) {
  struct lines lines = {.preferred = {.path = NULL}};

  for (const char *at = text; *at != '\0';) {
    struct line line = take_line(&at);
    if (line.path == NULL)
      continue;
    if (line.controllers_length == 0)
      lines.v2 = line;
    else if (is_hierarchy_of(&line, "name=systemd"))
      lines.systemd = line;
    else if (lines.preferred.path == NULL &&
             is_in_preferred(&line, is_preferred))
      lines.preferred = line;
    if (is_hierarchy_of(&line, "memory"))
      lines.memory = line;
  }
  if (is_in_preferred(&lines.v2, is_preferred))
    lines.preferred = lines.v2;
  else if (is_in_preferred(&lines.systemd, is_preferred))
    lines.preferred = lines.systemd;
  return lines;
}

/* Whether a process is exiting, or has ended. */
static bool is_exiting(struct procfs *proc, pid_t pid) {
  struct procfs_stat stat;
  return procfs_stat(proc, pid, &stat) != 0 || stat.is_exiting;
}

/* Whether this process is below the root of systemd's tree in version 1: then
 * others are, too. */
static bool uses_systemd_tree(struct procfs *proc) {
  char text[4096]; /* the line is one of the last */
  ssize_t used = procfs_file_read(proc, getpid(), "cgroup", text, sizeof(text));
  struct lines lines = find_lines(used > 0 ? text : "", NULL);
  return lines.systemd.path != NULL && lines.systemd.length > 1;
}

/*
 * For an exiting process, the kernel shows version 1's root (proc_cgroup_show),
 * which says nothing unless version 2's tree is in use. If both are in use,
 * version 2's path may be that of a runtime's service, whose containers only
 * version 1 shows.
 */
static bool is_hidden(struct procfs *proc, pid_t pid,
                      const struct lines *lines) {
  if (lines->systemd.path == NULL || lines->systemd.length != 1 ||
      !is_exiting(proc, pid))
    return false;
  return lines->v2.path == NULL || lines->v2.length <= 1 ||
         uses_systemd_tree(proc);
}

/* Returns 0 or a negative errno. */
static int choose_line(struct procfs *proc, pid_t pid,
                       const struct lines *lines, struct line *chosen) {
  *chosen = lines->preferred;
  if (chosen->path != NULL)
    return 0;
  /* If version 1 is in use, version 2's tree may exist but be empty. */
  bool has_v2 = lines->v2.path != NULL &&
                (lines->systemd.path == NULL || lines->v2.length > 1);
  *chosen = has_v2 ? lines->v2 : lines->systemd;
  if (chosen->path == NULL)
    return -ENOENT;
  if (is_hidden(proc, pid, lines))
    return -ESRCH;
  return is_outside(chosen) ? -EXDEV : 0;
}

/* As choose_line, for the memory controller. */
static int choose_memory(struct procfs *proc, pid_t pid,
                         const struct lines *lines, struct line *chosen) {
  bool is_v1 = lines->memory.path != NULL;
  *chosen = is_v1 ? lines->memory : lines->v2;
  if (chosen->path == NULL)
    return -ENOENT;
  if (is_v1 && chosen->length == 1 && is_exiting(proc, pid))
    return -ESRCH;
  return is_outside(chosen) ? -EXDEV : 0;
}

static int copy_path(const struct line *line, char *path, size_t size) {
  if (line->length >= size)
    return -ENAMETOOLONG;
  memcpy(path, line->path, line->length);
  path[line->length] = '\0';
  return 0;
}

/* Reads the file with the paths in all hierarchies. */
static int read_lines(struct procfs *proc, pid_t pid,
                      procfs_is_preferred *is_preferred, struct lines *lines) {
  ssize_t used =
      procfs_file_read(proc, pid, "cgroup", proc->cgroups, PROCFS_CGROUPS_SIZE);
  if (used < 0)
    return (int)used;
  if (used == PROCFS_CGROUPS_SIZE - 1)
    return -ENAMETOOLONG;
  *lines = find_lines(proc->cgroups, is_preferred);
  return 0;
}

int procfs_cgroup(struct procfs *proc, pid_t pid,
                  procfs_is_preferred *is_preferred, char *path, size_t size) {
  struct lines lines;
  struct line chosen;
  int status = read_lines(proc, pid, is_preferred, &lines);
  if (status == 0)
    status = choose_line(proc, pid, &lines, &chosen);
  return status != 0 ? status : copy_path(&chosen, path, size);
}

int procfs_cgroups(struct procfs *proc, pid_t pid,
                   procfs_is_preferred *is_preferred,
                   struct procfs_cgroups *cgroups) {
  struct lines lines;
  struct line chosen;
  int status = read_lines(proc, pid, is_preferred, &lines);
  if (status != 0)
    return status;
  int unit = choose_line(proc, pid, &lines, &chosen);
  if (unit == 0)
    unit = copy_path(&chosen, cgroups->unit, sizeof(cgroups->unit));
  if (unit != 0)
    cgroups->unit[0] = '\0';
  int memory = choose_memory(proc, pid, &lines, &chosen);
  if (memory == 0)
    memory = copy_path(&chosen, cgroups->memory, sizeof(cgroups->memory));
  if (memory != 0)
    cgroups->memory[0] = '\0';
  return unit != 0 && memory != 0 ? unit : 0;
}
