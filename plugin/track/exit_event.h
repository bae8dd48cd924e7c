/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_EVENT_H
#define TASKSTATS_EXIT_EVENT_H

#include "track/exit_info.h"
#include "track/member.h"
#include "track/tracker.h"

/* What killed a process, as far as the OOM killer did. */
struct exit_oom {
  bool is_known; /* whether it did */
  bool is_killed;
  bool is_sure;
  enum oom_limit limit;
  const char *cgroup; /* whose limit it was; NULL if that is not known */
};

/* A process that has ended, for one of its groups that is to be notified, or
 * for all of them. All texts are filtered by text_clean. */
struct exit_event {
  struct group *group; /* NULL: it is for all */
  const struct membership *memberships;
  size_t group_count; /* of them */
  uint64_t time_ms;   /* when it was taken, CLOCK_REALTIME */
  const char *comm;
  uint32_t pid, ppid, uid;
  uint32_t exit_code; /* a wait status */
  bool dumped_core;
  uint64_t elapsed_us;  /* how long it lived */
  uint64_t known;       /* which of the counters are known, as 1 << counter */
  const uint64_t *used; /* since it began; USE_COUNTERS of them */
  uint32_t has_longest; /* which kinds of delay have a longest wait, likewise */
  const uint64_t *longest_ns; /* DELAY_KINDS of them, or NULL for none */
  uint64_t peak_rss;          /* bytes; 0: not known */
  const char *cgroup, *unit;  /* NULL: not known */
  struct exit_oom oom;
};

/* Called with the tracker's lock; must not block. The event and what it points
 * to stay the caller's. */
typedef void exit_sink(void *context, const struct exit_event *event);

/* Calls the sink for each group of a member whose rule wants to be notified of
 * such an end, once a group; and before that once for all groups, if the
 * tracker logs exits. What the member used must be counted, and its exit code
 * be in info. */
void exit_event_send(const struct tracker *tracker, exit_sink *sink,
                     void *context, const struct exit_info *info,
                     const struct process *process) REQUIRES(tracker_mutex);

/* A copy without its groups, in one piece of memory that the caller frees; NULL
 * if memory is short. */
struct exit_event *exit_event_copy(const struct exit_event *event);

#endif
