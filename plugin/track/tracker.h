/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TRACKER_H
#define TASKSTATS_TRACKER_H

#include "kernel/oom_watch.h"
#include "track/hung_processes.h"
#include "track/member.h"
#include "track/process_table.h"
#include "track/thread_owners.h"
#include "track/unmet_parents.h"

/* How to take exit records that have arrived. */
struct drain {
  void *context;

  /* Takes all: exit_listener_drain. NULL without a listener. Set and called
   * only by the reader's thread. */
  void (*take)(void *context);

  /* Ends the drains in progress soon, permanently. Any thread. */
  void (*end)(void *context);

  /* The procfs used by the thread that takes records, in a call that may hang,
   * or NULL. */
  struct procfs *(*busy)(void *context);

  /* Must be called after that procfs was abandoned, with its thread: again
   * replaces it, and another thread may take records. is_callers is set if the
   * thread was that of a caller of take. Returns 0 or a negative errno. */
  int (*leave)(void *context, const struct procfs *abandoned,
               struct procfs *again, bool *is_callers);
};

/*
 * The data shared by the reader and the listener: the known processes, their
 * accounts, and the groups' sums.
 *
 * Processes that a read has found are entered, changed and removed only by the
 * reader's thread, which may therefore read them without the lock, except for
 * what the listener writes, too. Those that no read has found yet are the
 * listener's. Groups are created in either thread, and removed in the reader's.
 */
struct tracker {
  struct mutex mutex; /* tracker_mutex */

  /* Constant. */
  const struct rule *rules;
  size_t rule_count;
  bool has_descendants;      /* a rule has Descendants */
  bool excludes_descendants; /* and excludes some */
  bool excludes_by_pid;      /* a rule excludes processes by their pids */
  bool tells_ends;           /* a rule may send notifications */
  bool passes_on_cgroups; /* to descendants, for a group that collects them */

  /* Set by the creator of the tracker, before others use it: all exits are
   * logged (exit_event.h); and the source of OOM kills, or NULL, which threads
   * that take exit records use in turn. */
  bool logs_exits;
  struct oom_watch *oom;

  uint32_t max_groups; /* limits named_count */
  struct rule other_rule;
  struct process_table *table;
  struct unmet_parents unmet_parents GUARDED_BY(tracker_mutex);
  /* NULL if exit records contain the processes of their threads. */
  struct thread_owners *threads GUARDED_BY(tracker_mutex);
  uint64_t old_records GUARDED_BY(tracker_mutex); /* that were completed */
  struct overlaps *overlaps; /* NULL if no process can be in "other" twice */

  /* In the order of their creation. */
  struct group *groups GUARDED_BY(tracker_mutex);
  size_t group_count GUARDED_BY(tracker_mutex);
  /* Groups made by templates, except for rules with Top; there were more than
   * max_groups. */
  size_t named_count GUARDED_BY(tracker_mutex);
  bool is_full GUARDED_BY(tracker_mutex);
  /* The group in which others are added up, if there are any. */
  struct group *other GUARDED_BY(tracker_mutex);
  /* Private: where the next one is appended, and a tree of them. */
  struct group **groups_end GUARDED_BY(tracker_mutex);
  void *by_name GUARDED_BY(tracker_mutex);
  /* The last tracker_join left a group out for which there was no memory. */
  bool lacks_group GUARDED_BY(tracker_mutex);

  /* Written only by the reader, with the lock; it may read them without. */
  bool has_read;     /* a read was complete */
  uint64_t since_ns; /* start of the last complete one, or else of the plugin;
                        CLOCK_BOOTTIME */
  uint32_t read;     /* number of the last read that has started */
  bool listens;      /* exit records are received */

  /* Process events are received, too; and since when both are, CLOCK_BOOTTIME.
   */
  bool hears_events GUARDED_BY(tracker_mutex);
  uint64_t hears_since_ns GUARDED_BY(tracker_mutex);
  /* Something was lost: the next read has to list /proc, and to match all
   * processes again. Or every read has to list, because some exits are not
   * reported. */
  bool must_list GUARDED_BY(tracker_mutex);
  bool always_lists GUARDED_BY(tracker_mutex);
  /* All kinds of delay are counted for processes that started later;
   * CLOCK_BOOTTIME, UINT64_MAX while delay accounting is off. */
  uint64_t delays_since_ns GUARDED_BY(tracker_mutex);

  struct drain drain;
  struct hung_processes hung;

  /* Exits of processes, selected or not; exits whose groups could not be
   * decided, or that could not be counted for lack of memory; records without a
   * known process (before version 12). */
  uint64_t exits GUARDED_BY(tracker_mutex);
  uint64_t undecided GUARDED_BY(tracker_mutex);
  /* Processes, and changes of processes, that no event has reported. */
  uint64_t missed GUARDED_BY(tracker_mutex);
  uint64_t unattributed GUARDED_BY(tracker_mutex);
};

/* The rules remain owned by the caller and must stay valid until
 * tracker_destroy. Returns NULL if out of memory. */
struct tracker *tracker_create(const struct rule *rules, uint32_t max_groups,
                               uint64_t boot_ns);

/* tracker may be NULL. */
void tracker_destroy(struct tracker *tracker);

/* The group in which others are added up. Returns NULL if out of memory. */
struct group *tracker_other_group(struct tracker *tracker)
    REQUIRES(tracker_mutex);

/*
 * Determines the groups of a process, at most rule_count: those that it
 * inherits, and those of the matches, which are created if they do not exist. A
 * rule by which it inherits does not select it again, so that it keeps its
 * group whatever it becomes. Two rules may yield the same group. Returns their
 * number.
 */
size_t tracker_join(struct tracker *tracker, const struct membership *inherited,
                    size_t inherited_count, const struct match *matches,
                    size_t match_count, struct membership *memberships)
    REQUIRES(tracker_mutex);

/* Counts a read for groups without members, discards those that had none for
 * ten reads, and removes them some reads later. The reader's thread. */
void tracker_age_groups(struct tracker *tracker) REQUIRES(tracker_mutex);

/* Adds a process that no read has found, and which started between these times,
 * but at most 71 minutes after the first one. It certainly existed at alive_ns.
 * Returns NULL if out of memory. The listener's thread. */
struct process *tracker_enter(struct tracker *tracker, pid_t pid,
                              uint64_t earliest_ns, uint64_t latest_ns,
                              uint64_t alive_ns) REQUIRES(tracker_mutex);

/* Whether a process that no read has found counts from its start: because the
 * last complete read, or else the plugin's start, was too early to see it.
 * latest_ns is the latest time at which it can have started. */
bool tracker_counts_from_zero(const struct tracker *tracker, uint64_t latest_ns)
    REQUIRES(tracker_mutex);

/* Whether a process had used almost nothing when the last read sampled it: it
 * has just been forked, and calls exec or changes its name a moment later.
 * Whatever selects it then counts it from zero. */
bool tracker_knows_as_unused(const struct tracker *tracker,
                             const struct process *process);

/* fork(2) sets the start time first; on a busy machine, the process may become
 * visible only after waits for a CPU. */
enum { TRACKER_FORK_MS = 2000 };

/* A process with less CPU time has used almost nothing. */
#define TRACKER_UNUSED_NS UINT64_C(1000000)

/* The same limit when an event reports a change. */
#define TRACKER_SPAWN_NS UINT64_C(50000000)

/* How long a process is young, and therefore sampled in each read. */
enum { TRACKER_YOUTH_S = 10 };

/* Takes all exit records that have arrived. The exit of a process that was
 * found to have ended, or whose pid was found to be reused, is then counted.
 * The reader's thread. */
void tracker_take_exits(struct tracker *tracker) EXCLUDES(tracker_mutex);

void tracker_lock(struct tracker *tracker) ACQUIRES(tracker_mutex);
void tracker_unlock(struct tracker *tracker) RELEASES(tracker_mutex);

#endif
