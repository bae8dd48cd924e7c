/* SPDX-License-Identifier: MIT */
#include "reader.h"

#include "member.h"
#include "proctable.h"
#include "sampler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Processes change: they exec, or change name, user or cgroup. Young ones are
 * selected anew at each read, others in turn, within a minute, and none that
 * did not run.
 */
enum { YOUNG_S = 10, ROUND_S = 60 };

struct reader {
  struct proc *proc;
  struct proctable *table;
  struct sampler *sampler;
  struct group *groups;
  size_t group_count;
  struct group **matched; /* scratch, of group_count */

  uint64_t tick_ns;     /* of start times */
  uint32_t sequence;    /* number of this read; 0 before the first */
  uint64_t begin_ns;    /* of this read, CLOCK_BOOTTIME */
  uint64_t previous_ns; /* when the last complete one began; or NEVER */
  struct reader_report *report;
};

#define NEVER UINT64_MAX
#define SECOND_NS UINT64_C(1000000000)

/* Due whether the process ran or not. */
enum { DUE_NOW = 0 };

static int make_groups(struct reader *reader, const struct rule *rules) {
  for (const struct rule *r = rules; r != NULL; r = r->next)
    reader->group_count++;

  reader->groups = calloc(reader->group_count + 1, sizeof(struct group));
  reader->matched = calloc(reader->group_count + 1, sizeof(struct group *));
  if (reader->groups == NULL || reader->matched == NULL)
    return -ENOMEM;
  struct group *group = reader->groups;
  for (const struct rule *r = rules; r != NULL; r = r->next, group++) {
    group->rule = r;
    group->name = r->name;
  }
  return 0;
}

int reader_create(const char *root, struct rule *rules,
                  struct reader **reader) {
  struct reader *r = calloc(1, sizeof(*r));
  if (r == NULL)
    return -ENOMEM;

  r->tick_ns = SECOND_NS / (uint64_t)sysconf(_SC_CLK_TCK);
  r->previous_ns = NEVER;
  int status = proc_open(root, &r->proc);
  if (status == 0)
    status = make_groups(r, rules);
  if (status == 0 && ((r->table = proctable_create()) == NULL ||
                      (r->sampler = sampler_create(r->proc)) == NULL))
    status = -ENOMEM;
  if (status != 0) {
    reader_destroy(r);
    return status;
  }
  *reader = r;
  return 0;
}

static bool forget(void *context, struct process *process) {
  struct reader *reader = context;
  sampler_forget(reader->sampler, process->member);
  return false;
}

void reader_destroy(struct reader *reader) {
  if (reader == NULL)
    return;
  if (reader->table != NULL)
    proctable_sweep(reader->table, forget, reader);
  proctable_destroy(reader->table);
  sampler_destroy(reader->sampler);
  proc_close(reader->proc);
  free(reader->matched);
  free(reader->groups);
  free(reader);
}

struct group *reader_groups(struct reader *reader, size_t *count) {
  *count = reader->group_count;
  return reader->groups;
}

int reader_enable_delay_accounting(struct reader *reader) {
  bool on;
  int status = proc_delay_accounting(reader->proc, &on);
  if (status == 0 && !on) {
    status = proc_enable_delay_accounting(reader->proc);
    if (status == 0)
      status = 1;
  }
  return status;
}

/* Fills matched. Returns how many groups select the process. */
static size_t find_groups(struct reader *reader, const struct process *process,
                          const struct proc_stat *stat) {
  struct attributes attributes;
  size_t count = 0;

  attributes_init(&attributes, reader->proc, process->pid, stat->comm);
  for (size_t i = 0; i < reader->group_count; i++)
    if (selector_matches(reader->groups[i].rule->selector, &attributes))
      reader->matched[count++] = &reader->groups[i];
  if (attributes.error != 0)
    reader->report->select = attributes.error;
  attributes_clear(&attributes);
  return count;
}

/* When a process is to be selected next, in seconds after boot. */
static uint32_t next_turn(const struct reader *reader,
                          const struct process *process) {
  uint32_t now_s = (uint32_t)(reader->begin_ns / SECOND_NS);
  uint64_t end_of_youth_ns =
      process->start_ticks * reader->tick_ns + YOUNG_S * SECOND_NS;

  if (reader->begin_ns < end_of_youth_ns)
    return now_s;
  /* Not all at once after the first read. */
  return now_s + ROUND_S / 2 + (uint32_t)process->pid % (ROUND_S / 2);
}

/* Puts a process into the groups that select it now. What it used before stays
 * where it was counted. If memory is short it stays as it was and is tried
 * again. */
static void select_groups(struct reader *reader, struct process *process,
                          const struct proc_stat *stat, bool from_zero) {
  size_t count = find_groups(reader, process, stat);
  struct member *member = process->member;

  if (count == 0) {
    sampler_forget(reader->sampler, member);
    process->member = NULL;
    return;
  }
  if (member != NULL && member_has_groups(member, reader->matched, count))
    return;
  if (member == NULL)
    member = member_create(from_zero);
  if (member == NULL ||
      member_set_groups(member, reader->matched, count) != 0) {
    process->due = DUE_NOW;
    if (process->member == NULL)
      member_destroy(member);
    return;
  }
  process->member = member;
}

/*
 * A new process counts from its first moment if the last complete read came too
 * early to see it, by its start time, which is cut to a tick; any other one
 * counts from now.
 */
static bool counts_from_zero(const struct reader *reader,
                             const struct proc_stat *stat) {
  uint64_t start_ns = (stat->start_ticks + 1) * reader->tick_ns;
  return reader->previous_ns != NEVER && start_ns > reader->previous_ns;
}

/* Enters a process that the table does not have. Returns NULL if it is gone
 * already, or memory is short. */
static struct process *meet(struct reader *reader, pid_t pid, ino_t inode) {
  struct proc_stat stat;
  if (proc_stat(reader->proc, pid, &stat) != 0)
    return NULL;
  struct process *process = proctable_add(reader->table, pid);
  if (process == NULL)
    return NULL;

  process->inode = inode;
  process->start_ticks = stat.start_ticks;
  process->clock_ns = PROCESS_CLOCK_UNKNOWN;
  process->due = next_turn(reader, process);
  select_groups(reader, process, &stat, counts_from_zero(reader, &stat));
  return process;
}

/*
 * Finds the process that has the pid; NULL if there is none. Its identity is
 * pid and start time, but an unchanged inode number of /proc/<pid> says the
 * same at no cost.
 */
static struct process *recognize(struct reader *reader, pid_t pid,
                                 ino_t inode) {
  struct process *process = proctable_find(reader->table, pid);
  if (process != NULL && process->inode != inode) {
    struct proc_stat stat;
    int status = proc_stat(reader->proc, pid, &stat);
    if (status == -ENOENT || status == -ESRCH)
      return NULL;
    if (status != 0)
      return process;
    if (stat.start_ticks == process->start_ticks) {
      process->inode = inode;
    } else {
      forget(reader, process);
      proctable_remove(reader->table, process);
      process = NULL;
    }
  }
  return process != NULL ? process : meet(reader, pid, inode);
}

static void reselect(struct reader *reader, struct process *process) {
  struct proc_stat stat;

  process->due = next_turn(reader, process);
  if (proc_stat(reader->proc, process->pid, &stat) == 0 &&
      stat.start_ticks == process->start_ticks)
    select_groups(reader, process, &stat, false);
}

/* Looks at one process of the listing. Those of no group cost nothing more,
 * until it is their turn to be selected anew. */
static void visit(struct reader *reader, pid_t pid, ino_t inode) {
  struct process *process = recognize(reader, pid, inode);
  if (process == NULL)
    return;
  bool is_new = process->seen == 0;
  process->seen = reader->sequence;

  bool is_due = !is_new && process->due <= reader->begin_ns / SECOND_NS;
  if (process->member == NULL && !is_due)
    return;
  uint64_t clock_ns;
  if (proc_cpu_clock(pid, &clock_ns) != 0)
    return;

  bool has_run = clock_ns != process->clock_ns;
  process->clock_ns = clock_ns;
  if (is_due && (has_run || process->due == DUE_NOW))
    reselect(reader, process);
  else if (is_due)
    process->due = next_turn(reader, process);
  if (process->member == NULL)
    return;
  if (has_run || process->member->account.known == 0)
    sampler_add(reader->sampler, process);
  else
    sampler_look_at_idle(reader->sampler, process);
}

/* Returns 0 when all processes were visited, or a negative errno. */
static int visit_all(struct reader *reader) {
  pid_t pid;
  ino_t inode;
  int status;

  proc_rewind(reader->proc);
  while ((status = proc_next(reader->proc, &pid, &inode)) > 0)
    visit(reader, pid, inode);
  sampler_flush(reader->sampler);
  return status;
}

/* Keeps what is there, and counts it. */
static bool keep_present(void *context, struct process *process) {
  struct reader *reader = context;
  struct member *member = process->member;

  if (process->seen != reader->sequence || (member != NULL && member->is_gone))
    return forget(reader, process);
  if (member != NULL) {
    member_add_gauges(member);
    reader->report->members++;
  }
  return true;
}

static void select_again(void *context, pid_t pid) {
  struct reader *reader = context;
  struct process *process = proctable_find(reader->table, pid);
  if (process != NULL)
    process->due = DUE_NOW;
}

void reader_read(struct reader *reader, uint64_t boot_ns,
                 struct reader_report *report) {
  *report = (struct reader_report){0};
  reader->report = report;
  reader->begin_ns = boot_ns;
  reader->sequence++;

  for (size_t i = 0; i < reader->group_count; i++)
    selector_refresh(reader->groups[i].rule->selector, select_again, reader);
  sampler_begin(reader->sampler);
  report->proc = visit_all(reader);

  struct sampler_status status;
  sampler_status(reader->sampler, &status);
  report->taskstats = status.taskstats;
  report->io = status.io;
  report->delays = status.delays;
  report->delays_off = status.delays_off;

  if (report->proc != 0) /* who was not listed may be there all the same */
    return;
  for (size_t i = 0; i < reader->group_count; i++) {
    struct group *group = &reader->groups[i];
    memset(group->gauges, 0, sizeof(group->gauges));
    group->without_io = 0;
  }
  proctable_sweep(reader->table, keep_present, reader);
  reader->previous_ns = reader->begin_ns;
}
