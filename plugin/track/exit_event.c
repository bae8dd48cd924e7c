/* SPDX-License-Identifier: MIT */
#include "track/exit_event.h"

#include "kernel/clock.h"
#include "select/cgroup_unit.h"
#include "select/text.h"
#include "track/exit_status.h"

#include <stdlib.h>
#include <string.h>

/* The texts of an event. */
struct texts {
  char comm[RECORD_COMM_SIZE];
  char cgroup[PATH_MAX], limit[PATH_MAX];
  char unit[NAME_MAX + 1];
};

static bool wants_notice(const struct rule *rule,
                         const struct exit_info *info) {
  switch (rule->notify) {
  case NOTIFY_ALL:
    return true;
  case NOTIFY_FAILURE:
    return exit_status_counter(info->exit_code) != COUNTER_EXIT_OK;
  case NOTIFY_OOM:
    return info->oom.is_killed;
  case NOTIFY_NONE:
    break;
  }
  return false;
}

static bool wants_event(const struct membership *membership,
                        const struct exit_info *info) {
  return !membership->is_duplicate && wants_notice(membership->rule, info);
}

/* The known counters of a process. While delay accounting is off, the kernel
 * counts only waits for a CPU; for a process that started before it was turned
 * on, the others are never counted. */
static uint64_t find_known_counters(const struct member *member)
    REQUIRES(tracker_mutex) {
  uint64_t known = member->account.known;
  for (unsigned int kind = 0; kind < DELAY_KINDS; kind++)
    if (kind != DELAY_CPU && !member->counts_delays)
      known &= ~(UINT64_C(1) << (COUNTER_DELAY + kind));
  return known;
}

/* The kinds of delay whose longest wait is known. If it is longer than the sum
 * of all, it is false (track/disk_wait.h). */
static uint32_t find_longest(const struct exit_info *info,
                             const struct exited_threads *exited,
                             const struct exit_event *event) {
  uint32_t known = 0;
  if (info->thread->version < RECORD_VERSION_MAXIMA || !exited->has_longest)
    return known;
  for (unsigned int kind = 0; kind < DELAY_KINDS; kind++)
    if ((event->known >> (COUNTER_DELAY + kind) & 1) != 0 &&
        exited->longest_ns[kind] <= event->used[COUNTER_DELAY + kind])
      known |= UINT32_C(1) << kind;
  return known;
}

static void set_cgroup(struct exit_event *event, struct texts *texts,
                       const char *path) {
  text_clean(path, texts->cgroup, sizeof(texts->cgroup));
  event->cgroup = texts->cgroup;
  char unit[NAME_MAX + 1];
  if (!cgroup_unit_name(path, unit, sizeof(unit)))
    return;
  text_clean(unit, texts->unit, sizeof(texts->unit));
  event->unit = texts->unit;
}

static void set_oom(struct exit_event *event, struct texts *texts,
                    const struct oom_verdict *verdict) {
  if (!verdict->is_killed)
    return;
  event->oom = (struct exit_oom){.is_killed = verdict->is_killed,
                                 .is_sure = verdict->is_sure,
                                 .limit = verdict->limit};
  if (verdict->cgroup == NULL)
    return;
  text_clean(verdict->cgroup, texts->limit, sizeof(texts->limit));
  event->oom.cgroup = texts->limit;
}

static void send_to_groups(const struct tracker *tracker, exit_sink *sink,
                           void *context, const struct exit_info *info,
                           const struct process *process)
    REQUIRES(tracker_mutex) {
  const struct member *member = process->member;
  struct texts texts;
  text_clean(info->comm, texts.comm, sizeof(texts.comm));
  struct exit_event event = {
      .memberships = member->memberships,
      .group_count = member->group_count,
      .time_ms = clock_ns(CLOCK_REALTIME) / 1000000,
      .comm = texts.comm,
      .pid = (uint32_t)info->tgid,
      .ppid = info->thread->ppid,
      .uid = info->thread->uid,
      .exit_code = info->exit_code,
      .dumped_core = info->dumped_core,
      .elapsed_us = info->elapsed_us,
      .known = find_known_counters(member),
      .used = member->account.total,
      .longest_ns =
          process->exited->has_longest ? process->exited->longest_ns : NULL,
      .peak_rss = process->exited->peak_rss_kib * 1024,
  };
  event.has_longest = find_longest(info, process->exited, &event);
  if (info->cgroups != NULL && info->cgroups->unit[0] != '\0')
    set_cgroup(&event, &texts, info->cgroups->unit);
  set_oom(&event, &texts, &info->oom);
  event.oom.is_known =
      tracker->oom != NULL || !exit_status_is_kill(info->exit_code);
  if (tracker->logs_exits && member_counts(member))
    sink(context, &event);
  for (size_t i = 0; i < member->group_count; i++)
    if (wants_event(&member->memberships[i], info)) {
      event.group = member->memberships[i].group;
      sink(context, &event);
    }
}

void exit_event_send(const struct tracker *tracker, exit_sink *sink,
                     void *context, const struct exit_info *info,
                     const struct process *process) {
  const struct member *member = process->member;
  bool is_wanted = tracker->logs_exits && member_counts(member);
  for (size_t i = 0; i < member->group_count && !is_wanted; i++)
    is_wanted = wants_event(&member->memberships[i], info);
  if (is_wanted)
    send_to_groups(tracker, sink, context, info, process);
}

/* Copies a text, which may be NULL, and moves past it. */
static const char *copy_text(char **at, const char *text) {
  if (text == NULL)
    return NULL;
  size_t size = strlen(text) + 1;
  char *copy = memcpy(*at, text, size);
  *at += size;
  return copy;
}

static size_t size_of(const char *text) {
  return text != NULL ? strlen(text) + 1 : 0;
}

struct exit_event *exit_event_copy(const struct exit_event *event) {
  struct block {
    struct exit_event event;
    uint64_t used[USE_COUNTERS], longest_ns[DELAY_KINDS];
    char texts[];
  } *block =
      calloc(1, sizeof(*block) + size_of(event->comm) + size_of(event->cgroup) +
                    size_of(event->unit) + size_of(event->oom.cgroup));
  if (block == NULL)
    return NULL;
  struct exit_event *copy = &block->event;
  *copy = *event;
  copy->group = NULL;
  copy->memberships = NULL;
  copy->group_count = 0;
  memcpy(block->used, event->used, sizeof(block->used));
  copy->used = block->used;
  if (event->longest_ns != NULL)
    memcpy(block->longest_ns, event->longest_ns, sizeof(block->longest_ns));
  copy->longest_ns = block->longest_ns;
  char *at = block->texts;
  copy->comm = copy_text(&at, event->comm);
  copy->cgroup = copy_text(&at, event->cgroup);
  copy->unit = copy_text(&at, event->unit);
  copy->oom.cgroup = copy_text(&at, event->oom.cgroup);
  return copy;
}
