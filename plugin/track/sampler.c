/* SPDX-License-Identifier: MIT */
#include "track/sampler.h"

#include "kernel/clock.h"
#include "track/sample_accounting.h"

#include <errno.h>
#include <stdlib.h>

struct sampler {
  struct sample_sources sources;
  int delay_accounting; /* as in sampler_status */

  struct process *batch[QUERY_BATCH];
  size_t batch_size;
  struct member_sample *samples; /* one for each */
};

struct sampler *sampler_create(struct procfs *proc, struct tracker *tracker) {
  struct sampler *sampler = calloc(1, sizeof(*sampler));
  if (sampler == NULL)
    return NULL;
  sampler->sources.proc = proc;
  sampler->sources.tracker = tracker;
  sampler->sources.tick_ns = clock_tick_ns();
  sampler->samples = calloc(QUERY_BATCH, sizeof(sampler->samples[0]));
  if (sampler->samples == NULL) {
    free(sampler);
    return NULL;
  }
  return sampler;
}

void sampler_destroy(struct sampler *sampler) {
  if (sampler == NULL)
    return;
  kernel_connection_close(&sampler->sources.connection);
  free(sampler->samples);
  free(sampler);
}

void sampler_abandon_batch(struct sampler *sampler, struct procfs *proc) {
  sampler->sources.proc = proc;
  for (size_t i = 0; i < sampler->batch_size; i++) {
    sampler->batch[i]->clock_ns = PROCESS_CLOCK_UNKNOWN;
    sampler->batch[i]->member->is_gone = false;
  }
  sampler->batch_size = 0;
}

void sampler_begin(struct sampler *sampler) {
  sampler->sources.suspended_ns = clock_suspended_ns();
  sampler->batch_size = 0;
  kernel_connection_begin(&sampler->sources.connection);

  bool on;
  int status = procfs_delay_accounting(sampler->sources.proc, &on);
  if (status == 0 && !on)
    status = -ENODATA;
  sampler->delay_accounting = status;
}

bool sampler_find_executable(struct sampler *sampler, pid_t pid, uint64_t *dev,
                             uint64_t *inode) {
  struct query_answer answer;
  uint32_t id = (uint32_t)pid;
  if (kernel_connection_query(&sampler->sources.connection, MESSAGE_THREAD, &id,
                              1, &answer) != 0)
    return false;
  *dev = answer.record.exe_dev;
  *inode = answer.record.exe_inode;
  return answer.error == 0;
}

void sampler_status(const struct sampler *sampler,
                    struct sampler_status *status) {
  *status = (struct sampler_status){
      .taskstats = sampler->sources.connection.error,
      .delay_accounting = sampler->delay_accounting,
  };
  if (status->taskstats == 0) {
    status->delays = record_delays(sampler->sources.connection.version);
    if (status->delay_accounting != 0)
      status->delays &= UINT32_C(1) << DELAY_CPU;
  }
}

void sampler_forget(struct sampler *sampler, struct member *member) {
  if (member == NULL)
    return;
  fd_budget_release(&sampler->sources.files, member->task_fd);
  fd_budget_release(&sampler->sources.files, member->io_fd);
  member_destroy(member);
}

void sampler_add(struct sampler *sampler, struct process *process) {
  sampler->batch[sampler->batch_size++] = process;
  if (sampler->batch_size == QUERY_BATCH)
    sampler_flush(sampler);
}

/* Queries the records of the current processes. Returns whether they were
 * received. */
static bool query_batch(struct sampler *sampler,
                        struct query_answer answers[QUERY_BATCH]) {
  uint32_t ids[QUERY_BATCH];
  for (size_t i = 0; i < sampler->batch_size; i++)
    ids[i] = (uint32_t)sampler->batch[i]->pid;
  return kernel_connection_query(&sampler->sources.connection, MESSAGE_PROCESS,
                                 ids, sampler->batch_size, answers) == 0;
}

/* Stores the threads that had ended when the records were requested, which
 * include them. */
static void copy_ended_periods(struct sampler *sampler) {
  tracker_lock(sampler->sources.tracker);
  for (size_t i = 0; i < sampler->batch_size; i++) {
    const struct exited_threads *exited = sampler->batch[i]->exited;
    if (exited != NULL)
      sampler->samples[i].recent = exited->recent;
  }
  tracker_unlock(sampler->sources.tracker);
}

void sampler_flush(struct sampler *sampler) {
  struct query_answer answers[QUERY_BATCH];

  if (sampler->batch_size == 0)
    return;
  tracker_take_exits(sampler->sources.tracker);
  bool has_answers = query_batch(sampler, answers);
  uint64_t time_ns = clock_ns(CLOCK_MONOTONIC);
  for (size_t i = 0; i < sampler->batch_size; i++)
    member_sample_begin(&sampler->sources, sampler->batch[i], time_ns,
                        &sampler->samples[i]);
  copy_ended_periods(sampler);
  for (size_t i = 0; i < sampler->batch_size; i++) {
    struct process *process = sampler->batch[i];
    if (!has_answers)
      process->clock_ns = PROCESS_CLOCK_UNKNOWN; /* query again */
    struct member *member = process->member;
    if ((member->collect & MEMBER_GAUGES) != 0)
      member_gauges_read(&member->gauges, member->collect,
                         sampler->sources.proc, process->pid, true);
    process->member->is_gone = !member_sample_read(
        &sampler->sources, process, has_answers ? &answers[i] : NULL,
        &sampler->samples[i]);
  }
  /* Children whose I/O was added to their parents' are then known to have
   * ended, and so are threads that were not found alive. */
  tracker_take_exits(sampler->sources.tracker);
  for (size_t i = 0; i < sampler->batch_size; i++) {
    struct process *process = sampler->batch[i];
    if (!process->member->is_gone)
      process->member->is_gone = !sample_accounting_count(
          &sampler->sources, process, &sampler->samples[i]);
  }
  sampler->batch_size = 0;
  kernel_connection_check_refusal(&sampler->sources.connection);
}

void sampler_look_at_exited(struct sampler *sampler, struct process *process) {
  struct member_sample found;
  member_sample_begin(&sampler->sources, process, clock_ns(CLOCK_MONOTONIC),
                      &found);
  process->member->is_gone =
      !member_sample_read(&sampler->sources, process, NULL, &found) ||
      !sample_accounting_count(&sampler->sources, process, &found);
}

void sampler_look_at_idle(struct sampler *sampler, struct process *process,
                          bool may_have_ended) {
  struct member *member = process->member;
  struct procfs_stat stat;

  if (may_have_ended && member->may_be_dead &&
      procfs_stat(sampler->sources.proc, process->pid, &stat) == 0)
    sample_accounting_note_stat(member, &stat);
  if ((member->collect & MEMBER_GAUGES) != 0)
    member_gauges_read(&member->gauges, member->collect, sampler->sources.proc,
                       process->pid, false);
}
