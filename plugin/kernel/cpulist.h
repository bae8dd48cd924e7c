/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CPULIST_H
#define TASKSTATS_CPULIST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Lists of CPUs in the kernel's format: "0-3,8".
 */

enum {
  CPULIST_CPUS = 8192, /* the maximum that Linux supports */
  CPULIST_WORD = 8 * sizeof(unsigned long),
};

/* Like cpu_set_t, but independent of byte order and word size. */
struct cpulist {
  unsigned long bits[CPULIST_CPUS / CPULIST_WORD];
};

/* Adds a CPU, below CPULIST_CPUS. */
static inline void cpulist_add(struct cpulist *list, unsigned long cpu) {
  list->bits[cpu / CPULIST_WORD] |= 1UL << cpu % CPULIST_WORD;
}

/* Returns 0; -EINVAL if the text is not a list; -ERANGE for a CPU that Linux
 * cannot have. */
int cpulist_parse(const char *text, struct cpulist *list);

bool cpulist_has(const struct cpulist *list, unsigned int cpu);

/* Whether all CPUs of one list are in the other. */
bool cpulist_is_subset(const struct cpulist *list, const struct cpulist *of);

/* Formats a list. Returns 0, or -ENOSPC. */
int cpulist_format(const struct cpulist *list, char *text, size_t size);

/* Reads the list of this machine's possible CPUs, as text. Returns 0 or a
 * negative errno. */
int cpulist_read_possible(char *text, size_t size);

/* Adds the online CPUs on which a process may run; pid 0 is the calling thread.
 * Returns 0 or a negative errno. */
int cpulist_add_allowed(struct cpulist *list, pid_t pid);

#endif
