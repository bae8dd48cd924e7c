/* SPDX-License-Identifier: MIT */
#include "system.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LINE_SIZE = 512 };

/* Inodes of the initial namespaces (include/uapi/linux/nsfs.h). */
#define PID_INITIAL 0xEFFFFFFCu
#define USER_INITIAL 0xEFFFFFFDu

bool system_line(const char *path, char *line, size_t size) {
  FILE *file = fopen(path, "re");
  if (file == NULL)
    return false;
  errno = 0;
  bool found = fgets(line, (int)size, file) != NULL;
  int error = errno; /* the caller's */
  fclose(file);
  errno = error;
  if (found)
    line[strcspn(line, "\n")] = '\0';
  return found;
}

uint64_t system_capabilities(void) {
  static const char key[] = "CapEff:";
  char line[LINE_SIZE];
  uint64_t has = 0;
  FILE *file = fopen("/proc/self/status", "re");
  if (file == NULL)
    return 0;
  while (fgets(line, sizeof(line), file) != NULL)
    if (strncmp(line, key, strlen(key)) == 0)
      has = strtoull(line + strlen(key), NULL, 16);
  fclose(file);
  return has;
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
  snprintf(path, sizeof(path), "/proc/1/ns/%s", name);
  if (stat(path, &first) < 0)
    return SYSTEM_UNKNOWN;
  if (own.st_ino != first.st_ino || own.st_dev != first.st_dev)
    return SYSTEM_OWN;
  /* Process 1 of a container has that of the container. */
  return system_namespace("pid") == SYSTEM_INITIAL ? SYSTEM_INITIAL
                                                   : SYSTEM_UNKNOWN;
}

enum system_delays system_delays(void) {
  char line[LINE_SIZE];
  if (!system_line("/proc/sys/kernel/task_delayacct", line, sizeof(line)))
    return SYSTEM_NO_SWITCH;
  return strcmp(line, "0") == 0 ? SYSTEM_OFF : SYSTEM_COUNTED;
}
