/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TRACKER_H
#define TASKSTATS_TRACKER_H

#include "track/hung_processes.h"
#include "track/member.h"
#include "track/process_table.h"

#include <pthread.h>

/* How exit records are taken that have arrived. */
struct drain {
  void *context;

  /* Takes all: exit_listener_drain. NULL if nobody listens. The reader's thread
   * alone sets and calls it. */
  void (*take)(void *context);

  /* The procfs that whoever takes them is using in a call that may hang, or
   * NULL. */
  struct procfs *(*busy)(void *context);

  /* That procfs has been abandoned, with its thread: from now on again is used,
   * and another thread may take records. is_callers tells whether it was that
   * of a caller of take. Returns 0 or a negative errno. */
  int (*leave)(void *context, const struct procfs *abandoned,
               struct procfs *again, bool *is_callers);
};

/*
 * What the reader and the listener keep together: who is known, what of each
 * process is counted, and the sums of the groups.
 *
 * Processes that a read has met are entered, changed and removed by the
 * reader's thread alone, which may therefore look at them without the lock, but
 * for what the listener writes (state, exited, account, the groups' sums).
 * Those that no read has met yet are the listener's. Groups are born in either
 * thread, with the lock, and forgotten in the reader's, which may walk along
 * them without.
 */
struct tracker {
  pthread_mutex_t lock; /* never held over a call that can block */

  const struct rule *rules;
  size_t rule_count;
  bool has_descendants; /* a rule wants them */

  struct process_table *table;
  struct group *groups; /* in the order of their birth */
  size_t group_count;
  size_t named_count;  /* those that the processes' names made, but of rules
                        * that report a few of them only */
  uint32_t max_groups; /* limits named_count */
  bool is_full;        /* there were more */
  struct group *other; /* what they are added up in, once there is something */
  struct rule other_rule;
  struct group **groups_end; /* private: where the next one goes */
  void *by_name;             /* private: a tree of the groups */
  struct overlaps *overlaps; /* NULL if no process can be in "other" twice */

  bool has_read;     /* a read was complete */
  uint64_t since_ns; /* when the last complete one began, or else the plugin;
                      * CLOCK_BOOTTIME */
  uint32_t read;     /* number of the last read that has begun */
  uint64_t delays_since_ns; /* processes that started later have all kinds of
                             * delay counted; CLOCK_BOOTTIME, UINT64_MAX while
                             * delay accounting is off */
  bool listens;             /* exit records arrive */
  bool hears_forks;         /* and process events */
  uint64_t hears_since_ns;  /* since when both do, CLOCK_BOOTTIME */

  struct drain drain;
  struct hung_processes hung;

  uint64_t exits;        /* of processes, whether a group wanted them or not */
  uint64_t undecided;    /* exits whose groups could not be decided */
  uint64_t unattributed; /* records that name no process (before version 12) */
};

/* The rules stay the caller's and are needed until tracker_destroy.
 * Returns NULL if memory is short. */
struct tracker *tracker_create(const struct rule *rules, uint32_t max_groups,
                               uint64_t boot_ns);

/* Takes NULL. */
void tracker_destroy(struct tracker *tracker);

/* The group in which others are added up. NULL if memory is short. With the
 * lock. */
struct group *tracker_other_group(struct tracker *tracker);

/*
 * Fills in the groups of a process, rule_count at most: those that it inherits,
 * and those of the matches, which are made if there are none of these names. A
 * rule by which it inherits does not select it again, so that it keeps its
 * group whatever it becomes. Two rules may give the same group. Returns how
 * many. With the lock.
 */
size_t tracker_join(struct tracker *tracker, const struct membership *inherited,
                    size_t inherited_count, const struct match *matches,
                    size_t match_count, struct membership *memberships);

/* Counts a read for groups that have no member, forgets those that had none for
 * ten reads, and removes them some reads later. With the lock; the reader's
 * thread. */
void tracker_age_groups(struct tracker *tracker);

/* Enters a process that no read has met, and which began between these times.
 * alive_ns is when it was there for sure. Returns NULL if memory is short. With
 * the lock; the listener's thread. */
struct process *tracker_enter(struct tracker *tracker, pid_t pid,
                              uint64_t earliest_ns, uint64_t latest_ns,
                              uint64_t alive_ns);

/* Whether a process that no read has met counts from its first moment: the last
 * complete read came too early to see it, or else the plugin did. latest_ns is
 * when it began at the latest. */
bool tracker_counts_from_zero(const struct tracker *tracker,
                              uint64_t latest_ns);

/* Whether a process had not used anything to speak of when the last read looked
 * at it: one that has just been forked, and calls exec or takes a name a moment
 * later. Whatever selects it then, counts it from zero. */
bool tracker_knows_as_unused(const struct tracker *tracker,
                             const struct process *process);

/* fork(2) takes the start time first; only later, after waits for a CPU on a
 * busy machine, does the process appear. */
enum { TRACKER_FORK_MS = 2000 };

/* How long a process is young, and so looked at in each read. */
enum { TRACKER_YOUTH_S = 10 };

/* Takes all exit records that have arrived. Of a process that was seen to be
 * gone, or its pid to be another one's, the end is booked then. Without the
 * lock; the reader's thread. */
void tracker_take_exits(struct tracker *tracker);

void tracker_lock(struct tracker *tracker);
void tracker_unlock(struct tracker *tracker);

#endif
