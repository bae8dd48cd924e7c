/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PROCESS_TABLE_H
#define TASKSTATS_PROCESS_TABLE_H

#include "track/lifecycle.h"
#include "track/tracker_mutex.h"

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

/* In an order that leaves no gaps: there are many. */
struct process {
  /* Private to the table. */
  struct process *next GUARDED_BY(tracker_mutex);

  pid_t pid; /* never changes */

  /* The reader's; others look at it with the lock. */
  uint32_t inode; /* of /proc/<pid>: cheap sign of identity */

  /* Its owner's (process_is_listed), who alone changes it, with the lock. The
   * reader may look at that of its own processes without. It is, after boot,
   * with the pid the process's identity: it began no earlier, and by
   * start_width_us later at most. */
  uint64_t start_ns;

  /* NULL if no group selects it. Whoever finds that one does sets it, with the
   * lock; its owner alone takes it away. */
  _Atomic(struct member *) member;

  /* Anybody's, without the lock. */
  atomic_uint_fast64_t clock_ns; /* its CPU clock when last looked at */
  atomic_uint cgroup; /* hash of its cgroup's path; 0 if that did not matter */
  atomic_uint due;    /* seconds after boot: when to select anew */
  atomic_uint seen;   /* the last read that found it; or the last that had
                       * begun when the listener entered it */
  atomic_short select_error; /* what it is cannot all be read: a negative errno
                              */
  atomic_bool is_pending; /* met since its start, but a user that decides about
                           * its groups is not known yet */
  atomic_bool was_member; /* of a group that it has left */
  atomic_bool has_ended_children;   /* which it may have waited for */
  atomic_bool has_io_of_children;   /* some of them have read or written */
  _Atomic enum process_state state; /* changed by process_learn alone */

  /* Its groups are those of what it is, as far as is known. */
  bool groups_resolved GUARDED_BY(tracker_mutex);
  /* When they were resolved, it had never called exec. */
  bool was_forked GUARDED_BY(tracker_mutex);
  /* It has called exec since, as an event has told. */
  bool has_called_exec GUARDED_BY(tracker_mutex);
  /* How often an event has changed its groups, modulo 2^8: what was read before
   * that is out of date. */
  uint8_t changes GUARDED_BY(tracker_mutex);
  /* Its pid was given to another one. */
  bool is_succeeded GUARDED_BY(tracker_mutex);
  /* A hash of the name that it had when its groups were resolved. */
  uint32_t comm GUARDED_BY(tracker_mutex);
  /* Who forked it, if that was heard of; else 0. */
  pid_t parent GUARDED_BY(tracker_mutex);
  uint32_t start_width_us GUARDED_BY(tracker_mutex);
  /* When it was there for sure; once it has exited, when it was gone for sure.
   * After boot, modulo 2^32. */
  uint32_t known_us GUARDED_BY(tracker_mutex);
  /* What its ended threads used; NULL if not known. */
  struct exited_threads *exited GUARDED_BY(tracker_mutex);
};

/* The kernel's own process, which forks its threads. */
enum { PROCESS_KTHREADD = 2 };

/* The clock of a process that must be looked at whatever it says. */
#define PROCESS_CLOCK_UNKNOWN UINT64_MAX

/* Due whether the process ran or not; or not until a listing shows it. */
#define PROCESS_DUE_NOW 0U
#define PROCESS_DUE_LISTED UINT32_MAX

/* Moves a process to its next state. Returns what is to be done. */
enum process_action process_learn(struct process *process,
                                  enum process_fact fact)
    REQUIRES(tracker_mutex);

/* Whether a read has met it: then it is the reader's, else the listener's. */
static inline bool process_is_listed(const struct process *process) {
  return lifecycle_is_listed(process->state);
}

/* Whether its exit is counted. */
static inline bool process_has_exited(const struct process *process) {
  return lifecycle_has_exited(process->state);
}

/* Of a name or a path, as comm and cgroup are; 0 for NULL. */
uint32_t process_hash(const char *text);

/* Notes what a process is when its groups are resolved. */
void process_note_identity(struct process *process, const char *comm,
                           bool is_forked) REQUIRES(tracker_mutex);

/* Whether it has called exec since, as far as is known. */
bool process_has_called_exec(const struct process *process, bool is_forked)
    REQUIRES(tracker_mutex);

/* Whether its groups were ever resolved, and it has not called exec since: its
 * command line is the same. */
bool process_is_same_program(const struct process *process, bool is_forked)
    REQUIRES(tracker_mutex);

/* Whether it has another name since, or has called exec, as far as is known. */
bool process_has_changed(const struct process *process, const char *comm,
                         bool is_forked) REQUIRES(tracker_mutex);

/* When a process began at the latest. */
uint64_t process_began_by(const struct process *process)
    REQUIRES(tracker_mutex);

/* Whether a process began between these two times, as far as is known. */
bool process_may_have_begun(const struct process *process, uint64_t earliest_ns,
                            uint64_t latest_ns) REQUIRES(tracker_mutex);

void process_note_known(struct process *process, uint64_t time_ns)
    REQUIRES(tracker_mutex);

/* Whether the time that was noted is after another one. They must not be more
 * than half an hour apart. */
bool process_is_known_after(const struct process *process, uint64_t time_ns)
    REQUIRES(tracker_mutex);

/* Notes that a process was there at a time, if that is news. */
static inline void process_note_alive(struct process *process, uint64_t time_ns)
    REQUIRES(tracker_mutex) {
  if (!process_is_known_after(process, time_ns))
    process_note_known(process, time_ns);
}

/* The earliest time at which a process can have begun that had the pid after
 * this one, and which began at that time at the earliest. */
uint64_t process_begin_after(const struct process *process,
                             uint64_t earliest_ns) REQUIRES(tracker_mutex);

/* The latest time at which a process can have begun that had the pid before
 * this one, and which began at that time at the latest. */
uint64_t process_begin_before(const struct process *process, uint64_t latest_ns)
    REQUIRES(tracker_mutex);

/* It grows, but never shrinks; who stays, stays where it is. */
struct process_table;

/* Returns NULL if memory is short. */
struct process_table *process_table_create(void);

/* Takes NULL. What the processes' members hold is the caller's to free before
 * (process_table_sweep). */
void process_table_destroy(struct process_table *table);

/* How many processes are in it. */
size_t process_table_size(const struct process_table *table)
    REQUIRES(tracker_mutex);

/* The process that has the pid now, which is the one that began last; or NULL.
 */
struct process *process_table_find(const struct process_table *table, pid_t pid)
    REQUIRES(tracker_mutex);

/* The process that had the pid at that time after boot, also if it has ended
 * since; or NULL. */
struct process *process_table_find_at(const struct process_table *table,
                                      pid_t pid, uint64_t time_ns)
    REQUIRES(tracker_mutex);

/* Notes that a pid was given to another process, which began by that time:
 * those that have ended, but for that one, began before. It may not be in the
 * table (NULL). */
void process_table_note_successor(struct process_table *table, pid_t pid,
                                  uint64_t began_by_ns,
                                  const struct process *successor)
    REQUIRES(tracker_mutex);

/* What an exit record tells of its process. */
struct process_search {
  pid_t pid;
  uint64_t earliest_ns, latest_ns; /* it began between these times */
  /* Whether it is another one than a process that these fit; or NULL. With the
   * lock. */
  bool (*is_other)(void *context, const struct process *process);
  void *context;
};

/* The process that had the pid and began between these times, and whose exit is
 * not counted; or NULL. Of several, the last that a listing has shown; else the
 * one that began first: it has ended first, too. */
struct process *process_table_find_exiting(const struct process_table *table,
                                           const struct process_search *search)
    REQUIRES(tracker_mutex);

/* The same for one whose exit is counted already; of several, the last. */
struct process *process_table_find_exited(const struct process_table *table,
                                          pid_t pid, uint64_t earliest_ns,
                                          uint64_t latest_ns)
    REQUIRES(tracker_mutex);

/* Adds a process that is zeroed but for its pid, and announced. It is the
 * table's and stays where it is until it is removed. NULL if memory is short.
 */
struct process *process_table_add(struct process_table *table, pid_t pid)
    REQUIRES(tracker_mutex);

/* Removes a process. Its memory is kept for another one. */
void process_table_remove(struct process_table *table, struct process *process)
    REQUIRES(tracker_mutex);

/* Calls keep, with the lock, for each process and removes those for which it
 * says no. */
void process_table_sweep(struct process_table *table,
                         bool (*keep)(void *context, struct process *process),
                         void *context) REQUIRES(tracker_mutex);

#endif
