/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_MEMBER_H
#define TASKSTATS_MEMBER_H

#include "track/account.h"
#include "track/cgroup_paths.h"
#include "track/group.h"
#include "track/member_gauges.h"

/* The membership of a process in a group, and the rule that caused it. */
struct membership {
  const struct rule *rule;
  struct group *group;
  bool is_excluded;  /* inherited, but the rule excludes it: its children may
                        inherit, too, but it does not count */
  bool is_duplicate; /* it does not count: excluded; or another rule yields the
                        same group, in which it counts once */
};

/* A process that belongs to at least one group. */
struct member {
  struct account account GUARDED_BY(tracker_mutex);
  /* The array is owned, the groups are not. The first ones are inherited, as a
   * descendant of their members. */
  struct membership *memberships GUARDED_BY(tracker_mutex);
  uint32_t group_count GUARDED_BY(tracker_mutex);
  uint32_t inherited GUARDED_BY(tracker_mutex);
  /* Of the groups that Top may move to "other"; NULL unless there are several.
   */
  struct overlap *overlap GUARDED_BY(tracker_mutex);
  /* If they are collected (COLLECT_CGROUP) and known; or NULL. */
  struct cgroup_paths *cgroups GUARDED_BY(tracker_mutex);
  /* Its delays are known. */
  bool has_record GUARDED_BY(tracker_mutex);
  /* All kinds are counted, because it started, or has waited, while delay
   * accounting was on. */
  bool counts_delays GUARDED_BY(tracker_mutex);
  /* It has exited, and its CPU time was read, not estimated. */
  bool is_exact GUARDED_BY(tracker_mutex);
  /* It has exited, and the switches of each thread are added. */
  bool sums_switches GUARDED_BY(tracker_mutex);

  /* What any of its groups collects. The owner may read it without the lock. */
  atomic_uint collect;

  /* Written by the owner of the process: with the lock, except for the reader.
   */
  uint32_t threads;

  /* Used by the reader only: */
  int task_fd, io_fd; /* <pid>/task and <pid>/io, kept open; or -1 */
  int io_error;       /* why its I/O cannot be read: 0 or a negative errno */
  struct member_gauges *gauges; /* owned; NULL until a group needs them */
  bool is_new;                  /* never sampled */
  bool has_ended;   /* a zombie: its use is final, and it has no more state */
  bool may_be_dead; /* it had one thread left: a zombie would look the same */
  bool is_gone;     /* to be removed from the process table */
};

/* Returns NULL if out of memory. */
struct member *member_create(bool from_zero);

/* Closes its files, leaves the groups and frees it. member may be NULL. */
void member_destroy(struct member *member) REQUIRES(tracker_mutex);

/* Makes it a member of exactly these groups, possibly none; the first inherited
 * ones as a descendant. Returns 0 or -ENOMEM; in that case nothing has changed.
 */
int member_set_groups(struct member *member,
                      const struct membership *memberships, size_t count,
                      size_t inherited) REQUIRES(tracker_mutex);

/* Moves it to other groups, possibly none, although the reader owns it: what it
 * collects is unchanged. Returns 0 or -ENOMEM. */
int member_move(struct member *member, const struct membership *memberships,
                size_t count, size_t inherited) REQUIRES(tracker_mutex);

/* The membership by a rule, even if excluded; or NULL. */
const struct membership *member_find_membership(const struct member *member,
                                                const struct rule *rule)
    REQUIRES(tracker_mutex);

/* Whether it counts in any of its groups. */
bool member_counts(const struct member *member) REQUIRES(tracker_mutex);

/* Whether these are its groups, in this order, with this number of inherited
 * ones. */
bool member_has_groups(const struct member *member,
                       const struct membership *memberships, size_t count,
                       size_t inherited) REQUIRES(tracker_mutex);

/* Adds to each of its groups, once per group. */
void member_add(const struct member *member, const int64_t delta[COUNTERS])
    REQUIRES(tracker_mutex);

/* Adds to one counter of each of its groups, once per group. */
void member_add_one(const struct member *member, unsigned int counter,
                    int64_t more) REQUIRES(tracker_mutex);

/* Counts a sample and adds the increase to the groups. Returns the result of
 * account_update. */
bool member_update(struct member *member, const struct sample *sample)
    REQUIRES(tracker_mutex);

/* Adds the current state of the member, which started at start_ns since boot,
 * to the gauges of its groups. */
void member_add_gauges(const struct member *member, uint64_t start_ns)
    REQUIRES(tracker_mutex);

#endif
