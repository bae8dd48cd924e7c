/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <string.h>

struct world world;

enum { TICK_NS = 10000000 };

void world_reset(uint16_t version) {
  world.version = version;
  world.now_ns = UINT64_C(1000000000000);
  world.processes = 1;
  world.next_tid = 1000;
  world.next_inode = 1;
  world.records = world.records_taken = 0;
  world.events = world.events_taken = 0;
  world.looked_at[0] = world.looked_at[1] = 0;
  world.process[INIT] = (struct machine_process){
      .life = LIFE_LIVE,
      .pid = 1,
      .comm = "init",
      .tasks = 1,
      .task = {{.tid = 1, .used = {[USE_CPU] = 1000}}},
  };
}

struct machine_process *world_find(pid_t pid) {
  for (unsigned int i = world.processes; i-- > 0;)
    if (world.process[i].pid == pid && world.process[i].life != LIFE_REAPED)
      return &world.process[i];
  return NULL;
}

struct task *world_find_task(uint32_t tid, struct machine_process **process) {
  for (unsigned int i = world.processes; i-- > 0;) {
    struct machine_process *p = &world.process[i];
    for (unsigned int k = 0; p->life != LIFE_REAPED && k < p->tasks; k++)
      if (p->task[k].tid == tid) {
        *process = p;
        return &p->task[k];
      }
  }
  return NULL;
}

unsigned int world_live_tasks(const struct machine_process *process) {
  unsigned int count = 0;
  for (unsigned int i = 0; i < process->tasks; i++)
    count += !process->task[i].has_exited;
  return count;
}

void world_total(const struct machine_process *process, uint64_t total[USES]) {
  memset(total, 0, USES * sizeof(total[0]));
  for (unsigned int i = 0; i < process->tasks; i++)
    for (unsigned int u = 0; u < USES; u++)
      total[u] += process->task[i].used[u];
}

/* The lowest free one: pids are reused as soon as possible. 2 is kthreadd. */
static pid_t free_pid(void) {
  for (pid_t pid = 3; pid < WORLD_PIDS; pid++)
    if (world_find(pid) == NULL && pid != world.looked_at[0] &&
        pid != world.looked_at[1])
      return pid;
  return 0;
}

/* Whether records have the process of their thread. */
static bool has_owners(void) {
  return world.version >= RECORD_VERSION_LAST_THREAD;
}

static void add_event(const struct process_event *event) {
  if (world.events == WORLD_EVENTS)
    return;
  world.event[world.events] = *event;
  world.event[world.events++].time_ns = world.now_ns;
}

static struct task *add_task(struct machine_process *process, uint32_t tid) {
  struct task *task = &process->task[process->tasks++];
  *task = (struct task){
      .tid = tid, .start_ns = world.now_ns, .used = {[USE_CPU] = 1000}};
  return task;
}

bool world_fork(unsigned int parent, unsigned int *child) {
  struct machine_process *from = &world.process[parent];
  if (world.processes == WORLD_PROCESSES || from->life != LIFE_LIVE)
    return false;

  pid_t pid = free_pid();
  world.now_ns += 2 * TICK_NS; /* a pid is not reused within a tick */
  struct machine_process *p = &world.process[world.processes];
  *p = (struct machine_process){
      .life = LIFE_LIVE,
      .pid = pid,
      .parent = parent,
      .start_ns = world.now_ns,
      .inode = world.next_inode++,
      .is_forked = true,
      .has_c = from->has_c,
  };
  memcpy(p->comm, from->comm, sizeof(p->comm));
  add_task(p, (uint32_t)pid);
  world.now_ns += 1000;
  add_event(&(struct process_event){
      .kind = PROCESS_FORKED, .pid = pid, .parent = from->pid});
  *child = world.processes++;
  return true;
}

bool world_start_task(unsigned int process) {
  struct machine_process *p = &world.process[process];
  if (p->life != LIFE_LIVE || p->tasks == WORLD_TASKS || process == INIT)
    return false;
  pid_t tid = (pid_t)add_task(p, world.next_tid++)->tid;
  if (!has_owners())
    add_event(&(struct process_event){
        .kind = PROCESS_THREAD, .pid = p->pid, .tid = tid});
  return true;
}

void world_use(unsigned int process, unsigned int task,
               const uint64_t used[USES]) {
  for (unsigned int u = 0; u < USES; u++)
    world.process[process].task[task].used[u] += used[u];
}

/* As in the kernel, only the main thread's record shows whether its process
 * never called exec. */
static void fill_record(const struct machine_process *p,
                        const struct task *task, struct record *record) {
  bool is_main = task->tid == (uint32_t)p->pid;
  *record = (struct record){
      .version = world.version,
      .cpu_ns = task->used[USE_CPU],
      .switches_voluntary = 1,
      .flags = p->is_forked && is_main ? RECORD_FORKED : 0,
      .exit_code = task->exit_code,
      .pid = task->tid,
      .ppid = (uint32_t)world.process[p->parent].pid,
      .elapsed_us = (world.now_ns - task->start_ns) / 1000,
      .faults_minor = task->used[USE_FAULTS],
      .write_chars = task->used[USE_CHARS] & ~UINT64_C(1023),
      .tgid = (uint32_t)p->pid,
      .process_elapsed_us = (world.now_ns - p->start_ns) / 1000,
  };
  record->delay_ns[DELAY_SWAPIN] = task->used[USE_DELAY];
  record->waits[DELAY_SWAPIN] = task->used[USE_DELAY] > 0;
  memcpy(record->comm, p->comm, sizeof(p->comm));
}

static void queue_record(struct machine_process *p, struct task *task,
                         bool is_last) {
  struct message *message = &world.record[world.records];
  if (world.records == WORLD_RECORDS)
    return;
  world.records++;
  *message = (struct message){.has = {[MESSAGE_THREAD] = true}};
  message->id[MESSAGE_THREAD] = task->tid;
  struct record *record = &message->record[MESSAGE_THREAD];
  fill_record(p, task, record);
  if (!is_last)
    return;
  record->flags |= RECORD_LAST_THREAD;
  if (p->tasks == 1)
    return;
  uint64_t total[USES];
  world_total(p, total);
  message->has[MESSAGE_PROCESS] = true;
  message->id[MESSAGE_PROCESS] = (uint32_t)p->pid;
  struct record *whole = &message->record[MESSAGE_PROCESS];
  *whole = (struct record){.version = world.version,
                           .cpu_ns = total[USE_CPU],
                           .switches_voluntary = p->tasks};
  whole->delay_ns[DELAY_SWAPIN] = total[USE_DELAY];
  whole->waits[DELAY_SWAPIN] = total[USE_DELAY] > 0;
}

void world_copy_record(unsigned int record, struct message *copy) {
  *copy = world.record[record];
  if (has_owners())
    return;
  struct record *thread = &copy->record[MESSAGE_THREAD];
  thread->tgid = 0;
  thread->process_elapsed_us = 0;
  thread->flags &= (uint8_t)~RECORD_LAST_THREAD;
}

static void end_task(struct machine_process *p, struct task *task,
                     uint32_t exit_code, bool is_last) {
  task->exit_code = exit_code;
  task->has_exited = true;
  queue_record(p, task, is_last);
}

bool world_exit_task(unsigned int process, unsigned int task,
                     uint32_t exit_code) {
  struct machine_process *p = &world.process[process];
  if (p->life != LIFE_LIVE || task >= p->tasks || p->task[task].has_exited ||
      world_live_tasks(p) < 2)
    return false;
  end_task(p, &p->task[task], exit_code, false);
  return true;
}

/* The other threads end, and the thread that called exec takes the main
 * thread's place. */
bool world_exec(unsigned int process, unsigned int task, const char *comm,
                bool has_c) {
  struct machine_process *p = &world.process[process];
  if (p->life != LIFE_LIVE || process == INIT || task >= p->tasks ||
      p->task[task].has_exited)
    return false;

  for (unsigned int i = 0; i < p->tasks; i++)
    if (i != task && !p->task[i].has_exited)
      end_task(p, &p->task[i], 0, false);
  p->has_other_main |= task != 0;
  if (task != 0) {
    struct task main = p->task[0];
    p->task[0] = p->task[task];
    p->task[task] = main;
    p->task[task].tid = p->task[0].tid;
    p->task[0].tid = (uint32_t)p->pid;
    p->task[0].start_ns = main.start_ns;
  }
  strncpy(p->comm, comm, sizeof(p->comm) - 1);
  p->is_forked = false;
  p->has_c = has_c;
  add_event(&(struct process_event){.kind = PROCESS_EXECED, .pid = p->pid});
  return true;
}

bool world_rename(unsigned int process, const char *comm) {
  struct machine_process *p = &world.process[process];
  if (p->life != LIFE_LIVE || process == INIT || p->task[0].has_exited)
    return false;
  strncpy(p->comm, comm, sizeof(p->comm) - 1);
  add_event(&(struct process_event){.kind = PROCESS_RENAMED, .pid = p->pid});
  return true;
}

/* The process that adopts the children of a process that ends. */
static unsigned int find_reaper(unsigned int process) {
  unsigned int reaper = world.process[process].parent;
  while (reaper != INIT && (world.process[reaper].life != LIFE_LIVE ||
                            !world.process[reaper].is_subreaper))
    reaper = world.process[reaper].parent;
  return reaper;
}

static void give_children_away(unsigned int parent) {
  for (unsigned int i = 1; i < world.processes; i++)
    if (world.process[i].parent == parent)
      world.process[i].parent = find_reaper(parent);
}

bool world_exit(unsigned int process, uint32_t exit_code, unsigned int last,
                bool are_shuffled) {
  struct machine_process *p = &world.process[process];
  struct task *ending[WORLD_TASKS];
  unsigned int count = 0;

  if (p->life != LIFE_LIVE || process == INIT)
    return false;
  for (unsigned int i = 0; i < p->tasks; i++)
    if (!p->task[i].has_exited)
      ending[count++] = &p->task[i];
  last %= count;
  struct task *swapped = ending[last];
  ending[last] = ending[count - 1];
  ending[count - 1] = swapped;
  p->exit_code = exit_code;
  for (unsigned int i = 0; i < count; i++) {
    ending[i]->has_exited = true;
    ending[i]->exit_code = exit_code;
  }
  /* The last one's may overtake that of the one before. (If a former main
   * thread has ended, that of the main one had better come first: the plugin
   * takes the former one's name.) */
  bool is_swapped = are_shuffled && count > 1 && !p->has_other_main;
  for (unsigned int i = 0; i + 1 + is_swapped < count; i++)
    queue_record(p, ending[i], false);
  queue_record(p, ending[count - 1], true);
  if (is_swapped)
    queue_record(p, ending[count - 2], false);
  p->life = LIFE_DYING;
  return true;
}

bool world_become_zombie(unsigned int process) {
  struct machine_process *p = &world.process[process];
  if (p->life != LIFE_DYING)
    return false;
  p->life = LIFE_ZOMBIE;
  give_children_away(process);
  return true;
}

bool world_reap(unsigned int process, bool is_waited_for) {
  struct machine_process *p = &world.process[process];
  struct machine_process *parent = &world.process[p->parent];
  /* A process that is ending no longer waits for children. */
  if (p->life != LIFE_ZOMBIE || (is_waited_for && parent->life != LIFE_LIVE))
    return false;
  p->life = LIFE_REAPED;
  if (!is_waited_for)
    return true;
  uint64_t total[USES];
  world_total(p, total);
  parent->children[USE_CHARS] += total[USE_CHARS] + p->children[USE_CHARS];
  parent->children[USE_CALLS] += total[USE_CALLS] + p->children[USE_CALLS];
  parent->children[USE_FAULTS] +=
      total[USE_FAULTS] + p->children[USE_FAULTS] + 1;
  return true;
}
