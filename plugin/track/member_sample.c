/* SPDX-License-Identifier: MIT */
#include "track/member_sample.h"

#include "kernel/process_clock.h"

void member_sample_begin(const struct sample_sources *sources,
                         const struct process *process, uint64_t time_ns,
                         struct member_sample *found) {
  *found = (struct member_sample){
      .sample.time_ns = time_ns,
      .sample.counts_ended_threads = sources->connection.counts_ended_threads,
      .had_exited = process_has_exited(process),
      .had_waited = process->has_ended_children || process->member->is_new,
  };
}

static bool has_start_of(const struct sample_sources *sources,
                         const struct procfs_stat *stat,
                         const struct process *process) {
  return stat->start_ticks * sources->tick_ns == process->start_ns;
}

/* Whether the pid still belongs to the same process, by inode number or else by
 * start time. */
static bool is_same_process(struct sample_sources *sources,
                            const struct process *process) {
  uint32_t inode;
  if (procfs_inode(sources->proc, process->pid, &inode) == 0 &&
      inode == process->inode)
    return true;

  struct procfs_stat stat;
  return procfs_stat(sources->proc, process->pid, &stat) == 0 &&
         has_start_of(sources, &stat, process);
}

/*
 * Counts the process's threads, and verifies that the pid was not reused: then
 * earlier reads by pid were of this process, too. A kept descriptor verifies
 * that by itself. Returns false if the process has ended.
 */
static bool count_threads(struct sample_sources *sources,
                          struct process *process, uint32_t *threads) {
  struct member *member = process->member;
  if (member->task_fd >= 0)
    return procfs_task_threads(member->task_fd, threads) == 0;

  if (fd_budget_have_room(&sources->files))
    member->task_fd = fd_budget_keep(
        &sources->files, procfs_task_open(sources->proc, process->pid));
  return procfs_threads(sources->proc, process->pid, threads) == 0 &&
         is_same_process(sources, process);
}

/* Reads what must be known from before a process's I/O is read, if that may
 * include children's. */
static void read_before_io(struct sample_sources *sources,
                           const struct process *process,
                           struct member_sample *found) {
  struct procfs_stat stat;
  if (!found->had_waited || (process->member->collect & COLLECT_IO) == 0)
    return;
  if (procfs_stat(sources->proc, process->pid, &stat) == 0)
    found->sample.own_io.children_faults_before = stat.children_faults;
  tracker_lock(sources->tracker);
  found->ended = member_sample_ended_threads(process);
  tracker_unlock(sources->tracker);
}

/* Opens the process's I/O file, and keeps it open if there is room. Returns 0
 * or a negative errno. */
static int open_io(struct sample_sources *sources, struct process *process) {
  struct member *member = process->member;
  if (member->io_fd >= 0 || !fd_budget_have_room(&sources->files))
    return 0;
  int fd = procfs_io_open(sources->proc, process->pid);
  member->io_fd = fd_budget_keep(&sources->files, fd);
  return fd < 0 ? fd : 0;
}

/* Reads the process's I/O, and that of its living threads, if it may have
 * waited for children. Returns whether the process exists. */
static bool read_io(struct sample_sources *sources, struct process *process,
                    struct member_sample *found) {
  struct member *member = process->member;

  member->io_error = 0;
  if ((member->collect & COLLECT_IO) == 0)
    return false;
  int status = open_io(sources, process);
  if (status == 0)
    status =
        procfs_io_read(sources->proc, process->pid, member->io_fd, &found->io);
  if (status == 0 && found->had_waited)
    status = procfs_io_of_threads(sources->proc, process->pid,
                                  &found->sample.own_io.living);
  found->sample.own_io.has_living = status == 0 && found->had_waited;
  member->io_error = status;
  return status == 0;
}

static bool needs_stat(const struct member *member, const struct sample *sample,
                       bool had_waited) {
  bool splits_cpu = sample->record != NULL && sample->counts_ended_threads;
  return (member->collect & COLLECT_PAGE_FAULTS) != 0 ||
         ((member->collect & COLLECT_CPU) != 0 && !splits_cpu) ||
         (had_waited && (member->collect & COLLECT_IO) != 0);
}

/* The TGID record of a single-threaded zombie is blank, while its thread's has
 * the final values. Returns whether it is one. */
static bool query_zombie(struct sample_sources *sources,
                         const struct process *process,
                         struct query_answer *answer) {
  uint32_t pid = (uint32_t)process->pid;
  int status = kernel_connection_query(&sources->connection, MESSAGE_THREAD,
                                       &pid, 1, answer);
  if (status != 0)
    answer->error = status;
  return answer->error == 0 && !record_is_blank(&answer->record);
}

/* Uses the record of an answer, if there is one; for a zombie, its thread's.
 * Returns false if the process has ended. */
static bool accept_record(struct sample_sources *sources,
                          struct process *process, struct query_answer *answer,
                          struct member_sample *found) {
  if (answer == NULL)
    return true;
  if (answer->error == 0 && record_is_blank(&answer->record)) {
    found->is_zombie = query_zombie(sources, process, answer);
    found->sample.counts_ended_threads = true;
  }
  if (procfs_is_vanished(answer->error))
    return false;
  kernel_connection_note_answer(&sources->connection, answer->error);
  if (answer->error != 0) {
    /* query again at the next read */
    process->clock_ns = PROCESS_CLOCK_UNKNOWN;
    return true;
  }
  if (!found->had_exited)
    found->sample.record = found->record = &answer->record;
  return true;
}

/* Sets the CPU time: the value of the clock when it was found to have advanced,
 * unless the record, or the process's end, is newer. Returns false if the
 * process has ended. */
static bool read_cpu_time(const struct process *process,
                          struct member_sample *found) {
  struct sample *sample = &found->sample;

  sample->cpu_ns = process->clock_ns;
  bool is_old =
      found->had_exited || sample->cpu_ns == PROCESS_CLOCK_UNKNOWN ||
      (found->record != NULL && found->record->cpu_ns > sample->cpu_ns);
  return !is_old || process_clock_ns(process->pid, &sample->cpu_ns) == 0;
}

/* Reads <pid>/stat if something is needed that only it contains. Returns false
 * if it belongs to another process. */
static bool read_stat(struct sample_sources *sources,
                      const struct process *process,
                      struct member_sample *found) {
  const struct member *member = process->member;
  /* One thread where there were more, or an unknown number, or no record to
   * show it: perhaps a zombie. */
  bool may_have_ended =
      found->threads <= 1 && (member->threads != 1 || found->record == NULL);

  if ((!may_have_ended &&
       !needs_stat(member, &found->sample, found->had_waited)) ||
      procfs_stat(sources->proc, process->pid, &found->stat) != 0)
    return true;
  found->sample.stat = &found->stat;
  return has_start_of(sources, &found->stat, process);
}

bool member_sample_read(struct sample_sources *sources, struct process *process,
                        struct query_answer *answer,
                        struct member_sample *found) {
  if (!accept_record(sources, process, answer, found) ||
      !read_cpu_time(process, found))
    return false;
  read_before_io(sources, process, found);
  bool has_io = read_io(sources, process, found);
  if (!count_threads(sources, process, &found->threads) ||
      !read_stat(sources, process, found))
    return false;
  /* If the process waited and has exited, the exit records have the answer; if
   * it waited and has been reaped, it is unknown whether that was for a child.
   */
  bool is_own =
      !found->had_waited || (!found->had_exited && found->sample.stat != NULL);
  if (has_io && is_own)
    found->sample.io = &found->io;
  /* Only this shows children that ended before the process was known, or whose
   * records were lost. */
  if (found->stat.children_faults > 0 && !process->has_ended_children)
    process->has_ended_children = process->has_io_of_children = true;
  found->sample.own_io.may_have_waited =
      found->had_waited && process->has_ended_children;
  found->sample.own_io.children_faults = found->stat.children_faults;
  return true;
}
