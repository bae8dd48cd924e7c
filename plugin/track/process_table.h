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
 * All processes of the machine by pid, including those in no group: new
 * processes can only be recognised by comparison with the last read.
 */

struct member;
struct exited_threads;

/* Ordered to leave no gaps, because there are many. */
struct process {
  /* Private to the table: an index. */
  uint32_t next GUARDED_BY(tracker_mutex);

  pid_t pid; /* never changes */

  /* Written only by its owner (process_is_listed), with the lock. The reader
   * may read it for its own processes without the lock. Since boot; together
   * with the pid, it is the process's identity: the process started no earlier,
   * and at most start_width_us later. */
  uint64_t start_ns;

  /* NULL if no group selects it. Set, with the lock, by the thread that finds a
   * group; removed only by the owner. */
  _Atomic(struct member *) member;

  /* Written by the reader; others read it with the lock. */
  uint32_t inode; /* of /proc/<pid>: a cheap indication of identity */

  /* Any thread, without the lock: */
  atomic_uint cgroup; /* hash of its cgroup's path; 0 if that is irrelevant */
  atomic_uint due;    /* seconds since boot: when to match it again */
  atomic_uint seen; /* the last read that found it; or the last that had started
                       when the listener entered it */
  atomic_uint_fast64_t clock_ns; /* its CPU clock when last read */
  atomic_uchar select_errno;     /* positive; see process_select_error */
  atomic_bool is_pending; /* known since its start, but a user that decides
                             about its groups is not known yet */
  atomic_bool was_member; /* of a group that it has left */
  atomic_bool has_ended_children;   /* for which it may have waited */
  atomic_bool has_io_of_children;   /* some of them have done I/O */
  _Atomic enum process_state state; /* changed only by process_learn */

  /* These six share a byte, so they must only be accessed with the lock. */

  /* Its groups are those of its current attributes, as far as they are known.
   */
  bool groups_resolved : 1 GUARDED_BY(tracker_mutex);
  /* It had never called exec when they were resolved. */
  bool was_forked : 1 GUARDED_BY(tracker_mutex);
  /* It has called exec since, according to an event. */
  bool has_called_exec : 1 GUARDED_BY(tracker_mutex);
  /* Its pid was reused. */
  bool is_succeeded : 1 GUARDED_BY(tracker_mutex);
  /* It has changed, according to an event, and was not read since: known_us is
   * the time of that event, and no proof that it existed. */
  bool is_unread : 1 GUARDED_BY(tracker_mutex);
  /* It is known to have had several threads. Only for records before version
   * 12. */
  bool had_threads : 1 GUARDED_BY(tracker_mutex);

  /* The number of changes of its groups by events, modulo 2^8: what was read
   * before a change is outdated. */
  uint8_t changes GUARDED_BY(tracker_mutex);
  /* A hash of its name when its groups were resolved. */
  uint32_t comm GUARDED_BY(tracker_mutex);
  /* The process that forked it, from an event; 0: unknown. */
  pid_t parent GUARDED_BY(tracker_mutex);
  uint32_t start_width_us GUARDED_BY(tracker_mutex);
  /* When it certainly existed, or has changed (is_unread); once it has exited,
   * when it had certainly ended. Since boot, modulo 2^32. */
  uint32_t known_us GUARDED_BY(tracker_mutex);
  /* The use of its ended threads; NULL if unknown. */
  struct exited_threads *exited GUARDED_BY(tracker_mutex);
};

/* kthreadd, which forks the kernel's threads. */
enum { PROCESS_KTHREADD = 2 };

/* The clock of a process that must be sampled regardless of its clock. */
#define PROCESS_CLOCK_UNKNOWN UINT64_MAX

/* Stores a reading of a process's CPU clock, unless a later one is known. */
static inline void process_note_clock(struct process *process,
                                      uint64_t clock_ns) {
  if (process->clock_ns == PROCESS_CLOCK_UNKNOWN ||
      process->clock_ns < clock_ns)
    process->clock_ns = clock_ns;
}

/* Due whether or not the process ran; or not until a listing contains it. */
#define PROCESS_DUE_NOW 0U
#define PROCESS_DUE_LISTED UINT32_MAX

/* Moves a process to its next state. Returns what has to be done. */
enum process_action process_learn(struct process *process,
                                  enum process_fact fact)
    REQUIRES(tracker_mutex);

/* Whether a read has found it: then the reader owns it, else the listener. */
static inline bool process_is_listed(const struct process *process) {
  return lifecycle_is_listed(process->state);
}

/* Whether its exit is counted. */
static inline bool process_has_exited(const struct process *process) {
  return lifecycle_has_exited(process->state);
}

/* 0, or why an attribute of it cannot be read or matched: a negative errno
 * above -256. */
static inline int process_select_error(const struct process *process) {
  return -process->select_errno;
}

static inline void process_set_select_error(struct process *process,
                                            int error) {
  process->select_errno = (unsigned char)-error;
}

/* A hash of a name or a path, for comm and cgroup; 0 for NULL. */
uint32_t process_hash(const char *text);

/* Stores the identity of a process when its groups are resolved. */
void process_note_identity(struct process *process, const char *comm,
                           bool is_forked) REQUIRES(tracker_mutex);

/* Whether it is known to have called exec since. */
bool process_has_called_exec(const struct process *process, bool is_forked)
    REQUIRES(tracker_mutex);

/* Whether its groups were ever resolved, and it has not called exec since: its
 * command line is unchanged. */
bool process_is_same_program(const struct process *process, bool is_forked)
    REQUIRES(tracker_mutex);

/* Whether it is known to have changed its name, or called exec, since. */
bool process_has_changed(const struct process *process, const char *comm,
                         bool is_forked) REQUIRES(tracker_mutex);

/* The latest time at which a process can have started. */
uint64_t process_began_by(const struct process *process)
    REQUIRES(tracker_mutex);

/* Whether a process may have started between these two times. */
bool process_may_have_begun(const struct process *process, uint64_t earliest_ns,
                            uint64_t latest_ns) REQUIRES(tracker_mutex);

void process_note_known(struct process *process, uint64_t time_ns)
    REQUIRES(tracker_mutex);

/* Whether the stored time is after another one. They must be at most half an
 * hour apart. */
bool process_is_known_after(const struct process *process, uint64_t time_ns)
    REQUIRES(tracker_mutex);

/* Stores the time of a change that was not read. */
static inline void process_note_unread(struct process *process,
                                       uint64_t time_ns)
    REQUIRES(tracker_mutex) {
  process_note_known(process, time_ns);
  process->is_unread = true;
}

/* How long before a time the unread change was, in ns; 0 if it was up to 10 s
 * later. Modulo 71 minutes: a read takes place long before, unless the process
 * hangs. */
uint64_t process_unread_for(const struct process *process, uint64_t time_ns)
    REQUIRES(tracker_mutex);

/* Stores that a process existed at a time, if that is later than before. */
static inline void process_note_alive(struct process *process, uint64_t time_ns)
    REQUIRES(tracker_mutex) {
  if (!process_is_known_after(process, time_ns))
    process_note_known(process, time_ns);
}

/* The earliest start of a process that had the pid after this one and started
 * at earliest_ns or later. */
uint64_t process_begin_after(const struct process *process,
                             uint64_t earliest_ns) REQUIRES(tracker_mutex);

/* The latest start of a process that had the pid before this one and started at
 * latest_ns or earlier. */
uint64_t process_begin_before(const struct process *process, uint64_t latest_ns)
    REQUIRES(tracker_mutex);

/* It grows, but never shrinks; processes are not moved. */
struct process_table;

/* Returns NULL if out of memory. */
struct process_table *process_table_create(void);

/* table may be NULL. The caller must have freed the processes' members before
 * (process_table_sweep). */
void process_table_destroy(struct process_table *table);

/* The number of processes in it. */
size_t process_table_size(const struct process_table *table)
    REQUIRES(tracker_mutex);

/* The current process with the pid, which is the one that started last; or
 * NULL. */
struct process *process_table_find(const struct process_table *table, pid_t pid)
    REQUIRES(tracker_mutex);

/* The process that had the pid at that time since boot, even if it has ended
 * since; or NULL. */
struct process *process_table_find_at(const struct process_table *table,
                                      pid_t pid, uint64_t time_ns)
    REQUIRES(tracker_mutex);

/* Records that a pid was given to another process, which started before that
 * time: processes that have ended, except that one, started earlier. It may be
 * missing in the table (NULL). */
void process_table_note_successor(struct process_table *table, pid_t pid,
                                  uint64_t began_by_ns,
                                  const struct process *successor)
    REQUIRES(tracker_mutex);

/* What an exit record says about its process. */
struct process_search {
  pid_t pid;
  uint64_t earliest_ns, latest_ns; /* it started between these times */
  /* Whether it differs from a process that fits these; or NULL. Called with the
   * lock. */
  bool (*is_other)(void *context, const struct process *process);
  void *context;
};

/* The process that had the pid and started between these times, and whose exit
 * is not counted; or NULL. Of several, the last one that a listing contained;
 * else the one that started first, because it also ended first. */
struct process *process_table_find_exiting(const struct process_table *table,
                                           const struct process_search *search)
    REQUIRES(tracker_mutex);

/* The same for one whose exit is already counted; of several, the last. */
struct process *process_table_find_exited(const struct process_table *table,
                                          pid_t pid, uint64_t earliest_ns,
                                          uint64_t latest_ns)
    REQUIRES(tracker_mutex);

/* Adds a process, zeroed except for its pid, in the announced state. It is
 * owned by the table and not moved until it is removed. Returns NULL if out of
 * memory. */
struct process *process_table_add(struct process_table *table, pid_t pid)
    REQUIRES(tracker_mutex);

/* Removes a process. Its memory is reused for others. */
void process_table_remove(struct process_table *table, struct process *process)
    REQUIRES(tracker_mutex);

/* Calls keep, with the lock, for each process and removes those for which it
 * returns false. */
void process_table_sweep(struct process_table *table,
                         bool (*keep)(void *context, struct process *process),
                         void *context) REQUIRES(tracker_mutex);

#endif
