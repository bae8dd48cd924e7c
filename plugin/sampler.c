/* SPDX-License-Identifier: MIT */
#include "sampler.h"

#include "ended.h"
#include "query.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* Plugins that still use select() need the descriptors below. */
enum { FD_MIN = 1024 };

struct sampler {
  struct proc *proc;
  struct ledger *ledger;
  struct query *query; /* NULL while there is no connection */
  uint16_t version;    /* of the running kernel's records */
  bool counts_ended_threads;

  uint64_t tick_ns;          /* of start times */
  rlim_t io_kept, io_budget; /* descriptors of <pid>/io */
  struct sampler_status status;

  struct process *batch[QUERY_BATCH];
  size_t batch_size;
};

struct sampler *sampler_create(struct proc *proc, struct ledger *ledger) {
  struct sampler *sampler = calloc(1, sizeof(*sampler));
  if (sampler == NULL)
    return NULL;
  sampler->proc = proc;
  sampler->ledger = ledger;
  sampler->tick_ns = 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK);

  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > FD_MIN)
    sampler->io_budget = limit.rlim_cur / 4;
  return sampler;
}

void sampler_destroy(struct sampler *sampler) {
  if (sampler == NULL)
    return;
  query_close(sampler->query);
  free(sampler);
}

static void disconnect(struct sampler *sampler, int error) {
  query_close(sampler->query);
  sampler->query = NULL;
  sampler->status.taskstats = error;
}

/* Opens the socket and learns from the plugin's own record what this kernel
 * tells, and whether it tells us. */
static int connect_to_kernel(struct sampler *sampler) {
  int status = query_open(&sampler->query);
  if (status != 0)
    return status;

  uint32_t self = (uint32_t)getpid();
  struct query_answer answer;
  status = query_records(sampler->query, MESSAGE_PROCESS, &self, 1, &answer);
  if (status == 0)
    status = answer.error;
  if (status == 0)
    status = query_counts_ended_threads(sampler->query,
                                        &sampler->counts_ended_threads);
  if (status == 0)
    sampler->version = answer.record.version;
  return status;
}

void sampler_begin(struct sampler *sampler) {
  sampler->status = (struct sampler_status){0};
  sampler->batch_size = 0;

  if (sampler->query == NULL) {
    int status = connect_to_kernel(sampler);
    if (status != 0)
      disconnect(sampler, status);
  }
  bool on;
  sampler->status.delays_off =
      proc_delay_accounting(sampler->proc, &on) == 0 && !on;
}

void sampler_status(const struct sampler *sampler,
                    struct sampler_status *status) {
  *status = sampler->status;
  if (status->taskstats == 0) {
    status->delays = record_delays(sampler->version);
    if (status->delays_off)
      status->delays &= UINT32_C(1) << DELAY_CPU;
  }
}

static void keep_open(struct sampler *sampler, struct member *member, int fd) {
  if (sampler->io_kept < sampler->io_budget) {
    member->io_fd = fcntl(fd, F_DUPFD_CLOEXEC, FD_MIN);
    if (member->io_fd >= 0)
      sampler->io_kept++;
    else /* others hold what was left */
      sampler->io_budget = sampler->io_kept;
  }
  close(fd);
}

void sampler_forget(struct sampler *sampler, struct member *member) {
  if (member != NULL && member->io_fd >= 0)
    sampler->io_kept--;
  member_destroy(member);
}

static bool is_vanished(int status) {
  return status == -ESRCH || status == -ENOENT;
}

/* Whether the pid is still that of the process it was, by inode number or else
 * by start time. */
static bool is_same_process(struct sampler *sampler,
                            const struct process *process) {
  ino_t inode;
  if (proc_inode(sampler->proc, process->pid, &inode) == 0 &&
      inode == process->inode)
    return true;

  struct proc_stat stat;
  return proc_stat(sampler->proc, process->pid, &stat) == 0 &&
         stat.start_ticks * sampler->tick_ns == process->start_ns;
}

/*
 * Reads the process's I/O, if a group wants it, and makes sure that the pid did
 * not change hands: what was read by pid before is then this process's, too. A
 * kept descriptor answers that by itself.
 * Returns 0, or -ESRCH if the process is gone; has_io says whether io is set.
 */
static int read_io(struct sampler *sampler, struct process *process,
                   bool is_own, struct proc_io *io, bool *has_io) {
  struct member *member = process->member;
  bool is_kept = member->io_fd >= 0;
  int fd = member->io_fd;
  int status = 0;

  *has_io = false;
  member->io_error = 0;
  if (member->collect & COLLECT_IO) {
    if (!is_kept)
      fd = proc_io_open(sampler->proc, process->pid);
    status = fd < 0 ? fd : proc_io_read(fd, io);
    if (status == 0 && is_own)
      status = proc_io_of_threads(sampler->proc, process->pid, io);
    *has_io = status == 0;
  }
  bool has_proof = is_kept && (member->collect & COLLECT_IO) != 0;
  bool is_gone =
      has_proof ? status == -ESRCH : !is_same_process(sampler, process);
  if (!is_gone)
    member->io_error = status;
  if (!is_kept && fd >= 0)
    keep_open(sampler, member, fd);
  return is_gone ? -ESRCH : 0;
}

static bool needs_stat(const struct member *member,
                       const struct sample *sample) {
  bool splits_cpu = sample->record != NULL && sample->counts_ended_threads;
  return (member->collect & (COLLECT_PAGE_FAULTS | COLLECT_MEMORY)) != 0 ||
         ((member->collect & COLLECT_CPU) != 0 && !splits_cpu);
}

static void note_stat(struct member *member, const struct proc_stat *stat) {
  member->rss_bytes = stat->rss_bytes;
  member->vm_bytes = stat->vm_bytes;
  member->has_ended = proc_stat_has_ended(stat);
  member->may_be_dead = false;
}

/* The TGID record of a single-threaded zombie is blank while that of its thread
 * has the final figures. Returns whether it is one. */
static bool ask_zombie(struct sampler *sampler, const struct process *process,
                       struct query_answer *answer) {
  uint32_t pid = (uint32_t)process->pid;
  int status = -ENOTCONN;

  if (sampler->query != NULL) {
    status = query_records(sampler->query, MESSAGE_THREAD, &pid, 1, answer);
    if (status != 0)
      disconnect(sampler, status);
  }
  if (status != 0)
    answer->error = status;
  return answer->error == 0 && !record_is_blank(&answer->record);
}

/*
 * Books a sample. One that was taken before the process's exit record was
 * booked is of no use after it; one that was taken later knows a zombie's exact
 * CPU time and I/O. Returns false if the process is not the one that it was.
 */
static bool book(struct sampler *sampler, struct process *process,
                 struct sample *sample, struct record *record,
                 struct proc_io *io, bool had_exited) {
  struct member *member = process->member;
  bool is_same = true;

  ledger_lock(sampler->ledger);
  const struct ended *ended = process->ended;
  if (record != NULL && !sample->counts_ended_threads &&
      sampler->ledger->listens) {
    /* What such a kernel leaves out is in the threads' exit records. */
    sample->adds_ended_threads = true;
    record->switches_voluntary += ended != NULL ? ended->switches_voluntary : 0;
    record->switches_involuntary +=
        ended != NULL ? ended->switches_involuntary : 0;
  }
  if (sample->io != NULL && sample->io_is_own && ended != NULL) {
    io->read_chars += ended->read_chars;
    io->write_chars += ended->write_chars;
    io->read_bytes += ended->read_bytes;
    io->write_bytes += ended->write_bytes;
  }
  if (process->has_exited == had_exited) {
    is_same = had_exited || sample->cpu_ns >= account_cpu_ns(&member->account);
    if (is_same && !member_update(member, sample))
      process->clock_ns = PROCESS_CLOCK_UNKNOWN; /* ask again */
  }
  ledger_unlock(sampler->ledger);
  return is_same;
}

/* Takes a sample of a process, whose record was just asked for; answer is NULL
 * if there is none. Returns false if the process is gone. */
static bool take_sample(struct sampler *sampler, struct process *process,
                        struct query_answer *answer) {
  struct member *member = process->member;
  struct sample sample = {.counts_ended_threads =
                              sampler->counts_ended_threads};
  struct record *record = NULL;
  bool had_exited = process->has_exited;
  bool is_zombie = false;

  if (answer != NULL && answer->error == 0 &&
      record_is_blank(&answer->record)) {
    is_zombie = ask_zombie(sampler, process, answer);
    sample.counts_ended_threads = true;
  }
  if (answer != NULL && answer->error == 0 && !had_exited) {
    sample.record = record = &answer->record;
  } else if (answer != NULL && answer->error != 0) {
    if (is_vanished(answer->error))
      return false;
    sampler->status.taskstats = answer->error;
    process->clock_ns = PROCESS_CLOCK_UNKNOWN; /* ask again at the next read */
  }

  struct proc_io io;
  struct proc_stat stat;
  uint32_t threads;
  if (proc_cpu_clock(process->pid, &sample.cpu_ns) != 0 ||
      proc_threads(sampler->proc, process->pid, &threads) != 0)
    return false;
  /* One thread where there were more, or none known, or no record to tell: a
   * zombie, perhaps. */
  bool may_have_ended =
      threads <= 1 && (member->threads != 1 || sample.record == NULL);
  if ((may_have_ended || needs_stat(member, &sample)) &&
      proc_stat(sampler->proc, process->pid, &stat) == 0)
    sample.stat = &stat;
  bool has_io;
  sample.io_is_own = process->has_ended_children;
  if (read_io(sampler, process, sample.io_is_own, &io, &has_io) != 0)
    return false;
  /* The exit records have the threads' own I/O already. */
  if (has_io && !(had_exited && sample.io_is_own))
    sample.io = &io;
  if (!book(sampler, process, &sample, record, &io, had_exited))
    return false;

  member->is_new = false;
  member->threads = threads;
  member->has_ended = is_zombie;
  member->may_be_dead = threads <= 1 && !is_zombie;
  if (sample.stat != NULL)
    note_stat(member, &stat);
  return true;
}

void sampler_add(struct sampler *sampler, struct process *process) {
  sampler->batch[sampler->batch_size++] = process;
  if (sampler->batch_size == QUERY_BATCH)
    sampler_flush(sampler);
}

void sampler_flush(struct sampler *sampler) {
  struct query_answer answers[QUERY_BATCH];
  bool has_answers = false;

  if (sampler->query != NULL && sampler->batch_size > 0) {
    uint32_t ids[QUERY_BATCH];
    for (size_t i = 0; i < sampler->batch_size; i++)
      ids[i] = (uint32_t)sampler->batch[i]->pid;
    int status = query_records(sampler->query, MESSAGE_PROCESS, ids,
                               sampler->batch_size, answers);
    has_answers = status == 0;
    if (status != 0)
      disconnect(sampler, status);
  }
  for (size_t i = 0; i < sampler->batch_size; i++) {
    struct process *process = sampler->batch[i];
    if (!has_answers)
      process->clock_ns = PROCESS_CLOCK_UNKNOWN; /* ask again */
    if (!take_sample(sampler, process, has_answers ? &answers[i] : NULL))
      process->member->is_gone = true;
  }
  sampler->batch_size = 0;
}

void sampler_look_at_exited(struct sampler *sampler, struct process *process) {
  if (!take_sample(sampler, process, NULL))
    process->member->is_gone = true;
}

void sampler_look_at_idle(struct sampler *sampler, struct process *process) {
  struct member *member = process->member;
  struct proc_stat stat;

  if ((member->may_be_dead || (member->collect & COLLECT_MEMORY) != 0) &&
      proc_stat(sampler->proc, process->pid, &stat) == 0)
    note_stat(member, &stat);
}
