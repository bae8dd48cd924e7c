/* SPDX-License-Identifier: MIT */
#include "track/exit_accounting.h"

#include "kernel/arithmetic.h"
#include "kernel/clock.h"
#include "track/exit_batch.h"
#include "track/exit_info.h"
#include "track/exit_owner.h"
#include "track/exit_status.h"
#include "track/exit_usage.h"
#include "track/join.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum { NOBODY = 0 };

struct exit_accounting {
  struct tracker *tracker;
  struct procfs *proc;
  exit_sink *sink;
  void *context;
  struct exit_batch batch;
  /* Of the next message, whether its thread is added to what the process's
   * ended threads used. */
  bool is_added;
  struct message *waiting; /* that is to be taken after the next one; or NULL */
  uint64_t start_tick_ns;  /* of start times in procfs */
  struct pattern_work work; /* of matching */
  struct parent_cmdlines parents;
  struct join join;            /* of the process at hand */
  const struct rule **unknown; /* which rules cannot be decided of it */
  size_t unknown_count;
};

int exit_accounting_create(const char *root, struct tracker *tracker,
                           exit_sink *sink, void *context,
                           struct exit_accounting **exits) {
  struct exit_accounting *e = calloc(1, sizeof(*e));
  if (e == NULL)
    return -ENOMEM;

  e->tracker = tracker;
  e->sink = sink;
  e->context = context;
  e->start_tick_ns = clock_tick_ns();
  struct timespec tick; /* the coarse clocks advance by one (CONFIG_HZ) */
  clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
  e->batch.tick_ns = (uint64_t)tick.tv_nsec;
  int status = procfs_open(root, &e->proc);
  e->unknown = calloc(tracker->rule_count + 1, sizeof(e->unknown[0]));
  if (status == 0)
    status = join_init(&e->join, tracker);
  if (status == 0 && e->unknown == NULL)
    status = -ENOMEM;
  if (status != 0) {
    exit_accounting_destroy(e);
    return status;
  }
  *exits = e;
  return 0;
}

void exit_accounting_destroy(struct exit_accounting *exits) {
  if (exits == NULL)
    return;
  procfs_close(exits->proc);
  join_clear(&exits->join);
  parent_cmdlines_clear(&exits->parents);
  free(exits->unknown);
  free(exits->waiting);
  free(exits);
}

struct procfs *exit_accounting_proc(const struct exit_accounting *exits) {
  return exits->proc;
}

void exit_accounting_use_proc(struct exit_accounting *exits,
                              struct procfs *proc) {
  exits->proc = proc;
}

/* Whose thread has ended. Returns false if that cannot be known. */
static bool identify_owner(struct exit_accounting *exits,
                           const struct message *message,
                           struct exit_info *info) REQUIRES(tracker_mutex) {
  if (exit_info_identify(info, message, &exits->batch.when) ||
      exit_owner_find(exits->tracker, &exits->batch, info) != NULL)
    return true;
  exits->tracker->unattributed++;
  return false;
}

static void remove_process(struct exit_accounting *exits,
                           struct process *process) REQUIRES(tracker_mutex) {
  member_destroy(process->member);
  exited_threads_destroy(process->exited);
  process_table_remove(exits->tracker->table, process);
}

/* What is known of the ended threads of a process, which may be NULL; or NULL.
 */
static const struct exited_threads *
get_exited_threads(const struct process *process) REQUIRES(tracker_mutex) {
  return process != NULL ? process->exited : NULL;
}

static void count_exit_code(const struct member *member, uint32_t exit_code)
    REQUIRES(tracker_mutex) {
  int64_t delta[COUNTERS] = {0};
  delta[exit_status_counter(exit_code)] = 1;
  member_add(member, delta);
}

/* Fills in which rules select the process. Without the lock. */
static void match_rules(struct exit_accounting *exits,
                        const struct exit_info *info) EXCLUDES(tracker_mutex) {
  struct join *join = &exits->join;
  struct exit_info_look look;

  exit_info_look_init(&look, info, exits->proc, &exits->parents);
  look.attributes.work = &exits->work;
  /* Who does not answer has been tried. */
  look.has_cmdline =
      hung_processes_has(&exits->tracker->hung, (pid_t)info->thread->ppid);
  for (const struct rule *r = exits->tracker->rules; r != NULL; r = r->next) {
    enum selector_match result =
        exit_info_match(&look, r, &join->matches[join->match_count]);
    join->match_count += result == SELECTOR_YES;
    if (result == SELECTOR_UNKNOWN)
      exits->unknown[exits->unknown_count++] = r;
  }
  exit_info_look_clear(&look);
}

/* Books a process that has ended, by its member. */
static void count_exit(struct exit_accounting *exits, struct process *process,
                       struct exit_info *info) REQUIRES(tracker_mutex) {
  process_learn(process, FACT_EXITED);
  process_note_known(process, exits->batch.when.latest_ns);
  info->exit_code = exit_status_of(info->thread, process->exited);
  info->dumped_core = process->exited->dumped_core;
  process->exited->elapsed_us = info->elapsed_us;
  if (info->whole != NULL)
    process->exited->whole_cpu_ns = info->whole->cpu_ns;
  exit_usage_count(exits->tracker, &exits->batch, process, info);
  count_exit_code(process->member, info->exit_code);
  exit_event_send(exits->sink, exits->context, info, process->member);
}

/* Frees what only late threads need: those of a member that had several. */
static void free_what_is_done(struct process *process) REQUIRES(tracker_mutex) {
  bool may_be_late = exited_threads_lack_one(process->exited);

  if (!may_be_late && !process_is_listed(process)) {
    member_destroy(process->member);
    process->member = NULL;
  }
  if (!may_be_late) {
    exited_threads_destroy(process->exited);
    process->exited = NULL;
  }
}

/* Leaves out the groups in which a process is counted. */
static void exclude_groups(struct join *join, const struct member *member)
    REQUIRES(tracker_mutex) {
  for (size_t i = 0; member != NULL && i < join->count; i++)
    for (size_t j = 0; j < member->group_count; j++)
      join->memberships[i].is_again |=
          join->memberships[i].group == member->memberships[j].group;
}

/* The same for groups that a process which a read has met is no member of. It
 * is the reader's, and so stays as it is. What it used before is not counted.
 * The read has seen its command line, so that there is no doubt. */
static void count_exit_of_stranger(struct exit_accounting *exits,
                                   struct process *process, bool is_added,
                                   struct exit_info *info)
    REQUIRES(tracker_mutex) {
  bool from_zero = process->claim != NULL
                       ? process->claim->account.from_zero
                       : tracker_knows_as_unused(exits->tracker, process);
  struct process copy = {.state = PROCESS_LISTED};

  process_learn(process, FACT_EXITED);
  process_note_known(process, exits->batch.when.latest_ns);
  join_work_out(&exits->join, process, NOBODY, 0);
  exclude_groups(&exits->join, process->member);
  if (exits->join.count == 0 || !is_added ||
      !join_admit(&exits->join, &copy, from_zero))
    return;
  if (!from_zero && process->clock_ns != PROCESS_CLOCK_UNKNOWN)
    account_start_at(&copy.member->account, process->clock_ns);
  copy.exited = process->exited;
  count_exit(exits, &copy, info);
  member_destroy(copy.member);
}

/* Whether a rule could not be decided by which the process does not inherit. */
static bool has_undecided_rule(const struct exit_accounting *exits) {
  for (size_t i = 0; i < exits->unknown_count; i++)
    if (!join_inherits(&exits->join, exits->unknown[i]))
      return true;
  return false;
}

/* Whether a process belonged to a group by a rule. */
static const struct membership *find_membership(const struct member *member,
                                                const struct rule *rule)
    REQUIRES(tracker_mutex) {
  for (size_t i = 0; i < member->group_count; i++)
    if (member->memberships[i].rule == rule)
      return &member->memberships[i];
  return NULL;
}

/* Matches what its exit record leaves open: a process that has changed its name
 * only keeps the groups that do not depend on it. */
static void keep_undecided_groups(struct exit_accounting *exits,
                                  const struct member *member)
    REQUIRES(tracker_mutex) {
  struct join *join = &exits->join;
  for (size_t i = 0; i < exits->unknown_count; i++) {
    const struct membership *former =
        find_membership(member, exits->unknown[i]);
    if (former != NULL)
      join->matches[join->match_count++] =
          (struct match){.rule = former->rule, .name = former->group->name};
  }
}

/* The same for a member that has become something else since the last read:
 * what it used since then, and its end, are of what it has become. */
static void count_exit_of_changed(struct exit_accounting *exits,
                                  struct process *process,
                                  struct exit_info *info)
    REQUIRES(tracker_mutex) {
  struct member *member = process->member;
  bool has_called_exec = process->was_forked && !info->is_forked;

  if (!has_called_exec)
    keep_undecided_groups(exits, member);
  join_work_out(&exits->join, process, NOBODY, 0);
  if (has_called_exec)
    exits->tracker->undecided += has_undecided_rule(exits);
  member_move(member, exits->join.memberships, exits->join.count,
              exits->join.inherited_count);
  count_exit(exits, process, info);
}

/* Removes a process that no read has met and no group wants, unless a record of
 * it is to come: that must find whose it is. */
static void remove_exited_process(struct exit_accounting *exits,
                                  struct process *process,
                                  const struct exit_info *info, bool is_added)
    REQUIRES(tracker_mutex) {
  bool is_whole = exit_usage_add_thread_once(&exits->batch, process,
                                             info->thread, is_added);
  if (is_whole && info->whole != NULL) {
    process->exited->whole_cpu_ns = info->whole->cpu_ns;
    process->exited->elapsed_us = info->elapsed_us;
  }
  if (!is_whole || !exited_threads_lack_one(process->exited)) {
    remove_process(exits, process);
    return;
  }
  member_destroy(process->member);
  process->member = NULL;
  process_learn(process, FACT_EXITED);
  process_note_known(process, exits->batch.when.latest_ns);
}

/* From whom a process inherits that no read has met: of one whose fork was
 * heard that is known; of an older one its parent tells. */
static pid_t find_ancestor(const struct exit_accounting *exits,
                           const struct exit_info *info)
    REQUIRES(tracker_mutex) {
  const struct tracker *tracker = exits->tracker;
  bool was_heard =
      tracker->hears_forks && info->latest_ns >= tracker->hears_since_ns;
  return was_heard ? NOBODY : (pid_t)info->thread->ppid;
}

/* The same for one that no read has met: what its exit record tells decides
 * about its groups. */
static void count_exit_of_unlisted(struct exit_accounting *exits,
                                   struct process *process, bool is_added,
                                   struct exit_info *info)
    REQUIRES(tracker_mutex) {
  bool from_zero = tracker_counts_from_zero(exits->tracker, info->latest_ns);

  join_work_out(&exits->join, process, find_ancestor(exits, info), UINT64_MAX);
  exits->tracker->undecided += has_undecided_rule(exits);
  if (process == NULL && (exits->join.count > 0 || info->whole != NULL))
    process = exit_owner_enter(exits->tracker, info);
  if (exits->join.count == 0) {
    if (process != NULL)
      remove_exited_process(exits, process, info, is_added);
    return;
  }
  if (process != NULL && join_admit(&exits->join, process, from_zero) &&
      exit_usage_add_thread_once(&exits->batch, process, info->thread,
                                 is_added)) {
    count_exit(exits, process, info);
    free_what_is_done(process);
  }
}

/* Whether a process, or a child that it may have waited for, has read or
 * written, as far as exit records tell. */
static bool has_done_io(const struct record *thread,
                        const struct process *process) REQUIRES(tracker_mutex) {
  const struct exited_threads *exited = get_exited_threads(process);
  bool has_done = (thread->read_chars | thread->write_chars |
                   thread->read_bytes | thread->write_bytes) != 0;
  if (exited != NULL)
    has_done |= (exited->read_chars | exited->write_chars | exited->read_bytes |
                 exited->write_bytes) != 0;
  return has_done || (process != NULL && process->has_ended_children);
}

/* What was known of a process when its last thread's record was taken. */
struct ending {
  bool is_added;   /* the thread, to what the ended ones used */
  bool is_member;  /* or its parent is */
  bool is_decided; /* a read has resolved its groups */
  bool has_name, has_changed;
};

/* Notes that a parent's child has ended, for which it may wait. */
static void note_child(struct process *parent, const struct record *thread,
                       const struct process *child) REQUIRES(tracker_mutex) {
  parent->has_ended_children = true;
  if (has_done_io(thread, child))
    parent->has_io_of_children = true;
}

/* Narrows down when a process began by what is known of it. */
static void narrow_begin(struct exit_info *info, const struct process *process)
    REQUIRES(tracker_mutex) {
  if (!process_may_have_begun(process, info->earliest_ns, info->latest_ns))
    return;
  if (info->earliest_ns < process->start_ns)
    info->earliest_ns = process->start_ns;
  if (info->latest_ns > process_began_by(process))
    info->latest_ns = process_began_by(process);
}

/* Looks up a process that has ended, and its parent. */
static struct ending begin_exit(struct exit_accounting *exits,
                                struct exit_info *info, bool is_added)
    REQUIRES(tracker_mutex) {
  struct process *process =
      exit_owner_find(exits->tracker, &exits->batch, info);
  if (process != NULL)
    narrow_begin(info, process);
  if (process != NULL && !is_added)
    is_added = exit_usage_add_thread(&exits->batch, process, info->thread);
  struct ending ending = {
      .is_added = is_added,
      .is_member = process != NULL && process->member != NULL,
      .has_name = exit_info_knows_name(info, get_exited_threads(process)),
  };
  ending.is_decided = ending.is_member && process_is_listed(process);
  exit_info_set_comm(info, get_exited_threads(process));
  ending.has_changed =
      ending.is_decided && ending.has_name &&
      process_has_changed(process, info->comm, info->is_forked);
  struct process *parent =
      process_table_find(exits->tracker->table, (pid_t)info->thread->ppid);
  if (parent != NULL)
    note_child(parent, info->thread, process);
  ending.is_member |= parent != NULL && parent->member != NULL;
  return ending;
}

/* Counts the end of a process. The lock was given up to match it and to read
 * its clock, so it has to be looked up anew: a read may have met it by then. */
static void finish_exit(struct exit_accounting *exits, struct exit_info *info,
                        const struct ending *ending) {
  struct tracker *tracker = exits->tracker;
  bool is_added = ending->is_added;

  exits->join.match_count = exits->unknown_count = 0;
  if ((!ending->is_decided || ending->has_changed) && ending->has_name)
    match_rules(exits, info);
  if (ending->is_member || exits->join.match_count > 0)
    exit_info_read_clock(info, exits->proc, exits->start_tick_ns);

  tracker_lock(tracker);
  tracker->exits++;
  struct process *process =
      exit_owner_find(exits->tracker, &exits->batch, info);
  if (process == NULL || !process_is_listed(process)) {
    count_exit_of_unlisted(exits, process, is_added, info);
  } else {
    is_added = exit_usage_add_thread_once(&exits->batch, process, info->thread,
                                          is_added);
    if (is_added && info->whole != NULL)
      process->exited->whole_cpu_ns = info->whole->cpu_ns;
    if (process->member == NULL || process->claim != NULL)
      count_exit_of_stranger(exits, process, is_added, info);
    if (process->member != NULL && is_added && ending->has_changed)
      count_exit_of_changed(exits, process, info);
    else if (process->member != NULL && is_added)
      count_exit(exits, process, info);
    if (process_has_exited(process))
      free_what_is_done(process);
  }
  tracker_unlock(tracker);
}

/* A late thread: its process has ended, and is counted. Returns false if it is
 * none. */
static bool take_late_thread(struct exit_accounting *exits,
                             const struct exit_info *info)
    REQUIRES(tracker_mutex) {
  struct process *process = exit_owner_find_exited(exits->tracker, info);
  if (process == NULL)
    return false;
  exit_usage_add_thread(&exits->batch, process, info->thread);
  if (process->member != NULL)
    exit_usage_count_late_thread(exits->tracker, &exits->batch, process, info);
  return true;
}

/* The end of a thread that is not its process's last one. Returns the message
 * of the last one if that has waited for it. */
static struct message *take_thread(struct exit_accounting *exits,
                                   const struct exit_info *info)
    REQUIRES(tracker_mutex) {
  if (take_late_thread(exits, info))
    return NULL;
  struct process *process =
      exit_owner_find(exits->tracker, &exits->batch, info);
  if (process == NULL)
    process = exit_owner_enter(exits->tracker, info);
  if (process == NULL ||
      !exit_usage_add_thread(&exits->batch, process, info->thread) ||
      !process->exited->has_main)
    return NULL;
  struct message *waiting = process->exited->last;
  process->exited->last = NULL;
  return waiting;
}

/* Whether the main thread of a member may have ended before exit records were
 * heard: then its record does not come. */
static bool may_lack_main(const struct exit_accounting *exits,
                          const struct process *process)
    REQUIRES(tracker_mutex) {
  return process != NULL && process_is_listed(process) &&
         process->member != NULL &&
         process->start_ns < exits->tracker->hears_since_ns;
}

/*
 * Whether a process has to wait for its main thread, which has its name:
 * threads that die together, on several CPUs, overtake each other. Keeps a copy
 * of the message then.
 */
static bool must_wait(struct exit_accounting *exits,
                      const struct exit_info *info,
                      const struct message *message) REQUIRES(tracker_mutex) {
  if (exit_info_knows_name(info, NULL))
    return false;
  struct process *process =
      exit_owner_find(exits->tracker, &exits->batch, info);
  if (exit_info_knows_name(info, get_exited_threads(process)) ||
      may_lack_main(exits, process))
    return false;

  if (process == NULL)
    process = exit_owner_enter(exits->tracker, info);
  struct message *copy = malloc(sizeof(*copy));
  if (process == NULL || copy == NULL ||
      !exit_usage_add_thread(&exits->batch, process, info->thread)) {
    free(copy);
    return false;
  }
  *copy = *message;
  process->exited->last = copy;
  process->exited->elapsed_us = info->elapsed_us;
  return true;
}

/* One message. Returns the one that waited for it, which the caller frees, or
 * NULL. is_added says whether the thread is added already. */
static struct message *take_message(struct exit_accounting *exits,
                                    const struct message *message,
                                    bool is_added) {
  struct exit_info info;
  struct ending ending;
  struct message *waiting = NULL;

  tracker_lock(exits->tracker);
  bool is_known = identify_owner(exits, message, &info);
  if (is_known && !info.is_last)
    waiting = take_thread(exits, &info);
  bool is_end = is_known && info.is_last &&
                (is_added || !must_wait(exits, &info, message));
  if (is_end)
    ending = begin_exit(exits, &info, is_added);
  tracker_unlock(exits->tracker);
  if (is_end) {
    exits->is_added = ending.is_added;
    finish_exit(exits, &info, &ending);
  }
  return waiting;
}

/* Times of CLOCK_BOOTTIME. */
static void set_batch_times(struct exit_accounting *exits, uint64_t earliest_ns,
                            uint64_t latest_ns) {
  uint64_t ahead_ns = clock_suspended_ns();
  exits->batch.when = (struct exit_info_when){
      .earliest_ns = earliest_ns,
      .latest_ns = latest_ns,
      .suspended_ns = ahead_ns,
  };
  exits->batch.when_monotonic = (struct exited_threads_when){
      .earliest_ns = subtract(earliest_ns, ahead_ns),
      .latest_ns = subtract(latest_ns, ahead_ns),
  };
}

void exit_accounting_take(struct exit_accounting *exits,
                          const struct message *messages, size_t count,
                          uint64_t earliest_ns, uint64_t latest_ns) {
  pattern_work_fill(&exits->work, latest_ns);
  set_batch_times(exits, earliest_ns, latest_ns);
  parent_cmdlines_begin_batch(&exits->parents);
  exits->batch.messages = messages;
  exits->batch.count = count;
  exits->batch.taken = 0;
  exit_accounting_resume(exits);
}

void exit_accounting_resume(struct exit_accounting *exits) {
  for (; exits->batch.taken < exits->batch.count; exits->batch.taken++) {
    if (exits->waiting == NULL)
      exits->waiting = take_message(
          exits, &exits->batch.messages[exits->batch.taken], exits->is_added);
    if (exits->waiting != NULL)
      take_message(exits, exits->waiting, true);
    free(exits->waiting);
    exits->waiting = NULL;
    exits->is_added = false;
  }
}
