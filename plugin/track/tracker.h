/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TRACKER_H
#define TASKSTATS_TRACKER_H

#include "kernel/oom_watch.h"
#include "track/hung_processes.h"
#include "track/member.h"
#include "track/process_table.h"
#include "track/thread_owners.h"
#include "track/unmet_parents.h"

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
 * for what the listener writes, too. Those that no read has met yet are the
 * listener's. Groups are made in either thread, and removed in the reader's.
 */
struct tracker {
  struct mutex mutex; /* tracker_mutex */

  /* Never change. */
  const struct rule *rules;
  size_t rule_count;
  bool has_descendants;      /* a rule wants them */
  bool excludes_descendants; /* and leaves some out */
  bool excludes_by_pid;      /* a rule leaves processes out by their pids */
  bool tells_ends;           /* a rule may */
  bool passes_on_cgroups; /* to descendants, for a group that collects them */

  /* Set by who has made the tracker, before others use it: all exits are wanted
   * (exit_event.h), and how the OOM killer's are told, or NULL. Who takes exit
   * records uses that, in turn. */
  bool logs_exits;
  struct oom_watch *oom;

  uint32_t max_groups; /* limits named_count */
  struct rule other_rule;
  struct process_table *table;
  struct unmet_parents unmet_parents GUARDED_BY(tracker_mutex);
  /* NULL if exit records tell themselves whose threads have ended. */
  struct thread_owners *threads GUARDED_BY(tracker_mutex);
  struct overlaps *overlaps; /* NULL if no process can be in "other" twice */

  /* In the order of their birth. */
  struct group *groups GUARDED_BY(tracker_mutex);
  size_t group_count GUARDED_BY(tracker_mutex);
  /* Those that the processes' names made, but of rules that report a few of
   * them only; there were more than max_groups. */
  size_t named_count GUARDED_BY(tracker_mutex);
  bool is_full GUARDED_BY(tracker_mutex);
  /* What they are added up in, once there is something. */
  struct group *other GUARDED_BY(tracker_mutex);
  /* Private: where the next one goes, and a tree of them. */
  struct group **groups_end GUARDED_BY(tracker_mutex);
  void *by_name GUARDED_BY(tracker_mutex);

  /* The reader's, which alone changes them, with the lock, and may look at them
   * without. */
  bool has_read;     /* a read was complete */
  uint64_t since_ns; /* when the last complete one began, or else the plugin;
                      * CLOCK_BOOTTIME */
  uint32_t read;     /* number of the last read that has begun */
  bool listens;      /* exit records arrive */

  /* Process events arrive, too; and since when both do, CLOCK_BOOTTIME. */
  bool hears_events GUARDED_BY(tracker_mutex);
  uint64_t hears_since_ns GUARDED_BY(tracker_mutex);
  /* Something was lost: the next read has to list /proc, and to match all
   * processes anew. Or each has to list, since nothing tells of some ends. */
  bool must_list GUARDED_BY(tracker_mutex);
  bool always_lists GUARDED_BY(tracker_mutex);
  /* Processes that started later have all kinds of delay counted;
   * CLOCK_BOOTTIME, UINT64_MAX while delay accounting is off. */
  uint64_t delays_since_ns GUARDED_BY(tracker_mutex);

  struct drain drain;
  struct hung_processes hung;

  /* Exits of processes, whether a group wanted them or not; exits whose groups
   * could not be decided; records that name no process (before version 12). */
  uint64_t exits GUARDED_BY(tracker_mutex);
  uint64_t undecided GUARDED_BY(tracker_mutex);
  /* Processes, and changes of what they are, that no event has reported. */
  uint64_t missed GUARDED_BY(tracker_mutex);
  uint64_t unattributed GUARDED_BY(tracker_mutex);
};

/* The rules stay the caller's and are needed until tracker_destroy.
 * Returns NULL if memory is short. */
struct tracker *tracker_create(const struct rule *rules, uint32_t max_groups,
                               uint64_t boot_ns);

/* Takes NULL. */
void tracker_destroy(struct tracker *tracker);

/* The group in which others are added up. NULL if memory is short. */
struct group *tracker_other_group(struct tracker *tracker)
    REQUIRES(tracker_mutex);

/*
 * Fills in the groups of a process, rule_count at most: those that it inherits,
 * and those of the matches, which are made if there are none of these names. A
 * rule by which it inherits does not select it again, so that it keeps its
 * group whatever it becomes. Two rules may give the same group. Returns how
 * many.
 */
size_t tracker_join(struct tracker *tracker, const struct membership *inherited,
                    size_t inherited_count, const struct match *matches,
                    size_t match_count, struct membership *memberships)
    REQUIRES(tracker_mutex);

/* Counts a read for groups that have no member, forgets those that had none for
 * ten reads, and removes them some reads later. The reader's thread. */
void tracker_age_groups(struct tracker *tracker) REQUIRES(tracker_mutex);

/* Enters a process that no read has met, and which began between these times.
 * alive_ns is when it was there for sure. Returns NULL if memory is short. The
 * listener's thread. */
struct process *tracker_enter(struct tracker *tracker, pid_t pid,
                              uint64_t earliest_ns, uint64_t latest_ns,
                              uint64_t alive_ns) REQUIRES(tracker_mutex);

/* Whether a process that no read has met counts from its first moment: the last
 * complete read came too early to see it, or else the plugin did. latest_ns is
 * when it began at the latest. */
bool tracker_counts_from_zero(const struct tracker *tracker, uint64_t latest_ns)
    REQUIRES(tracker_mutex);

/* Whether a process had not used anything to speak of when the last read looked
 * at it: one that has just been forked, and calls exec or takes a name a moment
 * later. Whatever selects it then, counts it from zero. */
bool tracker_knows_as_unused(const struct tracker *tracker,
                             const struct process *process);

/* fork(2) takes the start time first; only later, after waits for a CPU on a
 * busy machine, does the process appear. */
enum { TRACKER_FORK_MS = 2000 };

/* Who has used less CPU time has done nothing to speak of. */
#define TRACKER_UNUSED_NS UINT64_C(1000000)

/* Nor has who has used less when an event tells of a change. */
#define TRACKER_SPAWN_NS UINT64_C(50000000)

/* How long a process is young, and so looked at in each read. */
enum { TRACKER_YOUTH_S = 10 };

/* Takes all exit records that have arrived. Of a process that was seen to be
 * gone, or its pid to be another one's, the end is booked then. The reader's
 * thread. */
void tracker_take_exits(struct tracker *tracker) EXCLUDES(tracker_mutex);

void tracker_lock(struct tracker *tracker) ACQUIRES(tracker_mutex);
void tracker_unlock(struct tracker *tracker) RELEASES(tracker_mutex);

#endif
