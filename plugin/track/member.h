/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_MEMBER_H
#define TASKSTATS_MEMBER_H

#include "track/account.h"
#include "track/cgroup_paths.h"
#include "track/group.h"
#include "track/member_gauges.h"

/* That a process belongs to a group, and by which rule. */
struct membership {
  const struct rule *rule;
  struct group *group;
  bool is_excluded;  /* inherited, but the rule leaves it out: its children may
                        inherit, too, but it does not count */
  bool is_duplicate; /* it does not count: excluded; or another rule names the
                        same group, in which it counts once */
};

/* A process that belongs to at least one group. */
struct member {
  struct account account GUARDED_BY(tracker_mutex);
  /* Owned; the groups are not. The first of them are inherited: as a descendant
   * of their members. */
  struct membership *memberships GUARDED_BY(tracker_mutex);
  uint32_t group_count GUARDED_BY(tracker_mutex);
  uint32_t inherited GUARDED_BY(tracker_mutex);
  /* Of those that may go to "other"; NULL if there are not several. */
  struct overlap *overlap GUARDED_BY(tracker_mutex);
  /* Where they are collected (COLLECT_CGROUP) and known; or NULL. */
  struct cgroup_paths *cgroups GUARDED_BY(tracker_mutex);
  /* Its delays have been told. */
  bool has_record GUARDED_BY(tracker_mutex);
  /* Of all kinds, because it started, or has waited, while delay accounting was
   * on. */
  bool counts_delays GUARDED_BY(tracker_mutex);
  /* It has exited, and its CPU time was read, not estimated. */
  bool is_exact GUARDED_BY(tracker_mutex);
  /* It has exited, and each thread adds its switches. */
  bool sums_switches GUARDED_BY(tracker_mutex);

  /* What any of the groups collects. The owner may look at it without the lock.
   */
  atomic_uint collect;

  /* The owner's, as the process: with the lock, but for the reader. */
  uint32_t threads;

  /* The reader's: no other thread looks at them. */
  int task_fd, io_fd; /* <pid>/task and <pid>/io, kept open; or -1 */
  int io_error;       /* why its I/O cannot be read: 0 or a negative errno */
  struct member_gauges *gauges; /* owned; NULL as long as no group wants them */
  bool is_new;                  /* never looked at */
  bool has_ended;   /* a zombie: used what it used, and is no more */
  bool may_be_dead; /* had one thread left: a zombie would look the same */
  bool is_gone;     /* to be removed from the process table */
};

/* Returns NULL if memory is short. */
struct member *member_create(bool from_zero);

/* Closes, frees and leaves the groups. Takes NULL. */
void member_destroy(struct member *member) REQUIRES(tracker_mutex);

/* Makes it a member of these groups and no others, perhaps none; the first of
 * them by descent.
 * Returns 0 or -ENOMEM, then nothing has changed. */
int member_set_groups(struct member *member,
                      const struct membership *memberships, size_t count,
                      size_t inherited) REQUIRES(tracker_mutex);

/* Moves it to other groups, perhaps none, though it is the reader's: what it
 * collects stays as it was. Returns 0 or -ENOMEM. */
int member_move(struct member *member, const struct membership *memberships,
                size_t count, size_t inherited) REQUIRES(tracker_mutex);

/* By which it belongs to a group of a rule, or is left out of it; or NULL. */
const struct membership *member_find_membership(const struct member *member,
                                                const struct rule *rule)
    REQUIRES(tracker_mutex);

/* Whether it counts in any of its groups. */
bool member_counts(const struct member *member) REQUIRES(tracker_mutex);

/* Whether its groups are these, in this order, and as many inherited. */
bool member_has_groups(const struct member *member,
                       const struct membership *memberships, size_t count,
                       size_t inherited) REQUIRES(tracker_mutex);

/* Adds to each of its groups, once. */
void member_add(const struct member *member, const int64_t delta[COUNTERS])
    REQUIRES(tracker_mutex);

/* Books a sample and adds what is new to the groups. Returns as account_update.
 */
bool member_update(struct member *member, const struct sample *sample)
    REQUIRES(tracker_mutex);

/* Adds what the member, which began at start_ns after boot, is now to its
 * groups' gauges. */
void member_add_gauges(const struct member *member, uint64_t start_ns)
    REQUIRES(tracker_mutex);

#endif
