/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CPULIST_H
#define TASKSTATS_CPULIST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Lists of CPUs as the kernel writes and reads them: "0-3,8".
 */

enum {
  CPULIST_CPUS = 8192, /* the most that Linux can have */
  CPULIST_WORD = 8 * sizeof(unsigned long),
};

/* As cpu_set_t, whatever the order and the number of a word's bytes. */
struct cpulist {
  unsigned long bits[CPULIST_CPUS / CPULIST_WORD];
};

/* Adds a CPU, below CPULIST_CPUS. */
static inline void cpulist_add(struct cpulist *list, unsigned long cpu) {
  list->bits[cpu / CPULIST_WORD] |= 1UL << cpu % CPULIST_WORD;
}

/* Returns 0; -EINVAL for what is no list; -ERANGE for a CPU beyond all. */
int cpulist_parse(const char *text, struct cpulist *list);

bool cpulist_has(const struct cpulist *list, unsigned int cpu);

/* Whether all CPUs of one list are in the other. */
bool cpulist_is_subset(const struct cpulist *list, const struct cpulist *of);

/* Writes a list as text. Returns 0, or -ENOSPC. */
int cpulist_format(const struct cpulist *list, char *text, size_t size);

/* Reads the list of the CPUs that this machine can have, as text. Returns 0 or
 * a negative errno. */
int cpulist_read_possible(char *text, size_t size);

/* Adds the CPUs that are online and on which a process may run; 0 is the
 * calling thread. Returns 0 or a negative errno. */
int cpulist_add_allowed(struct cpulist *list, pid_t pid);

#endif
