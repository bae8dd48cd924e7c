/* SPDX-License-Identifier: MIT */
#include "track/sample_accounting.h"

#include "kernel/process_clock.h"
#include "track/disk_wait_period.h"

/* Adds what exit records contain about a process's ended threads if the
 * kernel's own values leave it out. */
static void add_ended_threads(struct member_sample *found,
                              const struct exited_threads *exited, bool listens)
    REQUIRES(tracker_mutex) {
  struct sample *sample = &found->sample;

  if (found->record != NULL && !sample->counts_ended_threads && listens) {
    sample->adds_ended_threads = true;
    if (exited != NULL) {
      found->record->switches_voluntary += exited->switches_voluntary;
      found->record->switches_involuntary += exited->switches_involuntary;
    }
  }
  sample->own_io.knows_ended = listens;
  if (sample->io != NULL && exited != NULL) {
    sample->own_io.ended = exited->io_count;
    sample->own_io.of_ended = (struct procfs_io){
        .read_chars = exited->io_read_chars,
        .write_chars = exited->io_write_chars,
        .read_bytes = exited->io_read_bytes,
        .write_bytes = exited->io_write_bytes,
    };
  }
}

/* Leaves the I/O out: the next read samples it again. */
static void leave_out_io(struct member_sample *found, struct process *process)
    REQUIRES(tracker_mutex) {
  if (found->sample.io != NULL)
    process->clock_ns = PROCESS_CLOCK_UNKNOWN;
  found->sample.io = NULL;
}

/* Leaves the I/O out for now if a child, or a thread of a process that waits
 * for children, has ended since it was read: it is unknown which of them did
 * it. */
static void defer_doubtful_io(struct member_sample *found,
                              struct process *process) REQUIRES(tracker_mutex) {
  if (account_begins_io(&process->member->account))
    return; /* only its increase from there counts */
  bool is_doubtful = found->sample.own_io.may_have_waited
                         ? member_sample_ended_threads(process) != found->ended
                         : (bool)process->has_ended_children;
  if (is_doubtful)
    leave_out_io(found, process);
}

/* Whether a sample's CPU time may be the process's: it is not less than what
 * was counted, or was merely read before a sample for a process event. */
static bool has_clock_of(const struct process *process, struct sample *sample)
    REQUIRES(tracker_mutex) {
  uint64_t counted_ns = account_cpu_ns(&process->member->account);
  return sample->cpu_ns >= counted_ns ||
         (process_clock_ns(process->pid, &sample->cpu_ns) == 0 &&
          sample->cpu_ns >= counted_ns);
}

/* Counts a sample whose disk-wait period is set; has_records: all exit records
 * sent before it have been taken. Returns false if the process is another one.
 */
static bool count_sample(const struct sample_sources *sources,
                         struct process *process, struct member_sample *found,
                         bool has_records) REQUIRES(tracker_mutex) {
  struct member *member = process->member;

  defer_doubtful_io(found, process);
  found->sample.own_io.has_io_of_children = process->has_io_of_children;
  add_ended_threads(found, process->exited, sources->tracker->listens);
  if (!has_records && !account_begins_io(&member->account) &&
      account_doubts_io(&member->account, &found->sample))
    leave_out_io(found, process);
  member->counts_delays |=
      process->start_ns >= sources->tracker->delays_since_ns;
  if (!found->had_exited && !has_clock_of(process, &found->sample))
    return false;
  if (!member_update(member, &found->sample))
    process->clock_ns = PROCESS_CLOCK_UNKNOWN; /* query again */
  else if (found->record != NULL && process->exited != NULL)
    exited_threads_note_sample(process->exited, &found->recent);
  return true;
}

/* Whether a sample was read before what was already counted: its exit record,
 * or a sample for a process event. A sample that was read after the exit record
 * has a zombie's exact CPU time and I/O. */
static bool is_outdated(const struct process *process,
                        const struct member_sample *found)
    REQUIRES(tracker_mutex) {
  return process_has_exited(process) != found->had_exited ||
         (!found->had_exited &&
          found->sample.time_ns < process->member->account.sampled_ns);
}

bool sample_accounting_count_change(const struct sample_sources *sources,
                                    struct process *process,
                                    struct member_sample *found) {
  if (process->exited != NULL)
    found->recent = process->exited->recent;
  if (found->record != NULL)
    disk_wait_period_estimate(sources, process, found);
  return !is_outdated(process, found) &&
         count_sample(sources, process, found, false);
}

/* The same for a listed process; may release the lock meanwhile. */
static bool count_read_sample(struct sample_sources *sources,
                              struct process *process,
                              struct member_sample *found) {
  bool is_same = true;

  tracker_lock(sources->tracker);
  if (found->record != NULL)
    disk_wait_period_set(sources, process, found);
  if (is_outdated(process, found))
    process->clock_ns = PROCESS_CLOCK_UNKNOWN;
  else
    is_same = count_sample(sources, process, found, true);
  if (is_same)
    process->member->threads = found->threads;
  tracker_unlock(sources->tracker);
  return is_same;
}

void sample_accounting_note_stat(struct member *member,
                                 const struct procfs_stat *stat) {
  member->has_ended = procfs_stat_has_ended(stat);
  member->may_be_dead = false;
}

bool sample_accounting_count(struct sample_sources *sources,
                             struct process *process,
                             struct member_sample *found) {
  struct member *member = process->member;
  if (!count_read_sample(sources, process, found))
    return false;

  member->is_new = false;
  member->has_ended = found->is_zombie;
  member->may_be_dead = found->threads <= 1 && !found->is_zombie;
  if (found->sample.stat != NULL)
    sample_accounting_note_stat(member, &found->stat);
  return true;
}
