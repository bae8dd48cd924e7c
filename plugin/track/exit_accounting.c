/* SPDX-License-Identifier: MIT */
#include "track/exit_accounting.h"

#include "kernel/clock.h"
#include "select/text.h"
#include "track/exit_info.h"
#include "track/join.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  /* How long after it was filled in a record may come at most, if the whole
   * machine was made to wait. */
  STALL_MS = 5000,
  NOBODY = 0,
};

#define MS_NS UINT64_C(1000000)

struct exits {
  struct ledger *ledger;
  struct proc *proc;
  exit_sink *sink;
  void *context;
  uint64_t tick_ns;            /* of the kernel's sampling */
  struct departed_when when;   /* the messages at hand are of */
  struct ended_when ended;     /* the same in CLOCK_MONOTONIC */
  uint64_t start_tick_ns;      /* of start times in procfs */
  struct pattern_work work;    /* of matching */
  struct join join;            /* of the process at hand */
  const struct rule **unknown; /* which rules cannot be decided of it */
  size_t unknown_count;
};

int exits_create(const char *root, struct ledger *ledger, exit_sink *sink,
                 void *context, struct exits **exits) {
  struct exits *e = calloc(1, sizeof(*e));
  if (e == NULL)
    return -ENOMEM;

  e->ledger = ledger;
  e->sink = sink;
  e->context = context;
  e->start_tick_ns = 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK);
  struct timespec tick; /* the coarse clocks advance by one (CONFIG_HZ) */
  clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
  e->tick_ns = (uint64_t)tick.tv_nsec;
  int status = proc_open(root, &e->proc);
  e->unknown = calloc(ledger->rule_count + 1, sizeof(e->unknown[0]));
  if (status == 0)
    status = join_init(&e->join, ledger);
  if (status == 0 && e->unknown == NULL)
    status = -ENOMEM;
  if (status != 0) {
    exits_destroy(e);
    return status;
  }
  *exits = e;
  return 0;
}

void exits_destroy(struct exits *exits) {
  if (exits == NULL)
    return;
  proc_close(exits->proc);
  join_clear(&exits->join);
  free(exits->unknown);
  free(exits);
}

/* Whose thread has ended. Returns false if that cannot be known. */
static bool identify(struct exits *exits, const struct message *message,
                     struct departed *departed) {
  if (departed_identify(departed, message, &exits->when) ||
      proctable_find_exiting(exits->ledger->table, departed->tgid,
                             departed->earliest_ns,
                             departed->latest_ns) != NULL)
    return true;
  exits->ledger->unattributed++;
  return false;
}

static struct process *find(struct exits *exits,
                            const struct departed *departed) {
  const uint64_t stall_ns = STALL_MS * MS_NS;
  const struct proctable *table = exits->ledger->table;
  uint64_t earliest_ns = departed->earliest_ns;
  struct process *process = proctable_find_exiting(
      table, departed->tgid, earliest_ns, departed->latest_ns);

  if (process != NULL)
    return process;
  earliest_ns = earliest_ns > stall_ns ? earliest_ns - stall_ns : 0;
  return proctable_find_exiting(table, departed->tgid, earliest_ns,
                                departed->latest_ns);
}

static struct process *enter_departed(struct exits *exits,
                                      const struct departed *departed) {
  return ledger_enter(exits->ledger, departed->tgid, departed->earliest_ns,
                      departed->latest_ns);
}

static void leave(struct exits *exits, struct process *process) {
  member_destroy(process->member);
  ended_destroy(process->ended);
  proctable_remove(exits->ledger->table, process);
}

/* What is known of the ended threads of a process, which may be NULL; or NULL.
 */
static const struct ended *ended_of(const struct process *process) {
  return process != NULL ? process->ended : NULL;
}

/* Adds a thread to what the process's ended threads used, also if no group
 * selects it: one may by the time it ends. Returns false if memory is short. */
static bool add_ended(struct exits *exits, struct process *process,
                      const struct record *thread) {
  if (process->ended == NULL)
    process->ended = calloc(1, sizeof(struct ended));
  if (process->ended == NULL)
    return false;
  ended_add(process->ended, thread, exits->tick_ns,
            process->member != NULL ? &process->member->account : NULL,
            &exits->ended);
  return true;
}

/* The same for one that was added already, unless the process was removed and
 * met anew since. */
static bool add_ended_once(struct exits *exits, struct process *process,
                           const struct record *thread, bool is_added) {
  return (is_added && process->ended != NULL) ||
         add_ended(exits, process, thread);
}

static uint64_t max(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* The time since the last sample of a process that has ended, or since it
 * began. Of its ended threads one may be missing, whose record has been
 * overtaken. */
static struct disk_wait_period last_period(const struct exits *exits,
                                           const struct member *member,
                                           const struct departed *departed,
                                           const struct ended *ended) {
  uint64_t until_ns = exits->ended.latest_ns;
  uint64_t age_ns = departed->elapsed_us * 1000;
  uint64_t since_ns = member->account.sampled_ns;
  if (since_ns == 0)
    since_ns = until_ns > age_ns ? until_ns - age_ns : 0;
  uint64_t length_ns = until_ns > since_ns ? until_ns - since_ns : 0;
  uint64_t missing_ns =
      departed->whole != NULL &&
              departed->whole->waits[DELAY_BLKIO] != ended->disk_waits
          ? length_ns
          : 0;
  return (struct disk_wait_period){
      .since_ns = since_ns,
      .until_ns = until_ns,
      .thread_ns =
          max(member->threads * length_ns, ended->lived_ns) + missing_ns,
      .false_ns = ended->false_ns,
      .from_boot = ended->from_boot,
  };
}

/*
 * Books what a process used in all, from its exit records. With whole, all its
 * delays; without, if it had several threads, only what is summed over them.
 */
static void book(const struct exits *exits, struct process *process,
                 const struct departed *departed, bool with_delays) {
  struct account *account = &process->member->account;
  const struct ended *ended = process->ended;
  struct record record = {0};
  if (with_delays)
    record = departed->whole != NULL ? *departed->whole : *departed->thread;

  /* Kernels that leave ended threads out have no switches in whole at all. */
  if (with_delays)
    process->member->sums_switches =
        record.switches_voluntary + record.switches_involuntary == 0;
  if (process->member->sums_switches) {
    record.switches_voluntary = ended->switches_voluntary;
    record.switches_involuntary = ended->switches_involuntary;
  }
  record.user_us = max(record.user_us, ended->user_us);
  record.system_us = max(record.system_us, ended->system_us);

  if (with_delays)
    process->member->is_exact = departed->has_clock;
  uint64_t cpu_ns = account_cpu_ns(account);
  if (departed->has_clock)
    cpu_ns = departed->clock_ns;
  else if (!process->member->is_exact) /* each is too low at worst */
    cpu_ns = max(cpu_ns, max(record.cpu_ns, ended->cpu_ns));
  const struct proc_io io = {.read_chars = ended->read_chars,
                             .write_chars = ended->write_chars,
                             .read_bytes = ended->read_bytes,
                             .write_bytes = ended->write_bytes};
  const struct proc_stat stat = {.faults_minor = ended->faults_minor,
                                 .faults_major = ended->faults_major};
  const struct sample sample = {
      .io_is_own = process->has_ended_children,
      .cpu_ns = cpu_ns,
      .disk = last_period(exits, process->member, departed, ended),
      .record = with_delays ? &record : NULL,
      .counts_ended_threads = true,
      .io = &io,
      .stat = &stat,
      .is_final = true,
  };
  member_update(process->member, &sample);
}

static enum counter exit_counter(uint32_t exit_code) {
  if (WIFSIGNALED((int)exit_code))
    return COUNTER_EXIT_SIGNAL;
  return WEXITSTATUS((int)exit_code) == 0 ? COUNTER_EXIT_OK
                                          : COUNTER_EXIT_ERROR;
}

/* How a process ended: as its main thread, unless another thread ended all. One
 * that was ending by itself just then has 0 and may come last. */
static uint32_t exit_code_of(const struct record *last,
                             const struct ended *ended) {
  return last->pid == last->tgid || last->exit_code != 0 ? last->exit_code
                                                         : ended->exit_code;
}

static void count_exit(const struct member *member, uint32_t exit_code) {
  int64_t delta[COUNTERS] = {0};
  delta[exit_counter(exit_code)] = 1;
  member_add(member, delta);
}

/* Fills in which rules select the process. Without the lock. */
static void match(struct exits *exits, const struct departed *departed) {
  struct join *join = &exits->join;
  struct departed_look look;

  departed_look_init(&look, departed, exits->proc);
  look.attributes.work = &exits->work;
  for (const struct rule *r = exits->ledger->rules; r != NULL; r = r->next) {
    enum selector_match result =
        departed_match(&look, r, &join->matches[join->match_count]);
    join->match_count += result == SELECTOR_YES;
    if (result == SELECTOR_UNKNOWN)
      exits->unknown[exits->unknown_count++] = r;
  }
  departed_look_clear(&look);
}

static bool wants_notice(const struct rule *rule, uint32_t exit_code) {
  return rule->notify == NOTIFY_ALL ||
         (rule->notify == NOTIFY_FAILURE &&
          exit_counter(exit_code) != COUNTER_EXIT_OK);
}

/* The counters that are known of a process. While delay accounting is off, the
 * kernel counts waits for a CPU only, and of a process that started before it
 * was switched on it never counts the others. */
static uint64_t known_counters(const struct exits *exits,
                               const struct departed *departed,
                               const struct member *member) {
  uint64_t known = member->account.known;
  if (departed->earliest_ns >= exits->ledger->delays_since_ns)
    return known;
  for (unsigned int kind = 0; kind < DELAY_KINDS; kind++)
    if (kind != DELAY_CPU && member->account.total[COUNTER_DELAY + kind] == 0)
      known &= ~(UINT64_C(1) << (COUNTER_DELAY + kind));
  return known;
}

static bool wants_to_know(const struct membership *membership,
                          uint32_t exit_code) {
  return !membership->is_again && wants_notice(membership->rule, exit_code);
}

static void tell_group(struct exits *exits, const struct departed *departed,
                       const struct member *member, struct group *group) {
  char comm[RECORD_COMM_SIZE];
  text_clean(departed->comm, comm, sizeof(comm));
  const struct exit_event event = {
      .group = group,
      .comm = comm,
      .pid = (uint32_t)departed->tgid,
      .ppid = departed->thread->ppid,
      .uid = departed->thread->uid,
      .exit_code = departed->exit_code,
      .dumped_core = departed->dumped_core,
      .elapsed_us = departed->elapsed_us,
      .known = known_counters(exits, departed, member),
      .used = member->account.total,
  };
  exits->sink(exits->context, &event);
}

/* Tells of a process's end, for each group that wants it. */
static void tell(struct exits *exits, const struct departed *departed,
                 const struct member *member) {
  for (size_t i = 0; i < member->group_count; i++)
    if (wants_to_know(&member->memberships[i], departed->exit_code))
      tell_group(exits, departed, member, member->memberships[i].group);
}

/* Books a process that has ended, by its member. With the lock. */
static void settle(struct exits *exits, struct process *process,
                   struct departed *departed) {
  process->has_exited = true;
  departed->exit_code = exit_code_of(departed->thread, process->ended);
  departed->dumped_core = process->ended->dumped_core;
  book(exits, process, departed, true);
  count_exit(process->member, departed->exit_code);
  tell(exits, departed, process->member);
}

/* Frees what only late threads need: those of a member that had several. */
static void drop(struct process *process, const struct departed *departed) {
  bool may_be_late = departed->whole != NULL;

  if (!may_be_late && !process->is_met) {
    member_destroy(process->member);
    process->member = NULL;
  }
  if (!may_be_late || process->member == NULL) {
    ended_destroy(process->ended);
    process->ended = NULL;
  }
}

/* Leaves out the groups in which a process is counted. */
static void exclude(struct join *join, const struct member *member) {
  for (size_t i = 0; member != NULL && i < join->count; i++)
    for (size_t j = 0; j < member->group_count; j++)
      join->memberships[i].is_again |=
          join->memberships[i].group == member->memberships[j].group;
}

/* The same for groups that a process which a read has met is no member of. It
 * is the reader's, and so stays as it is. What it used before is not counted.
 * The read has seen its command line, so that there is no doubt. With the lock.
 */
static void settle_stranger(struct exits *exits, struct process *process,
                            bool is_added, struct departed *departed) {
  bool from_zero = process->claim != NULL
                       ? process->claim->account.from_zero
                       : ledger_knows_as_unused(exits->ledger, process);
  struct process copy = {.is_met = true,
                         .has_ended_children = process->has_ended_children};

  process->has_exited = true;
  join_work_out(&exits->join, process, NOBODY, 0);
  exclude(&exits->join, process->member);
  if (exits->join.count == 0 || !is_added ||
      !join_admit(&exits->join, &copy, from_zero))
    return;
  if (!from_zero && process->clock_ns != PROCESS_CLOCK_UNKNOWN)
    account_start_at(&copy.member->account, process->clock_ns);
  copy.ended = process->ended;
  settle(exits, &copy, departed);
  member_destroy(copy.member);
}

/* Whether a rule could not be decided by which the process does not inherit. */
static bool is_undecided(const struct exits *exits) {
  for (size_t i = 0; i < exits->unknown_count; i++)
    if (!join_inherits(&exits->join, exits->unknown[i]))
      return true;
  return false;
}

/* The same for one that no read has met: what its exit record tells decides
 * about its groups. With the lock. */
static void settle_unmet(struct exits *exits, struct process *process,
                         bool is_added, struct departed *departed) {
  bool from_zero = ledger_counts_from_zero(exits->ledger, departed->latest_ns);

  join_work_out(&exits->join, process, (pid_t)departed->thread->ppid,
                UINT64_MAX);
  exits->ledger->undecided += is_undecided(exits);
  if (exits->join.count == 0) {
    if (process != NULL)
      leave(exits, process);
    return;
  }
  if (process == NULL)
    process = enter_departed(exits, departed);
  if (process != NULL && join_admit(&exits->join, process, from_zero) &&
      add_ended_once(exits, process, departed->thread, is_added)) {
    settle(exits, process, departed);
    drop(process, departed);
  }
}

/* The end of a process. The lock is given up to match it and to read its clock,
 * so it has to be looked up anew: a read may have met it by then. */
static void take_process(struct exits *exits, struct departed *departed,
                         bool is_added) {
  struct ledger *ledger = exits->ledger;

  ledger_lock(ledger);
  struct process *process = find(exits, departed);
  if (process != NULL && !is_added)
    is_added = add_ended(exits, process, departed->thread);
  bool is_member = process != NULL && process->member != NULL;
  bool is_decided = is_member && process->is_met;
  bool has_name = departed_knows_name(departed, ended_of(process));
  departed_set_comm(departed, ended_of(process));
  struct process *parent =
      proctable_find(ledger->table, (pid_t)departed->thread->ppid);
  if (parent != NULL)
    parent->has_ended_children = true;
  is_member |= parent != NULL && parent->member != NULL;
  ledger_unlock(ledger);

  exits->join.match_count = exits->unknown_count = 0;
  if (!is_decided && has_name)
    match(exits, departed);
  if (is_member || exits->join.match_count > 0)
    departed_read_clock(departed, exits->proc, exits->start_tick_ns);

  ledger_lock(ledger);
  process = find(exits, departed);
  if (process == NULL || !process->is_met) {
    settle_unmet(exits, process, is_added, departed);
  } else {
    is_added = add_ended_once(exits, process, departed->thread, is_added);
    if (process->member == NULL || process->claim != NULL)
      settle_stranger(exits, process, is_added, departed);
    if (process->member != NULL && is_added)
      settle(exits, process, departed);
    if (process->has_exited)
      drop(process, departed);
  }
  ledger_unlock(ledger);
}

static void add_switches(const struct member *member,
                         const struct record *thread) {
  int64_t delta[COUNTERS] = {0};
  delta[COUNTER_SWITCHES_VOLUNTARY] = (int64_t)thread->switches_voluntary;
  delta[COUNTER_SWITCHES_INVOLUNTARY] = (int64_t)thread->switches_involuntary;
  member_add(member, delta);
}

/* A late thread: its process has ended, and had counted its delays and its CPU
 * time already, but not its I/O and page faults. */
static bool take_late(struct exits *exits, const struct departed *departed) {
  struct process *process =
      proctable_find_exited(exits->ledger->table, departed->tgid,
                            departed->earliest_ns, departed->latest_ns);
  if (process == NULL)
    return false;
  if (process->member != NULL && process->ended != NULL) {
    add_ended(exits, process, departed->thread);
    book(exits, process, departed, false);
    if (process->member->sums_switches)
      add_switches(process->member, departed->thread);
  }
  return true;
}

/* The end of a thread that is not its process's last one. Returns the message
 * of the last one if that has waited for it. */
static struct message *take_thread(struct exits *exits,
                                   const struct departed *departed) {
  struct process *process = find(exits, departed);
  if (process == NULL && take_late(exits, departed))
    return NULL;
  if (process == NULL)
    process = enter_departed(exits, departed);
  if (process == NULL || !add_ended(exits, process, departed->thread) ||
      !process->ended->has_main)
    return NULL;
  struct message *waiting = process->ended->last;
  process->ended->last = NULL;
  return waiting;
}

/*
 * Whether a process that is no member has to wait for its main thread, to be
 * matched by its name: threads that die together, on several CPUs, overtake
 * each other. Keeps a copy of the message then. With the lock.
 */
static bool must_wait(struct exits *exits, const struct departed *departed,
                      const struct message *message) {
  struct process *process = find(exits, departed);
  if (departed_knows_name(departed, ended_of(process)) ||
      (process != NULL && process->is_met && process->member != NULL))
    return false;

  if (process == NULL)
    process = enter_departed(exits, departed);
  struct message *copy = malloc(sizeof(*copy));
  if (process == NULL || copy == NULL ||
      !add_ended(exits, process, departed->thread)) {
    free(copy);
    return false;
  }
  *copy = *message;
  process->ended->last = copy;
  return true;
}

/* One message. Returns the one that waited for it, which the caller frees, or
 * NULL. is_added says whether the thread is added already. */
static struct message *take(struct exits *exits, const struct message *message,
                            bool is_added) {
  struct departed departed;
  struct message *waiting = NULL;

  ledger_lock(exits->ledger);
  bool is_known = identify(exits, message, &departed);
  if (is_known && !departed.is_last)
    waiting = take_thread(exits, &departed);
  else if (is_known && !is_added)
    is_known = !must_wait(exits, &departed, message);
  ledger_unlock(exits->ledger);
  if (is_known && departed.is_last)
    take_process(exits, &departed, is_added);
  return waiting;
}

/* Times of CLOCK_BOOTTIME. */
static void set_when(struct exits *exits, uint64_t earliest_ns,
                     uint64_t latest_ns) {
  uint64_t ahead_ns = clock_suspended_ns();
  exits->when = (struct departed_when){
      .earliest_ns = earliest_ns,
      .latest_ns = latest_ns,
      .suspended_ns = ahead_ns,
  };
  exits->ended = (struct ended_when){
      .earliest_ns = earliest_ns > ahead_ns ? earliest_ns - ahead_ns : 0,
      .latest_ns = latest_ns > ahead_ns ? latest_ns - ahead_ns : 0,
  };
}

void exits_take(struct exits *exits, const struct message *messages,
                size_t count, uint64_t earliest_ns, uint64_t latest_ns) {
  pattern_work_fill(&exits->work, latest_ns);
  set_when(exits, earliest_ns, latest_ns);
  for (size_t i = 0; i < count; i++) {
    struct message *waiting = take(exits, &messages[i], false);
    if (waiting != NULL)
      take(exits, waiting, true);
    free(waiting);
  }
}
