/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_EVENT_H
#define TASKSTATS_EXIT_EVENT_H

#include "track/exit_info.h"
#include "track/member.h"

/* A process that has ended, for one of its groups that is to be notified. */
struct exit_event {
  struct group *group;
  const char *comm; /* filtered by text_clean */
  uint32_t pid, ppid, uid;
  uint32_t exit_code; /* a wait status */
  bool dumped_core;
  uint64_t elapsed_us;  /* how long it lived */
  uint64_t known;       /* which of the counters are known, as 1 << counter */
  const uint64_t *used; /* since it began; COUNTERS of them */
};

/* Called with the tracker's lock; must not block. The event and what it points
 * to stay the caller's. */
typedef void exit_sink(void *context, const struct exit_event *event);

/* Calls the sink for each group of a member whose rule wants to be notified of
 * such an end, once a group. What the member used must be counted, and its exit
 * code be in info. */
void exit_event_send(exit_sink *sink, void *context,
                     const struct exit_info *info, const struct member *member)
    REQUIRES(tracker_mutex);

#endif
