/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_WORLD_H
#define TASKSTATS_WORLD_H

#include "kernel/message.h"
#include "kernel/process_events.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A simulated machine: processes that fork, exec, use resources and end, and
 * what a kernel would report of them at any time. It behaves like Linux
 * (plugin/README.md lists the facts); the history determines what happens next.
 */

enum {
  WORLD_PROCESSES = 32, /* in a history */
  WORLD_TASKS = 8,      /* threads of a process, ended ones included */
  WORLD_RECORDS = 512,  /* exit records in the queue */
  WORLD_EVENTS = 256,   /* process events in the queue */
  WORLD_PIDS = 64,
  INIT = 0, /* the index of process 1 */
};

/* The resources that are used. Each is exact in the simulated kernel. */
enum use {
  USE_DELAY,  /* ns of waits for swap */
  USE_CHARS,  /* bytes written */
  USE_CALLS,  /* calls to write */
  USE_CPU,    /* ns */
  USE_FAULTS, /* minor page faults */
  USES
};

struct task {
  uint32_t tid;
  uint64_t start_ns;
  uint64_t used[USES];
  uint32_t exit_code;
  bool has_exited; /* its exit record is queued */
};

enum life { LIFE_FREE, LIFE_LIVE, LIFE_DYING, LIFE_ZOMBIE, LIFE_REAPED };

struct machine_process {
  enum life life;
  pid_t pid;
  unsigned int parent; /* an index */
  uint64_t start_ns;
  uint32_t inode; /* of /proc/<pid> */
  char comm[16];
  bool has_c;          /* its command line contains a "c" */
  bool is_forked;      /* never called exec */
  bool is_subreaper;   /* adopts orphans among its descendants */
  bool has_other_main; /* a thread that called exec took the main one's place */
  uint32_t exit_code;
  struct task task[WORLD_TASKS]; /* the first is the main thread */
  unsigned int tasks;
  /* What the process got by waiting for children: their bytes and calls count
   * as its own, and their page faults show that it waited. */
  uint64_t children[USES];
};

struct world {
  uint16_t version; /* of its records */
  uint64_t now_ns;
  struct machine_process process[WORLD_PROCESSES];
  unsigned int processes; /* including reaped ones */
  uint32_t next_tid, next_inode;
  struct message record[WORLD_RECORDS];
  unsigned int records, records_taken;
  struct process_event event[WORLD_EVENTS];
  unsigned int events, events_taken;
  pid_t looked_at[2]; /* pids that are not reused for now */
};

extern struct world world;

/* Resets the machine to process 1 only. Its records have this version; before
 * 12, it also has events of new threads. */
void world_reset(uint16_t version);

/* A record as its version has it: the queue has what the newest one has. */
void world_copy_record(unsigned int record, struct message *copy);

/* Each returns false if that is impossible now. */
bool world_fork(unsigned int parent, unsigned int *child);
bool world_start_task(unsigned int process);
/* A thread other than the last one ends. */
bool world_exit_task(unsigned int process, unsigned int task,
                     uint32_t exit_code);
bool world_exec(unsigned int process, unsigned int task, const char *comm,
                bool has_c);
bool world_rename(unsigned int process, const char *comm);
/* All threads end; the one with the last record is last, and the records come
 * in another order if they are shuffled. */
bool world_exit(unsigned int process, uint32_t exit_code, unsigned int last,
                bool are_shuffled);
bool world_become_zombie(unsigned int process);
/* Reaps a zombie: the parent waits for it, or ignores SIGCHLD. */
bool world_reap(unsigned int process, bool is_waited_for);

void world_use(unsigned int process, unsigned int task,
               const uint64_t used[USES]);

/* The process that has the pid now, or NULL. */
struct machine_process *world_find(pid_t pid);
struct task *world_find_task(uint32_t tid, struct machine_process **process);

unsigned int world_live_tasks(const struct machine_process *process);

/* What a process used itself, ended threads included. */
void world_total(const struct machine_process *process, uint64_t total[USES]);

#endif
