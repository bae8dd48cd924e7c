/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_EVENT_H
#define TASKSTATS_EXIT_EVENT_H

#include "track/exit_info.h"
#include "track/member.h"
#include "track/tracker.h"

/* What the OOM killer did to a process. */
struct exit_oom {
  bool is_known; /* whether it killed the process is known */
  bool is_killed;
  bool is_sure;
  enum oom_limit limit;
  const char *cgroup; /* whose limit was reached; NULL if unknown */
};

/* A process that has ended, for one of its groups that sends a notification, or
 * for all of them. All texts are filtered by text_clean. */
struct exit_event {
  struct group *group; /* NULL: for all */
  const struct membership *memberships;
  size_t group_count; /* the number of groups */
  uint64_t time_ms;   /* when the record was taken, CLOCK_REALTIME */
  const char *comm;
  uint32_t pid, ppid, uid;
  uint32_t exit_code; /* a wait status */
  bool dumped_core;
  uint64_t elapsed_us;  /* the lifetime of the process */
  uint64_t known;       /* the known counters, as 1 << counter */
  const uint64_t *used; /* since the process's start; USE_COUNTERS values */
  uint32_t has_longest; /* the kinds of delay with a longest wait, likewise */
  const uint64_t *longest_ns; /* DELAY_KINDS values, or NULL */
  uint64_t peak_rss;          /* bytes; 0: unknown */
  const char *cgroup, *unit;  /* NULL: unknown */
  struct exit_oom oom;
};

/* Called with the tracker's lock; must not block. The event and its contents
 * remain owned by the caller. */
typedef void exit_sink(void *context, const struct exit_event *event);

/* Calls the sink for each group of a member whose rule sends notifications of
 * such an exit, once per group; and, if the tracker logs exits, before that
 * once for all groups. The member's use must have been counted, and info must
 * contain the exit code. */
void exit_event_send(const struct tracker *tracker, exit_sink *sink,
                     void *context, const struct exit_info *info,
                     const struct process *process) REQUIRES(tracker_mutex);

/* A copy without its groups, in a single allocation that the caller frees; NULL
 * if out of memory. */
struct exit_event *exit_event_copy(const struct exit_event *event);

#endif
