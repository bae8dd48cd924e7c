/* SPDX-License-Identifier: MIT */
/*
 * The simulated kernel: replaces plugin/kernel/procfs*.c, query.c and
 * fd_budget.c.
 */
#include "kernel/fd_budget.h"
#include "kernel/oom_watch.h"
#include "kernel/process_clock.h"
#include "kernel/procfs.h"
#include "kernel/query.h"
#include "steps.h"
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TICK_NS = 10000000, FD_IO = 100000, FD_TASK = 200000 };

struct procfs {
  pid_t next; /* of the listing */
};

int clock_gettime(clockid_t clock, struct timespec *t) {
  (void)clock;
  t->tv_sec = (time_t)(world.now_ns / 1000000000);
  t->tv_nsec = (long)(world.now_ns % 1000000000);
  return 0;
}

/* Descriptors are indexes: there is nothing to close. */
int close(int fd) {
  (void)fd;
  return 0;
}

/* After a pause, because the process may end meanwhile. */
static struct machine_process *look_up(pid_t pid) {
  steps_pause();
  return world_find(pid);
}

int procfs_open(const char *root, struct procfs **proc) {
  (void)root;
  *proc = calloc(1, sizeof(**proc));
  return *proc != NULL ? 0 : -ENOMEM;
}

void procfs_close(struct procfs *proc) { free(proc); }

bool procfs_has_other_pids(struct procfs *proc) {
  (void)proc;
  return false;
}

/* No process hangs. */
bool procfs_has_returned(const struct procfs *proc) {
  (void)proc;
  return true;
}

bool procfs_is_vanished(int status) {
  return status == -ENOENT || status == -ESRCH;
}

void procfs_rewind(struct procfs *proc) {
  proc->next = 1;
  steps_note_listing();
}

int procfs_next(struct procfs *proc, pid_t *pid, uint32_t *inode) {
  steps_pause();
  for (; proc->next < WORLD_PIDS; proc->next++) {
    const struct machine_process *p = world_find(proc->next);
    if (p == NULL)
      continue;
    *pid = proc->next++;
    *inode = p->inode;
    return 1;
  }
  return 0;
}

int procfs_inode(struct procfs *proc, pid_t pid, uint32_t *inode) {
  (void)proc;
  const struct machine_process *p = look_up(pid);
  if (p == NULL)
    return -ENOENT;
  *inode = p->inode;
  return 0;
}

static uint32_t count_threads(const struct machine_process *p) {
  uint32_t count = world_live_tasks(p);
  /* A main thread that has ended remains as long as there are others. */
  return count + (p->task[0].has_exited || count == 0);
}

int procfs_threads(struct procfs *proc, pid_t pid, uint32_t *threads) {
  (void)proc;
  const struct machine_process *p = look_up(pid);
  if (p == NULL)
    return -ENOENT;
  *threads = count_threads(p);
  return 0;
}

static struct machine_process *of_descriptor(int fd, int kind) {
  steps_pause();
  struct machine_process *p = &world.process[fd - kind];
  return p->life == LIFE_REAPED ? NULL : p;
}

int procfs_task_open(struct procfs *proc, pid_t pid) {
  (void)proc;
  const struct machine_process *p = look_up(pid);
  return p == NULL ? -ENOENT : (int)(p - world.process) + FD_TASK;
}

int procfs_task_threads(int fd, uint32_t *threads) {
  const struct machine_process *p = of_descriptor(fd, FD_TASK);
  if (p == NULL)
    return -ESRCH;
  *threads = count_threads(p);
  return 0;
}

int procfs_stat(struct procfs *proc, pid_t pid, struct procfs_stat *stat) {
  (void)proc;
  const struct machine_process *p = look_up(pid);
  uint64_t total[USES];
  if (p == NULL)
    return -ENOENT;
  world_total(p, total);
  *stat = (struct procfs_stat){
      .state = p->life == LIFE_ZOMBIE || p->task[0].has_exited ? 'Z' : 'R',
      .ppid = world.process[p->parent].pid,
      .is_exiting = p->task[0].has_exited,
      .is_forked = p->is_forked,
      .children_faults = p->children[USE_FAULTS],
      .faults_minor = total[USE_FAULTS],
      .threads = count_threads(p),
      .start_ticks = p->start_ns / TICK_NS,
  };
  snprintf(stat->comm, sizeof(stat->comm), "%s", p->comm);
  return 0;
}

/* No rule collects memory or open files. */
int procfs_memory(struct procfs *proc, pid_t pid,
                  struct procfs_memory *memory) {
  (void)proc;
  *memory = (struct procfs_memory){0};
  return look_up(pid) != NULL ? 0 : -ENOENT;
}

int procfs_files(struct procfs *proc, pid_t pid, uint32_t *files) {
  (void)proc;
  *files = 0;
  return look_up(pid) != NULL ? 0 : -ENOENT;
}

bool procfs_stat_has_ended(const struct procfs_stat *stat) {
  return stat->state == 'Z' && stat->threads <= 1;
}

static void fill_io(const uint64_t used[USES], struct procfs_io *io) {
  *io = (struct procfs_io){.write_chars = used[USE_CHARS],
                           .write_calls = used[USE_CALLS]};
}

int procfs_io_open(struct procfs *proc, pid_t pid) {
  (void)proc;
  const struct machine_process *p = look_up(pid);
  return p == NULL ? -ENOENT : (int)(p - world.process) + FD_IO;
}

int procfs_io_read(struct procfs *proc, pid_t pid, int fd,
                   struct procfs_io *io) {
  (void)proc;
  const struct machine_process *p =
      fd < 0 ? look_up(pid) : of_descriptor(fd, FD_IO);
  uint64_t total[USES];
  if (p == NULL)
    return -ESRCH;
  world_total(p, total);
  for (unsigned int u = 0; u < USES; u++)
    total[u] += p->children[u];
  fill_io(total, io);
  return 0;
}

int procfs_io_of_threads(struct procfs *proc, pid_t pid, struct procfs_io *io) {
  (void)proc;
  const struct machine_process *p = look_up(pid);
  uint64_t total[USES] = {0};
  if (p == NULL)
    return -ENOENT;
  for (unsigned int i = 0; i < p->tasks; i++)
    /* A main thread stays until the process is reaped. */
    for (unsigned int u = 0; u < USES && (!p->task[i].has_exited || i == 0);
         u++)
      total[u] += p->task[i].used[u];
  fill_io(total, io);
  return 0;
}

int procfs_tids(struct procfs *proc, pid_t pid, uint32_t *tids, size_t size,
                size_t *count) {
  (void)proc;
  const struct machine_process *p = look_up(pid);
  if (p == NULL)
    return -ENOENT;
  *count = 0;
  for (unsigned int i = 0; i < p->tasks && *count < size; i++)
    if (!p->task[i].has_exited)
      tids[(*count)++] = p->task[i].tid;
  return 0;
}

int procfs_cmdline(struct procfs *proc, pid_t pid, char **cmdline) {
  (void)proc;
  const struct machine_process *p = look_up(pid);
  if (p == NULL)
    return -ENOENT;
  *cmdline = calloc(1, sizeof(p->comm) + 2);
  if (*cmdline == NULL)
    return -ENOMEM;
  if (p->life == LIFE_LIVE)
    sprintf(*cmdline, "%s%s", p->comm, p->has_c ? " c" : "");
  return 0;
}

int procfs_exe(struct procfs *proc, pid_t pid, char *path, size_t size) {
  (void)proc;
  (void)path;
  (void)size;
  return look_up(pid) == NULL ? -ENOENT : -EACCES;
}

int procfs_uid(struct procfs *proc, pid_t pid, uid_t *uid) {
  (void)proc;
  *uid = 0;
  return look_up(pid) == NULL ? -ENOENT : 0;
}

int procfs_cgroup(struct procfs *proc, pid_t pid,
                  procfs_is_preferred *is_preferred, char *path, size_t size) {
  (void)proc;
  (void)is_preferred;
  snprintf(path, size, "/");
  return look_up(pid) == NULL ? -ENOENT : 0;
}

int procfs_delay_accounting(struct procfs *proc, bool *on) {
  (void)proc;
  *on = true;
  return 0;
}

bool procfs_can_switch_delay_accounting(struct procfs *proc) {
  (void)proc;
  return true;
}

int procfs_enable_delay_accounting(struct procfs *proc) {
  (void)proc;
  return 0;
}

bool procfs_shifts_clocks(struct procfs *proc) {
  (void)proc;
  return false;
}

bool process_clock_may_be_final(pid_t pid) {
  const struct machine_process *p = look_up(pid);
  return p != NULL && world_live_tasks(p) == 0;
}

int process_clock_ns(pid_t pid, uint64_t *ns) {
  const struct machine_process *p = look_up(pid);
  uint64_t total[USES];
  if (p == NULL)
    return -ESRCH;
  world_total(p, total);
  *ns = total[USE_CPU];
  return 0;
}

/* Queries */

struct query {
  int nothing;
};

int query_open(struct query **query) {
  *query = calloc(1, sizeof(**query));
  return *query != NULL ? 0 : -ENOMEM;
}

void query_close(struct query *query) { free(query); }

static void fill_answer(const uint64_t used[USES], struct record *record) {
  *record = (struct record){.version = world.version};
  record->cpu_ns = used[USE_CPU];
  record->delay_ns[DELAY_SWAPIN] = used[USE_DELAY];
  record->waits[DELAY_SWAPIN] = used[USE_DELAY] > 0;
}

/* The last thread counts twice between its accounting and its end; for a zombie
 * that was always single-threaded, all values are 0. */
static void answer_process(const struct machine_process *p,
                           struct record *record) {
  uint64_t total[USES];
  world_total(p, total);
  if (p->life == LIFE_DYING)
    for (unsigned int u = 0; u < USES; u++)
      total[u] += p->task[0].used[u];
  if (p->life == LIFE_ZOMBIE && p->tasks == 1)
    memset(total, 0, sizeof(total));
  fill_answer(total, record);
}

int query_records(struct query *query, enum message_target target,
                  const uint32_t *ids, size_t count,
                  struct query_answer *answers) {
  (void)query;
  for (size_t i = 0; i < count; i++) {
    steps_pause();
    struct machine_process *p = world_find((pid_t)ids[i]);
    struct task *task = NULL;
    if (target == MESSAGE_THREAD)
      task = world_find_task(ids[i], &p);
    answers[i].error = target == MESSAGE_THREAD ? (task == NULL ? -ESRCH : 0)
                                                : (p == NULL ? -ESRCH : 0);
    if (answers[i].error != 0)
      continue;
    if (task != NULL)
      fill_answer(task->used, &answers[i].record);
    else
      answer_process(p, &answers[i].record);
    if (task != NULL)
      answers[i].record.elapsed_us = (world.now_ns - task->start_ns) / 1000;
  }
  return 0;
}

int query_counts_ended_threads(struct query *query, bool *counts) {
  (void)query;
  *counts = true;
  return 0;
}

/* Descriptors */

bool fd_budget_have_room(struct fd_budget *files) {
  (void)files;
  return true;
}

int fd_budget_keep(struct fd_budget *files, int fd) {
  (void)files;
  return fd < 0 ? -1 : fd;
}

void fd_budget_release(struct fd_budget *files, int fd) {
  (void)files;
  (void)fd;
}

/* There are no cgroups, and there is no OOM killer. */
int procfs_cgroups(struct procfs *proc, pid_t pid,
                   procfs_is_preferred *is_preferred,
                   struct procfs_cgroups *cgroups) {
  (void)proc;
  (void)pid;
  (void)is_preferred;
  (void)cgroups;
  return -ENOENT;
}

void oom_watch_refresh(struct oom_watch *watch) { (void)watch; }

struct oom_verdict oom_watch_ask(struct oom_watch *watch,
                                 const struct oom_question *question) {
  (void)watch;
  (void)question;
  return (struct oom_verdict){0};
}
