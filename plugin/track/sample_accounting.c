/* SPDX-License-Identifier: MIT */
#include "track/sample_accounting.h"

#include "track/disk_wait_period.h"

/* Adds what exit records tell of a process's ended threads where the kernel's
 * own figures leave it out. */
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

/* Leaves the I/O out for now if a child, or a thread of a process that waits
 * for children, has ended since it was read: who did it cannot be told. The
 * next read looks again. */
static void defer_doubtful_io(struct member_sample *found,
                              struct process *process) REQUIRES(tracker_mutex) {
  if (account_begins_io(&process->member->account))
    return; /* what counts is how it grows from there */
  bool is_doubtful = found->sample.own_io.may_have_waited
                         ? member_sample_ended_threads(process) != found->ended
                         : (bool)process->has_ended_children;
  if (is_doubtful && found->sample.io != NULL) {
    found->sample.io = NULL;
    process->clock_ns = PROCESS_CLOCK_UNKNOWN;
  }
}

/*
 * Counts a sample. One that was read before the process's exit record was
 * counted is of no use after it; one that was read later has a zombie's exact
 * CPU time and I/O. Returns false if the process is not the one that it was.
 */
static bool count_sample(struct sample_sources *sources,
                         struct process *process, struct member_sample *found) {
  struct member *member = process->member;
  bool is_same = true;

  tracker_lock(sources->tracker);
  if (found->record != NULL) /* may give up the lock */
    disk_wait_period_set(sources, process, found);
  defer_doubtful_io(found, process);
  found->sample.own_io.has_io_of_children = process->has_io_of_children;
  add_ended_threads(found, process->exited, sources->tracker->listens);
  member->counts_delays |=
      process->start_ns >= sources->tracker->delays_since_ns;
  if (process_has_exited(process) == found->had_exited) {
    is_same = found->had_exited ||
              found->sample.cpu_ns >= account_cpu_ns(&member->account);
    if (is_same && !member_update(member, &found->sample))
      process->clock_ns = PROCESS_CLOCK_UNKNOWN; /* ask again */
    else if (is_same && found->record != NULL && process->exited != NULL)
      exited_threads_note_sample(process->exited, &found->recent);
  }
  if (is_same)
    member->threads = found->threads;
  tracker_unlock(sources->tracker);
  return is_same;
}

void sample_accounting_note_stat(struct member *member,
                                 const struct procfs_stat *stat) {
  member->rss_bytes = stat->rss_bytes;
  member->vm_bytes = stat->vm_bytes;
  member->has_ended = procfs_stat_has_ended(stat);
  member->may_be_dead = false;
}

bool sample_accounting_count(struct sample_sources *sources,
                             struct process *process,
                             struct member_sample *found) {
  struct member *member = process->member;
  if (!count_sample(sources, process, found))
    return false;

  member->is_new = false;
  member->has_ended = found->is_zombie;
  member->may_be_dead = found->threads <= 1 && !found->is_zombie;
  if (found->sample.stat != NULL)
    sample_accounting_note_stat(member, &found->stat);
  return true;
}
