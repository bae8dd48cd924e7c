/* SPDX-License-Identifier: MIT */
/*
 * Random histories of processes, reported in any order that a kernel may use.
 *
 *   simulation [--seconds N] [--histories N] [SEED]   many, from this seed on
 *   simulation --replay SEED          one, and prints each step
 *
 * A history and its delivery follow from a sequence of choices, which follows
 * from the seed. The reader and the listener are coroutines: at each call into
 * the kernel (kernel.c), the machine and the other coroutine may continue.
 * After a history, the groups' totals are compared with the true ones. A
 * history that fails is reduced: choices are left out, or replaced by the
 * simplest, as long as it still fails.
 */
#include "steps.h"
#include "truth.h"
#include "world.h"

#include "track/event_accounting.h"
#include "track/exit_accounting.h"
#include "track/reader.h"
#include "track/thread_owners.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum {
  CHOICES = 4096,
  STACK_SIZE = 256 * 1024,
  BATCH = 32, /* exit records taken at once */
  RULES = 4,
};

#define LIST_NS UINT64_C(60000000000) /* maximum interval between listings */

/* --- Choices --- */

static struct {
  uint32_t value[CHOICES];
  size_t count; /* the given ones; after them, the simplest are used */
  size_t made;
  uint64_t random;
  bool is_replayed;
} choices;

static uint64_t next_random(void) {
  choices.random += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
  uint64_t z = choices.random;
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

/* A number below n; 0 is the simplest. At most one per statement: otherwise the
 * compiler chooses the order, and a history must depend only on its seed. */
static uint32_t choose(uint32_t n) {
  size_t i = choices.made++;
  if (i >= CHOICES)
    return 0;
  if (!choices.is_replayed)
    choices.value[i] = (uint32_t)next_random();
  return i < choices.count || !choices.is_replayed ? choices.value[i] % n : 0;
}

/* --- The plugin --- */

static struct rule rules[RULES];
static struct tracker *tracker;
static struct reader *reader;
static struct exit_accounting *exits;
static struct event_accounting *events;
static uint64_t empty_ns; /* when the listener's socket was last seen empty */

static ucontext_t scheduler, reading, listening;
static char reading_stack[STACK_SIZE], listening_stack[STACK_SIZE];
static enum { NOBODY, READER, LISTENER } running;
static bool is_draining;     /* the reader or the listener is draining */
static bool has_only_events; /* the listener takes no records for now */
static bool has_read, is_quiet;
static bool has_descendants;   /* by a rule: fork events are received */
static enum left_out left_out; /* which that rule excludes */
static struct exclusion exclusions[LEFT_OUTS];
static bool is_reading;    /* a read is in progress */
static bool must_list;     /* events were lost, or for the check */
static uint64_t listed_ns; /* start of the last read that listed /proc */
static bool is_listing;    /* the current read lists /proc */
static bool has_lost_events, has_lost_records; /* not reported yet */
static unsigned int event_owner[WORLD_EVENTS];
static unsigned int reads;
static bool is_told; /* print what happens */

__attribute__((format(printf, 1, 2))) static void tell(const char *format,
                                                       ...) {
  va_list values;
  if (!is_told)
    return;
  va_start(values, format);
  printf("%9.3f  ", (double)(world.now_ns - UINT64_C(1000000000000)) / 1e6);
  vprintf(format, values);
  putchar('\n');
  va_end(values);
}

pid_t getpid(void) { return 1; }

static bool holds_lock(void) {
  if (pthread_mutex_trylock(&tracker->mutex.pthread) != 0)
    return true;
  pthread_mutex_unlock(&tracker->mutex.pthread);
  return false;
}

void steps_pause(void) {
  if (running == NOBODY || is_quiet || holds_lock())
    return;
  ucontext_t *from = running == READER ? &reading : &listening;
  swapcontext(from, &scheduler);
}

static void ignore_exit(void *context, const struct exit_event *event) {
  (void)context;
  (void)event;
}

void steps_note_listing(void) { is_listing = true; }

static void take_event(unsigned int owner, const struct process_event *event) {
  static const char *const kinds[] = {"fork", "thread", "exec", "name", "user"};
  tell("the %s event of %d at %.3f is taken", kinds[event->kind], event->pid,
       (double)(event->time_ns - UINT64_C(1000000000000)) / 1e6);
  truth_begin_event(owner);
  /* A kernel assigns pids in sequence: a pid is not reused while it is read. */
  world.looked_at[0] = event->pid;
  world.looked_at[1] = event->parent;
  event_accounting_take(events, event);
  world.looked_at[0] = world.looked_at[1] = 0;
  truth_end_event(owner, event);
}

/* As exit_monitor.c does. */
static void take_events(uint64_t until_ns) {
  if (!has_descendants)
    return;
  event_accounting_set_time(events, until_ns + 1000);
  while (world.events_taken < world.events &&
         world.event[world.events_taken].time_ns <= until_ns) {
    unsigned int i = world.events_taken++;
    struct process_event event = world.event[i];
    take_event(event_owner[i], &event);
  }
  if (!has_lost_events)
    return;
  has_lost_events = false;
  must_list = true;
  truth_tell_losses();
  tracker_lock(tracker);
  tracker->must_list = true;
  tracker_unlock(tracker);
}

/* As exit_listener.c drains its socket. */
static void drain(void) {
  for (;;) {
    uint64_t before_ns = world.now_ns;
    struct message batch[BATCH];
    size_t count = 0;
    for (unsigned int i = world.records_taken;
         i < world.records && count < BATCH; i++)
      world_copy_record(i, &batch[count++]);
    if (count == 0) {
      empty_ns = before_ns;
      take_events(before_ns);
      return;
    }
    uint64_t received_ns = world.now_ns;
    take_events(received_ns);
    tell("%zu records are taken that had come by %.3f", count,
         (double)(received_ns - UINT64_C(1000000000000)) / 1e6);
    exit_accounting_take(exits, batch, count, empty_ns, received_ns);
    world.records_taken += (unsigned int)count;
  }
}

/* One at a time, as in exit_listener.c. */
static void drain_alone(ucontext_t *self) {
  while (is_draining)
    swapcontext(self, &scheduler);
  is_draining = true;
  drain();
  is_draining = false;
}

static void drain_for_reader(void *context) {
  (void)context;
  drain_alone(&reading);
}

static void read_forever(void) {
  for (;;) {
    while (!has_read)
      swapcontext(&reading, &scheduler);
    has_read = false;
    tell("read %u begins", reads);
    truth_begin_read();
    is_reading = true;
    is_listing = false;
    bool has_to_list = must_list || world.now_ns >= listed_ns + LIST_NS;
    must_list = false;
    if (has_to_list)
      listed_ns = world.now_ns;
    tracker_lock(tracker);
    tracker->must_list |= has_lost_records;
    tracker_unlock(tracker);
    has_lost_records = false;
    struct reader_report report;
    reader_read(reader, world.now_ns, &report);
    is_reading = false;
    truth_end_read(is_listing || has_to_list);
    tell("read %u ends: %zu members%s", reads, report.members,
         is_listing ? "" : ", without a listing");
    reads++;
  }
}

/* As exit_listener.c takes urgent events. */
static void take_events_alone(ucontext_t *self) {
  while (is_draining)
    swapcontext(self, &scheduler);
  is_draining = true;
  take_events(world.now_ns);
  is_draining = false;
}

static void listen_forever(void) {
  for (;;) {
    if (has_only_events)
      take_events_alone(&listening);
    else
      drain_alone(&listening);
    swapcontext(&listening, &scheduler);
  }
}

static void resume(int who, ucontext_t *context) {
  running = who == READER ? READER : LISTENER;
  swapcontext(&scheduler, context);
  running = NOBODY;
}

static void begin_coroutine(ucontext_t *context, char *stack,
                            void (*run)(void)) {
  getcontext(context);
  context->uc_stack.ss_sp = stack;
  context->uc_stack.ss_size = STACK_SIZE;
  context->uc_link = &scheduler;
  makecontext(context, run, 0);
}

static void fail(const char *what) {
  fprintf(stderr, "simulation: %s\n", what);
  exit(EXIT_FAILURE);
}

static void make_rules(void) {
  static char *const names[RULES] = {"a", "b", "d", "c"};
  static const struct {
    enum selector_kind kind;
    const char *value;
  } selectors[RULES] = {{SELECTOR_COMMAND, "a"},
                        {SELECTOR_COMMAND, "b"},
                        {SELECTOR_COMMAND, "d"},
                        {SELECTOR_COMMAND_LINE, " c$"}};
  char error[128];
  for (size_t i = 0; i < RULES; i++) {
    rules[i] = (struct rule){
        .next = i + 1 < RULES ? &rules[i + 1] : NULL,
        .name = names[i],
        .selector = selector_create(),
        .collect = COLLECT_DELAY | COLLECT_CPU | COLLECT_IO | COLLECT_COUNT |
                   COLLECT_PAGE_FAULTS | COLLECT_EXITS,
    };
    if (selector_add(rules[i].selector, selectors[i].kind, selectors[i].value,
                     error, sizeof(error)) != 0)
      fail(error);
  }
}

static void make_exclusions(void) {
  char error[128];
  for (size_t i = LEAVES_OUT_X; i < LEFT_OUTS; i++) {
    bool is_x = i == LEAVES_OUT_X;
    exclusions[i].selector = selector_create();
    if (exclusions[i].selector == NULL ||
        selector_add(exclusions[i].selector,
                     is_x ? SELECTOR_COMMAND : SELECTOR_COMMAND_LINE,
                     is_x ? "x" : " c$", error, sizeof(error)) != 0)
      fail("the exclusions cannot be made");
  }
}

static void start_plugin(void) {
  rules[SET_D].descendants = has_descendants;
  rules[SET_D].exclusions =
      left_out == LEAVES_OUT_NONE ? NULL : &exclusions[left_out];
  tracker = tracker_create(rules, 100, world.now_ns);
  if (tracker == NULL || reader_create("/proc", tracker, &reader) != 0 ||
      exit_accounting_create("/proc", tracker, ignore_exit, NULL, &exits) !=
          0 ||
      event_accounting_create("/proc", tracker, &events) != 0)
    fail("out of memory");
  empty_ns = world.now_ns;
  tracker->listens = true;
  tracker->hears_events = has_descendants;
  if (world.version < RECORD_VERSION_LAST_THREAD) {
    tracker->threads = thread_owners_create();
    if (tracker->threads == NULL)
      fail("out of memory");
  }
  tracker->hears_since_ns = world.now_ns;
  tracker->drain.take = drain_for_reader;
  world.events_taken = world.events;
  begin_coroutine(&reading, reading_stack, read_forever);
  begin_coroutine(&listening, listening_stack, listen_forever);
}

static void stop_plugin(void) {
  reader_destroy(reader);
  exit_accounting_destroy(exits);
  event_accounting_destroy(events);
  tracker_destroy(tracker);
}

/* --- A history --- */

static bool is_lossy; /* exit records are lost, or */
static bool loses_events;
static const char *const names[] = {"a", "b", "x"};

static unsigned int pick_process(void) {
  return world.processes > 1 ? 1 + choose(world.processes - 1) : 0;
}

static void note_records(unsigned int process, unsigned int before) {
  for (unsigned int i = before; i < world.records; i++)
    truth_end_task(process, &world.record[i].record[MESSAGE_THREAD]);
  if (!is_lossy || world.records == before || choose(8) != 7)
    return;
  tell("the last record is lost");
  world.records--;
  has_lost_records = true;
  truth_lose(process, &world.record[world.records].record[MESSAGE_THREAD]);
}

static void advance(uint64_t ns) { world.now_ns += ns; }

/* The number of events of a process since an earlier number. */
static void note_events(unsigned int process, unsigned int before) {
  for (unsigned int i = before; has_descendants && i < world.events; i++) {
    const struct process_event event = world.event[i];
    event_owner[i] = process;
    if (!loses_events || choose(8) != 7) {
      truth_event(process, &event);
      continue;
    }
    tell("an event of %d is lost", event.pid);
    truth_lose_event(process, &event);
    has_lost_events = true;
    memmove(&world.event[i], &world.event[i + 1],
            (--world.events - i) * sizeof(world.event[0]));
    i--;
  }
}

/* Using CPU time advances the clock. */
static void use(unsigned int process, unsigned int task,
                const uint64_t used[USES]) {
  world_use(process, task, used);
  truth_use(process, used);
  advance(used[USE_CPU]);
}

static void use_some(unsigned int process) {
  const struct machine_process *p = &world.process[process];
  if (p->life != LIFE_LIVE || process == 0)
    return;
  unsigned int task = choose(p->tasks);
  if (p->task[task].has_exited)
    return;
  uint64_t calls = choose(3);
  /* More than TRACKER_SPAWN_NS, sometimes. */
  bool is_long = has_descendants && choose(3) == 2;
  uint64_t used[USES] = {[USE_CALLS] = calls};
  used[USE_DELAY] = choose(1000) * UINT64_C(1000);
  used[USE_CHARS] = calls * (choose(2) == 0 ? 1000 : 100000);
  used[USE_CPU] = 1 + choose(5000) * UINT64_C(1000) * (is_long ? 30 : 1);
  used[USE_FAULTS] = choose(5);
  use(process, task, used);
  tell("%s %d uses (thread %u): %" PRIu64 " ns of delay, %" PRIu64
       " bytes, %" PRIu64 " faults, %" PRIu64 " ns of CPU",
       p->comm, p->pid, task, used[USE_DELAY], used[USE_CHARS],
       used[USE_FAULTS], used[USE_CPU]);
}

static void fork_one(unsigned int parent) {
  unsigned int child, before = world.events;
  if (!world_fork(parent, &child))
    return;
  truth_begin(child, false);
  note_events(child, before);
  tell("%d forks %s %d", world.process[parent].pid, world.process[child].comm,
       world.process[child].pid);
}

/* A service manager starts a program; it does nothing else between fork and
 * exec. */
static void spawn_one(bool is_before_plugin) {
  static const char *const programs[] = {"a", "b", "x", "d"};
  const char *name = programs[choose(4)];
  unsigned int child, before = world.events;
  if (!world_fork(INIT, &child))
    return;
  advance(1000);
  world_exec(child, 0, name, choose(4) == 3);
  world.process[child].is_subreaper = choose(4) == 3;
  truth_begin(child, is_before_plugin);
  if (!is_before_plugin)
    note_events(child, before);
  tell("1 starts %s%s %d", name, world.process[child].has_c ? " c" : "",
       world.process[child].pid);
}

/* A process must run to change its name. */
static void run_a_little(unsigned int process, unsigned int task) {
  const uint64_t used[USES] = {[USE_CPU] = 2000};
  use(process, task, used);
}

static void exec_one(unsigned int process) {
  struct machine_process *p = &world.process[process];
  const char *name = names[choose(3)];
  unsigned int task = choose(p->tasks), before = world.records;
  if (p->life != LIFE_LIVE || process == 0 || p->comm[0] == 'd' ||
      p->task[task].has_exited)
    return;
  bool has_c = choose(4) == 3;
  tell("%s %d executes %s%s", p->comm, p->pid, name, has_c ? " c" : "");
  truth_name(process, name);
  truth_exec(process, name, has_c);
  unsigned int events_before = world.events;
  if (world_exec(process, task, name, has_c)) {
    note_events(process, events_before);
    note_records(process, before);
  }
  run_a_little(process, 0);
}

static void rename_one(unsigned int process) {
  struct machine_process *p = &world.process[process];
  const char *name = names[choose(3)];
  if (p->life != LIFE_LIVE || process == 0 || p->comm[0] == 'd' ||
      p->task[0].has_exited)
    return;
  tell("%s %d takes the name %s", p->comm, p->pid, name);
  unsigned int before = world.events;
  truth_name(process, name);
  if (world_rename(process, name))
    note_events(process, before);
  run_a_little(process, 0);
}

static void start_task(unsigned int process) {
  const uint64_t first[USES] = {[USE_CPU] = 1000};
  unsigned int before = world.events;
  if (!world_start_task(process))
    return;
  tell("%s %d starts a thread", world.process[process].comm,
       world.process[process].pid);
  note_events(process, before);
  truth_use(process, first);
  advance(first[USE_CPU]);
}

static void end_task(unsigned int process) {
  struct machine_process *p = &world.process[process];
  unsigned int task = choose(p->tasks), before = world.records;
  uint32_t code = choose(2) << 8;
  if (!world_exit_task(process, task, code))
    return;
  if (code != 0)
    advance(70000000); /* the process's end is at another moment */
  tell("%s %d: thread %u ends", p->comm, p->pid, task);
  note_records(process, before);
}

static void exit_one(unsigned int process) {
  static const uint32_t codes[] = {0, 0x300, 9};
  struct machine_process *p = &world.process[process];
  uint32_t code = codes[choose(3)];
  unsigned int before = world.records;
  uint32_t task = choose(WORLD_TASKS);
  if (!world_exit(process, code, task, choose(2) == 1))
    return;
  tell("%s %d exits with %x", p->comm, p->pid, code);
  truth_exit(process, code);
  note_records(process, before);
}

static void become_zombie(unsigned int process) {
  if (world_become_zombie(process))
    tell("%d is a zombie", world.process[process].pid);
}

static void reap_one(unsigned int process, bool is_waited_for) {
  if (world_reap(process, is_waited_for))
    tell("%d is reaped", world.process[process].pid);
}

/* Whether a process is alive and its parent, other than process 1, may wait for
 * it. */
static bool is_child(unsigned int process) {
  const struct machine_process *p = &world.process[process];
  return process != 0 && p->parent != INIT && p->life == LIFE_LIVE &&
         !p->task[0].has_exited && world.process[p->parent].life == LIFE_LIVE;
}

/* A child writes something and ends. Its parent, which is waiting for it, reaps
 * it before any other process runs. */
static void end_child_at_once(unsigned int process) {
  const uint64_t used[USES] = {[USE_CHARS] = 100000, [USE_CALLS] = 1};
  for (unsigned int i = 0; i < world.processes && !is_child(process); i++)
    process = (process + 1) % world.processes;
  if (!is_child(process))
    return;
  use(process, 0, used);
  tell("%d writes %" PRIu64 " bytes", world.process[process].pid,
       used[USE_CHARS]);
  exit_one(process);
  become_zombie(process);
  reap_one(process, true);
}

/* Advances the clock until the next read lists /proc. (Without events, older
 * processes are matched in turn.) */
static void rest(void) {
  if (is_draining || is_reading || !has_descendants)
    return;
  is_quiet = true;
  resume(LISTENER, &listening);
  is_quiet = false;
  advance(UINT64_C(61000000000));
}

static void pass_time(void) {
  switch (choose(8)) {
  case 7:
    rest();
    break;
  case 4:
  case 5:
  case 6:
    advance(300000000);
    break;
  default:
    advance(20000000);
    break;
  }
}

/* Performs one random step on the machine. */
static void step(void) {
  unsigned int process = pick_process();
  switch (choose(17)) {
  case 0:
    advance(100000);
    break;
  case 1:
  case 2:
    if (choose(3) == 0)
      spawn_one(false);
    else
      fork_one(process);
    break;
  case 3:
    start_task(process);
    break;
  case 4:
  case 5:
  case 6:
    use_some(process);
    break;
  case 7:
    end_task(process);
    break;
  case 8:
    exec_one(process);
    break;
  case 9:
    rename_one(process);
    break;
  case 10:
  case 11:
    exit_one(process);
    break;
  case 12:
    become_zombie(process);
    break;
  case 13:
  case 14:
    reap_one(process, choose(4) != 3);
    break;
  case 15:
    end_child_at_once(process);
    break;
  default:
    pass_time();
    break;
  }
}

/* Ends all processes in the simplest order. */
static void end_all(void) {
  for (unsigned int i = world.processes; i-- > 1;)
    world_become_zombie(i);
  for (unsigned int i = world.processes; i-- > 1;) {
    exit_one(i);
    world_become_zombie(i);
    world_reap(i, true);
  }
}

static void read_quietly(void) {
  is_quiet = true;
  advance(UINT64_C(1000000000));
  resume(LISTENER, &listening);
  has_read = true;
  resume(READER, &reading);
  is_quiet = false;
}

/* Completes what is in progress. */
static void finish_coroutines(unsigned int wanted_reads) {
  is_quiet = true;
  while (is_draining || reads < wanted_reads) {
    resume(LISTENER, &listening);
    resume(READER, &reading);
  }
  is_quiet = false;
}

static void run_history(void) {
  choices.made = 0;
  reads = 0;
  has_read = false;
  is_draining = false;
  is_lossy = choose(8) == 7;
  has_descendants = choose(4) != 3;
  world_reset(has_descendants && choose(4) == 3 ? 10 : 16);
  loses_events = has_descendants && choose(8) == 7;
  has_lost_events = has_lost_records = is_reading = must_list = false;
  listed_ns = 0;
  left_out = has_descendants ? choose(LEFT_OUTS) : LEAVES_OUT_NONE;
  truth_reset(has_descendants, left_out);

  for (unsigned int i = choose(3); i-- > 0;)
    spawn_one(true);
  start_plugin();
  tell("records have version %u", world.version);
  unsigned int wanted = 0, length = 20 + choose(150);
  for (unsigned int i = 0; i < length; i++) {
    advance(2000); /* no two things happen at the same time */
    switch (choose(4)) {
    case 0:
    case 1:
      step();
      break;
    case 2:
      has_only_events = choose(3) == 2;
      resume(LISTENER, &listening);
      has_only_events = false;
      break;
    default:
      if (wanted == reads)
        has_read = true, wanted++;
      resume(READER, &reading);
      break;
    }
  }
  finish_coroutines(wanted);
  end_all();
  for (int i = 0; i < 3; i++)
    read_quietly();
}

/* --- The comparison --- */

static const struct {
  const char *name;
  unsigned int counter;
} use_table[USES] = {
    [USE_DELAY] = {"delay", COUNTER_DELAY + DELAY_SWAPIN},
    [USE_CHARS] = {"bytes", COUNTER_WRITE_CHARS},
    [USE_CALLS] = {"calls", COUNTER_WRITE_CALLS},
    [USE_CPU] = {"CPU", COUNTER_CPU_USER},
    [USE_FAULTS] = {"faults", COUNTER_FAULTS_MINOR},
};

static const char *const set_names[SETS] = {"a", "b", "d", "c", "a and b"};
static char difference[256];

static int64_t total_of(const struct group *group, unsigned int counter) {
  int64_t total = group->total[counter];
  if (counter == COUNTER_CPU_USER)
    total += group->total[COUNTER_CPU_SYSTEM];
  return total;
}

/* Groups are in the order of the rules: a, b, d, c. */
static int64_t total_of_set(enum set set, unsigned int counter) {
  const struct group *group = tracker->groups;
  if (set == SET_ALL)
    return total_of(group, counter) + total_of(group->next, counter);
  for (enum set s = SET_A; s < set; s++)
    group = group->next;
  return total_of(group, counter);
}

static bool is_within(int64_t got, const struct range *range, const char *what,
                      enum set set) {
  if (got >= range->least && got <= range->most)
    return true;
  snprintf(difference, sizeof(difference),
           "%s of %s: %" PRId64 " is not from %" PRId64 " to %" PRId64, what,
           set_names[set], got, range->least, range->most);
  return false;
}

/* Returns whether the totals are correct; otherwise difference describes the
 * error. */
static bool compare(void) {
  static const char *const endings[ENDINGS] = {"exit-ok", "exit-error",
                                               "exit-signal"};
  struct truth truth;
  truth_sum_up(&truth);
  for (enum set set = 0; set < SETS; set++) {
    for (unsigned int e = 0; e < ENDINGS; e++)
      if (!is_within(total_of_set(set, COUNTER_EXIT_OK + e),
                     &truth.ended[set][e], endings[e], set))
        return false;
    for (unsigned int u = 0; u < USES; u++)
      if (!is_within(total_of_set(set, use_table[u].counter),
                     &truth.used[set][u], use_table[u].name, set))
        return false;
  }
  return true;
}

static bool succeeds(void) {
  run_history();
  bool is_right = compare();
  stop_plugin();
  return is_right;
}

/* --- Reduction --- */

static bool still_fails(const uint32_t *value, size_t count) {
  memcpy(choices.value, value, count * sizeof(value[0]));
  choices.count = count;
  return !succeeds();
}

/* Leaves out a part of the choices, or replaces it by the simplest. */
static bool shorten(uint32_t *value, size_t *count, size_t at, size_t length) {
  uint32_t shorter[CHOICES];
  memcpy(shorter, value, at * sizeof(value[0]));
  memcpy(shorter + at, value + at + length,
         (*count - at - length) * sizeof(value[0]));
  if (still_fails(shorter, *count - length)) {
    *count -= length;
    memcpy(value, shorter, *count * sizeof(value[0]));
    return true;
  }
  memcpy(shorter, value, *count * sizeof(value[0]));
  memset(shorter + at, 0, length * sizeof(value[0]));
  if (memcmp(shorter, value, *count * sizeof(value[0])) == 0 ||
      !still_fails(shorter, *count))
    return false;
  memcpy(value, shorter, *count * sizeof(value[0]));
  return true;
}

static void reduce(void) {
  uint32_t value[CHOICES];
  size_t count = choices.made < CHOICES ? choices.made : CHOICES;
  bool is_better = true;

  memcpy(value, choices.value, count * sizeof(value[0]));
  choices.is_replayed = true;
  for (int round = 0; is_better && round < 20; round++) {
    is_better = false;
    for (size_t length = count / 2; length > 0; length /= 2)
      for (size_t at = 0; at + length <= count;)
        if (shorten(value, &count, at, length))
          is_better = true;
        else
          at += length;
  }
  printf("# reduced to %zu choices:\n", count);
  is_told = true;
  still_fails(value, count);
  is_told = false;
  printf("# %s\n", difference);
}

/* --- */

static void set_seed(uint64_t seed) {
  choices.random = seed;
  choices.is_replayed = false;
}

static int replay(uint64_t seed) {
  set_seed(seed);
  is_told = true;
  bool is_right = succeeds();
  is_told = false;
  printf("%s\n", is_right ? "The totals are right." : difference);
  if (!is_right)
    reduce();
  return is_right ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The real clock; clock_gettime is simulated. */
static uint64_t real_s(void) {
  struct timespec t;
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec;
}

static uint64_t number(const char *text) { return strtoull(text, NULL, 10); }

static int run_many(uint64_t seed, uint64_t histories, uint64_t seconds) {
  uint64_t begin_s = real_s(), count = 0, all_reads = 0, all_exits = 0;
  printf("# histories from seed %" PRIu64 " on\n", seed);
  for (;
       count < histories && (count % 256 != 0 || real_s() - begin_s < seconds);
       count++) {
    set_seed(seed + count);
    bool is_right = succeeds();
    all_reads += reads;
    all_exits += world.processes - 1;
    if (is_right)
      continue;
    printf("not ok - history %" PRIu64 ": %s\n"
           "# to see it: ./build.sh simulate --replay %" PRIu64 "\n",
           count + 1, difference, seed + count);
    reduce();
    return EXIT_FAILURE;
  }
  printf("ok - %" PRIu64 " histories with %" PRIu64 " reads and %" PRIu64
         " processes: all totals are right\n",
         count, all_reads, all_exits);
  return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
  uint64_t seconds = UINT64_MAX, histories = UINT64_MAX, seed = 1;
  bool is_one = false;

  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
      seconds = number(argv[++i]);
    else if (strcmp(argv[i], "--histories") == 0 && i + 1 < argc)
      histories = number(argv[++i]);
    else if (strcmp(argv[i], "--replay") == 0)
      is_one = true;
    else
      seed = number(argv[i]);
  }
  make_rules();
  make_exclusions();
  return is_one ? replay(seed) : run_many(seed, histories, seconds);
}
