/* SPDX-License-Identifier: MIT */
#include "track/descendants.h"

#include "kernel/procfs.h"
#include "track/join.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct heirs {
  struct ledger *ledger;
  struct proc *proc;
  uint64_t tick_ns;         /* of start times in procfs */
  struct pattern_work work; /* of matching */
  struct join join;         /* of the process at hand */
};

int heirs_create(const char *root, struct ledger *ledger,
                 struct heirs **heirs) {
  struct heirs *h = calloc(1, sizeof(*h));
  if (h == NULL)
    return -ENOMEM;

  h->ledger = ledger;
  h->tick_ns = 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK);
  int status = proc_open(root, &h->proc);
  if (status == 0)
    status = join_init(&h->join, ledger);
  if (status != 0) {
    heirs_destroy(h);
    return status;
  }
  *heirs = h;
  return 0;
}

void heirs_destroy(struct heirs *heirs) {
  if (heirs == NULL)
    return;
  proc_close(heirs->proc);
  join_clear(&heirs->join);
  free(heirs);
}

/* Fills in which of the rules that want descendants select a process that
 * lives. Without the lock. */
static void match_living(struct heirs *heirs, pid_t pid, const char *comm) {
  struct join *join = &heirs->join;
  struct attributes attributes;

  join->match_count = 0;
  attributes_init(&attributes, heirs->proc, pid, comm);
  attributes.work = &heirs->work;
  for (const struct rule *r = heirs->ledger->rules; r != NULL; r = r->next) {
    struct match *match = &join->matches[join->match_count];
    join->match_count +=
        r->descendants && rule_match(r, &attributes, match) == SELECTOR_YES;
  }
  attributes_clear(&attributes);
}

/* Whether it is not known yet what the children inherit of a process that
 * forked at that time. With the lock. */
static bool must_judge(const struct heirs *heirs, pid_t pid,
                       uint64_t forked_ns) {
  const struct process *process =
      proctable_find_at(heirs->ledger->table, pid, forked_ns);
  return process == NULL || !process->is_judged;
}

/* Makes a process a member of the groups that were worked out, or lets the next
 * read do so. With the lock. */
static bool found(struct heirs *heirs, struct process *process,
                  bool from_zero) {
  return process->is_met ? join_claim(&heirs->join, process, from_zero)
                         : join_admit(&heirs->join, process, from_zero);
}

/* Finds out what the children of a process inherit, which forked at that time.
 */
static void judge(struct heirs *heirs, pid_t pid, uint64_t forked_ns) {
  struct ledger *ledger = heirs->ledger;
  struct proc_stat stat;
  if (proc_stat(heirs->proc, pid, &stat) != 0)
    return;
  uint64_t start_ns = stat.start_ticks * heirs->tick_ns;
  uint64_t latest_ns = start_ns + heirs->tick_ns;
  if (start_ns > forked_ns)
    return; /* another one has its pid already */
  match_living(heirs, pid, stat.comm);

  ledger_lock(ledger);
  struct process *process = proctable_find_at(ledger->table, pid, forked_ns);
  if (process == NULL)
    process = ledger_enter(ledger, pid, start_ns, latest_ns);
  if (process != NULL && !process->is_judged) {
    bool from_zero = process->is_met
                         ? ledger_knows_as_unused(ledger, process)
                         : ledger_counts_from_zero(ledger, latest_ns);
    join_work_out(&heirs->join, process, stat.ppid, UINT64_MAX);
    process->is_judged =
        heirs->join.count == 0 || found(heirs, process, from_zero);
  }
  ledger_unlock(ledger);
}

void heirs_fork(struct heirs *heirs, pid_t parent, pid_t child,
                uint64_t begin_ns) {
  struct ledger *ledger = heirs->ledger;
  static const uint64_t slack_ns = LEDGER_FORK_MS * UINT64_C(1000000);
  uint64_t earliest_ns = begin_ns > slack_ns ? begin_ns - slack_ns : 0;

  pattern_work_fill(&heirs->work, begin_ns);
  ledger_lock(ledger);
  bool is_unknown = must_judge(heirs, parent, begin_ns);
  ledger_unlock(ledger);
  if (is_unknown)
    judge(heirs, parent, begin_ns);

  ledger_lock(ledger);
  struct process *process = proctable_find(ledger->table, child);
  bool is_there = process != NULL && !process->has_exited &&
                  process_may_have_begun(process, earliest_ns, begin_ns);
  bool is_known = proctable_find_at(ledger->table, child, begin_ns) != NULL;
  heirs->join.match_count = 0;
  join_work_out(&heirs->join, NULL, parent, begin_ns);
  /* Whoever had the pid before is not to be taken for it. */
  if (!is_there && (heirs->join.count > 0 || is_known))
    process = ledger_enter(ledger, child, earliest_ns, begin_ns);
  bool has_inherited = process != NULL && process->member != NULL &&
                       process->member->inherited > 0;
  if (heirs->join.count > 0 && process != NULL && !has_inherited)
    found(heirs, process, true);
  ledger_unlock(ledger);
}

/* Takes back what a process was found to be, but for what it inherits. */
static void forget(struct member **member) {
  if (*member != NULL && (*member)->inherited == 0) {
    member_destroy(*member);
    *member = NULL;
  }
}

void heirs_exec(struct heirs *heirs, pid_t pid) {
  ledger_lock(heirs->ledger);
  struct process *process = proctable_find(heirs->ledger->table, pid);
  if (process != NULL && process->is_judged) {
    bool is_readers = process->is_met;
    process->is_judged = is_readers && process->member != NULL;
    forget(is_readers ? &process->claim : &process->member);
  }
  ledger_unlock(heirs->ledger);
}
