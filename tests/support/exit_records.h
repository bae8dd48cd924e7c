/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_RECORDS_H
#define TASKSTATS_EXIT_RECORDS_H

#include "support/child.h"
#include "support/clock.h"
#include "support/groups.h"
#include "support/paths.h"
#include "support/test.h"
#include "support/tree.h"
#include "track/event_accounting.h"
#include "track/exit_accounting.h"
#include "track/member.h"
#include "track/reader.h"

/*
 * Exit records as the kernel sends them, for processes that exist only in a
 * procfs of the test. Processes that reads must see are children of the test,
 * because their CPU clocks come from the kernel.
 */

enum { GROUPS = 3, EVENTS = 16, AGE_MS = 40 };

/* Such a process. Its pid and those next to it are the last ones that a kernel
 * may use (PID_MAX_LIMIT is 4194304): hardly any child of the test has one. */
enum { PID = 4194250 };

struct event {
  struct exit_event event;
  char comm[RECORD_COMM_SIZE];
  uint64_t used[COUNTERS], longest_ns[DELAY_KINDS];
  char cgroup[64], unit[64];
};

struct fixture {
  struct tree tree;
  struct rule rules[GROUPS];
  size_t count;
  struct tracker *tracker;
  struct exit_accounting *exits;
  struct event_accounting *event_accounting;
  struct reader *reader;
  struct reader_report report;
  struct event events[EVENTS];
  size_t event_count;
  uint64_t now; /* the time of all events, CLOCK_BOOTTIME */
};

static inline int set_up(void **state) {
  struct fixture *fixture = calloc(1, sizeof(*fixture));
  assert_non_null(fixture);
  tree_create(&fixture->tree);
  fixture->now = boot_ns();
  *state = fixture;
  return 0;
}

/* Adds an exclusion to the group that was added last. */
static inline void exclude(struct fixture *fixture, enum selector_kind kind,
                           const char *value) {
  char error[256];
  struct exclusion *exclusion =
      rule_exclude(&fixture->rules[fixture->count - 1]);
  assert_non_null(exclusion);
  assert_int_equal(
      selector_add(exclusion->selector, kind, value, error, sizeof(error)), 0);
}

static inline void destroy_selectors(struct rule *rule) {
  selector_destroy(rule->selector);
  while (rule->exclusions != NULL) {
    struct exclusion *exclusion = rule->exclusions;
    rule->exclusions = exclusion->next;
    selector_destroy(exclusion->selector);
    free(exclusion);
  }
}

/* Resets the fixture for another case of a table. */
static inline void clear(struct fixture *fixture) {
  child_reap_all();
  reader_destroy(fixture->reader);
  event_accounting_destroy(fixture->event_accounting);
  exit_accounting_destroy(fixture->exits);
  tracker_destroy(fixture->tracker);
  for (size_t i = 0; i < fixture->count; i++)
    destroy_selectors(&fixture->rules[i]);
  tree_renew(&fixture->tree);
  *fixture = (struct fixture){.tree = fixture->tree, .now = fixture->now};
}

static inline int tear_down(void **state) {
  struct fixture *fixture = *state;
  clear(fixture);
  tree_remove(&fixture->tree, "");
  free(fixture);
  return 0;
}

/* A value that begins with "@" is a path in the tree. */
static inline void add_condition(struct fixture *fixture,
                                 enum selector_kind kind, const char *value) {
  char error[256], path[TREE_PATH_SIZE];
  if (value[0] == '@') {
    tree_path(&fixture->tree, value + 1, path);
    value = path;
  }
  assert_int_equal(selector_add(fixture->rules[fixture->count - 1].selector,
                                kind, value, error, sizeof(error)),
                   0);
}

static inline void add_group(struct fixture *fixture, enum selector_kind kind,
                             const char *value) {
  static char names[GROUPS][8] = {"g0", "g1", "g2"};
  struct rule *rule = &fixture->rules[fixture->count];
  *rule = (struct rule){.name = names[fixture->count],
                        .collect = UINT32_MAX,
                        .selector = selector_create()};
  assert_non_null(rule->selector);
  if (fixture->count++ > 0)
    rule[-1].next = rule;
  add_condition(fixture, kind, value);
}

static inline void note(void *context, const struct exit_event *event) {
  struct fixture *fixture = context;
  assert_true(fixture->event_count < EVENTS);
  struct event *copy = &fixture->events[fixture->event_count++];
  copy->event = *event;
  snprintf(copy->comm, sizeof(copy->comm), "%s", event->comm);
  memcpy(copy->used, event->used, sizeof(copy->used));
  if (event->longest_ns != NULL)
    memcpy(copy->longest_ns, event->longest_ns, sizeof(copy->longest_ns));
  if (event->cgroup != NULL)
    snprintf(copy->cgroup, sizeof(copy->cgroup), "%s", event->cgroup);
  if (event->unit != NULL)
    snprintf(copy->unit, sizeof(copy->unit), "%s", event->unit);
}

/* Starts the plugin as of since_ms before now. */
static inline void begin(struct fixture *fixture, uint64_t since_ms) {
  fixture->tracker = tracker_create(fixture->count > 0 ? fixture->rules : NULL,
                                    100, fixture->now - since_ms * MS);
  assert_non_null(fixture->tracker);
  fixture->tracker->listens = true;
  fixture->tracker->hears_since_ns = fixture->now - since_ms * MS;
  assert_int_equal(event_accounting_create(fixture->tree.root, fixture->tracker,
                                           &fixture->event_accounting),
                   0);
  assert_int_equal(exit_accounting_create(fixture->tree.root, fixture->tracker,
                                          note, fixture, &fixture->exits),
                   0);
  assert_int_equal(
      reader_create(fixture->tree.root, fixture->tracker, &fixture->reader), 0);
}

/* Delivers a process event now. */
static inline void happen(struct fixture *fixture, enum process_event_kind kind,
                          pid_t pid, pid_t parent, uint64_t time_ns) {
  const struct process_event event = {
      .kind = kind, .pid = pid, .parent = parent, .time_ns = time_ns};
  fixture->tracker->hears_events = true;
  event_accounting_take(fixture->event_accounting, &event);
}

static inline void read_at(struct fixture *fixture, uint64_t before_ms) {
  child_settle_all();
  paths_look();
  reader_read(fixture->reader, fixture->now - before_ms * MS, &fixture->report);
  assert_int_equal(fixture->report.proc, 0);
}

static inline void take(struct fixture *fixture, const struct message *messages,
                        size_t count) {
  exit_accounting_take(fixture->exits, messages, count, fixture->now,
                       fixture->now);
}

static inline bool keep_and_count(void *context, struct process *process) {
  (void)process;
  ++*(size_t *)context;
  return true;
}

static inline size_t table_size(const struct fixture *fixture) {
  size_t size = 0;
  process_table_sweep(fixture->tracker->table, keep_and_count, &size);
  return size;
}

static inline int64_t truth(const struct fixture *fixture, size_t group,
                            unsigned int counter) {
  return group_at(fixture->tracker, group)->total[counter];
}

static inline int64_t cpu_of(const struct fixture *fixture, size_t group) {
  return truth(fixture, group, COUNTER_CPU_USER) +
         truth(fixture, group, COUNTER_CPU_SYSTEM);
}

static inline int64_t exits_of(const struct fixture *fixture, size_t group) {
  return truth(fixture, group, COUNTER_EXIT_OK) +
         truth(fixture, group, COUNTER_EXIT_ERROR) +
         truth(fixture, group, COUNTER_EXIT_SIGNAL);
}

/* Sets the use of n threads; a process's record has neither I/O nor page
 * faults. They slept so often that their CPU time is complete. */
static inline void set_use(struct record *record, uint64_t n) {
  record->cpu_ns = 2 * MS * n;
  record->user_us = 500 * n;
  record->system_us = 1500 * n;
  record->switches_voluntary = 8 * MS * n;
  record->switches_involuntary = 3 * n;
  for (unsigned int kind = 0; kind < DELAY_KINDS; kind++) {
    record->delay_ns[kind] = (kind + 1) * UINT64_C(100000) * n;
    record->waits[kind] = (kind + 1) * n;
  }
}

static inline void set_thread_use(struct record *record, uint64_t n) {
  set_use(record, n);
  record->faults_minor = 50 * n;
  record->faults_major = 5 * n;
  record->read_chars = 1024 * n;
  record->write_chars = 2048 * n;
  record->read_bytes = 4096 * n;
  record->write_bytes = 8192 * n;
}

static inline uint64_t used_of(unsigned int counter, uint64_t n) {
  if (counter >= COUNTER_WAITS && counter < COUNTER_EXIT_OK)
    return (counter - COUNTER_WAITS + 1) * n;
  if (counter >= COUNTER_DELAY && counter < COUNTER_WAITS)
    return (counter - COUNTER_DELAY + 1) * 100000 * n;
  static const uint64_t use[COUNTERS] = {
      [COUNTER_CPU_USER] = MS / 2,           [COUNTER_CPU_SYSTEM] = 3 * MS / 2,
      [COUNTER_SWITCHES_VOLUNTARY] = 8 * MS, [COUNTER_FAULTS_MINOR] = 50,
      [COUNTER_SWITCHES_INVOLUNTARY] = 3,    [COUNTER_FAULTS_MAJOR] = 5,
      [COUNTER_READ_CHARS] = 1024,           [COUNTER_WRITE_CHARS] = 2048,
      [COUNTER_READ_BYTES] = 4096,           [COUNTER_WRITE_BYTES] = 8192,
  };
  return use[counter] * n;
}

/* Asserts that the group contains the use of n threads and this number of ends.
 */
static inline void assert_used(const char *name, const struct fixture *fixture,
                               size_t group, uint64_t n, int64_t ends) {
  for (unsigned int i = 0; i < COUNTER_EXIT_OK; i++)
    if (truth(fixture, group, i) != (int64_t)used_of(i, n))
      fail_msg("%s: counter %u of group %zu is %lld, not %lld", name, i, group,
               (long long)truth(fixture, group, i), (long long)used_of(i, n));
  assert_case_int(name, exits_of(fixture, group), ends);
}

/* The exit record of a single-threaded process. */
static inline struct message death_of(pid_t pid, const char *comm,
                                      uint64_t age_ms) {
  struct message message = {
      .has[MESSAGE_THREAD] = true,
      .id[MESSAGE_THREAD] = (uint32_t)pid,
      .record[MESSAGE_THREAD] = {.version = 16,
                                 .flags = RECORD_LAST_THREAD,
                                 .pid = (uint32_t)pid,
                                 .tgid = (uint32_t)pid,
                                 .ppid = 1,
                                 .uid = 1000,
                                 .elapsed_us = age_ms * 1000,
                                 .process_elapsed_us = age_ms * 1000}};
  struct record *thread = &message.record[MESSAGE_THREAD];
  snprintf(thread->comm, sizeof(thread->comm), "%s", comm);
  set_thread_use(thread, 1);
  return message;
}

/* The exit record of a thread of a multithreaded process. */
static inline struct message thread_of(pid_t tgid, pid_t pid, const char *comm,
                                       uint64_t n) {
  struct message message = death_of(pid, comm, AGE_MS);
  struct record *thread = &message.record[MESSAGE_THREAD];
  thread->tgid = (uint32_t)tgid;
  thread->flags = 0;
  set_thread_use(thread, n);
  return message;
}

/* Makes it the record of the last thread; all threads together used n. */
static inline struct message last_of(struct message message, uint64_t n) {
  message.record[MESSAGE_THREAD].flags |= RECORD_LAST_THREAD;
  message.has[MESSAGE_PROCESS] = true;
  message.id[MESSAGE_PROCESS] = message.record[MESSAGE_THREAD].tgid;
  message.record[MESSAGE_PROCESS] = (struct record){.version = 16};
  set_use(&message.record[MESSAGE_PROCESS], n);
  return message;
}

/* A pseudo-state: a process in teardown whose exit record was sent. */
enum { DYING = 'd' };

static inline void put_child(const struct fixture *fixture, pid_t pid,
                             pid_t ppid, const char *comm, char process_state,
                             uint64_t age_ms) {
  const struct tree_process process = {
      .pid = pid,
      .ppid = ppid,
      .comm = comm,
      .state = process_state == DYING ? 'R' : process_state,
      .flags = process_state == DYING ? 4 : 0,
      .start_ticks = (fixture->now - age_ms * MS) / tick_ns(),
      .pages = 100};
  tree_put_process(&fixture->tree, &process);
  tree_put_of(&fixture->tree, pid, "cmdline", comm);
}

static inline void put_process(const struct fixture *fixture, pid_t pid,
                               const char *comm, char process_state,
                               uint64_t age_ms) {
  put_child(fixture, pid, 1, comm, process_state, age_ms);
}

static inline void remove_process(const struct fixture *fixture, pid_t pid) {
  char path[64];
  snprintf(path, sizeof(path), "%d", pid);
  tree_remove(&fixture->tree, path);
}

#endif
