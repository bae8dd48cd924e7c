/* SPDX-License-Identifier: MIT */
#include "track/reader.h"

#include "kernel/clock.h"
#include "kernel/process_clock.h"
#include "select/path_watch.h"
#include "select/user_cache.h"
#include "track/delay_accounting.h"
#include "track/known_processes.h"
#include "track/listed_process.h"
#include "track/read_end.h"

#include <errno.h>
#include <stdlib.h>

enum {
  INIT_PID = 1,
  CHECK_S = 60, /* between listings of /proc although events are received */
  LOOKS = 64,
};

struct reader {
  struct tracker *tracker;
  struct procfs *proc;
  struct sampler *sampler;
  struct selection selection;

  bool lists;          /* this read lists /proc; else events suffice */
  bool must_list;      /* the last listing was incomplete */
  bool checks;         /* check whether events have reported all changes, */
  bool notes_threads;  /* and all threads, if records lack their processes */
  uint64_t checked_ns; /* time of the last check; CLOCK_BOOTTIME */
  bool sees_init;      /* in this listing */
  struct listed_process looks[LOOKS]; /* to be identified together */
  size_t look_count;
  struct known_processes known; /* what a read looks at that does not list */

  uint32_t lookups;     /* number of changes of users and executables */
  bool lookups_changed; /* since the last read */

  int clocks;          /* as in the report */
  bool has_other_pids; /* in /proc */
  struct reader_report *report;
};

#define SECOND_NS UINT64_C(1000000000)

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
  delay_accounting_begin(tracker, r->proc);
  *reader = r;
  return 0;
}

void reader_destroy(struct reader *reader) {
  if (reader == NULL)
    return;
  sampler_destroy(reader->sampler);
  procfs_close(reader->proc);
  join_clear(&reader->selection.join);
  known_processes_clear(&reader->known);
  free(reader);
}

void reader_look_up_users(struct reader *reader) {
  user_cache_ask_for_all(reader->proc);
}

struct procfs *reader_proc(const struct reader *reader) {
  /* It is another one after a read was abandoned. */
  return reader->proc;
}

void reader_abandon_read(struct reader *reader, struct procfs *again,
                         pid_t hung) {
  if (again != NULL)
    reader->proc = reader->selection.proc = again;
  reader->must_list |= reader->lists;
  reader->look_count = 0;
  sampler_abandon_batch(reader->sampler, reader->proc);
  tracker_lock(reader->tracker);
  struct process *process = process_table_find(reader->tracker->table, hung);
  if (process != NULL) {
    process->due = PROCESS_DUE_NOW;
    if (process->member != NULL)
      process->clock_ns = PROCESS_CLOCK_UNKNOWN;
  }
  tracker_unlock(reader->tracker);
}

int reader_enable_delay_accounting(struct reader *reader) {
  return delay_accounting_enable(reader->tracker, reader->proc);
}

/* The process with the pid, if a read has found it: identity is pid and start
 * time, but an unchanged inode number of /proc/<pid> proves the same at no
 * cost. */
static struct process *find_by_inode(const struct reader *reader, pid_t pid,
                                     uint32_t inode) {
  struct process *process = listed_process_find(reader->tracker, pid);
  return process != NULL && process->inode == inode ? process : NULL;
}

/* Leaves a process that does not answer unchanged. */
static void leave_out(struct reader *reader, pid_t pid, uint32_t inode) {
  struct process *process = find_by_inode(reader, pid, inode);
  if (process != NULL)
    process->seen = reader->tracker->read;
}

/* Whether a process is due for matching. A listing checks that events have
 * reported all changes. */
static bool is_its_turn(const struct reader *reader,
                        const struct process *process) {
  return reader->lookups_changed ||
         (reader->checks && reader->selection.hears_events) ||
         selection_is_due(&reader->selection, process);
}

/* Whether a due process must be matched again. */
static bool must_renew(struct reader *reader, const struct process *process,
                       bool has_run) {
  if (process->due == PROCESS_DUE_NOW || reader->lookups_changed)
    return true;
  /* Events report changes, except for the check. The clocks of members are read
   * in each read: they may have run, and changed, before the last one. */
  bool may_have_changed =
      reader->selection.hears_events
          ? reader->checks && (has_run || process->member != NULL)
          : has_run;
  return may_have_changed || selection_has_moved(&reader->selection, process);
}

/* Looks at one process, which this read may have just matched. Those in no
 * group cost nothing more, until they are due for matching again. */
static void visit(struct reader *reader, struct process *process,
                  bool is_matched) {
  pid_t pid = process->pid;
  process->seen = reader->tracker->read;

  bool is_due = !is_matched && is_its_turn(reader, process);
  if (process->member == NULL && !is_due)
    return;
  uint64_t clock_ns;
  if (process_clock_ns(pid, &clock_ns) != 0) {
    process->seen = LISTED_PROCESS_NO_READ; /* it has already ended */
    return;
  }

  bool has_run = clock_ns != process->clock_ns;
  bool was_unused = tracker_knows_as_unused(reader->tracker, process);
  /* What a process outside of groups has become counts from the last look at
   * its clock. */
  if (process->member != NULL)
    process->clock_ns = clock_ns;
  if (is_due && must_renew(reader, process, has_run))
    selection_renew(&reader->selection, process, clock_ns, was_unused);
  else if (is_due)
    process->due = selection_next_turn(&reader->selection, process);
  if (process->member == NULL)
    return;
  /* The record of one that ends comes before it is a zombie; a loss of records
   * has the next read list. */
  bool may_have_ended = reader->lists || !reader->tracker->listens;
  if (!has_run && !process->member->is_new)
    sampler_look_at_idle(reader->sampler, process, may_have_ended);
  else if (lifecycle_action(process->state, FACT_LISTED) ==
           ACTION_SAMPLE_ENDING)
    sampler_look_at_exited(reader->sampler, process);
  else
    sampler_add(reader->sampler, process);
}

/* Identifies and visits the processes that were looked at. The exit records
 * that have arrived are taken once for all of them: in a storm, that takes as
 * long as the buffer is large, and it is full again each time. */
static void visit_looks(struct reader *reader) {
  if (reader->look_count > 0)
    tracker_take_exits(reader->tracker);
  for (size_t i = 0; i < reader->look_count; i++) {
    struct process *process =
        listed_process_identify(&reader->selection, &reader->looks[i]);
    if (process != NULL)
      visit(reader, process, reader->looks[i].is_matched);
  }
  reader->look_count = 0;
}

/* Visits a process if it can be identified only by what is known already. */
static void visit_unreadable(struct reader *reader, pid_t pid, int status) {
  if (status == -EACCES || status == -EPERM) {
    reader->report->select = status;
    reader->must_list = true;
    reader->sees_init &= pid != INIT_PID;
  }
  struct process *process = procfs_is_vanished(status)
                                ? NULL
                                : listed_process_find(reader->tracker, pid);
  if (process != NULL)
    visit(reader, process, false);
}

/* Visits a process of the listing, or looks at it, for visit_looks. */
static void visit_listed(struct reader *reader, pid_t pid, uint32_t inode) {
  struct process *process = find_by_inode(reader, pid, inode);
  if (process != NULL) {
    if (reader->notes_threads)
      listed_process_note_threads(&reader->selection, process);
    visit(reader, process, false);
    return;
  }
  int status = listed_process_look(&reader->selection, pid, inode,
                                   &reader->looks[reader->look_count]);
  if (status != 0)
    visit_unreadable(reader, pid, status);
  else if (++reader->look_count == LOOKS)
    visit_looks(reader);
}

/* Returns 0 when all processes were visited, or a negative errno. Process 1
 * always exists, and belongs to another user unless collectd is root: if it is
 * not visible, neither are others. */
static int visit_listing(struct reader *reader) {
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
      visit_listed(reader, pid, inode);
    count++;
  }
  visit_looks(reader);
  sampler_flush(reader->sampler);
  if (status == 0 && count == 0)
    return -ENODEV;
  return status == 0 && !reader->sees_init ? -EACCES : status;
}

/* Looks at a process that no read has found. */
static void visit_announced(struct reader *reader, pid_t pid) {
  uint32_t inode;
  if (procfs_inode(reader->proc, pid, &inode) == 0)
    visit_listed(reader, pid, inode);
}

/* Looks at the members, without a listing: events have reported which processes
 * exist. */
static void visit_known(struct reader *reader) {
  tracker_take_exits(reader->tracker);
  known_processes_choose(&reader->known, &reader->selection);
  for (size_t i = 0; i < reader->known.met_count; i++)
    visit(reader, reader->known.met[i], false);
  for (size_t i = 0; i < reader->known.announced_count; i++)
    visit_announced(reader, reader->known.announced[i]);
  known_processes_clear(&reader->known);
  visit_looks(reader);
  sampler_flush(reader->sampler);
}

/* Looks at everything that this read has to. Returns 0 or a negative errno. */
static int visit_all(struct reader *reader) {
  if (!reader->lists) {
    visit_known(reader);
    return 0;
  }
  reader->must_list = false;
  if (reader->checks)
    reader->checked_ns = reader->selection.begin_ns;
  int status = reader->has_other_pids ? -EXDEV : visit_listing(reader);
  reader->must_list |= status != 0;
  return status;
}

static void select_again(void *context, pid_t pid) {
  struct reader *reader = context;
  tracker_lock(reader->tracker);
  struct process *process = process_table_find(reader->tracker->table, pid);
  if (process != NULL)
    process->due = PROCESS_DUE_NOW;
  tracker_unlock(reader->tracker);
}

static void close_read(struct reader *reader) {
  struct tracker *tracker = reader->tracker;

  tracker_take_exits(tracker);
  tracker_lock(tracker);
  if (reader->report->proc == 0)
    read_end_complete(&reader->selection, reader->lists, reader->report);
  else
    read_end_incomplete(&reader->selection);
  tracker_age_groups(tracker);
  tracker_unlock(tracker);
}

static void begin_read(struct reader *reader) {
  struct tracker *tracker = reader->tracker;
  uint32_t inode; /* others may have been hidden since */
  bool is_hidden = procfs_inode(reader->proc, INIT_PID, &inode) != 0;

  tracker_lock(tracker);
  tracker->read++;
  reader->selection.hears_events = tracker->hears_events;
  reader->checks =
      reader->must_list || tracker->must_list || !tracker->has_read ||
      reader->selection.begin_ns >= reader->checked_ns + CHECK_S * SECOND_NS;
  reader->notes_threads = reader->checks && tracker->threads != NULL;
  reader->lists = reader->checks || is_hidden || tracker->always_lists ||
                  !tracker->hears_events;
  tracker->must_list = false;
  tracker_unlock(tracker);
}

void reader_read(struct reader *reader, uint64_t boot_ns,
                 struct reader_report *report) {
  struct tracker *tracker = reader->tracker;

  *report = (struct reader_report){0};
  reader->report = report;
  reader->selection.begin_ns = boot_ns;
  pattern_work_fill(&reader->selection.work, boot_ns);
  begin_read(reader);

  for (const struct rule *r = tracker->rules; r != NULL; r = r->next)
    rule_refresh(r, select_again, reader);
  uint32_t lookups = user_cache_refresh() + path_watch_note_read();
  reader->lookups_changed = lookups != reader->lookups;
  reader->lookups = lookups;
  reader->lists |= reader->lookups_changed;
  sampler_begin(reader->sampler);
  report->proc = visit_all(reader);

  struct sampler_status status;
  sampler_status(reader->sampler, &status);
  report->taskstats = status.taskstats;
  report->delays = status.delays;
  report->delay_accounting = status.delay_accounting;
  report->clocks = reader->clocks;
  report->hung = hung_processes_count(&tracker->hung, &report->hung_pid);
  delay_accounting_note(tracker, status.delay_accounting == 0, boot_ns);
  close_read(reader);
}
