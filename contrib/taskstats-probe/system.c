/* SPDX-License-Identifier: MIT */
#include "system.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LINE_SIZE = 512 };

/* Inodes of the initial namespaces (include/uapi/linux/nsfs.h). */
#define PID_INITIAL 0xEFFFFFFCu
#define USER_INITIAL 0xEFFFFFFDu
#define CGROUP_INITIAL 0xEFFFFFFBu
#define TIME_INITIAL 0xEFFFFFFAu

bool system_line(const char *path, char *line, size_t size) {
  FILE *file = fopen(path, "re");
  if (file == NULL)
    return false;
  errno = 0;
  bool found = fgets(line, (int)size, file) != NULL;
  int error = errno; /* preserved for the caller */
  fclose(file);
  errno = error;
  if (found)
    line[strcspn(line, "\n")] = '\0';
  return found;
}

/* A number in this process's /proc/self/status. */
static uint64_t own_status(const char *key, int base) {
  char line[LINE_SIZE];
  uint64_t number = 0;
  FILE *file = fopen("/proc/self/status", "re");
  if (file == NULL)
    return 0;
  while (fgets(line, sizeof(line), file) != NULL)
    if (strncmp(line, key, strlen(key)) == 0)
      number = strtoull(line + strlen(key), NULL, base);
  fclose(file);
  return number;
}

uint64_t system_capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
  if (syscall(SYS_capget, &header, data) != 0)
    return 0;
  return data[0].effective | (uint64_t)data[1].effective << 32;
}

bool system_has_proc(void) { return access("/proc/self/stat", R_OK) == 0; }

bool system_shows_others(void) { return access("/proc/1/stat", R_OK) == 0; }

bool system_is_filtered(void) {
  enum { FILTER = 2 }; /* SECCOMP_MODE_FILTER */
  return own_status("Seccomp:", 10) == FILTER;
}

enum system_namespace system_namespace(const char *name) {
  char path[64];
  struct stat own, first;
  snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
  if (stat(path, &own) < 0)
    return SYSTEM_UNKNOWN;
  if (strcmp(name, "pid") == 0)
    return own.st_ino == PID_INITIAL ? SYSTEM_INITIAL : SYSTEM_OWN;
  if (strcmp(name, "user") == 0)
    return own.st_ino == USER_INITIAL ? SYSTEM_INITIAL : SYSTEM_OWN;
  if (strcmp(name, "cgroup") == 0)
    return own.st_ino == CGROUP_INITIAL ? SYSTEM_INITIAL : SYSTEM_OWN;
  if (strcmp(name, "time") == 0)
    return own.st_ino == TIME_INITIAL ? SYSTEM_INITIAL : SYSTEM_OWN;
  snprintf(path, sizeof(path), "/proc/1/ns/%s", name);
  if (stat(path, &first) < 0)
    return SYSTEM_UNKNOWN;
  if (own.st_ino != first.st_ino || own.st_dev != first.st_dev)
    return SYSTEM_OWN;
  /* Process 1 of a container is in the container's namespaces. */
  return system_namespace("pid") == SYSTEM_INITIAL ? SYSTEM_INITIAL
                                                   : SYSTEM_UNKNOWN;
}

enum system_delays system_delays(void) {
  char line[LINE_SIZE];
  if (!system_line("/proc/sys/kernel/task_delayacct", line, sizeof(line)))
    return access("/proc/sys/kernel", F_OK) == 0 ? SYSTEM_NO_SWITCH
                                                 : SYSTEM_HIDDEN;
  return strcmp(line, "0") == 0 ? SYSTEM_OFF : SYSTEM_COUNTED;
}
