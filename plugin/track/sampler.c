/* SPDX-License-Identifier: MIT */
#include "track/sampler.h"

#include "kernel/arithmetic.h"
#include "kernel/clock.h"
#include "kernel/fd_budget.h"
#include "kernel/process_clock.h"
#include "track/exited_threads.h"
#include "track/kernel_connection.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Of so many threads of a process the longest waits are asked for. */
enum { THREADS_ASKED = 16384 };

struct sampler {
  struct procfs *proc;
  struct tracker *tracker;
  struct kernel_connection connection;

  uint64_t tick_ns;       /* of start times */
  uint64_t suspended_ns;  /* clock_suspended_ns */
  struct fd_budget files; /* the members' */
  int delay_accounting;   /* as sampler_status has it */

  struct process *batch[QUERY_BATCH];
  size_t batch_size;
  struct member_sample *samples; /* one each */
};

/* What one look at a member finds: a sample, and what it points to. */
struct member_sample {
  struct sample sample;
  struct record *record; /* or NULL */
  struct procfs_io io;
  struct procfs_stat stat;
  uint32_t threads;
  struct exited_period recent; /* when its record was asked for */
  uint32_t ended;  /* threads, as far as was known before its I/O was read */
  bool had_waited; /* for a child, perhaps */
  bool had_exited; /* its exit record was booked before */
  bool is_zombie;
};

struct sampler *sampler_create(struct procfs *proc, struct tracker *tracker) {
  struct sampler *sampler = calloc(1, sizeof(*sampler));
  if (sampler == NULL)
    return NULL;
  sampler->proc = proc;
  sampler->tracker = tracker;
  sampler->tick_ns = clock_tick_ns();
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
  kernel_connection_close(&sampler->connection);
  free(sampler->samples);
  free(sampler);
}

void sampler_abandon_batch(struct sampler *sampler, struct procfs *proc) {
  sampler->proc = proc;
  for (size_t i = 0; i < sampler->batch_size; i++) {
    sampler->batch[i]->clock_ns = PROCESS_CLOCK_UNKNOWN;
    sampler->batch[i]->member->is_gone = false;
  }
  sampler->batch_size = 0;
}

void sampler_begin(struct sampler *sampler) {
  sampler->suspended_ns = clock_suspended_ns();
  sampler->batch_size = 0;
  kernel_connection_begin(&sampler->connection);

  bool on;
  int status = procfs_delay_accounting(sampler->proc, &on);
  if (status == 0 && !on)
    status = -ENODATA;
  sampler->delay_accounting = status;
}

bool sampler_find_executable(struct sampler *sampler, pid_t pid, uint64_t *dev,
                             uint64_t *inode) {
  struct query_answer answer;
  uint32_t id = (uint32_t)pid;
  if (kernel_connection_query(&sampler->connection, MESSAGE_THREAD, &id, 1,
                              &answer) != 0)
    return false;
  *dev = answer.record.exe_dev;
  *inode = answer.record.exe_inode;
  return answer.error == 0;
}

void sampler_status(const struct sampler *sampler,
                    struct sampler_status *status) {
  *status = (struct sampler_status){
      .taskstats = sampler->connection.error,
      .delay_accounting = sampler->delay_accounting,
  };
  if (status->taskstats == 0) {
    status->delays = record_delays(sampler->connection.version);
    if (status->delay_accounting != 0)
      status->delays &= UINT32_C(1) << DELAY_CPU;
  }
}

void sampler_forget(struct sampler *sampler, struct member *member) {
  if (member == NULL)
    return;
  fd_budget_release(&sampler->files, member->task_fd);
  fd_budget_release(&sampler->files, member->io_fd);
  member_destroy(member);
}

static bool has_start_of(const struct sampler *sampler,
                         const struct procfs_stat *stat,
                         const struct process *process) {
  return stat->start_ticks * sampler->tick_ns == process->start_ns;
}

/* Whether the pid is still that of the process it was, by inode number or else
 * by start time. */
static bool is_same_process(struct sampler *sampler,
                            const struct process *process) {
  uint32_t inode;
  if (procfs_inode(sampler->proc, process->pid, &inode) == 0 &&
      inode == process->inode)
    return true;

  struct procfs_stat stat;
  return procfs_stat(sampler->proc, process->pid, &stat) == 0 &&
         has_start_of(sampler, &stat, process);
}

/*
 * Counts the process's threads, and makes sure that the pid did not change
 * hands: what was read by pid before is then this process's, too. A kept
 * descriptor answers that by itself. Returns false if the process is gone.
 */
static bool count_threads(struct sampler *sampler, struct process *process,
                          uint32_t *threads) {
  struct member *member = process->member;
  if (member->task_fd >= 0)
    return procfs_task_threads(member->task_fd, threads) == 0;

  if (fd_budget_have_room(&sampler->files))
    member->task_fd = fd_budget_keep(
        &sampler->files, procfs_task_open(sampler->proc, process->pid));
  return procfs_threads(sampler->proc, process->pid, threads) == 0 &&
         is_same_process(sampler, process);
}

static uint32_t count_ended_threads(const struct process *process)
    REQUIRES(tracker_mutex) {
  return process->exited != NULL ? process->exited->io_count : 0;
}

/* Notes what was there before a process's I/O is read, if that may be
 * children's, too. */
static void read_before_io(struct sampler *sampler,
                           const struct process *process,
                           struct member_sample *found) {
  struct procfs_stat stat;
  if (!found->had_waited || (process->member->collect & COLLECT_IO) == 0)
    return;
  if (procfs_stat(sampler->proc, process->pid, &stat) == 0)
    found->sample.own_io.children_faults_before = stat.children_faults;
  tracker_lock(sampler->tracker);
  found->ended = count_ended_threads(process);
  tracker_unlock(sampler->tracker);
}

/* Begins a sample of a process whose record was asked for just before time_ns.
 */
static void begin_sample(const struct sampler *sampler,
                         const struct process *process, uint64_t time_ns,
                         struct member_sample *found) {
  *found = (struct member_sample){
      .sample.time_ns = time_ns,
      .sample.counts_ended_threads = sampler->connection.counts_ended_threads,
      .had_exited = process_has_exited(process),
      .had_waited = process->has_ended_children || process->member->is_new,
  };
}

/* Reads the process's I/O, and keeps the file; and that of its living threads,
 * if it may have waited for children. Returns whether it is there. */
static bool read_io(struct sampler *sampler, struct process *process,
                    struct member_sample *found) {
  struct member *member = process->member;

  member->io_error = 0;
  if ((member->collect & COLLECT_IO) == 0)
    return false;
  if (member->io_fd < 0 && fd_budget_have_room(&sampler->files))
    member->io_fd = fd_budget_keep(&sampler->files,
                                   procfs_io_open(sampler->proc, process->pid));
  int status =
      procfs_io_read(sampler->proc, process->pid, member->io_fd, &found->io);
  if (status == 0 && found->had_waited)
    status = procfs_io_of_threads(sampler->proc, process->pid,
                                  &found->sample.own_io.living);
  found->sample.own_io.has_living = status == 0 && found->had_waited;
  member->io_error = status;
  return status == 0;
}

static bool needs_stat(const struct member *member, const struct sample *sample,
                       bool had_waited) {
  bool splits_cpu = sample->record != NULL && sample->counts_ended_threads;
  return (member->collect & (COLLECT_PAGE_FAULTS | COLLECT_MEMORY)) != 0 ||
         ((member->collect & COLLECT_CPU) != 0 && !splits_cpu) ||
         (had_waited && (member->collect & COLLECT_IO) != 0);
}

static void store_stat(struct member *member, const struct procfs_stat *stat) {
  member->rss_bytes = stat->rss_bytes;
  member->vm_bytes = stat->vm_bytes;
  member->has_ended = procfs_stat_has_ended(stat);
  member->may_be_dead = false;
}

/* The TGID record of a single-threaded zombie is blank while that of its thread
 * has the final figures. Returns whether it is one. */
static bool query_zombie(struct sampler *sampler, const struct process *process,
                         struct query_answer *answer) {
  uint32_t pid = (uint32_t)process->pid;
  int status = kernel_connection_query(&sampler->connection, MESSAGE_THREAD,
                                       &pid, 1, answer);
  if (status != 0)
    answer->error = status;
  return answer->error == 0 && !record_is_blank(&answer->record);
}

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
                         ? count_ended_threads(process) != found->ended
                         : (bool)process->has_ended_children;
  if (is_doubtful && found->sample.io != NULL) {
    found->sample.io = NULL;
    process->clock_ns = PROCESS_CLOCK_UNKNOWN;
  }
}

/*
 * How long a process's threads have lived since the last sample at least, all
 * together. How long those lived that began since then, would have to be asked;
 * of those that are gone their records tell, if there is a listener.
 */
static uint64_t least_thread_ns(const struct sampler *sampler,
                                const struct process *process,
                                const struct member_sample *found,
                                uint64_t length_ns) REQUIRES(tracker_mutex) {
  uint32_t threads_now = found->threads;
  uint32_t before = process->member->threads;

  if (!sampler->tracker->listens)
    return max(threads_now, before) * length_ns;
  if (found->recent.lived_ns > 0)
    return found->recent.lived_ns;
  return min(threads_now, before) * length_ns;
}

/* Sets what is known of the time since the last sample. */
static void set_period(const struct sampler *sampler,
                       const struct process *process,
                       struct member_sample *found) REQUIRES(tracker_mutex) {
  struct disk_wait_period *period = &found->sample.disk;

  *period = (struct disk_wait_period){
      .since_ns = process->member->account.sampled_ns,
      .until_ns = found->sample.time_ns,
  };
  if (period->since_ns == 0)
    period->since_ns = subtract(process->start_ns, sampler->suspended_ns);
  period->thread_ns = least_thread_ns(
      sampler, process, found, subtract(period->until_ns, period->since_ns));
  period->false_ns = found->recent.false_ns;
  period->from_boot = found->recent.from_boot;
}

/* What the living threads of a process tell of a period. */
struct thread_life {
  uint64_t lived_ns;
  struct disk_wait_from_boot from_boot;
};

static void add_thread_life(struct thread_life *life,
                            const struct query_answer *is,
                            const struct disk_wait_period *period,
                            uint64_t known_ns) {
  uint64_t length_ns = subtract(period->until_ns, period->since_ns);
  uint64_t age_ns = length_ns; /* of one that has ended just now */
  if (is->error == 0) {
    age_ns = is->record.elapsed_us * 1000;
    /* The process's record was before it began. */
    if (age_ns < subtract(clock_ns(CLOCK_MONOTONIC), period->until_ns))
      return;
    disk_wait_note(&life->from_boot, &is->record, period->since_ns, known_ns);
  }
  life->lived_ns += min(age_ns, length_ns);
}

/* Asks a process's threads, as far as they can be asked. */
static struct thread_life query_threads(struct sampler *sampler,
                                        const struct process *process,
                                        const struct disk_wait_period *period,
                                        uint64_t known_ns) {
  size_t count = 0;
  struct thread_life life = {0};
  uint32_t *tids = calloc(THREADS_ASKED, sizeof(tids[0]));

  if (tids == NULL || procfs_tids(sampler->proc, process->pid, tids,
                                  THREADS_ASKED, &count) != 0)
    count = 0;
  for (size_t i = 0, size; i < count; i += size) {
    struct query_answer answers[QUERY_BATCH];
    size = count - i < QUERY_BATCH ? count - i : QUERY_BATCH;
    if (kernel_connection_query(&sampler->connection, MESSAGE_THREAD, &tids[i],
                                size, answers) != 0)
      break;
    for (size_t k = 0; k < size; k++)
      add_thread_life(&life, &answers[k], period, known_ns);
  }
  free(tids);
  return life;
}

/* Sets a sample's period. Asks the threads only if false waits for a disk may
 * be among those that were counted, and gives up the lock meanwhile. */
static void set_checked_period(struct sampler *sampler,
                               const struct process *process,
                               struct member_sample *found)
    REQUIRES(tracker_mutex) {
  const struct account *account = &process->member->account;

  set_period(sampler, process, found);
  if (!account_doubts_disk_waits(account, &found->sample))
    return;

  struct disk_wait_period period = found->sample.disk;
  uint64_t known_ns = account->from_boot_ns;
  tracker_unlock(sampler->tracker);
  struct thread_life life = query_threads(sampler, process, &period, known_ns);
  tracker_lock(sampler->tracker);

  struct disk_wait_period *asked = &found->sample.disk;
  set_period(sampler, process, found);
  if (sampler->tracker->listens)
    life.lived_ns += found->recent.lived_ns;
  if (life.lived_ns > asked->thread_ns)
    asked->thread_ns = life.lived_ns;
  disk_wait_add(&asked->from_boot, &life.from_boot);
}

/*
 * Books a sample. One that was taken before the process's exit record was
 * booked is of no use after it; one that was taken later knows a zombie's exact
 * CPU time and I/O. Returns false if the process is not the one that it was.
 */
static bool count_sample(struct sampler *sampler, struct process *process,
                         struct member_sample *found) {
  struct member *member = process->member;
  bool is_same = true;

  tracker_lock(sampler->tracker);
  defer_doubtful_io(found, process);
  found->sample.own_io.has_io_of_children = process->has_io_of_children;
  if (found->record != NULL)
    set_checked_period(sampler, process, found);
  add_ended_threads(found, process->exited, sampler->tracker->listens);
  member->counts_delays |=
      process->start_ns >= sampler->tracker->delays_since_ns;
  if (process_has_exited(process) == found->had_exited) {
    is_same = found->had_exited ||
              found->sample.cpu_ns >= account_cpu_ns(&member->account);
    if (is_same && !member_update(member, &found->sample))
      process->clock_ns = PROCESS_CLOCK_UNKNOWN; /* ask again */
    else if (is_same && found->record != NULL && process->exited != NULL)
      exited_threads_note_sample(process->exited, &found->recent);
    if (is_same && found->sample.io != NULL && process->exited != NULL)
      exited_threads_note_io(process->exited);
  }
  if (is_same)
    member->threads = found->threads;
  tracker_unlock(sampler->tracker);
  return is_same;
}

/* Takes the record out of an answer, if there is one. Returns false if the
 * process is gone. */
static bool accept_record(struct sampler *sampler, struct process *process,
                          struct query_answer *answer,
                          struct member_sample *found) {
  if (answer == NULL)
    return true;
  if (answer->error == 0 && record_is_blank(&answer->record)) {
    found->is_zombie = query_zombie(sampler, process, answer);
    found->sample.counts_ended_threads = true;
  }
  if (procfs_is_vanished(answer->error))
    return false;
  kernel_connection_note_answer(&sampler->connection, answer->error);
  if (answer->error != 0) {
    process->clock_ns = PROCESS_CLOCK_UNKNOWN; /* ask again at the next read */
    return true;
  }
  if (!found->had_exited)
    found->sample.record = found->record = &answer->record;
  return true;
}

/* Takes the CPU time: what the clock said when it was found to have moved,
 * unless the record, or the process's end, is newer than that. Returns false if
 * the process is gone. */
static bool read_cpu_time(const struct process *process,
                          struct member_sample *found) {
  struct sample *sample = &found->sample;

  sample->cpu_ns = process->clock_ns;
  bool is_old =
      found->had_exited || sample->cpu_ns == PROCESS_CLOCK_UNKNOWN ||
      (found->record != NULL && found->record->cpu_ns > sample->cpu_ns);
  return !is_old || process_clock_ns(process->pid, &sample->cpu_ns) == 0;
}

/* Reads <pid>/stat if it tells what nothing else does. Returns false if it is
 * that of another process. */
static bool read_stat(struct sampler *sampler, const struct process *process,
                      struct member_sample *found) {
  const struct member *member = process->member;
  /* One thread where there were more, or none known, or no record to tell: a
   * zombie, perhaps. */
  bool may_have_ended =
      found->threads <= 1 && (member->threads != 1 || found->record == NULL);

  if ((!may_have_ended &&
       !needs_stat(member, &found->sample, found->had_waited)) ||
      procfs_stat(sampler->proc, process->pid, &found->stat) != 0)
    return true;
  found->sample.stat = &found->stat;
  return has_start_of(sampler, &found->stat, process);
}

/* Reads what a sample that was begun needs; answer is NULL if there is none.
 * Returns false if the process is gone. */
static bool read_sample(struct sampler *sampler, struct process *process,
                        struct query_answer *answer,
                        struct member_sample *found) {
  if (!accept_record(sampler, process, answer, found) ||
      !read_cpu_time(process, found))
    return false;
  read_before_io(sampler, process, found);
  bool has_io = read_io(sampler, process, found);
  if (!count_threads(sampler, process, &found->threads) ||
      !read_stat(sampler, process, found))
    return false;
  /* Of who waited and has ended, the exit records tell. */
  if (has_io && !(found->had_exited && found->had_waited))
    found->sample.io = &found->io;
  /* Of children that ended before it was known, only this tells. */
  if (found->had_waited && found->stat.children_faults > 0 &&
      !process->has_ended_children)
    process->has_ended_children = process->has_io_of_children = true;
  found->sample.own_io.may_have_waited =
      found->had_waited && process->has_ended_children;
  found->sample.own_io.children_faults = found->stat.children_faults;
  return true;
}

/* Counts a sample that was read. Returns false if the process is gone. */
static bool finish_sample(struct sampler *sampler, struct process *process,
                          struct member_sample *found) {
  struct member *member = process->member;
  if (!count_sample(sampler, process, found))
    return false;

  member->is_new = false;
  member->has_ended = found->is_zombie;
  member->may_be_dead = found->threads <= 1 && !found->is_zombie;
  if (found->sample.stat != NULL)
    store_stat(member, &found->stat);
  return true;
}

void sampler_add(struct sampler *sampler, struct process *process) {
  sampler->batch[sampler->batch_size++] = process;
  if (sampler->batch_size == QUERY_BATCH)
    sampler_flush(sampler);
}

/* Asks for the records of the processes at hand. Returns whether they came. */
static bool query_batch(struct sampler *sampler,
                        struct query_answer answers[QUERY_BATCH]) {
  uint32_t ids[QUERY_BATCH];
  for (size_t i = 0; i < sampler->batch_size; i++)
    ids[i] = (uint32_t)sampler->batch[i]->pid;
  return kernel_connection_query(&sampler->connection, MESSAGE_PROCESS, ids,
                                 sampler->batch_size, answers) == 0;
}

/* Notes which threads have ended by now, which the records do count. */
static void copy_ended_periods(struct sampler *sampler) {
  tracker_lock(sampler->tracker);
  for (size_t i = 0; i < sampler->batch_size; i++) {
    const struct exited_threads *exited = sampler->batch[i]->exited;
    if (exited != NULL)
      sampler->samples[i].recent = exited->recent;
  }
  tracker_unlock(sampler->tracker);
}

void sampler_flush(struct sampler *sampler) {
  struct query_answer answers[QUERY_BATCH];

  if (sampler->batch_size == 0)
    return;
  tracker_take_exits(sampler->tracker);
  bool has_answers = query_batch(sampler, answers);
  uint64_t time_ns = clock_ns(CLOCK_MONOTONIC);
  for (size_t i = 0; i < sampler->batch_size; i++)
    begin_sample(sampler, sampler->batch[i], time_ns, &sampler->samples[i]);
  copy_ended_periods(sampler);
  for (size_t i = 0; i < sampler->batch_size; i++) {
    struct process *process = sampler->batch[i];
    if (!has_answers)
      process->clock_ns = PROCESS_CLOCK_UNKNOWN; /* ask again */
    process->member->is_gone =
        !read_sample(sampler, process, has_answers ? &answers[i] : NULL,
                     &sampler->samples[i]);
  }
  /* Children whose parents have their I/O are known to have ended then, and so
   * are threads that were not found alive. */
  tracker_take_exits(sampler->tracker);
  for (size_t i = 0; i < sampler->batch_size; i++) {
    struct process *process = sampler->batch[i];
    if (!process->member->is_gone)
      process->member->is_gone =
          !finish_sample(sampler, process, &sampler->samples[i]);
  }
  sampler->batch_size = 0;
  kernel_connection_check_refusal(&sampler->connection);
}

void sampler_look_at_exited(struct sampler *sampler, struct process *process) {
  struct member_sample found;
  begin_sample(sampler, process, clock_ns(CLOCK_MONOTONIC), &found);
  process->member->is_gone = !read_sample(sampler, process, NULL, &found) ||
                             !finish_sample(sampler, process, &found);
}

void sampler_look_at_idle(struct sampler *sampler, struct process *process) {
  struct member *member = process->member;
  struct procfs_stat stat;

  if ((member->may_be_dead || (member->collect & COLLECT_MEMORY) != 0) &&
      procfs_stat(sampler->proc, process->pid, &stat) == 0)
    store_stat(member, &stat);
}
