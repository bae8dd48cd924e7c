/* SPDX-License-Identifier: MIT */
#include "kernel/memory_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_SIZE = 1024 };

/* Version 1 shows "no limit" as a value above any memory size. */
#define NO_LIMIT (UINT64_C(1) << 62)

/* Reads a file of a cgroup, truncated to the buffer. Returns 0 or a negative
 * errno. */
static int read_file(const struct memory_cgroups *cgroups, const char *path,
                     const char *file, char text[TEXT_SIZE]) {
  char name[PATH_MAX];
  if (snprintf(name, sizeof(name), ".%s/%s", path, file) >= (int)sizeof(name))
    return -ENAMETOOLONG;
  int fd = openat(cgroups->fd, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  ssize_t size = read(fd, text, TEXT_SIZE - 1);
  int status = size < 0 ? -errno : 0;
  close(fd);
  text[status == 0 ? size : 0] = '\0';
  return status;
}

/* Whether a mount has the memory controller: in version 1 it is a mount option.
 */
static bool has_memory(const struct mntent *mount,
                       const struct memory_cgroups *cgroups) {
  char text[TEXT_SIZE];
  if (!cgroups->is_v2)
    return hasmntopt(mount, "memory") != NULL;
  return read_file(cgroups, "", "cgroup.controllers", text) == 0 &&
         strstr(text, "memory") != NULL;
}

static bool open_mount(const struct mntent *mount,
                       struct memory_cgroups *cgroups) {
  cgroups->is_v2 = strcmp(mount->mnt_type, "cgroup2") == 0;
  if (!cgroups->is_v2 && strcmp(mount->mnt_type, "cgroup") != 0)
    return false;
  cgroups->fd = open(mount->mnt_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (cgroups->fd >= 0 && has_memory(mount, cgroups))
    return true;
  memory_cgroups_close(cgroups);
  return false;
}

int memory_cgroups_open(const char *mounts, struct memory_cgroups *cgroups) {
  *cgroups = (struct memory_cgroups){.fd = -1};
  FILE *file = setmntent(mounts, "re");
  if (file == NULL)
    return -errno;
  struct mntent mount;
  char buffer[PATH_MAX * 2];
  int status = -ENOENT;
  while (status != 0 &&
         getmntent_r(file, &mount, buffer, sizeof(buffer)) != NULL)
    if (open_mount(&mount, cgroups))
      status = 0;
  endmntent(file);
  return status;
}

void memory_cgroups_close(struct memory_cgroups *cgroups) {
  if (cgroups->fd > 0)
    close(cgroups->fd);
  cgroups->fd = -1;
}

/* Parses the value in the line "key N". */
static int parse_value(const char *text, const char *key, uint64_t *value) {
  for (const char *line = text; line != NULL;
       line = strchr(line, '\n') != NULL ? strchr(line, '\n') + 1 : NULL)
    if (strncmp(line, key, strlen(key)) == 0) {
      *value = strtoull(line + strlen(key), NULL, 10);
      return 0;
    }
  return -ENODATA;
}

int memory_cgroups_oom_kills(const struct memory_cgroups *cgroups,
                             const char *path, uint64_t *kills) {
  char text[TEXT_SIZE];
  int status = read_file(
      cgroups, path,
      cgroups->is_v2 ? "memory.events.local" : "memory.oom_control", text);
  if (status == -ENOENT && cgroups->is_v2) /* before Linux 5.2 */
    status = read_file(cgroups, path, "memory.events", text);
  return status != 0 ? status : parse_value(text, "oom_kill ", kills);
}

bool memory_cgroup_is_within(const char *path, const char *cgroup,
                             size_t length) {
  return strncmp(path, cgroup, length) == 0 &&
         (length == 1 || path[length] == '\0' || path[length] == '/');
}

/* Returns 1, 0 or a negative errno. */
static int has_limit(const struct memory_cgroups *cgroups, const char *path) {
  char text[TEXT_SIZE];
  int status =
      read_file(cgroups, path,
                cgroups->is_v2 ? "memory.max" : "memory.limit_in_bytes", text);
  if (status != 0)
    return status;
  return strncmp(text, "max", 3) != 0 && strtoull(text, NULL, 10) < NO_LIMIT;
}

bool memory_cgroups_find_limit(const struct memory_cgroups *cgroups,
                               char *path) {
  char at[PATH_MAX];
  size_t found = 0;
  if (cgroups->fd < 0 ||
      snprintf(at, sizeof(at), "%s", path) >= (int)sizeof(at))
    return false;
  for (char *end; at[0] == '/' && at[1] != '\0'; *end = '\0') {
    int status = has_limit(cgroups, at);
    if (status < 0 || (status > 0 && found > 0))
      return false;
    if (status > 0)
      found = strlen(at);
    end = strrchr(at, '/');
  }
  path[found] = '\0';
  return found > 0;
}
