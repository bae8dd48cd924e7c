/* SPDX-License-Identifier: MIT */
#include "track/exit_owner.h"

#include "kernel/arithmetic.h"

#define US_NS UINT64_C(1000)
#define MS_NS UINT64_C(1000000)

bool exit_owner_has_ended(const struct process *process) {
  return process_has_exited(process) ||
         (process->exited != NULL && process->exited->last != NULL);
}

/* Whether a process with a fork event, which no listing has shown yet, is a
 * different process from the record's: its parent is alive, and the record has
 * another parent. */
static bool has_other_parent(const struct process_table *table,
                             const struct process *process,
                             const struct exit_info *info)
    REQUIRES(tracker_mutex) {
  if (process_is_listed(process) || process->parent == 0 ||
      process->parent == (pid_t)info->thread->ppid)
    return false;
  const struct process *parent = process_table_find_at(
      table, process->parent, process_begin_before(process, UINT64_MAX));
  return parent != NULL && !exit_owner_has_ended(parent);
}

/* Whether a process certainly existed after a time. An unread change does not
 * prove that: it may be that of a later process with the pid. Processes that
 * started long ago need no such proof, and their times do not fit in 32 bits.
 */
static bool was_there_after(const struct exit_batch *batch,
                            const struct process *process, uint64_t time_ns)
    REQUIRES(tracker_mutex) {
  static const uint64_t long_ns = 1000 * UINT64_C(1000000000);
  return !process->is_unread &&
         process->start_ns + long_ns > batch->when.latest_ns &&
         process_is_known_after(process, time_ns + 1000);
}

/* Whether a process existed after a record had arrived: then it has not ended.
 */
static bool was_there_after_record(const struct exit_batch *batch,
                                   const struct process *process)
    REQUIRES(tracker_mutex) {
  return was_there_after(batch, process, batch->when.latest_ns);
}

/* Whether a process has ended if the thread was its own. */
static bool would_have_ended(const struct process *process,
                             const struct exit_info *info)
    REQUIRES(tracker_mutex) {
  return info->is_last && (info->whole != NULL || !process->had_threads);
}

/* Whether a process is known to have lived longer than the one that has ended,
 * whose age excludes times when the machine was suspended. */
static bool has_lived_longer(const struct exit_batch *batch,
                             const struct process *process,
                             const struct exit_info *info)
    REQUIRES(tracker_mutex) {
  uint64_t age_ns = info->elapsed_us * 1000 + batch->when.suspended_ns;
  return would_have_ended(process, info) && !info->is_age_least &&
         was_there_after(batch, process,
                         process_began_by(process) + age_ns + MS_NS);
}

/* Whether a process had ended before a thread did: its pid had been reused by
 * then, or its last thread had ended earlier. */
static bool has_ended_before(const struct process_table *table,
                             const struct process *process,
                             const struct exit_info *info)
    REQUIRES(tracker_mutex) {
  const struct process *last = process_table_find(table, info->tgid);
  if (last == process)
    return false;
  uint64_t end_ns = process->start_ns + info->elapsed_us * 1000;
  uint64_t elapsed_us =
      process->exited != NULL ? process->exited->elapsed_us : 0;
  return end_ns > process_began_by(last) ||
         (elapsed_us != 0 && elapsed_us < info->elapsed_us);
}

unsigned int exit_owner_count_exits(const struct exit_batch *batch,
                                    const struct exit_info *info) {
  unsigned int count = info->is_last;
  for (size_t i = batch->taken + 1; i < batch->count; i++) {
    const struct record *next = &batch->messages[i].record[MESSAGE_THREAD];
    count += next->tgid == info->thread->tgid &&
             (next->flags & RECORD_LAST_THREAD) != 0;
  }
  return count;
}

/* What exit_owner_find looks for. */
struct owner_search {
  const struct tracker *tracker;
  const struct exit_batch *batch;
  const struct exit_info *info;
};

/* Whether a record belongs to a former process with the pid, which is unknown
 * because it started before fork events were received, and no read found it. */
static bool is_of_former_process(const struct owner_search *search,
                                 const struct process *process)
    REQUIRES(tracker_mutex) {
  const struct tracker *tracker = search->tracker;
  const struct exit_info *info = search->info;
  if (!tracker->hears_events || tracker->has_read ||
      info->earliest_ns >= tracker->hears_since_ns)
    return false;
  /* The exit of the last process with a fork event has not been taken yet. */
  bool ends_later = process->parent != 0 &&
                    process_table_find(tracker->table, info->tgid) == process &&
                    exit_owner_count_exits(search->batch, info) > 1;
  return ends_later || has_other_parent(tracker->table, process, info);
}

/* Whether a process has ended, according to this record or to later ones, if
 * the thread was its own. */
static bool ends_in_batch(const struct owner_search *search,
                          const struct process *process)
    REQUIRES(tracker_mutex) {
  const struct exit_info *info = search->info;
  return would_have_ended(process, info) ||
         exit_owner_count_exits(search->batch, info) > info->is_last;
}

static bool is_other_process(void *context, const struct process *process)
    REQUIRES(tracker_mutex) {
  const struct owner_search *search = context;
  return is_of_former_process(search, process) ||
         has_lived_longer(search->batch, process, search->info) ||
         has_ended_before(search->tracker->table, process, search->info) ||
         (was_there_after_record(search->batch, process) &&
          ends_in_batch(search, process));
}

struct process *exit_owner_find(const struct tracker *tracker,
                                const struct exit_batch *batch,
                                const struct exit_info *info) {
  const uint64_t earliest_ns[] = {
      info->prompt_ns, info->earliest_ns,
      subtract(info->earliest_ns, EXIT_OWNER_STALL_NS)};
  struct process_search search = {
      .pid = info->tgid,
      .latest_ns = info->latest_ns,
      .is_other = is_other_process,
      .context = &(struct owner_search){tracker, batch, info},
  };
  struct process *process = NULL;
  for (size_t i = 0; process == NULL && i < 3; i++) {
    search.earliest_ns = earliest_ns[i];
    process = process_table_find_exiting(tracker->table, &search);
  }
  return process;
}

struct process *exit_owner_find_exited(const struct tracker *tracker,
                                       const struct exit_info *info) {
  const struct process_table *table = tracker->table;
  struct process *process = process_table_find_exited(
      table, info->tgid, info->earliest_ns, info->latest_ns);
  bool is_main = info->thread->pid == info->thread->tgid;
  if (process == NULL || !exited_threads_lack_one(process->exited) ||
      (is_main && process->exited->has_main) ||
      has_ended_before(table, process, info))
    return NULL;
  const struct process *last = process_table_find(table, info->tgid);
  return last == process || !process_is_listed(last) ? process : NULL;
}

struct process *exit_owner_enter(struct tracker *tracker,
                                 const struct exit_info *info) {
  struct process *other = process_table_find(tracker->table, info->tgid);
  uint64_t earliest_ns = info->earliest_ns, latest_ns = info->latest_ns;
  /* The table has room for a range of 71 minutes, from the first time on. */
  if (info->is_age_least)
    earliest_ns = max(earliest_ns, subtract(latest_ns, UINT32_MAX * US_NS));
  if (other != NULL && process_has_exited(other)) {
    process_table_note_successor(tracker->table, info->tgid, latest_ns, NULL);
    earliest_ns = process_begin_after(other, earliest_ns);
  } else if (other != NULL) {
    latest_ns = process_begin_before(other, latest_ns);
  }
  if (earliest_ns > latest_ns)
    earliest_ns = latest_ns;
  return tracker_enter(tracker, info->tgid, earliest_ns, latest_ns, latest_ns);
}
