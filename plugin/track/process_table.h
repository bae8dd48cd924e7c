/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PROCESS_TABLE_H
#define TASKSTATS_PROCESS_TABLE_H

#include "track/lifecycle.h"

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
  pid_t parent;      /* who forked it, if that was heard of; else 0 */
  uint32_t inode;    /* of /proc/<pid>: cheap sign of identity */
  uint64_t start_ns; /* after boot: with the pid, its identity. It began no */
  uint32_t start_width_us; /* earlier, and by this later at most */
  /* When it was there for sure; once it has exited, when it was gone for sure.
   * After boot, modulo 2^32. */
  uint32_t known_us;
  atomic_uint due;               /* seconds after boot: when to select anew */
  atomic_uint_fast64_t clock_ns; /* its CPU clock when last looked at */
  struct member *member;         /* NULL if no group selects it */
  struct member *claim; /* what the listener found that a process is which a
                         * read has met: for the next read; or NULL */
  struct exited_threads
      *exited;      /* what its ended threads used; NULL if not known */
  atomic_uint seen; /* the last read that found it; or the last that had
                     * begun when the listener entered it */
  uint32_t comm;    /* hash of the name by which its groups were resolved */
  uint32_t cgroup;  /* hash of its cgroup's path; 0 if that did not matter */
  int16_t select_error; /* what it is cannot all be read: a negative errno */
  bool is_pending;      /* met since its start, but a user that decides about
                         * its groups is not known yet */
  bool was_member;      /* of a group that it has left */
  bool was_forked;      /* it had never called exec then */
  bool is_judged;       /* it is known what its children inherit */
  _Atomic enum process_state state; /* changed by process_learn alone */
  atomic_bool has_ended_children;   /* which it may have waited for */
  atomic_bool has_io_of_children;   /* some of them have read or written */
};

/* The clock of a process that must be looked at whatever it says. */
#define PROCESS_CLOCK_UNKNOWN UINT64_MAX

/* Due whether the process ran or not. */
enum { PROCESS_DUE_NOW = 0 };

/* Moves a process to its next state. Returns what is to be done. With the
 * tracker's lock. */
enum process_action process_learn(struct process *process,
                                  enum process_fact fact);

/* Whether a read has met it: then it is the reader's, else the listener's. */
static inline bool process_is_listed(const struct process *process) {
  return lifecycle_is_listed(process->state);
}

/* Whether its exit is counted. */
static inline bool process_has_exited(const struct process *process) {
  return lifecycle_has_exited(process->state);
}

/* Notes what a process is when its groups are resolved. */
void process_note_identity(struct process *process, const char *comm,
                           bool is_forked);

/* Whether it has another name since, or has called exec for the first time. */
bool process_has_changed(const struct process *process, const char *comm,
                         bool is_forked);

/* Whether a process began between these two times, as far as is known. */
bool process_may_have_begun(const struct process *process, uint64_t earliest_ns,
                            uint64_t latest_ns);

void process_note_known(struct process *process, uint64_t time_ns);

/* Whether the time that was noted is after another one. They must not be more
 * than half an hour apart. */
bool process_is_known_after(const struct process *process, uint64_t time_ns);

/* The earliest time at which a process can have begun that had the pid after
 * this one, and which began at that time at the earliest. */
uint64_t process_begin_after(const struct process *process,
                             uint64_t earliest_ns);

/* The latest time at which a process can have begun that had the pid before
 * this one, and which began at that time at the latest. */
uint64_t process_begin_before(const struct process *process,
                              uint64_t latest_ns);

struct process_table;

/* Returns NULL if memory is short. */
struct process_table *process_table_create(void);

/* Takes NULL. What the processes' members hold is the caller's to free before
 * (process_table_sweep). */
void process_table_destroy(struct process_table *table);

/* The process that has the pid now, which is the one that began last; or NULL.
 */
struct process *process_table_find(const struct process_table *table,
                                   pid_t pid);

/* The process that had the pid at that time after boot, also if it has ended
 * since; or NULL. */
struct process *process_table_find_at(const struct process_table *table,
                                      pid_t pid, uint64_t time_ns);

/* What an exit record tells of its process. */
struct process_search {
  pid_t pid;
  uint64_t earliest_ns, latest_ns; /* it began between these times */
  /* Whether it is another one than a process that these fit; or NULL. */
  bool (*is_other)(void *context, const struct process *process);
  void *context;
};

/* The process that had the pid and began between these times, and whose exit is
 * not counted; or NULL. Of several, one that a listing has shown; else the one
 * that began first: it has ended first, too. */
struct process *process_table_find_exiting(const struct process_table *table,
                                           const struct process_search *search);

/* The same for one whose exit is counted already; of several, the last. */
struct process *process_table_find_exited(const struct process_table *table,
                                          pid_t pid, uint64_t earliest_ns,
                                          uint64_t latest_ns);

/* Adds a process that is zeroed but for its pid, and announced. It is the
 * table's and stays where it is until it is removed. NULL if memory is short.
 */
struct process *process_table_add(struct process_table *table, pid_t pid);

/* Removes a process. Its memory is kept for another one. */
void process_table_remove(struct process_table *table, struct process *process);

/* Calls keep for each process and removes those for which it says no. */
void process_table_sweep(struct process_table *table,
                         bool (*keep)(void *context, struct process *process),
                         void *context);

#endif
