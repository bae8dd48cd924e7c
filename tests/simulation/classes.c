/* SPDX-License-Identifier: MIT */
#include "classes.h"

#include "track/tracker.h"

#include <string.h>

enum {
  OUTSIDE = SETS, /* a name that no rule selects */
  PARTS = 64,
  CHANGES = 64,
  NO = 1,
  YES = 2,
};

/* A set of possible classes: bits of names, and of answers (NO, YES). */
struct classes {
  unsigned int names, has_c, is_descendant;
  bool is_unread; /* the plugin may not know the command line */
};

static const struct classes nowhere = {1U << OUTSIDE, NO, NO, false};

/* What a process used while it may have belonged to these classes. */
struct part {
  struct classes classes;
  uint64_t used[USES];
};

struct change {
  uint64_t time_ns;
  enum process_event_kind kind;
  struct classes after;
  unsigned int parts; /* the parts before it */
  bool is_lost;
};

static struct ledger {
  unsigned int parent;   /* the process that forked it */
  struct classes actual; /* a single class */
  /* Its class for the plugin now, or possibly until pending events are taken.
   */
  struct classes known;
  struct classes in_read; /* its classes since the current read began */
  struct change pending[CHANGES];
  unsigned int changes;
  bool is_met;         /* found by an event that was taken, or by a read */
  bool is_base;        /* its use may count as use before the plugin started */
  bool was_there;      /* it existed before the current read began */
  bool is_unread;      /* ended before its attributes after an exec were read */
  bool has_other_line; /* by an exec whose event was taken, but not read */
  bool is_unnamed;     /* ended before its name was read */
  bool is_unsure;      /* an event of it was lost */
  bool is_untold;      /* this loss was not reported to the plugin yet */
  bool may_count;      /* part of its use may be counted already */
  bool doubts_io;      /* its I/O may be counted later than the rest */
  uint64_t looked_ns;  /* the latest time at which it was read for an event */
  uint64_t ended_ns;
  uint64_t read_cpu_ns; /* its CPU time at the end of the last read */
  struct part part[PARTS];
  unsigned int parts, closed; /* the first `closed` parts are counted */
  unsigned int kept; /* the first ones whose classes an unread change keeps */
  bool begins_part;  /* its next use begins a new part */
} ledgers[WORLD_PROCESSES];

/* The event that is being taken. */
static struct taking {
  uint64_t begin_ns, clock_ns;
  unsigned int parts; /* the parts before the event */
} taking;

static bool is_reading;
static uint64_t read_began_ns;
static enum left_out left_out;

static void include(struct classes *classes, const struct classes *more) {
  classes->names |= more->names;
  classes->has_c |= more->has_c;
  classes->is_descendant |= more->is_descendant;
  classes->is_unread |= more->is_unread;
}

static unsigned int name_bit(const char *comm) {
  switch (comm[0]) {
  case 'a':
    return 1U << SET_A;
  case 'b':
    return 1U << SET_B;
  case 'd':
    return 1U << SET_D;
  default:
    return 1U << OUTSIDE;
  }
}

static unsigned int answer(bool is_so) { return is_so ? YES : NO; }

/* Whether the classes are named "d", or descendants of "d": possible answers.
 */
static unsigned int find_descent(const struct classes *classes) {
  bool has_d = (classes->names & 1U << SET_D) != 0;
  bool has_others = (classes->names & ~(1U << SET_D)) != 0;
  return (has_d ? YES : 0) | (has_others ? classes->is_descendant : 0);
}

/* The same without excluded processes. Unknown ones are not counted. */
static unsigned int find_answers_of_d(const struct classes *classes) {
  struct classes others = *classes;
  bool may_be_out = left_out == LEAVES_OUT_C &&
                    ((classes->has_c & YES) != 0 || classes->is_unread);
  if (left_out == LEAVES_OUT_X) {
    may_be_out = (classes->names & 1U << OUTSIDE) != 0;
    others.names &= ~(1U << OUTSIDE);
  }
  bool are_all_out =
      others.names == 0 || (left_out == LEAVES_OUT_C && classes->has_c == YES);
  return (may_be_out ? NO : 0) | (are_all_out ? 0 : find_descent(&others));
}

/* Whether the classes are in a set: the possible answers, as bits. */
static unsigned int find_answers(const struct classes *classes, enum set set) {
  static const unsigned int inside = 1U << SET_A | 1U << SET_B;
  unsigned int in = set == SET_ALL ? inside : 1U << set;
  unsigned int by_name = ((classes->names & in) != 0 ? YES : 0) |
                         ((classes->names & ~in) != 0 ? NO : 0);
  if (set == SET_C)
    return classes->has_c;
  return set == SET_D ? find_answers_of_d(classes) : by_name;
}

/* --- Parts --- */

static void add(uint64_t to[USES], const uint64_t more[USES]) {
  for (unsigned int u = 0; u < USES; u++)
    to[u] += more[u];
}

static bool are_same(const struct classes *a, const struct classes *b) {
  return a->names == b->names && a->has_c == b->has_c &&
         a->is_descendant == b->is_descendant && a->is_unread == b->is_unread;
}

/* Merges the last two parts, to free one. */
static void merge_last(struct ledger *l) {
  struct part *last = &l->part[--l->parts], *one = last - 1;
  include(&one->classes, &last->classes);
  add(one->used, last->used);
  if (l->closed > l->parts)
    l->closed = l->parts;
  if (l->kept >= l->parts)
    l->kept = l->parts - 1;
}

static void add_part(struct ledger *l, const struct classes *classes,
                     const uint64_t used[USES]) {
  bool goes_on = l->parts > l->closed && !l->begins_part &&
                 are_same(&l->part[l->parts - 1].classes, classes);
  if (!goes_on && l->parts == PARTS)
    merge_last(l);
  if (!goes_on)
    l->part[l->parts++] = (struct part){.classes = *classes};
  add(l->part[l->parts - 1].used, used);
  l->begins_part = false;
}

/* Use that is not counted yet may also count in these classes. */
static void widen(struct ledger *l, const struct classes *more) {
  unsigned int first = l->closed > l->kept ? l->closed : l->kept;
  for (unsigned int i = first; i < l->parts; i++)
    include(&l->part[i].classes, more);
}

/* The first `count` parts are now counted, perhaps except their I/O. */
static void close_parts(struct ledger *l, unsigned int count) {
  struct classes all = {0};
  uint64_t io[USES] = {0};
  for (unsigned int i = l->closed; l->doubts_io && i < count; i++) {
    struct part *part = &l->part[i];
    include(&all, &part->classes);
    io[USE_CHARS] += part->used[USE_CHARS];
    io[USE_CALLS] += part->used[USE_CALLS];
    part->used[USE_CHARS] = part->used[USE_CALLS] = 0;
  }
  l->closed = count > l->closed ? count : l->closed;
  if ((io[USE_CHARS] | io[USE_CALLS]) != 0)
    add_part(l, &all, io);
}

/* --- A process's life --- */

void classes_reset(enum left_out of_d) {
  left_out = of_d;
  memset(ledgers, 0, sizeof(ledgers));
  is_reading = false;
  ledgers[INIT].actual = ledgers[INIT].known = nowhere;
  ledgers[INIT].is_met = true;
}

void classes_begin(unsigned int process, bool is_before_plugin) {
  const struct machine_process *p = &world.process[process];
  struct ledger *l = &ledgers[process];
  const struct classes *parent = &ledgers[p->parent].actual;
  bool is_descendant = !is_before_plugin && (find_descent(parent) & YES) != 0;
  *l = (struct ledger){
      .parent = p->parent,
      .actual = {name_bit(p->comm), answer(p->has_c), answer(is_descendant),
                 false},
      .is_met = !is_before_plugin,
      .is_base = is_before_plugin,
      .may_count = is_reading,
  };
  if (!p->is_forked && !is_before_plugin)
    l->actual = *parent; /* it called exec immediately */
  l->known = l->in_read = l->actual;
  if (is_before_plugin)
    include(&l->known, &nowhere);
}

void classes_use(unsigned int process, const uint64_t used[USES]) {
  struct ledger *l = &ledgers[process];
  struct classes classes = l->known;
  if (l->is_base)
    include(&classes, &nowhere);
  add_part(l, &classes, used);
}

static void become(struct ledger *l, const struct machine_process *p) {
  l->actual.names = name_bit(p->comm);
  l->actual.has_c = answer(p->has_c);
  include(&l->known, &l->actual);
  include(&l->in_read, &l->actual);
}

static void add_change(struct ledger *l, unsigned int process,
                       const struct process_event *event, bool is_lost) {
  become(l, &world.process[process]);
  if (l->changes < CHANGES)
    l->pending[l->changes++] = (struct change){event->time_ns, event->kind,
                                               l->actual, l->parts, is_lost};
  l->begins_part = true;
}

void classes_change(unsigned int process, const struct process_event *event) {
  if (event->kind != PROCESS_FORKED)
    add_change(&ledgers[process], process, event, false);
}

void classes_exit(unsigned int process) {
  ledgers[process].ended_ns = world.now_ns;
}

/* Only the name after an exec is reported, not the other attributes. */
static void note_unread(struct ledger *l, enum process_event_kind kind) {
  l->is_unnamed = true;
  if (kind != PROCESS_EXECED)
    return;
  l->is_unread = l->has_other_line = true;
  l->known.has_c |= NO;
  l->known.is_unread = true;
}

static void note_loss(struct ledger *l, enum process_event_kind kind) {
  note_unread(l, kind);
  l->is_unsure = true;
}

void classes_lose(unsigned int process, const struct process_event *event) {
  struct ledger *l = &ledgers[process];
  l->is_untold = true;
  l->was_there = false; /* the current read need not find it */
  if (event->kind == PROCESS_FORKED) {
    l->is_met = false;
    l->is_base = true;
    include(&l->known, &nowhere);
    l->known.has_c |= YES; /* its parent may have it later */
    l->known.is_unread = true;
  } else {
    add_change(l, process, event, true);
    note_loss(l, event->kind);
  }
  widen(l, &l->known);
}

void classes_doubt(unsigned int process) {
  static const struct classes any = {~0U, NO | YES, NO | YES, true};
  include(&ledgers[process].known, &any);
  widen(&ledgers[process], &any);
}

void classes_tell_losses(void) {
  for (unsigned int i = 1; i < world.processes; i++)
    ledgers[i].is_untold = false;
}

void classes_doubt_io(unsigned int process) {
  ledgers[process].doubts_io = true;
}

/* --- Events --- */

static uint64_t subtract(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

static bool is_live(unsigned int process) {
  return world.process[process].life == LIFE_LIVE;
}

static uint64_t clock_of(unsigned int process) {
  uint64_t total[USES];
  world_total(&world.process[process], total);
  return total[USE_CPU];
}

void classes_begin_event(unsigned int process) {
  taking = (struct taking){.begin_ns = world.now_ns,
                           .clock_ns = clock_of(process),
                           .parts = ledgers[process].parts};
  ledgers[process].begins_part = true;
}

/* The classes of the process since the first pending change. */
static struct classes since_change(const struct ledger *l) {
  struct classes all = l->actual;
  for (unsigned int i = 0; i < l->changes; i++)
    include(&all, &l->pending[i].after);
  all.is_descendant = l->known.is_descendant;
  return all;
}

static void drop_pending(struct ledger *l, unsigned int count) {
  l->changes -= count;
  memmove(l->pending, l->pending + count, l->changes * sizeof(l->pending[0]));
}

static bool may_be_nowhere(const struct classes *classes) {
  return (find_answers(classes, SET_ALL) & find_answers(classes, SET_D) &
          find_answers(classes, SET_C) & NO) != 0;
}

/* For a process without a group, the use since the change is estimated: it may
 * have run all the time. */
static void add_estimated(struct ledger *l, uint64_t since_ns) {
  struct classes classes = l->known;
  uint64_t cpu[USES] = {[USE_CPU] = since_ns};
  include(&classes, &nowhere);
  l->begins_part = true;
  add_part(l, &classes, cpu);
  l->begins_part = true;
}

/* The process was read: its earlier use stays where it was, or moves with it if
 * it is negligible. */
static void settle_use(struct ledger *l, unsigned int process,
                       const struct change *change) {
  struct classes before = l->known;
  bool is_looked_at = change->time_ns > l->looked_ns && l->is_met;
  uint64_t since_ns = world.now_ns - change->time_ns;
  uint64_t least_ns = subtract(clock_of(process), since_ns);
  uint64_t most_ns =
      subtract(taking.clock_ns, taking.begin_ns - change->time_ns);
  bool is_unused = most_ns < TRACKER_SPAWN_NS && !l->may_count && !l->is_base;

  l->may_count |= most_ns >= TRACKER_SPAWN_NS;
  l->known = since_change(l);
  if (is_looked_at && least_ns >= TRACKER_SPAWN_NS) {
    close_parts(l, taking.parts < l->parts ? taking.parts : l->parts);
    if (may_be_nowhere(&before))
      add_estimated(l, since_ns);
  } else if (is_looked_at && is_unused) {
    for (unsigned int i = l->closed; i < l->parts; i++)
      l->part[i].classes = l->known;
  } else {
    widen(l, &l->known);
  }
}

/* Makes use of parts that are kept count in the current classes, too: the last
 * CPU time, and perhaps everything else. */
static void loosen_kept(struct ledger *l, uint64_t cpu_ns, bool may_move) {
  struct classes classes = l->known;
  uint64_t moved[USES] = {0};
  for (unsigned int i = l->kept; i-- > 0;) {
    include(&classes, &l->part[i].classes);
    for (unsigned int u = 0; u < USES; u++) {
      uint64_t *used = &l->part[i].used[u], more = may_move ? *used : 0;
      if (u == USE_CPU)
        more = subtract(cpu_ns, moved[u]);
      more = more < *used ? more : *used;
      *used -= more;
      moved[u] += more;
    }
  }
  l->begins_part = true;
  add_part(l, &classes, moved);
}

/* Whether its exit records have been taken. */
static bool is_recorded(unsigned int process) {
  for (unsigned int i = world.records_taken; i < world.records; i++)
    if (world.record[i].record[MESSAGE_THREAD].tgid ==
        (uint32_t)world.process[process].pid)
      return false;
  return true;
}

/* It ended before it could be looked at: what it had used before the change
 * stays where it was, except for the CPU time that it may have used since, and
 * unless it is negligible. A sample since the last read makes that less by
 * TRACKER_SPAWN_NS at most. All else goes where most of the CPU time goes. */
static void keep_use(struct ledger *l, unsigned int process,
                     const struct change *change) {
  static const uint64_t slack_ns = 10000000; /* ticks */
  bool may_be_sampled =
      l->looked_ns > 0 || (is_reading && l->ended_ns >= read_began_ns);
  uint64_t since_ns = l->ended_ns + slack_ns - change->time_ns;
  uint64_t before_ns = subtract(clock_of(process), since_ns);
  bool is_known = l->is_met && !l->is_base && !l->is_unsure && !l->is_unnamed;
  if (!is_known || l->closed > 0 || is_recorded(process) ||
      world.process[process].tasks > 1 ||
      before_ns < l->read_cpu_ns + TRACKER_SPAWN_NS + slack_ns)
    return;
  bool is_most = 2 * before_ns >= clock_of(process) + l->read_cpu_ns + slack_ns;
  if (may_be_sampled)
    since_ns += TRACKER_SPAWN_NS;
  l->kept = change->parts;
  loosen_kept(l, since_ns, may_be_sampled || !is_most);
}

static void end_change(struct ledger *l, unsigned int process,
                       const struct process_event *event) {
  unsigned int i = 0;
  while (i < l->changes &&
         (l->pending[i].is_lost || l->pending[i].time_ns != event->time_ns))
    i++;
  if (i == l->changes)
    return;
  struct change change = l->pending[i];
  if (!is_live(process)) {
    keep_use(l, process, &change);
    note_unread(l, change.kind);
    widen(l, &l->known);
    return;
  }
  drop_pending(l, i);
  settle_use(l, process, &change);
  drop_pending(l, 1);
  l->is_met = true;
  l->is_unread = l->has_other_line = false;
  l->is_unnamed = l->is_unsure = false;
  l->looked_ns = world.now_ns;
  for (i = 0; i < l->changes; i++)
    if (l->pending[i].is_lost)
      note_loss(l, l->pending[i].kind);
}

/* It may have been read, possibly for a pending change. */
static void note_look(struct ledger *l) {
  l->looked_ns = world.now_ns;
  widen(l, &l->known);
}

/* A child inherits the class that the plugin assumes for its parent. */
static void end_fork(struct ledger *l, unsigned int process) {
  struct ledger *parent = &ledgers[l->parent];
  if (!parent->is_met || parent->is_unnamed || parent->is_unsure) {
    note_look(parent);
    note_look(l);
  }
  if (!parent->is_met && is_live(l->parent)) {
    parent->is_met = true;
    if (parent->changes == 0 && !parent->is_unsure) {
      parent->known.names = parent->actual.names;
      parent->known.has_c = parent->actual.has_c;
    }
  }
  struct classes inherited = parent->known;
  inherited.is_descendant = find_descent(&parent->known);
  if (!parent->is_met)
    inherited.is_descendant |= NO;
  if (!parent->is_met || parent->is_unnamed) {
    inherited.names |= nowhere.names;
    inherited.has_c |= NO;
    inherited.is_unread = true;
    if (!is_live(process))
      l->is_unread = l->is_unnamed = true;
  }
  include(&l->known, &inherited);
  widen(l, &inherited);
}

void classes_end_event(unsigned int process,
                       const struct process_event *event) {
  struct ledger *l = &ledgers[process];
  if (event->kind == PROCESS_FORKED)
    end_fork(l, process);
  else
    end_change(l, process, event);
}

/* --- Reads --- */

void classes_begin_read(void) {
  is_reading = true;
  read_began_ns = world.now_ns;
  for (unsigned int i = 1; i < world.processes; i++) {
    ledgers[i].may_count = true;
    ledgers[i].was_there = !ledgers[i].is_untold;
    ledgers[i].in_read = ledgers[i].actual;
  }
}

/* A listing has found the process, and changes without an event. */
static void note_listed(struct ledger *l) {
  bool is_sure = l->is_met && !l->is_unsure;
  l->is_base = false;
  l->is_met = true;
  for (unsigned int i = 0; i < l->changes; i++)
    is_sure |= !l->pending[i].is_lost;
  if (is_sure)
    return;
  l->changes = 0;
  l->known.names = l->in_read.names;
  l->known.has_c = l->in_read.has_c;
  l->known.is_unread = false;
  l->is_unread = l->has_other_line = false;
  l->is_unnamed = l->is_unsure = false;
}

void classes_end_read(bool is_listing) {
  is_reading = false;
  for (unsigned int i = 1; i < world.processes; i++)
    ledgers[i].read_cpu_ns = clock_of(i);
  for (unsigned int i = 1; is_listing && i < world.processes; i++)
    if (ledgers[i].was_there && is_live(i) &&
        !world.process[i].task[0].has_exited)
      note_listed(&ledgers[i]);
}

/* --- The sums --- */

static void share(const struct ledger *l, enum set set, unsigned int sure_parts,
                  uint64_t sure[USES], uint64_t maybe[USES]) {
  for (unsigned int i = 0; i < l->parts; i++) {
    unsigned int answers = find_answers(&l->part[i].classes, set);
    if (answers == YES && i < sure_parts)
      add(sure, l->part[i].used);
    else if ((answers & YES) != 0)
      add(maybe, l->part[i].used);
  }
}

void classes_share(unsigned int process, enum set set, uint64_t sure[USES],
                   uint64_t maybe[USES]) {
  share(&ledgers[process], set, PARTS, sure, maybe);
}

void classes_counted(unsigned int process, enum set set, uint64_t sure[USES],
                     uint64_t maybe[USES]) {
  share(&ledgers[process], set, ledgers[process].closed, sure, maybe);
}

/* The exit record contains the name. */
void classes_end(unsigned int process, enum set set, bool *is_sure,
                 bool *may_be) {
  const struct ledger *l = &ledgers[process];
  struct classes end = l->known;
  end.names = l->actual.names;
  if (l->is_unread || !l->is_met) {
    end.has_c |= NO;
    end.is_unread = true;
  }
  if (l->has_other_line && !l->is_unsure)
    end.has_c = NO | l->actual.has_c;
  *is_sure = find_answers(&end, set) == YES;
  *may_be = (find_answers(&end, set) & YES) != 0;
}

void classes_total(unsigned int process, uint64_t total[USES]) {
  for (unsigned int i = 0; i < ledgers[process].parts; i++)
    add(total, ledgers[process].part[i].used);
}
