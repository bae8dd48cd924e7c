/* SPDX-License-Identifier: MIT */
#include "exits.h"

#include "ended.h"
#include "join.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  /* Versions before have neither a process's id in a thread's record nor the
   * flag of the last thread. */
  VERSION_LAST_THREAD = 12,
  /* A record is filled in and then sent; in between its thread may be made to
   * wait. */
  SLACK_MS = 100,
  /* For how long at most, if the whole machine was. */
  STALL_MS = 5000,
  /* Who is the parent of those whose parent has died. */
  INIT_PID = 1,
  NOBODY = 0,
};

#define MS_NS UINT64_C(1000000)

struct exits {
  struct ledger *ledger;
  struct proc *proc;
  exit_sink *sink;
  void *context;
  uint64_t tick_ns;            /* of the kernel's sampling */
  uint64_t start_tick_ns;      /* of start times in procfs */
  struct join join;            /* of the process at hand */
  const struct rule **unknown; /* which rules cannot be decided of it */
  size_t unknown_count;
};

/* The process whose thread has ended, as far as its record tells. */
struct departed {
  pid_t tgid;
  bool is_last;                /* no thread is left */
  const struct record *thread; /* the last that ended */
  const struct record *whole; /* all threads together; NULL if it had but one */
  uint64_t earliest_ns, latest_ns; /* between these times it began */
  uint64_t age_ns;                 /* at most; 0 if that is not known */
  char comm[RECORD_COMM_SIZE];

  uint32_t exit_code; /* a wait status */
  bool dumped_core;
  bool has_clock; /* its CPU clock could still be read */
  uint64_t clock_ns;
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

static uint64_t clock_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Between which times a process began, by the age that its record has, which
 * leaves out what the machine was suspended. */
static void set_begin(struct departed *departed, uint64_t elapsed_us,
                      uint64_t earliest_ns, uint64_t latest_ns) {
  uint64_t age_ns = elapsed_us * 1000;
  uint64_t suspended_ns = clock_ns(CLOCK_BOOTTIME) - clock_ns(CLOCK_MONOTONIC);
  uint64_t slack_ns = SLACK_MS * MS_NS + suspended_ns + age_ns;
  departed->earliest_ns = earliest_ns > slack_ns ? earliest_ns - slack_ns : 0;
  departed->latest_ns = latest_ns > age_ns ? latest_ns - age_ns : 0;
  departed->age_ns = age_ns + SLACK_MS * MS_NS;
}

/*
 * Whose thread has ended. Before version 12 a record without a process's part
 * is that of a whole process only if its pid is known as one's, and a thread
 * that is not the last cannot be attributed: returns false.
 */
static bool identify(struct exits *exits, const struct message *message,
                     uint64_t earliest_ns, uint64_t latest_ns,
                     struct departed *departed) {
  const struct record *thread = &message->record[MESSAGE_THREAD];
  bool has_whole = message->has[MESSAGE_PROCESS];

  *departed = (struct departed){
      .thread = thread,
      .whole = has_whole ? &message->record[MESSAGE_PROCESS] : NULL,
  };
  if (thread->version >= VERSION_LAST_THREAD) {
    departed->tgid = (pid_t)thread->tgid;
    departed->is_last = (thread->flags & RECORD_LAST_THREAD) != 0;
    set_begin(departed, thread->process_elapsed_us, earliest_ns, latest_ns);
    return true;
  }

  departed->is_last = true;
  departed->tgid = (pid_t)thread->pid;
  if (has_whole) {
    departed->tgid = (pid_t)message->id[MESSAGE_PROCESS];
    departed->latest_ns = latest_ns;
    if (thread->pid == message->id[MESSAGE_PROCESS])
      set_begin(departed, thread->elapsed_us, earliest_ns, latest_ns);
    return true;
  }
  set_begin(departed, thread->elapsed_us, earliest_ns, latest_ns);
  if (proctable_find_exiting(exits->ledger->table, departed->tgid,
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

/* Adds a thread to what the process's ended threads used, also if no group
 * selects it: one may by the time it ends. Returns false if memory is short. */
static bool add_ended(struct exits *exits, struct process *process,
                      const struct record *thread) {
  if (process->ended == NULL)
    process->ended = calloc(1, sizeof(struct ended));
  if (process->ended == NULL)
    return false;
  ended_add(process->ended, thread, exits->tick_ns);
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

/*
 * Books what a process used in all, from its exit records. With whole, all its
 * delays; without, if it had several threads, only what is summed over them.
 */
static void book(struct process *process, const struct departed *departed,
                 bool with_delays) {
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
      .age_ns = departed->age_ns,
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

/* Whether the record of the main thread is there: it has the process's name. */
static bool knows_name(const struct process *process,
                       const struct departed *departed) {
  return departed->whole == NULL ||
         departed->thread->pid == (uint32_t)departed->tgid ||
         (process != NULL && process->ended != NULL &&
          process->ended->has_main);
}

static void set_comm(struct departed *departed, const struct process *process) {
  const char *comm = departed->thread->comm;
  if (process != NULL && process->ended != NULL && process->ended->has_main)
    comm = process->ended->comm;
  memcpy(departed->comm, comm, sizeof(departed->comm));
}

/* Reads the CPU clock of a process that its parent has not reaped yet. That of
 * one that still runs, to tear itself down, lags by up to a tick
 * (thread_group_cputime in the kernel), and is no better than an estimate. */
static void read_clock(struct exits *exits, struct departed *departed) {
  struct proc_stat stat;

  if (!proc_may_be_zombie(departed->tgid) ||
      proc_stat(exits->proc, departed->tgid, &stat) != 0 ||
      !proc_stat_has_ended(&stat))
    return;
  uint64_t start_ns = stat.start_ticks * exits->start_tick_ns;
  departed->has_clock =
      start_ns <= departed->latest_ns &&
      start_ns + exits->start_tick_ns >= departed->earliest_ns &&
      proc_cpu_clock(departed->tgid, &departed->clock_ns) == 0;
}

/* The cgroup of a process that has just ended, or else its parent's. */
static bool read_cgroup(struct exits *exits, const struct departed *departed,
                        char *path, size_t size) {
  return proc_cgroup(exits->proc, departed->tgid, path, size) == 0 ||
         proc_cgroup(exits->proc, (pid_t)departed->thread->ppid, path, size) ==
             0;
}

/* What was read of a process that has ended. */
struct read {
  bool has_cgroup, has_cmdline; /* tried, at least */
  char cgroup[PATH_MAX];
};

/* The command line of a process that never called exec: its parent's, unless
 * the parent died first. The caller frees it; NULL if it cannot be had. */
static char *read_cmdline(struct exits *exits, const struct record *thread) {
  char *cmdline;
  if ((thread->flags & RECORD_FORKED) == 0 || thread->ppid == INIT_PID ||
      proc_cmdline(exits->proc, (pid_t)thread->ppid, &cmdline) != 0)
    return NULL;
  return cmdline;
}

/* Matches a process that has ended; what its record does not tell is read when
 * a rule first asks for it. */
static enum selector_match match_rule(struct exits *exits,
                                      const struct departed *departed,
                                      const struct rule *rule,
                                      struct attributes *attributes,
                                      struct read *read) {
  struct match *match = &exits->join.matches[exits->join.match_count];
  enum selector_match result = rule_match(rule, attributes, match);

  if (result == SELECTOR_UNKNOWN && !read->has_cgroup &&
      attributes_lacked_cgroup(attributes)) {
    read->has_cgroup = true;
    if (read_cgroup(exits, departed, read->cgroup, sizeof(read->cgroup)))
      attributes_set_cgroup(attributes, read->cgroup);
    result = rule_match(rule, attributes, match);
  }
  if (result == SELECTOR_UNKNOWN && !read->has_cmdline &&
      attributes_lacked_cmdline(attributes)) {
    read->has_cmdline = true;
    attributes_set_cmdline(attributes, read_cmdline(exits, departed->thread));
    result = rule_match(rule, attributes, match);
  }
  return result;
}

/* Fills in which rules select the process. Without the lock. */
static void match(struct exits *exits, struct departed *departed) {
  const struct record *thread = departed->thread;
  struct attributes attributes;
  struct read read;

  read.has_cgroup = read.has_cmdline = false;
  attributes_init_exited(&attributes, departed->tgid, departed->comm,
                         thread->uid, thread->exe_dev, thread->exe_inode);
  for (const struct rule *r = exits->ledger->rules; r != NULL; r = r->next) {
    enum selector_match result =
        match_rule(exits, departed, r, &attributes, &read);
    exits->join.match_count += result == SELECTOR_YES;
    if (result == SELECTOR_UNKNOWN)
      exits->unknown[exits->unknown_count++] = r;
  }
  attributes_clear(&attributes);
}

static bool wants_notice(const struct rule *rule, uint32_t exit_code) {
  return rule->notify == NOTIFY_ALL ||
         (rule->notify == NOTIFY_FAILURE &&
          exit_counter(exit_code) != COUNTER_EXIT_OK);
}

/* Tells of a process's end, for each group that wants it. */
static void tell(struct exits *exits, const struct departed *departed,
                 const struct member *member) {
  struct exit_event event = {
      .comm = departed->comm,
      .pid = (uint32_t)departed->tgid,
      .ppid = departed->thread->ppid,
      .uid = departed->thread->uid,
      .exit_code = departed->exit_code,
      .dumped_core = departed->dumped_core,
      .elapsed_us = departed->thread->version >= VERSION_LAST_THREAD
                        ? departed->thread->process_elapsed_us
                        : departed->thread->elapsed_us,
      .known = member->account.known,
      .used = member->account.total,
  };
  for (size_t i = 0; i < member->group_count; i++) {
    const struct membership *membership = &member->memberships[i];
    event.group = membership->group;
    if (!membership->is_again &&
        wants_notice(membership->rule, departed->exit_code))
      exits->sink(exits->context, &event);
  }
}

/* Books a process that has ended, by its member. With the lock. */
static void settle(struct exits *exits, struct process *process,
                   struct departed *departed) {
  process->has_exited = true;
  departed->exit_code = exit_code_of(departed->thread, process->ended);
  departed->dumped_core = process->ended->dumped_core;
  book(process, departed, true);
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
  bool has_name = knows_name(process, departed);
  set_comm(departed, process);
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
    read_clock(exits, departed);

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
    book(process, departed, false);
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
  if (knows_name(process, departed) ||
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
                            bool is_added, uint64_t earliest_ns,
                            uint64_t latest_ns) {
  struct departed departed;
  struct message *waiting = NULL;

  ledger_lock(exits->ledger);
  bool is_known = identify(exits, message, earliest_ns, latest_ns, &departed);
  if (is_known && !departed.is_last)
    waiting = take_thread(exits, &departed);
  else if (is_known && !is_added)
    is_known = !must_wait(exits, &departed, message);
  ledger_unlock(exits->ledger);
  if (is_known && departed.is_last)
    take_process(exits, &departed, is_added);
  return waiting;
}

void exits_take(struct exits *exits, const struct message *messages,
                size_t count, uint64_t earliest_ns, uint64_t latest_ns) {
  for (size_t i = 0; i < count; i++) {
    struct message *waiting =
        take(exits, &messages[i], false, earliest_ns, latest_ns);
    if (waiting != NULL)
      take(exits, waiting, true, earliest_ns, latest_ns);
    free(waiting);
  }
}
