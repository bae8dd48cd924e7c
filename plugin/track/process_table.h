/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PROCESS_TABLE_H
#define TASKSTATS_PROCESS_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * All processes of the machine by pid, also those of no group: only who was
 * there at the last read can tell who is new.
 */

struct member;
struct exited_threads;

struct process {
  struct process *next; /* private */
  pid_t pid;
  uint32_t inode;    /* of /proc/<pid>: cheap sign of identity */
  uint64_t start_ns; /* after boot: with the pid, its identity. It began no */
  uint32_t start_width_us;       /* earlier, and by this later at most */
  atomic_uint due;               /* seconds after boot: when to select anew */
  atomic_uint_fast64_t clock_ns; /* its CPU clock when last looked at */
  struct member *member;         /* NULL if no group selects it */
  struct member *claim; /* what the listener found that a process is which a
                         * read has met: for the next read; or NULL */
  struct exited_threads
      *exited;      /* what its ended threads used; NULL if not known */
  atomic_uint seen; /* the last read that found it; or the last that had
                     * begun when the listener entered it, or it vanished */
  uint32_t cgroup;  /* hash of its cgroup's path; 0 if that did not matter */
  int16_t select_error; /* what it is cannot all be read: a negative errno */
  bool is_pending;      /* met since its start, but a user that decides about
                         * its groups is not known yet */
  bool is_met;          /* by a read; else it is the listener's */
  bool is_judged;       /* it is known what its children inherit */
  bool has_vanished;    /* not listed any more; its exit record may come yet */
  atomic_bool has_exited;         /* its exit record is booked */
  atomic_bool has_ended_children; /* which it may have waited for */
};

/* The clock of a process that must be looked at whatever it says. */
#define PROCESS_CLOCK_UNKNOWN UINT64_MAX

/* Due whether the process ran or not. */
enum { PROCESS_DUE_NOW = 0 };

/* Whether a process began between these two times, as far as is known. */
bool process_may_have_begun(const struct process *process, uint64_t earliest_ns,
                            uint64_t latest_ns);

struct process_table;

/* Returns NULL if memory is short. */
struct process_table *process_table_create(void);

/* Takes NULL. What the processes' members hold is the caller's to free before
 * (process_table_sweep). */
void process_table_destroy(struct process_table *table);

/* The process that has the pid now, or NULL. */
struct process *process_table_find(const struct process_table *table,
                                   pid_t pid);

/* The process that had the pid at that time after boot, also if it has ended
 * since; or NULL. */
struct process *process_table_find_at(const struct process_table *table,
                                      pid_t pid, uint64_t time_ns);

/* The process that had the pid and began between these two times, and whose
 * exit record is not booked; or NULL. Of several the one that began first: it
 * has ended first, too. */
struct process *process_table_find_exiting(const struct process_table *table,
                                           pid_t pid, uint64_t earliest_ns,
                                           uint64_t latest_ns);

/* The same for one whose exit record is booked already. */
struct process *process_table_find_exited(const struct process_table *table,
                                          pid_t pid, uint64_t earliest_ns,
                                          uint64_t latest_ns);

/* Adds a zeroed process, which has the pid now: another one must have vanished.
 * It is the table's and stays where it is until it is removed. NULL if memory
 * is short. */
struct process *process_table_add(struct process_table *table, pid_t pid);

/* Removes a process. Its memory is kept for another one. */
void process_table_remove(struct process_table *table, struct process *process);

/* Calls keep for each process and removes those for which it says no. */
void process_table_sweep(struct process_table *table,
                         bool (*keep)(void *context, struct process *process),
                         void *context);

#endif
