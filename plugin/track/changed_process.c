/* SPDX-License-Identifier: MIT */
#include "track/changed_process.h"

#include "kernel/arithmetic.h"
#include "kernel/clock.h"
#include "kernel/process_clock.h"

bool changed_process_begin(struct changed_process *changed,
                           const struct tracker *tracker,
                           const struct process *process) {
  const struct member *member = process->member;

  if (process_has_exited(process))
    return false;
  changed->process = (struct process){
      .pid = process->pid,
      .inode = process->inode,
      .start_ns = process->start_ns,
      .has_ended_children = (bool)process->has_ended_children,
  };
  /* Children that it waited for before its fork event, or before it was a
   * member, may have done its I/O. */
  bool is_new = process->parent == 0 || member == NULL;
  changed->member =
      (struct member){.task_fd = -1, .io_fd = -1, .is_new = is_new};
  changed->process.member = &changed->member;
  changed->is_member = member != NULL;
  changed->ended = member_sample_ended_threads(process);
  changed->is_counted = process->was_member;
  changed->counts_from_zero =
      process->parent != 0 ||
      tracker_counts_from_zero(tracker, process_began_by(process));
  changed->is_counted |= member != NULL && member->account.known != 0;
  /* Also what its current groups do not collect, because its new groups may. */
  for (const struct rule *r = tracker->rules; r != NULL; r = r->next)
    changed->member.collect |= r->collect;
  return true;
}

static void read_clock(struct changed_process *changed) {
  if (process_clock_ns(changed->pid, &changed->read_clock_ns) != 0)
    changed->read_clock_ns = 0; /* it has just ended */
  /* Read afterwards, because it may run in between. */
  uint64_t since_ns = subtract(clock_ns(CLOCK_BOOTTIME), changed->time_ns);
  changed->clock_ns = subtract(changed->read_clock_ns, since_ns);
}

bool changed_process_is_unused(const struct changed_process *changed) {
  return changed->clock_ns < TRACKER_SPAWN_NS && !changed->is_counted &&
         changed->counts_from_zero;
}

/* Samples the use of a process so far. */
static void take_sample(struct changed_process *changed,
                        struct sample_sources *sources) {
  struct query_answer *answer = &changed->taken->answer;
  struct member_sample *sample = &changed->taken->sample;
  uint32_t id = (uint32_t)changed->pid;

  if (sources->connection.query == NULL)
    kernel_connection_begin(&sources->connection);
  sources->suspended_ns = clock_suspended_ns();
  bool has_answer =
      kernel_connection_query(&sources->connection, MESSAGE_PROCESS, &id, 1,
                              answer) == 0;
  changed->process.clock_ns = PROCESS_CLOCK_UNKNOWN;
  member_sample_begin(sources, &changed->process, clock_ns(CLOCK_MONOTONIC),
                      sample);
  changed->has_sample = member_sample_read(sources, &changed->process,
                                           has_answer ? answer : NULL, sample);
  sample->ended = changed->ended;
}

static bool is_over(const struct changed_process *changed) {
  return changed->stat.is_exiting && changed->stat.threads <= 1;
}

bool changed_process_look(struct changed_process *changed,
                          struct selection *selection,
                          struct sample_sources *sources) {
  if (!selection_read_stat(selection, changed->pid, &changed->stat) ||
      is_over(changed))
    return false;
  read_clock(changed);
  changed->process.start_ns = changed->stat.start_ticks * selection->tick_ns;
  if (changed->is_member && !changed_process_is_unused(changed))
    take_sample(changed, sources);
  if (!selection_match(selection, changed->pid, &changed->stat) ||
      is_over(changed))
    return false;
  /* Its groups, other than those that it inherits. */
  bool has_groups = selection->join.match_count > 0;
  if (!changed->is_member && has_groups && !changed_process_is_unused(changed))
    take_sample(changed, sources);
  return true;
}
