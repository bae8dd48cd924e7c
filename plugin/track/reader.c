/* SPDX-License-Identifier: MIT */
#include "track/reader.h"

#include "kernel/clock.h"
#include "kernel/process_clock.h"
#include "select/path_watch.h"
#include "select/user_cache.h"
#include "track/listed_process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { INIT_PID = 1 };

struct reader {
  struct tracker *tracker;
  struct procfs *proc;
  struct sampler *sampler;
  struct selection selection;

  bool sees_init; /* in this read */

  uint32_t lookups;     /* changes of users and executables, counted */
  bool lookups_changed; /* since the last read */

  int clocks;          /* as it reports them */
  bool has_other_pids; /* in /proc */
  struct reader_report *report;
};

#define SECOND_NS UINT64_C(1000000000)

/* Notes since when the kernel counts all kinds of delay. */
static void note_delay_accounting(struct tracker *tracker, bool is_on,
                                  uint64_t boot_ns) {
  tracker_lock(tracker);
  if (!is_on)
    tracker->delays_since_ns = UINT64_MAX;
  else if (tracker->delays_since_ns == UINT64_MAX)
    tracker->delays_since_ns = boot_ns;
  tracker_unlock(tracker);
}

int reader_create(const char *root, struct tracker *tracker,
                  struct reader **reader) {
  struct reader *r = calloc(1, sizeof(*r));
  if (r == NULL)
    return -ENOMEM;

  r->tracker = tracker;
  int status = procfs_open(root, &r->proc);
  if (status == 0 && (r->sampler = sampler_create(r->proc, tracker)) == NULL)
    status = -ENOMEM;
  r->selection = (struct selection){.tracker = tracker,
                                    .sampler = r->sampler,
                                    .proc = r->proc,
                                    .tick_ns = clock_tick_ns()};
  if (status == 0)
    status = join_init(&r->selection.join, tracker);
  if (status != 0) {
    reader_destroy(r);
    return status;
  }
  r->clocks = procfs_shifts_clocks(r->proc) ? -EXDEV : 0;
  r->has_other_pids = procfs_has_other_pids(r->proc);
  bool on;
  bool is_told = procfs_delay_accounting(r->proc, &on) == 0;
  /* Since when, nobody knows. */
  note_delay_accounting(tracker, false, 0);
  note_delay_accounting(tracker, is_told && on, tracker->since_ns);
  *reader = r;
  return 0;
}

void reader_destroy(struct reader *reader) {
  if (reader == NULL)
    return;
  sampler_destroy(reader->sampler);
  procfs_close(reader->proc);
  join_clear(&reader->selection.join);
  free(reader);
}

void reader_look_up_users(struct reader *reader) {
  char name[GROUP_NAME_SIZE];
  pid_t pid;
  uint32_t inode;
  uid_t uid;

  procfs_rewind(reader->proc);
  while (procfs_next(reader->proc, &pid, &inode) > 0)
    if (procfs_uid(reader->proc, pid, &uid) == 0)
      user_cache_name(uid, name, sizeof(name));
}

struct procfs *reader_proc(const struct reader *reader) {
  return reader->proc;
}

void reader_abandon_read(struct reader *reader, struct procfs *again,
                         pid_t hung) {
  if (again != NULL)
    reader->proc = reader->selection.proc = again;
  sampler_abandon_batch(reader->sampler, reader->proc);
  tracker_lock(reader->tracker);
  struct process *process = process_table_find(reader->tracker->table, hung);
  if (process != NULL) {
    process->due = PROCESS_DUE_NOW;
    process->clock_ns = PROCESS_CLOCK_UNKNOWN;
  }
  tracker_unlock(reader->tracker);
}

int reader_enable_delay_accounting(struct reader *reader) {
  bool on;
  int status = procfs_delay_accounting(reader->proc, &on);
  if (status == 0 && !on) {
    status = procfs_enable_delay_accounting(reader->proc);
    if (status == 0) {
      note_delay_accounting(reader->tracker, true, clock_ns(CLOCK_BOOTTIME));
      status = 1;
    }
  }
  return status;
}

/* A process was listed, but is gone already. */
static void lose(struct reader *reader, struct process *process) {
  tracker_lock(reader->tracker);
  process->seen = LISTED_PROCESS_NO_READ;
  tracker_unlock(reader->tracker);
}

/* Leaves a process that does not answer as it is. */
static void leave_out(struct reader *reader, pid_t pid, uint32_t inode) {
  tracker_lock(reader->tracker);
  struct process *process = process_table_find(reader->tracker->table, pid);
  if (process != NULL && process_is_listed(process) && process->inode == inode)
    process->seen = reader->tracker->read;
  tracker_unlock(reader->tracker);
}

/* The process that has the pid, if a read has met it: its identity is pid and
 * start time, but an unchanged inode number of /proc/<pid> says the same at no
 * cost. */
static struct process *find_by_inode(const struct reader *reader, pid_t pid,
                                     uint32_t inode) {
  tracker_lock(reader->tracker);
  struct process *process = process_table_find(reader->tracker->table, pid);
  bool is_known =
      process != NULL && process_is_listed(process) && process->inode == inode;
  tracker_unlock(reader->tracker);
  return is_known ? process : NULL;
}

/* Finds out which process has the pid. NULL if it is gone. */
static struct process *identify(struct reader *reader, pid_t pid,
                                uint32_t inode) {
  int error = 0;
  struct process *process =
      listed_process_identify(&reader->selection, pid, inode, &error);
  if (error != 0) {
    reader->report->select = error;
    reader->sees_init &= pid != INIT_PID;
  }
  return process;
}

/* Looks at one process of the listing. Those of no group cost nothing more,
 * until it is their turn to be selected anew. */
static void visit(struct reader *reader, pid_t pid, uint32_t inode) {
  struct process *process = find_by_inode(reader, pid, inode);
  if (process == NULL)
    process = identify(reader, pid, inode);
  if (process == NULL)
    return;
  bool is_new = process->seen == LISTED_PROCESS_NO_READ;
  process->seen = reader->tracker->read;

  bool is_due =
      !is_new && (reader->lookups_changed ||
                  process->due <= reader->selection.begin_ns / SECOND_NS);
  if (process->member == NULL && !is_due)
    return;
  uint64_t clock_ns;
  if (process_clock_ns(pid, &clock_ns) != 0) {
    lose(reader, process);
    return;
  }

  bool has_run = clock_ns != process->clock_ns;
  bool was_unused = tracker_knows_as_unused(reader->tracker, process);
  /* What a stranger has become counts from the last look that could tell. */
  if (process->member != NULL)
    process->clock_ns = clock_ns;
  if (is_due &&
      (has_run || process->due == PROCESS_DUE_NOW || reader->lookups_changed ||
       selection_has_moved(&reader->selection, process)))
    selection_renew(&reader->selection, process, clock_ns, was_unused);
  else if (is_due)
    process->due = selection_next_turn(&reader->selection, process);
  if (process->member == NULL)
    return;
  if (!has_run && !process->member->is_new)
    sampler_look_at_idle(reader->sampler, process);
  else if (lifecycle_action(process->state, FACT_LISTED) ==
           ACTION_SAMPLE_ENDING)
    sampler_look_at_exited(reader->sampler, process);
  else
    sampler_add(reader->sampler, process);
}

/* Returns 0 when all processes were visited, or a negative errno. Process 1 is
 * always there, and somebody else's unless collectd is root: if it is not to be
 * seen, nor are others. */
static int visit_all(struct reader *reader) {
  pid_t pid;
  uint32_t inode;
  int status;
  size_t count = 0;

  reader->sees_init = false;
  procfs_rewind(reader->proc);
  while ((status = procfs_next(reader->proc, &pid, &inode)) > 0) {
    reader->sees_init |= pid == INIT_PID;
    if (hung_processes_has(&reader->tracker->hung, pid))
      leave_out(reader, pid, inode);
    else
      visit(reader, pid, inode);
    count++;
  }
  sampler_flush(reader->sampler);
  if (status == 0 && count == 0)
    return -ENODEV;
  return status == 0 && !reader->sees_init ? -EACCES : status;
}

/* Keeps what is there, and counts it; and what may be told of yet. */
static bool keep_process(void *context, struct process *process)
    REQUIRES(tracker_mutex) {
  struct reader *reader = context;
  struct member *member = process->member;
  uint32_t read = reader->tracker->read;

  /* The listener may have entered it after this read passed its pid by. */
  if (!process_is_listed(process) && process->seen == read)
    return true;
  if (process->seen != read || (member != NULL && member->is_gone))
    return listed_process_note_unlisted(&reader->selection, process);
  if (selection_is_undecided(process->select_error))
    reader->report->undecided++;
  else if (process->select_error != 0)
    reader->report->select = process->select_error;
  if (member != NULL && !process_has_exited(process)) {
    member_add_gauges(member);
    reader->report->members++;
    if (member->io_error != 0)
      reader->report->io = member->io_error;
  }
  return true;
}

/* The same after a listing that lacked some: who is not seen may be there. Only
 * those go of whom the listener knows that they are gone. */
static bool keep_unless_ended(void *context, struct process *process)
    REQUIRES(tracker_mutex) {
  struct reader *reader = context;
  bool is_gone = process_has_exited(process);
  bool is_fresh =
      !process_is_listed(process) && process->seen == reader->tracker->read;
  return !is_gone || is_fresh ||
         listed_process_note_unlisted(&reader->selection, process);
}

static void select_again(void *context, pid_t pid) {
  struct reader *reader = context;
  tracker_lock(reader->tracker);
  struct process *process = process_table_find(reader->tracker->table, pid);
  if (process != NULL)
    process->due = PROCESS_DUE_NOW;
  tracker_unlock(reader->tracker);
}

/* Removes those who are gone, and counts the members that are there. */
static void count_members(struct reader *reader) REQUIRES(tracker_mutex) {
  struct tracker *tracker = reader->tracker;

  for (struct group *g = tracker->groups; g != NULL; g = g->next) {
    memset(g->gauges, 0, sizeof(g->gauges));
    g->without_io = 0;
  }
  process_table_sweep(tracker->table, keep_process, reader);
  if (reader->report->undecided > 0) {
    reader->report->undecided_rule = reader->selection.undecided_rule;
    reader->report->undecided_expression =
        reader->selection.undecided_expression;
    reader->report->undecided_limit = reader->selection.undecided_limit;
  }
  unmet_parents_forget(&tracker->unmet_parents);
  tracker->since_ns = reader->selection.begin_ns;
  tracker->has_read = true;
}

static void close_read(struct reader *reader) {
  struct tracker *tracker = reader->tracker;

  tracker_take_exits(tracker);
  tracker_lock(tracker);
  if (reader->report->proc == 0)
    count_members(reader);
  else
    process_table_sweep(tracker->table, keep_unless_ended, reader);
  tracker_age_groups(tracker);
  tracker_unlock(tracker);
}

void reader_read(struct reader *reader, uint64_t boot_ns,
                 struct reader_report *report) {
  struct tracker *tracker = reader->tracker;

  *report = (struct reader_report){0};
  reader->report = report;
  reader->selection.begin_ns = boot_ns;
  pattern_work_fill(&reader->selection.work, boot_ns);
  tracker_lock(tracker);
  tracker->read++;
  tracker_unlock(tracker);

  for (const struct rule *r = tracker->rules; r != NULL; r = r->next)
    selector_refresh(r->selector, select_again, reader);
  uint32_t lookups = user_cache_refresh() + path_watch_note_read();
  reader->lookups_changed = lookups != reader->lookups;
  reader->lookups = lookups;
  sampler_begin(reader->sampler);
  report->proc = reader->has_other_pids ? -EXDEV : visit_all(reader);

  struct sampler_status status;
  sampler_status(reader->sampler, &status);
  report->taskstats = status.taskstats;
  report->delays = status.delays;
  report->delay_accounting = status.delay_accounting;
  report->clocks = reader->clocks;
  report->hung = hung_processes_count(&tracker->hung, &report->hung_pid);
  note_delay_accounting(tracker, status.delay_accounting == 0, boot_ns);
  close_read(reader);
}
