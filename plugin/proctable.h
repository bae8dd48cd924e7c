/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PROCTABLE_H
#define TASKSTATS_PROCTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * All processes of the machine by pid, also those of no group: only who was
 * there at the last read can tell who is new.
 */

struct member;

struct process {
  struct process *next; /* private */
  pid_t pid;
  uint32_t seen;         /* the last read that found it */
  ino_t inode;           /* of /proc/<pid>: cheap sign of identity */
  uint64_t start_ticks;  /* after boot: with the pid, its identity */
  uint64_t clock_ns;     /* its CPU clock when it was last looked at */
  struct member *member; /* NULL if no group selects it */
  uint32_t due;          /* seconds after boot: when to select anew */
};

/* The clock of a process that must be looked at whatever it says. */
#define PROCESS_CLOCK_UNKNOWN UINT64_MAX

struct proctable;

/* Returns NULL if memory is short. */
struct proctable *proctable_create(void);

/* Takes NULL. What the processes' members hold is the caller's to free before
 * (proctable_sweep). */
void proctable_destroy(struct proctable *table);

/* Returns NULL if it is not there. */
struct process *proctable_find(const struct proctable *table, pid_t pid);

/* Adds a zeroed process, whose pid must not be there yet. It is the table's and
 * stays where it is until it is removed. NULL if memory is short. */
struct process *proctable_add(struct proctable *table, pid_t pid);

/* Removes and frees a process. */
void proctable_remove(struct proctable *table, struct process *process);

/* Calls keep for each process and removes those for which it says no. */
void proctable_sweep(struct proctable *table,
                     bool (*keep)(void *context, struct process *process),
                     void *context);

#endif
