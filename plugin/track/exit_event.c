/* SPDX-License-Identifier: MIT */
#include "track/exit_event.h"

#include "select/text.h"
#include "track/exit_status.h"

static bool wants_notice(const struct rule *rule, uint32_t exit_code) {
  return rule->notify == NOTIFY_ALL ||
         (rule->notify == NOTIFY_FAILURE &&
          exit_status_counter(exit_code) != COUNTER_EXIT_OK);
}

static bool wants_event(const struct membership *membership,
                        uint32_t exit_code) {
  return !membership->is_duplicate && wants_notice(membership->rule, exit_code);
}

/* The counters that are known of a process. While delay accounting is off, the
 * kernel counts waits for a CPU only, and of a process that started before it
 * was switched on it never counts the others. */
static uint64_t find_known_counters(const struct member *member)
    REQUIRES(tracker_mutex) {
  uint64_t known = member->account.known;
  for (unsigned int kind = 0; kind < DELAY_KINDS; kind++)
    if (kind != DELAY_CPU && !member->counts_delays)
      known &= ~(UINT64_C(1) << (COUNTER_DELAY + kind));
  return known;
}

static void send_to_group(exit_sink *sink, void *context,
                          const struct exit_info *info,
                          const struct member *member, struct group *group)
    REQUIRES(tracker_mutex) {
  char comm[RECORD_COMM_SIZE];
  text_clean(info->comm, comm, sizeof(comm));
  const struct exit_event event = {
      .group = group,
      .comm = comm,
      .pid = (uint32_t)info->tgid,
      .ppid = info->thread->ppid,
      .uid = info->thread->uid,
      .exit_code = info->exit_code,
      .dumped_core = info->dumped_core,
      .elapsed_us = info->elapsed_us,
      .known = find_known_counters(member),
      .used = member->account.total,
  };
  sink(context, &event);
}

void exit_event_send(exit_sink *sink, void *context,
                     const struct exit_info *info,
                     const struct member *member) {
  for (size_t i = 0; i < member->group_count; i++)
    if (wants_event(&member->memberships[i], info->exit_code))
      send_to_group(sink, context, info, member, member->memberships[i].group);
}
