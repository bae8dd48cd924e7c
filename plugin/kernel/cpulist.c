/* SPDX-License-Identifier: MIT */
#include "kernel/cpulist.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Parses a number, and moves past it. */
static int parse_cpu(const char **text, unsigned long *cpu) {
  if (**text < '0' || **text > '9')
    return -EINVAL;
  char *end;
  *cpu = strtoul(*text, &end, 10);
  *text = end;
  return *cpu < CPULIST_CPUS ? 0 : -ERANGE;
}

int cpulist_parse(const char *text, struct cpulist *list) {
  memset(list, 0, sizeof(*list));
  for (;;) {
    unsigned long first, last;
    int status = parse_cpu(&text, &first);
    last = first;
    if (status == 0 && *text == '-') {
      text++;
      status = parse_cpu(&text, &last);
    }
    if (status != 0)
      return status;
    if (last < first)
      return -EINVAL;
    for (unsigned long cpu = first; cpu <= last; cpu++)
      cpulist_add(list, cpu);
    if (*text == '\0')
      return 0;
    if (*text++ != ',')
      return -EINVAL;
  }
}

bool cpulist_has(const struct cpulist *list, unsigned int cpu) {
  return cpu < CPULIST_CPUS &&
         (list->bits[cpu / CPULIST_WORD] >> cpu % CPULIST_WORD & 1) != 0;
}

bool cpulist_is_subset(const struct cpulist *list, const struct cpulist *of) {
  for (size_t i = 0; i < CPULIST_CPUS / CPULIST_WORD; i++)
    if (list->bits[i] & ~of->bits[i])
      return false;
  return true;
}

int cpulist_format(const struct cpulist *list, char *text, size_t size) {
  size_t used = 0;

  text[0] = '\0';
  for (unsigned int first = 0; first < CPULIST_CPUS; first++) {
    if (!cpulist_has(list, first))
      continue;
    unsigned int last = first;
    while (cpulist_has(list, last + 1))
      last++;
    char range[32];
    int length =
        snprintf(range, sizeof(range), last > first ? "%s%u-%u" : "%s%u",
                 used > 0 ? "," : "", first, last);
    if (used + (size_t)length >= size)
      return -ENOSPC;
    memcpy(text + used, range, (size_t)length + 1);
    used += (size_t)length;
    first = last;
  }
  return 0;
}

int cpulist_read_possible(char *text, size_t size) {
  int fd = open("/sys/devices/system/cpu/possible", O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  ssize_t got = read(fd, text, size - 1);
  int status = got < 0 ? -errno : 0;
  close(fd);
  if (status != 0)
    return status;
  text[got] = '\0';
  text[strcspn(text, "\n")] = '\0';
  return 0;
}

int cpulist_add_allowed(struct cpulist *list, pid_t pid) {
  /* The set must be as large as the kernel's. */
  struct cpulist allowed = {0};
  if (sched_getaffinity(pid, sizeof(allowed.bits), (void *)allowed.bits) != 0)
    return -errno;
  for (size_t i = 0; i < CPULIST_CPUS / CPULIST_WORD; i++)
    list->bits[i] |= allowed.bits[i];
  return 0;
}
