/* SPDX-License-Identifier: MIT */
#include "track/reader.h"

#include "kernel/clock.h"
#include "kernel/process_clock.h"
#include "select/path_watch.h"
#include "select/user_cache.h"
#include "track/exited_threads.h"
#include "track/join.h"
#include "track/sampler.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/*
 * Processes change: they exec, or change name, user or cgroup. Young ones are
 * selected anew at each read, others in turn, all of them in ROUND_S. One that
 * did not run can only have been moved to another cgroup.
 */
enum { ROUND_S = 50 };

/* How soon one is selected anew for which no work was left: within twice that.
 */
enum { BUSY_S = 3 };

enum { NO_READ = 0 }; /* reads are counted from 1 */

enum { INIT_PID = 1 };

struct reader {
  struct tracker *tracker;
  struct procfs *proc;
  struct sampler *sampler;

  struct pattern_work work;                          /* of selecting */
  const char *undecided_rule, *undecided_expression; /* as it reports them */
  enum pattern_result undecided_limit;

  /* Of the process at hand: */
  struct join join;
  uint32_t cgroup;  /* hash of its path; 0 if that did not matter */
  int select_error; /* what it is cannot all be read, or not be matched within
                     * the limit (EOVERFLOW), or not now (EAGAIN): a negative
                     * errno */
  bool is_pending;  /* a user that decides is not known yet, or EAGAIN */
  struct path_watch *executable; /* by which it was selected, or NULL */

  bool sees_init; /* in this read */

  uint32_t lookups;     /* changes of users and executables, counted */
  bool lookups_changed; /* since the last read */

  int clocks;        /* as it reports them */
  uint64_t tick_ns;  /* of start times */
  uint64_t begin_ns; /* of this read, CLOCK_BOOTTIME */
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
  r->tick_ns = clock_tick_ns();
  int status = procfs_open(root, &r->proc);
  if (status == 0 && (r->sampler = sampler_create(r->proc, tracker)) == NULL)
    status = -ENOMEM;
  if (status == 0)
    status = join_init(&r->join, tracker);
  if (status != 0) {
    reader_destroy(r);
    return status;
  }
  r->clocks = procfs_shifts_clocks(r->proc) ? -EXDEV : 0;
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
  join_clear(&reader->join);
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
    reader->proc = again;
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

/* Reads a process's stat once more, if that can be had. Returns false if it is
 * gone. */
static bool look_again(struct reader *reader, pid_t pid,
                       struct procfs_stat *stat) {
  struct procfs_stat now;
  int status = procfs_stat(reader->proc, pid, &now);
  if (status != 0)
    return !procfs_is_vanished(status);
  bool is_same = now.start_ticks == stat->start_ticks;
  *stat = now;
  return is_same;
}

/* Matches a process, whose attributes these are, with a rule. */
static void match_rule(struct reader *reader, const struct rule *rule,
                       struct attributes *attributes) {
  struct join *join = &reader->join;

  attributes->undecided = NULL;
  enum selector_match result =
      rule_match(rule, attributes, &join->matches[join->match_count]);
  join->match_count += result == SELECTOR_YES;
  if (result != SELECTOR_UNKNOWN || attributes->undecided == NULL)
    return;
  if (reader->select_error != -EAGAIN)
    reader->select_error =
        attributes->limit == PATTERN_BUSY ? -EAGAIN : -EOVERFLOW;
  reader->undecided_limit = attributes->limit;
  reader->undecided_rule = rule->name;
  reader->undecided_expression = attributes->undecided;
}

static void clear_attributes(void *attributes) { attributes_clear(attributes); }

/* Matches a process, whose attributes these are, with all rules. */
static void match_rules(struct reader *reader, struct attributes *attributes) {
  reader->join.match_count = 0;
  reader->select_error = 0;
  pthread_cleanup_push(clear_attributes, attributes); /* if left behind */
  for (const struct rule *r = reader->tracker->rules; r != NULL; r = r->next)
    match_rule(reader, r, attributes);
  pthread_cleanup_pop(false);
}

/* Fills in which rules select a process. If something about it was missing, it
 * may have begun to end, and stat is what it is now. Returns false if it is
 * gone. */
static bool find_matches(struct reader *reader, pid_t pid,
                         struct procfs_stat *stat) {
  struct attributes attributes;

  attributes_init(&attributes, reader->proc, pid, stat->comm);
  attributes.work = &reader->work;
  match_rules(reader, &attributes);
  if (reader->select_error == 0)
    reader->select_error = attributes.error;
  reader->is_pending = attributes.is_pending || reader->select_error == -EAGAIN;
  reader->executable = attributes.executable;
  reader->cgroup = process_hash(attributes_seen_cgroup(&attributes));
  bool is_complete = !attributes_lacked_any(&attributes);
  attributes_clear(&attributes);

  return is_complete || look_again(reader, pid, stat);
}

/* Remembers by which device and inode the kernel knows the executable of a
 * process that was selected by its path: that is what its exit record has. */
static void learn_executable(struct reader *reader, pid_t pid) {
  uint64_t dev, inode;
  if (reader->executable != NULL &&
      sampler_find_executable(reader->sampler, pid, &dev, &inode))
    path_watch_learn(reader->executable, dev, inode);
}

/* Whether a process could not be matched within the limit. */
static bool is_undecided(int select_error) {
  return select_error == -EOVERFLOW || select_error == -EAGAIN;
}

/* When a process is to be selected next, in seconds after boot; by its
 * select_error. */
static uint32_t next_turn(const struct reader *reader,
                          const struct process *process) {
  uint32_t now_s = (uint32_t)(reader->begin_ns / SECOND_NS);
  bool is_young =
      reader->begin_ns < process->start_ns + TRACKER_YOUTH_S * SECOND_NS;
  /* What takes too long is not asked at each read. */
  if (is_young && !is_undecided(process->select_error))
    return now_s;
  if (process->select_error == -EAGAIN)
    return now_s + BUSY_S + (uint32_t)process->pid % BUSY_S;
  /* Not all at once: each at a second of its own. */
  uint32_t wait_s =
      ((uint32_t)process->pid + ROUND_S - now_s % ROUND_S) % ROUND_S;
  return now_s + (wait_s > 0 ? wait_s : ROUND_S);
}

/* A process is of no group. */
static void dismiss(struct reader *reader, struct process *process)
    REQUIRES(tracker_mutex) {
  process->was_member |= process->member != NULL;
  sampler_forget(reader->sampler, process->member);
  process->member = NULL;
}

/* What the listener found is the read's now. */
static void take_claim(struct process *process) REQUIRES(tracker_mutex) {
  if (process->member == NULL)
    process->member = process->claim;
  else
    member_destroy(process->claim);
  process->claim = NULL;
}

/* Puts a process into the groups that it was found to belong to. What it used
 * before stays where it was counted. If memory is short it is tried again. */
static void select_groups(struct reader *reader, struct process *process,
                          const struct procfs_stat *stat, bool from_zero)
    REQUIRES(tracker_mutex) {
  struct join *join = &reader->join;

  if (process_has_exited(process))
    return; /* its groups are settled */
  process->select_error = (int16_t)reader->select_error;
  process->cgroup = reader->cgroup;
  process_note_identity(process, stat->comm, stat->is_forked);
  join_work_out(join, process, stat->ppid, UINT64_MAX);
  take_claim(process);
  bool is_same = process->member != NULL &&
                 member_has_groups(process->member, join->memberships,
                                   join->count, join->inherited_count);
  if (join->count == 0)
    dismiss(reader, process);
  else if (!is_same && !join_admit(join, process, from_zero))
    process->due = PROCESS_DUE_NOW;
  process->is_judged = true;
}

/* Gives up what is kept for a process that is to be removed. */
static void release_process(struct reader *reader, struct process *process)
    REQUIRES(tracker_mutex) {
  dismiss(reader, process);
  member_destroy(process->claim);
  exited_threads_destroy(process->exited);
  process->claim = NULL;
  process->exited = NULL;
}

/* A process is not listed, or its pid is another one's. Returns whether to keep
 * it. */
static bool note_unlisted(struct reader *reader, struct process *process)
    REQUIRES(tracker_mutex) {
  if (process_learn(process, FACT_UNLISTED) != ACTION_FORGET)
    return true;
  release_process(reader, process);
  return false;
}

/* Whether a process of the table is the one that a read has just found. One
 * whose exit is counted is not there any more, but for what is left of it. */
static bool is_found(const struct reader *reader, const struct process *process,
                     const struct procfs_stat *stat) REQUIRES(tracker_mutex) {
  uint64_t start_ns = stat->start_ticks * reader->tick_ns;
  if (process_is_listed(process))
    return process->start_ns == start_ns;
  return process_may_have_begun(process, start_ns,
                                start_ns + reader->tick_ns) &&
         !(process_has_exited(process) && !stat->is_exiting);
}

/* Whether the exit of a process is counted that was alive when a read looked at
 * it: it has ended since, or another one has its pid. */
static bool is_overtaken(const struct reader *reader, pid_t pid,
                         const struct procfs_stat *stat)
    REQUIRES(tracker_mutex) {
  const struct process *process =
      process_table_find(reader->tracker->table, pid);
  return process != NULL && !process_is_listed(process) &&
         process_has_exited(process) && !stat->is_exiting;
}

/* Whether the pid was given to another process since the read looked at it, and
 * the listener has entered that one. */
static bool has_successor(const struct reader *reader,
                          const struct process *process,
                          const struct procfs_stat *stat) {
  return !process_is_listed(process) &&
         process->start_ns > (stat->start_ticks + 1) * reader->tick_ns;
}

/* Whether nothing is left of a process but what late records may tell: it has
 * ended, and its pid was given to another one. */
static bool is_over(const struct process *process) REQUIRES(tracker_mutex) {
  return process_has_exited(process) && !process_is_listed(process) &&
         process->is_succeeded;
}

/* The process that a read has just found under a pid, or NULL if the table does
 * not have it. */
static struct process *recognize(struct reader *reader, pid_t pid,
                                 const struct procfs_stat *stat)
    REQUIRES(tracker_mutex) {
  struct process *process = process_table_find(reader->tracker->table, pid);
  if (process == NULL || is_over(process))
    return NULL;
  if (is_found(reader, process, stat))
    return process;
  if (!has_successor(reader, process, stat) && !note_unlisted(reader, process))
    process_table_remove(reader->tracker->table, process);
  return NULL;
}

/* Who was known under a pid, when nothing can be learned of who has it now. */
static struct process *presume(struct reader *reader, pid_t pid) {
  tracker_lock(reader->tracker);
  struct process *process = process_table_find(reader->tracker->table, pid);
  bool is_met = process != NULL && process_is_listed(process);
  tracker_unlock(reader->tracker);
  return is_met ? process : NULL;
}

/* Makes a process the reader's. */
static void take_over(struct reader *reader, struct process *process,
                      const struct procfs_stat *stat) REQUIRES(tracker_mutex) {
  const struct tracker *tracker = reader->tracker;
  /* At first parents may come later than their children. */
  bool is_early = tracker->has_descendants && !tracker->has_read;

  process_learn(process, FACT_LISTED);
  process->seen = NO_READ;
  process->start_ns = stat->start_ticks * reader->tick_ns;
  process->start_width_us = (uint32_t)(reader->tick_ns / 1000);
  process->clock_ns = PROCESS_CLOCK_UNKNOWN;
  process->due = is_early ? PROCESS_DUE_NOW : next_turn(reader, process);
}

/* The process that a read has just found under a pid, if its groups are known:
 * a read has met it before, or the listener has booked its end. Else NULL. */
static struct process *find_decided(struct reader *reader, pid_t pid,
                                    const struct procfs_stat *stat) {
  tracker_lock(reader->tracker);
  struct process *process = recognize(reader, pid, stat);
  if (process != NULL && !process_is_listed(process)) {
    if (process_has_exited(process))
      take_over(reader, process, stat);
    else
      process = NULL;
  }
  tracker_unlock(reader->tracker);
  return process;
}

/* Enters a process that was just matched; the listener may know it. Returns
 * NULL if memory is short. */
static struct process *enter(struct reader *reader, pid_t pid,
                             const struct procfs_stat *stat)
    REQUIRES(tracker_mutex) {
  struct tracker *tracker = reader->tracker;
  uint64_t latest_ns = (stat->start_ticks + 1) * reader->tick_ns;

  struct process *process = recognize(reader, pid, stat);
  if (process == NULL)
    process = process_table_add(tracker->table, pid);
  if (process != NULL) {
    bool from_zero = tracker_counts_from_zero(tracker, latest_ns);
    process->select_error = (int16_t)reader->select_error;
    take_over(reader, process, stat);
    process->is_pending = reader->is_pending && from_zero;
    select_groups(reader, process, stat, from_zero);
  }
  return process;
}

/* Whether a process that no read has met is the listener's alone: of one that
 * ends only its exit record tells what it was. */
static bool is_too_late(const struct reader *reader,
                        const struct procfs_stat *stat) {
  return stat->is_exiting && stat->threads <= 1 && reader->tracker->listens;
}

static uint64_t count_exits(struct reader *reader) {
  tracker_lock(reader->tracker);
  uint64_t exits = reader->tracker->exits;
  tracker_unlock(reader->tracker);
  return exits;
}

static bool is_as_before(const struct procfs_stat *a,
                         const struct procfs_stat *b) {
  return strcmp(a->comm, b->comm) == 0 && a->is_forked == b->is_forked;
}

/* Matches and enters a process that no read has met. An exit that is counted
 * meanwhile may be its own, of which no trace is left if no group wanted it:
 * then it must not be entered. Returns NULL if it is gone, or too late. */
static struct process *meet_stranger(struct reader *reader, pid_t pid,
                                     struct procfs_stat *stat) {
  enum { TRIES = 8 };
  struct tracker *tracker = reader->tracker;

  for (int tries = 1;; tries++) {
    struct procfs_stat matched = *stat;
    uint64_t cpu_ns; /* before it is matched: what it becomes later, shows */
    if (process_clock_ns(pid, &cpu_ns) != 0)
      return NULL;
    if (is_too_late(reader, stat) || !find_matches(reader, pid, stat))
      return NULL;
    if (tries == 1)
      learn_executable(reader, pid);
    uint64_t exits = count_exits(reader);
    if (tracker->listens && !look_again(reader, pid, stat))
      return NULL;
    if (is_too_late(reader, stat))
      return NULL;
    tracker_lock(tracker);
    bool is_sure = tries == TRIES ||
                   (exits == tracker->exits && is_as_before(&matched, stat));
    struct process *process = is_sure ? enter(reader, pid, stat) : NULL;
    if (process != NULL) {
      /* The record of one that is ending may be filled in already. */
      process_note_known(process, stat->is_exiting ? process->start_ns
                                                   : reader->begin_ns);
      process->clock_ns = cpu_ns;
    }
    tracker_unlock(tracker);
    if (is_sure)
      return process;
  }
}

/* Finds out which process has a pid, and enters it if no read has met it.
 * Returns NULL if it is gone, or too late. */
static struct process *meet(struct reader *reader, pid_t pid, uint32_t inode) {
  struct procfs_stat stat;
  int status = procfs_stat(reader->proc, pid, &stat);
  if (status == -EACCES || status == -EPERM) {
    reader->report->select = status;
    reader->sees_init &= pid != INIT_PID;
  }
  if (status != 0)
    return procfs_is_vanished(status) ? NULL : presume(reader, pid);

  /* Whoever had the pid before is gone: its end is counted before. */
  tracker_take_exits(reader->tracker);
  tracker_lock(reader->tracker);
  bool is_old = is_overtaken(reader, pid, &stat);
  tracker_unlock(reader->tracker);
  if (is_old && !look_again(reader, pid, &stat))
    return NULL;
  struct process *process = find_decided(reader, pid, &stat);
  if (process == NULL)
    process = meet_stranger(reader, pid, &stat);
  if (process != NULL) {
    process->inode = inode;
    if (stat.children_faults > 0)
      process->has_ended_children = process->has_io_of_children = true;
  }
  return process;
}

/*
 * Finds the process that has the pid; NULL if there is none. Its identity is
 * pid and start time, but an unchanged inode number of /proc/<pid> says the
 * same at no cost.
 */
static struct process *find(struct reader *reader, pid_t pid, uint32_t inode) {
  tracker_lock(reader->tracker);
  struct process *process = process_table_find(reader->tracker->table, pid);
  bool is_known =
      process != NULL && process_is_listed(process) && process->inode == inode;
  tracker_unlock(reader->tracker);
  return is_known ? process : meet(reader, pid, inode);
}

/* Whether a process was moved, if its cgroup decided about its groups. */
static bool has_moved(struct reader *reader, const struct process *process) {
  char path[PATH_MAX];
  return process->cgroup != 0 &&
         procfs_cgroup(reader->proc, process->pid, path, sizeof(path)) == 0 &&
         process_hash(path) != process->cgroup;
}

/* before_ns is what its CPU clock showed at the last look. */
static void reselect(struct reader *reader, struct process *process,
                     uint64_t before_ns, bool from_zero) {
  struct procfs_stat stat;

  process->due = next_turn(reader, process);
  if (procfs_stat(reader->proc, process->pid, &stat) != 0 || stat.is_exiting ||
      stat.start_ticks * reader->tick_ns != process->start_ns)
    return;
  /* One that ends stays in its groups: what it was cannot be read any more. */
  if (!find_matches(reader, process->pid, &stat) || stat.is_exiting)
    return;
  process->select_error = (int16_t)reader->select_error;
  process->due = next_turn(reader, process);
  /* So does one that could not be matched within the limit. */
  if (is_undecided(reader->select_error))
    return;
  if (process->member == NULL)
    learn_executable(reader, process->pid);
  tracker_lock(reader->tracker);
  bool was_none = process->member == NULL;
  from_zero |= process->is_pending;
  select_groups(reader, process, &stat, from_zero);
  /* A change of what it is came after the last look at its clock. */
  if (was_none && process->member != NULL && !from_zero &&
      before_ns != PROCESS_CLOCK_UNKNOWN)
    account_start_at(&process->member->account, before_ns);
  process->is_pending &= reader->is_pending;
  tracker_unlock(reader->tracker);
}

/* A process was listed, but is gone already. */
static void lose(struct reader *reader, struct process *process) {
  tracker_lock(reader->tracker);
  process->seen = NO_READ;
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

/* Looks at one process of the listing. Those of no group cost nothing more,
 * until it is their turn to be selected anew. */
static void visit(struct reader *reader, pid_t pid, uint32_t inode) {
  struct process *process = find(reader, pid, inode);
  if (process == NULL)
    return;
  bool is_new = process->seen == NO_READ;
  process->seen = reader->tracker->read;

  bool is_due = !is_new && (reader->lookups_changed ||
                            process->due <= reader->begin_ns / SECOND_NS);
  if (process->member == NULL && !is_due)
    return;
  uint64_t clock_ns;
  if (process_clock_ns(pid, &clock_ns) != 0) {
    lose(reader, process);
    return;
  }

  bool has_run = clock_ns != process->clock_ns;
  bool was_unused = tracker_knows_as_unused(reader->tracker, process);
  uint64_t before_ns = process->clock_ns;
  process->clock_ns = clock_ns;
  if (is_due && (has_run || process->due == PROCESS_DUE_NOW ||
                 reader->lookups_changed || has_moved(reader, process)))
    reselect(reader, process, before_ns, was_unused);
  else if (is_due)
    process->due = next_turn(reader, process);
  if (process->member == NULL)
    return;
  if (!has_run && !process->member->is_new)
    sampler_look_at_idle(reader->sampler, process);
  else if (process_has_exited(process))
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
    return note_unlisted(reader, process);
  if (is_undecided(process->select_error))
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
  return !is_gone || is_fresh || note_unlisted(reader, process);
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
    reader->report->undecided_rule = reader->undecided_rule;
    reader->report->undecided_expression = reader->undecided_expression;
    reader->report->undecided_limit = reader->undecided_limit;
  }
  tracker->since_ns = reader->begin_ns;
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
  reader->begin_ns = boot_ns;
  pattern_work_fill(&reader->work, boot_ns);
  tracker_lock(tracker);
  tracker->read++;
  tracker_unlock(tracker);

  for (const struct rule *r = tracker->rules; r != NULL; r = r->next)
    selector_refresh(r->selector, select_again, reader);
  uint32_t lookups = user_cache_refresh() + path_watch_note_read();
  reader->lookups_changed = lookups != reader->lookups;
  reader->lookups = lookups;
  sampler_begin(reader->sampler);
  report->proc = visit_all(reader);

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
