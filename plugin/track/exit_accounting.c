/* SPDX-License-Identifier: MIT */
#include "track/exit_accounting.h"

#include "kernel/arithmetic.h"
#include "kernel/clock.h"
#include "track/ended_child.h"
#include "track/exit_batch.h"
#include "track/exit_cause.h"
#include "track/exit_groups.h"
#include "track/exit_info.h"
#include "track/exit_owner.h"
#include "track/exit_usage.h"
#include "track/old_record.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

struct exit_accounting {
  struct tracker *tracker;
  struct procfs *proc;
  uint64_t start_tick_ns; /* the unit of start times in procfs */
  struct exit_batch batch;
  /* Whether the thread of the next message was already added to the use of the
   * process's ended threads. */
  bool is_added;
  bool has_ended; /* a process that may belong to a group has ended in this
                     batch */
  struct message *waiting;  /* to be taken after the next one; or NULL */
  struct message completed; /* the result of old_record_complete */
  struct exit_groups groups;
  struct exit_cause cause; /* for the current process */
};

int exit_accounting_create(const char *root, struct tracker *tracker,
                           exit_sink *sink, void *context,
                           struct exit_accounting **exits) {
  struct exit_accounting *e = calloc(1, sizeof(*e));
  if (e == NULL)
    return -ENOMEM;

  e->tracker = tracker;
  e->start_tick_ns = clock_tick_ns();
  struct timespec tick; /* the resolution of the coarse clocks (CONFIG_HZ) */
  clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
  e->batch.tick_ns = (uint64_t)tick.tv_nsec;
  e->batch.tells_ends = tracker->tells_ends;
  exit_cause_init(&e->cause);
  int status = procfs_open(root, &e->proc);
  if (status == 0)
    status = exit_groups_init(&e->groups, tracker, &e->batch, sink, context);
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
  exit_groups_clear(&exits->groups);
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

/* Identifies the process of the thread that has ended. Returns false if that is
 * not possible. */
static bool identify_owner(struct exit_accounting *exits,
                           const struct message *message,
                           struct exit_info *info) REQUIRES(tracker_mutex) {
  if (exit_info_identify(info, message, &exits->batch.when) ||
      exit_owner_find(exits->tracker, &exits->batch, info) != NULL)
    return true;
  /* A thread that existed before events were received, and ended before the
   * first listing could show it, is not counted. */
  if (!exits->tracker->hears_events ||
      info->earliest_ns >= exits->tracker->hears_since_ns)
    exits->tracker->unattributed++;
  return false;
}

/* The ended threads of a process, which may be NULL; or NULL. */
static const struct exited_threads *
get_exited_threads(const struct process *process) REQUIRES(tracker_mutex) {
  return process != NULL ? process->exited : NULL;
}

/* What was known of a process when its last thread's record was taken. */
struct ending {
  bool is_over;    /* it was in no group: nothing else has to be done */
  bool is_added;   /* the thread was added to the use of the ended ones */
  bool is_member;  /* or its parent is */
  bool is_decided; /* its groups are resolved */
  bool has_name, has_changed;
};

/* Narrows the range of a process's start time by what is known of it. */
static void narrow_begin(struct exit_info *info, const struct process *process)
    REQUIRES(tracker_mutex) {
  if (!process_may_have_begun(process, info->earliest_ns, info->latest_ns))
    return;
  if (info->earliest_ns < process->start_ns)
    info->earliest_ns = process->start_ns;
  if (info->latest_ns > process_began_by(process))
    info->latest_ns = process_began_by(process);
  /* The same process must be found again. */
  info->prompt_ns = max(info->prompt_ns, info->earliest_ns);
}

/* Whether the groups of a process are known, and it has not changed since.
 * Without events, a process that a read has not selected may have changed. */
static bool is_decided(const struct tracker *tracker,
                       const struct process *process) REQUIRES(tracker_mutex) {
  if (process == NULL || !process->groups_resolved)
    return false;
  return process->member != NULL || tracker->hears_events ||
         !process_is_listed(process);
}

/* Whether a process is known to be in no group, and no other record is
 * expected, since it never had another thread. */
static bool is_of_no_group(const struct tracker *tracker,
                           const struct process *process,
                           const struct exit_info *info)
    REQUIRES(tracker_mutex) {
  return is_decided(tracker, process) && process->member == NULL &&
         process->exited == NULL && info->whole == NULL &&
         exit_info_knows_name(info, NULL) &&
         !process_has_changed(process, info->thread->comm, info->is_forked);
}

/* Counts the exit of a process that is in no group. */
static void end_stranger(struct exit_accounting *exits, struct process *process,
                         const struct exit_info *info) REQUIRES(tracker_mutex) {
  exits->tracker->exits++;
  ended_child_note(exits->tracker, info, process);
  if (process_is_listed(process)) {
    process_learn(process, FACT_EXITED);
    process_note_known(process, exits->batch.when.latest_ns);
  } else {
    process_table_remove(exits->tracker->table, process);
  }
}

/* Looks up a process that has ended, and its parent. */
static struct ending begin_exit(struct exit_accounting *exits,
                                struct exit_info *info, bool is_added)
    REQUIRES(tracker_mutex) {
  struct process *process =
      exit_owner_find(exits->tracker, &exits->batch, info);
  if (is_of_no_group(exits->tracker, process, info)) {
    end_stranger(exits, process, info);
    return (struct ending){.is_over = true};
  }
  exit_info_set_main(info, get_exited_threads(process));
  if (process != NULL) {
    narrow_begin(info, process);
    info->parent = process->parent;
    info->is_same_program = process_is_same_program(process, info->is_forked);
  }
  if (process != NULL && !is_added)
    is_added = exit_usage_add_thread(&exits->batch, process, info->thread);
  struct ending ending = {
      .is_added = is_added,
      .is_member = process != NULL && process->member != NULL,
      .has_name = exit_info_knows_name(info, get_exited_threads(process)),
  };
  ending.is_decided = is_decided(exits->tracker, process);
  exit_cause_begin(&exits->cause, info, process);
  ending.has_changed =
      process != NULL && ending.has_name &&
      process_has_changed(process, info->comm, info->is_forked);
  /* An event was lost. */
  if (ending.has_changed && !process_is_listed(process))
    process->groups_resolved = ending.is_decided = false;
  const struct process *parent =
      ended_child_note(exits->tracker, info, process);
  ending.is_member |= parent != NULL && parent->member != NULL;
  return ending;
}

/* Counts the exit of a process. The lock was released to match it and to read
 * its clock, so it has to be looked up again: a read may have found it
 * meanwhile. */
static void finish_exit(struct exit_accounting *exits, struct exit_info *info,
                        const struct ending *ending) {
  struct tracker *tracker = exits->tracker;

  exit_groups_begin_process(&exits->groups);
  bool is_selected = (!ending->is_decided || ending->has_changed) &&
                     ending->has_name &&
                     exit_groups_match(&exits->groups, exits->proc, info);
  if (ending->is_member || is_selected) {
    exits->cause.wants_cgroups |= exit_groups_collect_cgroups(&exits->groups);
    exit_cause_find(&exits->cause, exits->tracker, exits->proc, info);
    exit_info_read_clock(info, exits->proc, exits->start_tick_ns);
  }
  /* Its pid has not been reused unless another process with the pid that may
   * have started at the same time has ended, too. */
  bool is_exact = info->latest_ns - info->earliest_ns <= exits->start_tick_ns;
  if (info->has_clock && !is_exact &&
      exit_owner_count_exits(&exits->batch, info) > 1)
    info->has_clock = false;

  tracker_lock(tracker);
  tracker->exits++;
  struct process *process = exit_owner_find(tracker, &exits->batch, info);
  exit_groups_count_exit(&exits->groups, process, info, ending->is_added,
                         ending->has_changed);
  tracker_unlock(tracker);
}

/* Handles a late thread, whose process has ended and was counted. Returns false
 * if it is not one. */
static bool take_late_thread(struct exit_accounting *exits,
                             const struct exit_info *info)
    REQUIRES(tracker_mutex) {
  struct process *process = exit_owner_find_exited(exits->tracker, info);
  if (process == NULL)
    return false;
  if (!exit_usage_add_thread(&exits->batch, process, info->thread))
    exits->tracker->undecided++;
  else if (process->member != NULL)
    exit_usage_count_late_thread(exits->tracker, &exits->batch, process, info);
  return true;
}

/* Handles the end of a thread that is not the last one of its process. Returns
 * the message of the last one if that has waited for it. */
static struct message *take_thread(struct exit_accounting *exits,
                                   const struct exit_info *info)
    REQUIRES(tracker_mutex) {
  if (take_late_thread(exits, info))
    return NULL;
  struct process *process =
      exit_owner_find(exits->tracker, &exits->batch, info);
  /* It may have started long ago, and the first read finds it: what its thread
   * did is from before that. */
  if (process == NULL && info->is_age_least && !exits->tracker->has_read)
    return NULL;
  if (process == NULL)
    process = exit_owner_enter(exits->tracker, info);
  if (process == NULL ||
      !exit_usage_add_thread(&exits->batch, process, info->thread)) {
    exits->tracker->undecided++;
    return NULL;
  }
  if (!process->exited->has_main)
    return NULL;
  struct message *waiting = process->exited->last;
  process->exited->last = NULL;
  return waiting;
}

/* Whether the main thread of a member may have ended before exit records were
 * received: then its record will not arrive. */
static bool may_lack_main(const struct exit_accounting *exits,
                          const struct process *process)
    REQUIRES(tracker_mutex) {
  return process != NULL && process_is_listed(process) &&
         process->member != NULL &&
         process->start_ns < exits->tracker->hears_since_ns;
}

/*
 * Whether a process has to wait for its main thread, which has its name:
 * records of threads that end together, on several CPUs, may overtake each
 * other. If so, keeps a copy of the message.
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
  process->exited->elapsed_us = exit_info_age_us(info);
  return true;
}

/* Whether the process of a last thread is counted as ended already: before
 * version 12, the record of a thread looks like that of a whole process if the
 * event of another thread was lost. */
static bool has_ended_too_early(const struct exit_accounting *exits,
                                const struct exit_info *info)
    REQUIRES(tracker_mutex) {
  if (exits->tracker->threads == NULL || info->whole == NULL ||
      exit_owner_find(exits->tracker, &exits->batch, info) != NULL)
    return false;
  const struct process *process = process_table_find_exited(
      exits->tracker->table, info->tgid, info->earliest_ns, info->latest_ns);
  return process != NULL && !process->had_threads && !process->is_succeeded;
}

/* Takes one message. Returns the one that waited for it, which the caller
 * frees, or NULL. is_added: the thread was already added. */
static struct message *take_message(struct exit_accounting *exits,
                                    const struct message *message,
                                    bool is_added) {
  struct exit_info info;
  struct ending ending;
  struct message *waiting = NULL;

  tracker_lock(exits->tracker);
  if (old_record_is(exits->tracker, message)) {
    exits->completed = *message;
    old_record_complete(exits->tracker, &exits->batch, &exits->completed);
    message = &exits->completed;
  }
  bool is_known = identify_owner(exits, message, &info);
  if (is_known && !info.is_last)
    waiting = take_thread(exits, &info);
  bool is_end = is_known && info.is_last;
  if (is_end && !is_added && has_ended_too_early(exits, &info)) {
    exits->tracker->undecided++;
    is_end = false;
  }
  is_end = is_end && (is_added || !must_wait(exits, &info, message));
  if (is_end)
    ending = begin_exit(exits, &info, is_added);
  tracker_unlock(exits->tracker);
  if (is_end && !ending.is_over) {
    exits->has_ended = true;
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

bool exit_accounting_take(struct exit_accounting *exits,
                          const struct message *messages, size_t count,
                          uint64_t earliest_ns, uint64_t latest_ns) {
  set_batch_times(exits, earliest_ns, latest_ns);
  exit_groups_begin_batch(&exits->groups, latest_ns);
  exits->batch.messages = messages;
  exits->batch.count = count;
  exits->batch.taken = 0;
  exits->has_ended = false;
  if (exits->tracker->oom != NULL)
    oom_watch_refresh(exits->tracker->oom);
  exit_accounting_resume(exits);
  return exits->has_ended;
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
