/* SPDX-License-Identifier: MIT */
#include "truth.h"

#include "classes.h"

#include <string.h>
#include <sys/wait.h>

enum { OUTSIDE = SETS, NAMES, LATE_READS = 2 };

/* What is known of one process. */
static struct known {
  unsigned int parent;
  unsigned int name; /* SET_A, SET_B, SET_D or OUTSIDE */
  bool is_descendant;
  bool was_looked_at; /* a read has started since it started */
  bool is_unclear;    /* no read was complete since its name changed */
  bool is_new_start;  /* its CPU time counts from then on */
  bool is_in_read;    /* it has had its name since before the current read */
  bool is_gone;       /* it was reaped before the current read */
  bool lacks_main; /* its main thread ended before or during the current read */
  bool is_base;    /* it started before the plugin, and no read is complete */
  bool was_before; /* it started before the plugin */
  bool is_early;   /* no read was complete when it started */
  bool is_confused;    /* nothing is certain */
  bool began_in_read;  /* in the current one */
  bool is_unheard;     /* its fork was lost */
  bool lacks_thread;   /* the event of a thread was lost */
  bool has_lost_end;   /* the record that would count its exit was lost */
  unsigned int former; /* the pid's former process, whose record was queued */
  unsigned int lacks;  /* listings until its lost record is given up */
  bool has_c;     /* its command line may have been assumed to have a "c" */
  bool has_had_c; /* since its start, without another exec */
  bool has_ended;
  bool has_children;
  bool has_other_main; /* the thread that called exec was not the main one */
  uint32_t exit_code;
  unsigned int ended_tasks;
  unsigned int maybe; /* the names that may have the unclear use, as bits */
  uint64_t sure[USES], unclear[USES], base[USES];
  uint64_t since_look[USES], since_begin[USES]; /* parts of sure */
  uint64_t counted[USES]; /* by reads, until it ended: likewise */
  uint64_t lost[USES];    /* with the records of its threads */
} known[WORLD_PROCESSES];

static bool is_reading, has_read;
static bool are_heard; /* fork events are received */

static unsigned int name_of(const char *comm) {
  switch (comm[0]) {
  case 'a':
    return SET_A;
  case 'b':
    return SET_B;
  case 'd':
    return SET_D;
  default:
    return OUTSIDE;
  }
}

static void add(uint64_t to[USES], const uint64_t more[USES]) {
  for (unsigned int u = 0; u < USES; u++)
    to[u] += more[u];
}

void truth_reset(bool has_descendants, enum left_out of_d) {
  memset(known, 0, sizeof(known));
  are_heard = has_descendants;
  is_reading = has_read = false;
  classes_reset(of_d);
}

/* Whether an exit record of a pid is in the queue. */
static bool is_queued(pid_t pid) {
  for (unsigned int i = world.records_taken; i < world.records; i++)
    if (world.record[i].record[MESSAGE_THREAD].tgid == (uint32_t)pid)
      return true;
  return false;
}

/* At first, children of a process whose end is unknown are assumed to belong to
 * another process once they have another parent; then their ends are unknown,
 * as if their records were lost. */
static void confuse_children(unsigned int process) {
  for (unsigned int i = process + 1; i < world.processes; i++)
    if (known[i].is_early &&
        (known[i].parent == process || known[known[i].parent].is_confused)) {
      known[i].is_confused = true;
      known[i].lacks = LATE_READS;
    }
}

static void confuse(unsigned int one, unsigned int other) {
  known[one].is_confused = known[other].is_confused = true;
  confuse_children(one);
  confuse_children(other);
}

/* The record of a process that started before the plugin, and that no read has
 * found, cannot be distinguished from one of the pid's next process if that
 * starts before the record is taken: both may have started and ended at these
 * times. */
static void confuse_with_former(unsigned int process) {
  pid_t pid = world.process[process].pid;
  for (unsigned int i = 1; i < process; i++)
    if (world.process[i].pid == pid && is_queued(pid)) {
      known[process].former = i;
      if (known[i].is_base || known[i].is_confused)
        confuse(i, process);
    }
}

/* The records of a process cannot be distinguished from lost ones of the pid's
 * former process as long as these may still arrive. */
static void confuse_with_lost(unsigned int process) {
  for (unsigned int i = 1; i < process; i++)
    if (known[i].lacks > 0 &&
        world.process[i].pid == world.process[process].pid)
      confuse(i, process);
}

/* The parent in a record is looked up when the record is taken: by then its pid
 * may have been reused, or its name may have changed. */
static void confuse_parents(unsigned int process, const char *comm,
                            bool has_c) {
  enum { BATCH = 32 }; /* records that may be in progress */
  uint32_t pid = (uint32_t)world.process[process].pid;
  unsigned int first =
      world.records_taken > BATCH ? world.records_taken - BATCH : 0;
  for (unsigned int i = first; has_c && i < world.records; i++) {
    const struct record *record = &world.record[i].record[MESSAGE_THREAD];
    bool is_child = record->ppid == pid && strcmp(record->comm, comm) == 0;
    for (unsigned int k = 1; is_child && k < world.processes; k++)
      known[k].has_c |= world.process[k].is_forked &&
                        record->tgid == (uint32_t)world.process[k].pid;
  }
}

/* Whether no read has found a process whose fork event was not received.
 * Before version 12, its records lack what others get from the table. */
static bool is_unknown(const struct known *k) {
  return (k->is_base || k->is_unheard) &&
         world.version < RECORD_VERSION_LAST_THREAD;
}

/* Without the main thread's record, the name is unknown, and therefore the
 * groups of the exit. */
static void lose_end(unsigned int process) {
  known[process].has_lost_end = true;
  /* A read that finds it mistakes it for the pid's former process. */
  if (known[process].former != 0 && !are_heard)
    confuse(process, known[process].former);
  confuse_children(process);
}

void truth_begin(unsigned int process, bool is_before_plugin) {
  const struct machine_process *p = &world.process[process];
  const struct known *parent = &known[p->parent];
  known[process] = (struct known){
      .parent = p->parent,
      .name = name_of(p->comm),
      .has_c = p->has_c,
      .has_had_c = p->has_c,
      .is_descendant = are_heard && !is_before_plugin &&
                       (parent->is_descendant || parent->name == SET_D),
      .was_looked_at = is_reading || is_before_plugin,
      .is_base = is_before_plugin,
      .was_before = is_before_plugin,
      .is_early = !has_read,
      .began_in_read = is_reading,
      /* Like the children that its parent had when its record was lost. */
      .is_confused = (parent->has_lost_end || parent->is_confused) && !has_read,
  };
  known[process].is_descendant |= known[process].name == SET_D;
  known[p->parent].has_children = true;
  confuse_with_former(process);
  confuse_parents(process, p->comm, p->has_c);
  if (are_heard)
    classes_begin(process, is_before_plugin);
  if (are_heard)
    classes_doubt_io(p->parent);
  uint64_t first[USES] = {[USE_CPU] = 1000};
  truth_use(process, first);
}

void truth_use(unsigned int process, const uint64_t used[USES]) {
  struct known *k = &known[process];
  if (are_heard) {
    classes_use(process, used);
  } else if (k->is_base) {
    add(k->base, used);
  } else if (k->is_unclear) {
    add(k->unclear, used);
    if (k->is_new_start) {
      k->unclear[USE_CPU] -= used[USE_CPU];
      k->sure[USE_CPU] += used[USE_CPU];
      k->since_look[USE_CPU] += used[USE_CPU];
      k->since_begin[USE_CPU] += used[USE_CPU];
    }
  } else {
    add(k->sure, used);
    add(k->since_look, used);
    add(k->since_begin, used);
  }
}

void truth_name(unsigned int process, const char *comm) {
  struct known *k = &known[process];
  unsigned int name = name_of(comm);
  confuse_parents(process, comm, world.process[process].has_c);
  if (name == k->name || are_heard)
    return;
  k->maybe |= 1U << k->name | 1U << name;
  const uint64_t *part = k->was_looked_at ? k->since_look : k->sure;
  add(k->unclear, part);
  uint64_t moved[USES];
  memcpy(moved, part, sizeof(moved));
  for (unsigned int u = 0; u < USES; u++)
    k->sure[u] -= moved[u];
  /* Certain use belongs to the old name; it is kept as use that may belong to
   * any. */
  add(k->unclear, k->sure);
  memset(k->sure, 0, sizeof(k->sure));
  memset(k->since_look, 0, sizeof(k->since_look));
  memset(k->since_begin, 0, sizeof(k->since_begin));
  k->is_unclear = k->was_looked_at;
  /* A member that cannot be resolved continues to count in its groups. */
  k->is_new_start = !is_reading &&
                    (k->maybe & ~(1U << name)) == 1U << OUTSIDE &&
                    !k->is_descendant && !k->has_c;
  k->is_in_read = false;
  k->name = name;
}

/* A process that never called exec has the command line of its parent, but not
 * a later one of the parent, which may have the same name. */
void truth_exec(unsigned int process, const char *comm, bool has_c) {
  known[process].has_c |= has_c;
  known[process].has_had_c = false;
  confuse_parents(process, comm, has_c);
  for (unsigned int i = 1; i < world.processes; i++)
    known[i].has_c |=
        has_c && known[i].parent == process && world.process[i].is_forked;
}

/* Without fork events, an orphan cannot be distinguished from a child of the
 * process that adopted it, and a parent is assumed to be as in the last read.
 */
static bool looks_like_parent(const struct machine_process *p) {
  const struct machine_process *parent = &world.process[p->parent];
  return !are_heard && p->is_forked &&
         (known[p->parent].has_c || parent->has_c);
}

void truth_exit(unsigned int process, uint32_t exit_code) {
  struct known *k = &known[process];
  k->has_ended = true;
  classes_exit(process);
  k->has_c |= looks_like_parent(&world.process[process]);
  k->exit_code = exit_code;
  /* Nothing tells whose record it is. */
  if (is_unknown(k))
    lose_end(process);
  for (unsigned int u = 0; u < USES; u++)
    k->counted[u] = k->sure[u] - k->since_look[u];
  if (k->lacks > 0)
    k->lacks = LATE_READS;
}

void truth_end_task(unsigned int process, const struct record *record) {
  struct known *k = &known[process];
  k->ended_tasks++;
  k->lacks_main |= world.process[process].task[0].has_exited;
  /* How long before the others it ended is not known exactly. */
  if (is_unknown(k) && k->lacks_main)
    lose_end(process);
  /* A read may have seen it alive before the record of the former process was
   * taken. Once its main thread has ended, too, nothing shows any more that it
   * is another one. */
  if (!are_heard && k->began_in_read && k->former != 0 && k->lacks_main)
    confuse(process, k->former);
  /* The first look at a process that waits for children finds what the living
   * threads have done, and takes this one for one that had ended before. */
  bool is_threaded = world.process[process].tasks > 1;
  if (is_reading && k->is_base && k->has_children && is_threaded)
    k->lost[USE_CHARS] += record->write_chars;
  confuse_with_lost(process);
}

void truth_lose(unsigned int process, const struct record *record) {
  const struct machine_process *p = &world.process[process];
  struct known *k = &known[process];
  bool is_main = record->pid == record->tgid && p->task[0].has_exited;

  k->lacks = LATE_READS;
  k->lost[USE_CHARS] += record->write_chars + 1023;
  k->lost[USE_FAULTS] += record->faults_minor;
  if (is_main || (record->flags & RECORD_LAST_THREAD) != 0)
    lose_end(process);
  /* The name of a former main thread may be mistaken for its own. */
  k->is_confused |= is_main && p->has_other_main;
}

/* The records of the pid's processes cannot be distinguished if the fork event
 * of one of them was lost. */
static void confuse_with_unheard(unsigned int process) {
  pid_t pid = world.process[process].pid;
  for (unsigned int i = 1; i < process; i++)
    if (world.process[i].pid == pid && is_queued(pid) &&
        (known[i].is_unheard || known[process].is_unheard)) {
      confuse(i, process);
      /* The record of one of them may be assumed to be lost. */
      known[i].lacks = known[process].lacks = LATE_READS;
    }
}

void truth_event(unsigned int process, const struct process_event *event) {
  if (event->kind == PROCESS_THREAD)
    return;
  if (event->kind == PROCESS_FORKED)
    confuse_with_unheard(process);
  else
    known[process].maybe |= 1U << known[process].name;
  classes_change(process, event);
}

void truth_lose_event(unsigned int process, const struct process_event *event) {
  if (event->kind == PROCESS_THREAD) {
    /* Its thread's record tells nothing of its process, and that of the main
     * thread may be taken for that of a whole process. */
    confuse(process, process);
    known[process].lacks_thread = true;
    return;
  }
  classes_lose(process, event);
  known[process].is_unheard |= event->kind == PROCESS_FORKED;
  if (event->kind == PROCESS_FORKED)
    confuse_with_unheard(process);
  else
    known[process].maybe |= 1U << known[process].name;
}

void truth_tell_losses(void) { classes_tell_losses(); }

void truth_begin_event(unsigned int process) { classes_begin_event(process); }

void truth_end_event(unsigned int process, const struct process_event *event) {
  classes_end_event(process, event);
  /* It may have been mistaken for a child of the former process with its
   * parent's pid. */
  if (event->kind == PROCESS_FORKED && known[known[process].parent].is_confused)
    classes_doubt(process);
}

void truth_begin_read(void) {
  is_reading = true;
  classes_begin_read();
  for (unsigned int i = 0; i < world.processes; i++) {
    known[i].was_looked_at |= world.process[i].life != LIFE_REAPED;
    known[i].is_in_read = true;
    known[i].is_gone = world.process[i].life == LIFE_REAPED;
    known[i].lacks_main = world.process[i].task[0].has_exited;
    memset(known[i].since_begin, 0, sizeof(known[i].since_begin));
  }
}

/* A read that started after a change includes it. */
void truth_end_read(bool is_listing) {
  is_reading = false;
  has_read = true;
  for (unsigned int i = 0; i < world.processes; i++)
    known[i].began_in_read = false;
  classes_end_read(is_listing);
  for (unsigned int i = 0; i < world.processes; i++) {
    struct known *k = &known[i];
    k->lacks -= k->lacks > 0 && k->is_gone && (is_listing || !are_heard);
    /* A process without a main thread cannot be resolved again. */
    k->is_unclear &= !k->is_in_read || k->lacks_main;
    if (!k->is_unclear)
      memcpy(k->since_look, k->since_begin, sizeof(k->since_look));
    k->is_base &= !k->is_in_read;
  }
}

static void add_range(struct range *range, uint64_t least, uint64_t most) {
  range->least += (int64_t)least;
  range->most += (int64_t)most;
}

static uint64_t subtract(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

/* The minimum that is counted despite lost records. */
static uint64_t least_of(const struct known *k, unsigned int use,
                         uint64_t sure) {
  if (k->is_confused)
    return 0;
  uint64_t least = subtract(sure, k->lost[use]);
  return !are_heard && k->has_lost_end && least > k->counted[use]
             ? k->counted[use]
             : least;
}

/* Adds the use of a process that is certainly, or possibly, in a set. */
static void add_use(struct range used[USES], const struct known *k,
                    const uint64_t sure[USES], const uint64_t maybe[USES]) {
  for (unsigned int u = 0; u < USES; u++) {
    uint64_t least = least_of(k, u, sure[u]);
    uint64_t most = sure[u] + maybe[u];
    if (u == USE_CHARS)
      least = subtract(least, UINT64_C(1023) * k->ended_tasks);
    if ((u == USE_CHARS || u == USE_CALLS) && k->has_children)
      /* The part lost to rounding in records may be that of ended threads, or
       * of children. */
      most += UINT64_C(1024) * k->ended_tasks;
    /* What a former main thread wrote may be mistaken for that of children, or
     * may count although it was before the process was a member. */
    if ((u == USE_CHARS || u == USE_CALLS) && k->has_other_main) {
      least = 0;
      most *= 2;
    }
    if (u == USE_CALLS) /* no exit record has them */
      least = 0;
    if (u == USE_CPU) /* estimated for processes that were reaped */
      most += UINT64_C(4000000) * (k->ended_tasks + 1);
    add_range(&used[u], least, most);
  }
}

static enum ending ending_of(uint32_t exit_code) {
  if (WIFSIGNALED((int)exit_code))
    return ENDING_SIGNAL;
  return WEXITSTATUS((int)exit_code) == 0 ? ENDING_OK : ENDING_ERROR;
}

static void add_end(struct range ended[ENDINGS], const struct known *k) {
  /* After a former main thread, another one may be taken for it. */
  unsigned int most = k->lacks_thread && k->has_other_main ? 2 : 1;
  for (unsigned int e = 0; k->has_ended && e < ENDINGS; e++)
    if (k->has_lost_end || k->is_confused)
      add_range(&ended[e], 0, most);
    else if (e == ending_of(k->exit_code))
      add_range(&ended[e], 1, 1);
}

/* Confused use may count for another process, and twice: by a sample and by the
 * record; or it may be subtracted from that of another process. */
static void add_confused(struct truth *truth, const struct known *k) {
  static const uint64_t none[USES];
  uint64_t all[USES] = {0};
  add(all, k->sure);
  add(all, k->unclear);
  add(all, k->base);
  if (are_heard)
    classes_total((unsigned int)(k - known), all);
  add(all, all);
  for (unsigned int s = 0; s < SETS; s++) {
    add_use(truth->used[s], k, none, all);
    for (unsigned int u = 0; u < USES; u++)
      truth->used[s][u].least -= (int64_t)all[u];
    add_end(truth->ended[s], k);
  }
}

/* The command line of a process that no read has found is unknown, unless it
 * has its parent's. */
static void add_c(struct truth *truth, const struct known *k) {
  static const uint64_t none[USES];
  bool is_met = k->has_had_c && k->maybe == 0 && k->counted[USE_CPU] > 0;
  uint64_t all[USES] = {0}, maybe[USES];
  add(all, k->sure);
  add(all, k->unclear);
  add(all, k->base);
  for (unsigned int u = 0; u < USES; u++)
    maybe[u] = all[u] - (is_met ? k->counted[u] : 0);
  add_use(truth->used[SET_C], k, is_met ? k->counted : none, maybe);
  if (k->has_ended)
    add_range(&truth->ended[SET_C][ending_of(k->exit_code)],
              is_met && !k->has_lost_end, 1);
}

static void add_io(uint64_t used[USES], unsigned int process) {
  uint64_t total[USES] = {0};
  classes_total(process, total);
  used[USE_CHARS] += total[USE_CHARS];
  used[USE_CALLS] += total[USE_CALLS];
}

/* The same if events are received. */
static void add_heard(struct truth *truth, unsigned int process) {
  const struct known *k = &known[process];
  for (enum set s = SET_A; s < SETS; s++) {
    uint64_t sure[USES] = {0}, maybe[USES] = {0};
    bool ends_sure, may_end;
    if (k->has_lost_end)
      classes_counted(process, s, sure, maybe);
    else
      classes_share(process, s, sure, maybe);
    classes_end(process, s, &ends_sure, &may_end);
    /* What a former main thread wrote, or another thread of a process with
     * children, may count although it was earlier. */
    bool had_threads = k->has_children && world.process[process].tasks > 1;
    if ((k->has_other_main || had_threads) && may_end)
      add_io(maybe, process);
    add_use(truth->used[s], k, sure, maybe);
    if (ends_sure || (may_end && k->has_lost_end))
      add_end(truth->ended[s], k);
    else if (may_end && k->has_ended)
      add_range(&truth->ended[s][ending_of(k->exit_code)], 0, 1);
  }
}

static void add_process(struct truth *truth, const struct known *k) {
  static const uint64_t none[USES];
  uint64_t all[USES] = {0}, perhaps[USES] = {0};

  if (k->is_confused) {
    add_confused(truth, k);
    return;
  }
  if (are_heard) {
    add_heard(truth, (unsigned int)(k - known));
    return;
  }
  add(perhaps, k->unclear);
  add(perhaps, k->base);
  for (unsigned int s = SET_A; s <= SET_B; s++) {
    bool is_its = k->name == s;
    bool may_be = is_its || (k->maybe >> s & 1) != 0;
    if (may_be)
      add_use(truth->used[s], k, is_its ? k->sure : none, perhaps);
    if (is_its)
      add_end(truth->ended[s], k);
  }
  add(all, k->sure);
  if (k->has_c)
    add_c(truth, k);
  bool was_outside = (k->maybe >> OUTSIDE & 1) != 0;
  bool is_inside = k->name == SET_A || k->name == SET_B;
  if (!was_outside)
    add(all, k->unclear);
  if (k->is_descendant)
    add_use(truth->used[SET_D], k, all, k->base);
  if (k->is_descendant)
    add_end(truth->ended[SET_D], k);
  if (is_inside)
    add_use(truth->used[SET_ALL], k, all, was_outside ? perhaps : k->base);
  else if (k->maybe != 0)
    add_use(truth->used[SET_ALL], k, none, perhaps);
  if (is_inside)
    add_end(truth->ended[SET_ALL], k);
}

void truth_sum_up(struct truth *truth) {
  memset(truth, 0, sizeof(*truth));
  for (unsigned int i = 1; i < world.processes; i++) {
    struct known *k = &known[i];
    k->has_other_main = world.process[i].has_other_main;
    /* The main thread of such a process may have ended before records were
     * received: its record is not waited for. */
    k->is_confused |=
        k->was_before && k->maybe != 0 && world.process[i].tasks > 1;
    add_process(truth, &known[i]);
  }
}
