/* SPDX-License-Identifier: MIT */
#include "track/descendants.h"

#include "kernel/arithmetic.h"
#include "kernel/clock.h"
#include "kernel/procfs.h"
#include "track/join.h"

#include <errno.h>
#include <stdlib.h>

struct descendants {
  struct tracker *tracker;
  struct procfs *proc;
  uint64_t now_ns;          /* at least; CLOCK_BOOTTIME */
  uint64_t tick_ns;         /* of start times in procfs */
  struct pattern_work work; /* of matching */
  struct join join;         /* of the process at hand */
};

int descendants_create(const char *root, struct tracker *tracker,
                       struct descendants **descendants) {
  struct descendants *h = calloc(1, sizeof(*h));
  if (h == NULL)
    return -ENOMEM;

  h->tracker = tracker;
  h->tick_ns = clock_tick_ns();
  int status = procfs_open(root, &h->proc);
  if (status == 0)
    status = join_init(&h->join, tracker);
  if (status != 0) {
    descendants_destroy(h);
    return status;
  }
  *descendants = h;
  return 0;
}

void descendants_destroy(struct descendants *descendants) {
  if (descendants == NULL)
    return;
  procfs_close(descendants->proc);
  join_clear(&descendants->join);
  free(descendants);
}

struct procfs *descendants_proc(const struct descendants *descendants) {
  return descendants->proc;
}

void descendants_use_proc(struct descendants *descendants,
                          struct procfs *proc) {
  descendants->proc = proc;
}

/* Reads a process's stat, unless it does not answer. */
static bool read_stat(struct descendants *descendants, pid_t pid,
                      struct procfs_stat *stat) {
  return !hung_processes_has(&descendants->tracker->hung, pid) &&
         procfs_stat(descendants->proc, pid, stat) == 0;
}

void descendants_set_time(struct descendants *descendants, uint64_t now_ns) {
  descendants->now_ns = now_ns;
}

static void clear_attributes(void *attributes) { attributes_clear(attributes); }

/* Fills in which of the rules that want descendants select a process that
 * lives. */
static void match_living(struct descendants *descendants, pid_t pid,
                         const char *comm) EXCLUDES(tracker_mutex) {
  struct join *join = &descendants->join;
  struct attributes attributes;

  join->match_count = 0;
  attributes_init(&attributes, descendants->proc, pid, comm);
  attributes.work = &descendants->work;
  pthread_cleanup_push(clear_attributes, &attributes); /* if left behind */
  for (const struct rule *r = descendants->tracker->rules; r != NULL;
       r = r->next) {
    struct match *match = &join->matches[join->match_count];
    join->match_count +=
        r->descendants && rule_match(r, &attributes, match) == SELECTOR_YES;
  }
  pthread_cleanup_pop(true);
}

/* Notes that a process was there. */
static void note_alive(struct process *process, uint64_t time_ns)
    REQUIRES(tracker_mutex) {
  if (!process_is_known_after(process, time_ns))
    process_note_known(process, time_ns);
}

/* Whether it is not known yet what the children inherit of a process that
 * forked at that time. */
static bool must_resolve_groups(const struct descendants *descendants,
                                pid_t pid, uint64_t forked_ns)
    REQUIRES(tracker_mutex) {
  const struct process *process =
      process_table_find_at(descendants->tracker->table, pid, forked_ns);
  return process == NULL || !process->groups_resolved;
}

/* Makes a process a member of the groups that were worked out, or lets the next
 * read do so. */
static bool found(struct descendants *descendants, struct process *process,
                  bool from_zero) REQUIRES(tracker_mutex) {
  return process_is_listed(process)
             ? join_set_pending(&descendants->join, process, from_zero)
             : join_admit(&descendants->join, process, from_zero);
}

/* Finds out what the children of a process inherit, which forked at that time.
 */
static void resolve_groups(struct descendants *descendants, pid_t pid,
                           uint64_t forked_ns) {
  struct tracker *tracker = descendants->tracker;
  struct procfs_stat stat;
  if (!read_stat(descendants, pid, &stat))
    return;
  uint64_t start_ns = stat.start_ticks * descendants->tick_ns;
  uint64_t latest_ns = start_ns + descendants->tick_ns;
  if (start_ns > forked_ns)
    return; /* another one has its pid already */
  /* If it is ending its exit record may have come since the fork. */
  uint64_t alive_ns = forked_ns;
  if (!stat.is_exiting && descendants->now_ns > forked_ns)
    alive_ns = descendants->now_ns;
  match_living(descendants, pid, stat.comm);

  tracker_lock(tracker);
  struct process *process =
      process_table_find_at(tracker->table, pid, forked_ns);
  if (process == NULL)
    process = tracker_enter(tracker, pid, start_ns, latest_ns, alive_ns);
  else if (!process_has_exited(process) &&
           process_may_have_begun(process, start_ns, latest_ns))
    note_alive(process, alive_ns);
  if (process != NULL && !process->groups_resolved) {
    bool from_zero = process_is_listed(process)
                         ? tracker_knows_as_unused(tracker, process)
                         : tracker_counts_from_zero(tracker, latest_ns);
    join_work_out(&descendants->join, process, stat.ppid, UINT64_MAX);
    process->groups_resolved =
        descendants->join.count == 0 || found(descendants, process, from_zero);
  }
  tracker_unlock(tracker);
}

/* Whether the table has the process that was forked at that time, and not only
 * who had its pid before: of one that was known before the fork, procfs tells.
 */
static bool is_entered(struct descendants *descendants, pid_t pid,
                       uint64_t earliest_ns, uint64_t begin_ns) {
  struct tracker *tracker = descendants->tracker;
  struct procfs_stat stat;

  tracker_lock(tracker);
  const struct process *process = process_table_find(tracker->table, pid);
  bool may_be = process != NULL && !process_has_exited(process) &&
                process_may_have_begun(process, earliest_ns, begin_ns);
  uint64_t start_ns = may_be ? process->start_ns : 0;
  bool is_sure = may_be && process_is_known_after(process, begin_ns);
  tracker_unlock(tracker);
  if (!may_be || is_sure)
    return may_be;
  return read_stat(descendants, pid, &stat) &&
         stat.start_ticks * descendants->tick_ns == start_ns;
}

void descendants_fork(struct descendants *descendants, pid_t parent,
                      pid_t child, uint64_t begin_ns) {
  struct tracker *tracker = descendants->tracker;
  static const uint64_t slack_ns = TRACKER_FORK_MS * UINT64_C(1000000);
  uint64_t earliest_ns = subtract(begin_ns, slack_ns);

  pattern_work_fill(&descendants->work, begin_ns);
  tracker_lock(tracker);
  bool is_unknown = must_resolve_groups(descendants, parent, begin_ns);
  tracker_unlock(tracker);
  if (is_unknown)
    resolve_groups(descendants, parent, begin_ns);

  bool is_there = is_entered(descendants, child, earliest_ns, begin_ns);

  tracker_lock(tracker);
  struct process *process = process_table_find(tracker->table, child);
  descendants->join.match_count = 0;
  join_work_out(&descendants->join, NULL, parent, begin_ns);
  /* Whoever had the pid before is not to be taken for it. */
  if (!is_there) {
    if (process != NULL)
      earliest_ns = process_begin_after(process, earliest_ns);
    if (earliest_ns > begin_ns)
      earliest_ns = begin_ns;
    process = tracker_enter(tracker, child, earliest_ns, begin_ns, begin_ns);
    if (process != NULL)
      process->parent = parent;
  }
  bool has_inherited = process != NULL && process->member != NULL &&
                       process->member->inherited > 0;
  if (descendants->join.count > 0 && process != NULL && !has_inherited)
    found(descendants, process, true);
  tracker_unlock(tracker);
}

/* Takes back what a process was found to be, but for what it inherits. */
static void forget(struct member **member) REQUIRES(tracker_mutex) {
  if (*member != NULL && (*member)->inherited == 0) {
    member_destroy(*member);
    *member = NULL;
  }
}

void descendants_exec(struct descendants *descendants, pid_t pid) {
  tracker_lock(descendants->tracker);
  struct process *process =
      process_table_find(descendants->tracker->table, pid);
  if (process != NULL && process->groups_resolved) {
    bool is_readers = process_is_listed(process);
    process->groups_resolved = is_readers && process->member != NULL;
    forget(is_readers ? &process->pending_member : &process->member);
  }
  tracker_unlock(descendants->tracker);
}
