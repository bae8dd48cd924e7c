/* SPDX-License-Identifier: MIT */
#include "track/reader.h"

#include "select/user_cache.h"

#include "support/child.h"
#include "support/clock.h"
#include "support/entries.h"
#include "support/groups.h"
#include "support/paths.h"
#include "support/test.h"
#include "support/tree.h"

#include <dirent.h>
#include <linux/capability.h>
#include <pthread.h>
#include <semaphore.h>

/*
 * With real processes: their CPU clocks are the kernel's, wherever the rest of
 * procfs comes from. They have names that no other process has.
 */

enum { GROUPS = 4, NAME_SIZE = 16 };

struct fixture {
  struct rule rules[GROUPS];
  char names[GROUPS][NAME_SIZE];
  size_t count;
  struct tracker *tracker;
  struct reader *reader;
  struct reader_report report;
  struct tree tree;
};

/* A name for processes and for their group. */
static const char *name_of(const struct fixture *fixture, size_t group) {
  return fixture->names[group];
}

static int set_up(void **state) {
  struct fixture *fixture = calloc(1, sizeof(*fixture));
  assert_non_null(fixture);
  for (size_t i = 0; i < GROUPS; i++)
    snprintf(fixture->names[i], NAME_SIZE, "u%zu-%d", i, getpid() % 10000000);
  tree_create(&fixture->tree);
  *state = fixture;
  return 0;
}

static void close_reader(struct fixture *fixture) {
  reader_destroy(fixture->reader);
  tracker_destroy(fixture->tracker);
  fixture->reader = NULL;
  fixture->tracker = NULL;
}

static int tear_down(void **state) {
  struct fixture *fixture = *state;
  child_reap_all();
  close_reader(fixture);
  for (size_t i = 0; i < fixture->count; i++)
    selector_destroy(fixture->rules[i].selector);
  tree_remove(&fixture->tree, "");
  free(fixture);
  return 0;
}

static void add_group(struct fixture *fixture, enum selector_kind kind,
                      const char *value) {
  char error[256];
  struct rule *rule = &fixture->rules[fixture->count];
  rule->name = fixture->names[fixture->count];
  rule->collect = COLLECT_DELAY | COLLECT_CPU | COLLECT_IO | COLLECT_COUNT |
                  COLLECT_CONTEXT_SWITCH;
  rule->selector = selector_create();
  assert_non_null(rule->selector);
  assert_int_equal(
      selector_add(rule->selector, kind, value, error, sizeof(error)), 0);
  if (fixture->count++ > 0)
    rule[-1].next = rule;
}

/* All existing processes started before the reader, even with start times
 * rounded to ticks. */
static void open_reader(struct fixture *fixture, const char *root) {
  pause_ms(20);
  fixture->tracker = tracker_create(fixture->count > 0 ? fixture->rules : NULL,
                                    100, boot_ns());
  assert_non_null(fixture->tracker);
  assert_int_equal(reader_create(root, fixture->tracker, &fixture->reader), 0);
}

static void read_at(struct fixture *fixture, uint64_t now) {
  child_settle_all();
  memset(&fixture->report, 0xa5, sizeof(fixture->report));
  paths_look();
  reader_read(fixture->reader, now, &fixture->report);
}

static void read_now(struct fixture *fixture) { read_at(fixture, boot_ns()); }

static const struct group *group_of(const struct fixture *fixture, size_t i) {
  assert_int_equal(fixture->tracker->group_count, fixture->count);
  return group_at(fixture->tracker, i);
}

static int64_t truth(const struct fixture *fixture, size_t i,
                     unsigned int counter) {
  return group_of(fixture, i)->total[counter];
}

static int64_t cpu_of(const struct fixture *fixture, size_t i) {
  return truth(fixture, i, COUNTER_CPU_USER) +
         truth(fixture, i, COUNTER_CPU_SYSTEM);
}

static uint64_t gauge(const struct fixture *fixture, size_t i, unsigned int g) {
  return group_of(fixture, i)->gauges[g];
}

/* Without the threads of an emulator. */
static uint64_t threads_of(const struct fixture *fixture, size_t i) {
  return gauge(fixture, i, GAUGE_THREADS) -
         EMULATOR_THREADS * gauge(fixture, i, GAUGE_PROCESSES);
}

/* A child that has that group's name. */
static struct child start_member(const struct fixture *fixture, size_t group) {
  struct child child;
  child_start(&child);
  child_set_name(&child, name_of(fixture, group));
  return child;
}

static void reports_groups_without_members(void **state) {
  struct fixture *fixture = *state;
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 1));
  open_reader(fixture, "/proc");
  read_now(fixture);
  assert_int_equal(fixture->report.proc, 0);
  assert_int_equal(fixture->report.members, 0);
  for (size_t i = 0; i < 2; i++) {
    assert_string_equal(group_of(fixture, i)->name, name_of(fixture, i));
    assert_ptr_equal(group_of(fixture, i)->rule, &fixture->rules[i]);
    assert_int_equal(gauge(fixture, i, GAUGE_PROCESSES), 0);
    assert_int_equal(cpu_of(fixture, i), 0);
  }
}

/* A process that existed before the first read counts from then on. */
static void counts_from_the_first_read(void **state) {
  struct fixture *fixture = *state;
  struct child child = start_member(fixture, 0);
  child_tell(&child, 'b', 100);
  child_tell(&child, 'w', 1000000);

  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  open_reader(fixture, "/proc");
  read_now(fixture);
  assert_int_equal(fixture->report.members, 1);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);
  assert_int_equal(threads_of(fixture, 0), 1);
  for (unsigned int i = 0; i < COUNTERS; i++)
    assert_int_equal(truth(fixture, 0, i), 0);

  child_tell(&child, 'b', 50);
  child_tell(&child, 'w', 300000);
  read_now(fixture);
  int64_t cpu = cpu_of(fixture, 0);
  assert_true(cpu >= 50 * MS);
  if (fixture->report.io == 0)
    assert_in_range(truth(fixture, 0, COUNTER_WRITE_CHARS), 300000, 300100);
  /* At most its total use, and not what it used before. */
  assert_true((uint64_t)cpu + 100 * MS <= child_reap(&child) + 2000);
}

/* A process that started since the last read counts from its start. */
static void counts_new_processes_from_zero(void **state) {
  struct fixture *fixture = *state;
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  open_reader(fixture, "/proc");
  read_now(fixture);
  struct child child = start_member(fixture, 0);
  child_tell(&child, 'b', 60);
  child_tell(&child, 'w', 200000);
  child_tell(&child, 's', 20);
  read_now(fixture);

  int64_t cpu = cpu_of(fixture, 0);
  assert_true(cpu >= 60 * MS);
  if (fixture->report.io == 0)
    assert_in_range(truth(fixture, 0, COUNTER_WRITE_CHARS), 200000, 200100);
  if (fixture->report.taskstats == 0) {
    assert_in_range(truth(fixture, 0, COUNTER_SWITCHES_VOLUNTARY), 20, 100000);
    assert_true(truth(fixture, 0, COUNTER_WAITS + DELAY_CPU) > 0);
  }

  child_tell(&child, 'B', 30); /* in a thread that ends */
  read_now(fixture);
  assert_true(cpu_of(fixture, 0) - cpu >= 30 * MS);
  assert_int_equal(threads_of(fixture, 0), 1);
  cpu = cpu_of(fixture, 0);
  assert_true((uint64_t)cpu <= child_reap(&child) + 2000);
}

/* How long a single-threaded process has waited for a CPU, in ns, according to
 * the scheduler (schedstat). */
static int64_t scheduler_wait_ns(pid_t pid) {
  char path[64];
  long long ran_ns, waited_ns;
  snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
  FILE *file = fopen(path, "re");
  assert_non_null(file);
  assert_int_equal(fscanf(file, "%lld %lld", &ran_ns, &waited_ns), 2);
  fclose(file);
  return waited_ns;
}

/* Two share a CPU, so that one of them waits. */
static void waits_as_long_as_the_scheduler_says(void **state) {
  struct fixture *fixture = *state;
  cpu_set_t cpus, one;
  size_t cpu = 0;
  assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
  while (!CPU_ISSET(cpu, &cpus))
    cpu++;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  open_reader(fixture, "/proc");
  read_now(fixture);
  struct child children[2];
  for (size_t i = 0; i < COUNT_OF(children); i++) {
    children[i] = start_member(fixture, 0);
    assert_int_equal(sched_setaffinity(children[i].pid, sizeof(one), &one), 0);
  }
  for (size_t i = 0; i < COUNT_OF(children); i++)
    child_order(&children[i], 'b', 40, "");
  for (size_t i = 0; i < COUNT_OF(children); i++)
    child_wait_for_answer(&children[i]);
  read_now(fixture);
  if (fixture->report.taskstats != 0)
    skip();
  int64_t waited_ns =
      scheduler_wait_ns(children[0].pid) + scheduler_wait_ns(children[1].pid);
  assert_true(waited_ns > 0);
  assert_int_equal(truth(fixture, 0, COUNTER_DELAY + DELAY_CPU), waited_ns);
}

/* Within a tick. */
static uint64_t start_of(pid_t pid) {
  struct procfs *proc;
  struct procfs_stat stat;
  assert_int_equal(procfs_open("/proc", &proc), 0);
  assert_int_equal(procfs_stat(proc, pid, &stat), 0);
  procfs_close(proc);
  return stat.start_ticks * tick_ns();
}

/* Its start time is before the last read, which therefore missed it. */
static void counts_missed_processes_from_now(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    int64_t last_read_ms; /* after the start */
    bool from_zero;
  } cases[] = {
      {"began long before", 5000, false},
      {"began before", 2020, false}, /* the time of fork(2), two ticks */
      {"began just before, and appeared later", 20, true},
      {"began after", -20, true},
  };
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct child child = start_member(fixture, 1);
    uint64_t started = start_of(child.pid);
    child_tell(&child, 'b', 30);

    /* A process that a read at this time does not know, because it reads
     * another procfs. */
    close_reader(fixture);
    tree_renew(&fixture->tree);
    open_reader(fixture, fixture->tree.root);
    read_at(fixture, (uint64_t)((int64_t)started + cases[i].last_read_ms * MS));
    char link[64], target[64];
    snprintf(link, sizeof(link), "%d", child.pid);
    snprintf(target, sizeof(target), "/proc/%d", child.pid);
    tree_link(&fixture->tree, link, target);
    child_set_name(&child, name_of(fixture, 0));
    read_at(fixture, started + 100 * UINT64_C(1000) * MS);
    assert_case_int(cases[i].name, gauge(fixture, 0, GAUGE_PROCESSES), 1);
    if (cases[i].from_zero)
      assert_case(cases[i].name, cpu_of(fixture, 0) >= 30 * MS);
    else
      assert_case_int(cases[i].name, cpu_of(fixture, 0), 0);
    close_reader(fixture);
    tree_remove(&fixture->tree, link);
    child_reap(&child);
  }
}

/* A member that did not run adds nothing, and is still counted. */
static void leaves_idle_members_alone(void **state) {
  struct fixture *fixture = *state;
  struct child child = start_member(fixture, 0);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  open_reader(fixture, "/proc");
  read_now(fixture);
  child_tell(&child, 'b', 10);
  read_now(fixture);

  struct group before = *group_of(fixture, 0);
  for (int i = 0; i < 3; i++) {
    read_now(fixture);
    assert_memory_equal(group_of(fixture, 0)->total, before.total,
                        sizeof(before.total));
    assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);
    assert_int_equal(threads_of(fixture, 0), 1);
    assert_int_equal(fixture->report.members, 1);
  }
  child_reap(&child);
}

static void counts_threads_and_memory(void **state) {
  struct fixture *fixture = *state;
  struct child one = start_member(fixture, 0), two = start_member(fixture, 0);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  fixture->rules[0].collect = COLLECT_COUNT | COLLECT_MEMORY;
  open_reader(fixture, "/proc");
  child_tell(&one, 't', 0);
  child_tell(&one, 't', 0);
  read_now(fixture);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 2);
  assert_int_equal(threads_of(fixture, 0), 4);
  assert_true(gauge(fixture, 0, GAUGE_RSS) > 2 * 65536);
  assert_true(gauge(fixture, 0, GAUGE_VM) > gauge(fixture, 0, GAUGE_RSS));
  assert_true(gauge(fixture, 0, GAUGE_CODE) > 0);
  assert_true(gauge(fixture, 0, GAUGE_DATA) > 0);
  assert_int_equal(gauge(fixture, 0, GAUGE_KNOWN_MEMORY), 2);

  child_tell(&two, 't', 0);
  read_now(fixture);
  assert_int_equal(threads_of(fixture, 0), 5);
  child_reap(&two);
  read_now(fixture);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);
  assert_int_equal(threads_of(fixture, 0), 3);
  child_reap(&one);
  read_now(fixture);
  assert_int_equal(gauge(fixture, 0, GAUGE_RSS), 0);
}

/* Its use stays when it is a zombie, and when it has been reaped. */
static void keeps_what_the_dead_have_used(void **state) {
  skip_if_emulated("exact CPU time, since its own thread runs, too");
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    int threads; /* beside the first */
  } cases[] = {{"single-threaded", 0}, {"multi-threaded", 3}};

  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  open_reader(fixture, "/proc");
  read_now(fixture);
  struct child other = start_member(fixture, 0);
  read_now(fixture);
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    int64_t base = cpu_of(fixture, 0);
    struct child child = start_member(fixture, 0);
    for (int t = 0; t < cases[i].threads; t++)
      child_tell(&child, 't', 0);
    child_tell(&child, 'b', 40);
    child_tell(&child, 's', 50);
    read_now(fixture);
    assert_case_int(name, gauge(fixture, 0, GAUGE_PROCESSES), 2);
    assert_case_int(name, threads_of(fixture, 0), 2 + cases[i].threads);

    child_end(&child);
    struct group before = *group_of(fixture, 0);
    for (int again = 0; again < 3; again++) {
      read_now(fixture);
      assert_case_int(name, gauge(fixture, 0, GAUGE_PROCESSES), 1);
      assert_case_int(name, threads_of(fixture, 0), 1);
      for (unsigned int c = 0; c < COUNTERS; c++)
        assert_case(name, truth(fixture, 0, c) >= before.total[c]);
      before = *group_of(fixture, 0);
    }
    /* A zombie's clock shows its total CPU time. */
    int64_t used = cpu_of(fixture, 0) - base;
    uint64_t usage = child_reap(&child);
    assert_case(name, (uint64_t)used <= usage + 2000);
    assert_case(name, (uint64_t)used + 2000 >= usage);

    read_now(fixture);
    assert_case_int(name, gauge(fixture, 0, GAUGE_PROCESSES), 1);
    assert_case_int(name, fixture->report.members, 1);
    assert_memory_equal(group_of(fixture, 0)->total, before.total,
                        sizeof(before.total));
  }
  child_reap(&other);
}

/* Its record is not blank, because it includes its threads. */
static void counts_no_zombie_that_had_threads(void **state) {
  struct fixture *fixture = *state;
  struct child child = start_member(fixture, 0);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  fixture->rules[0].collect = COLLECT_COUNT | COLLECT_DELAY;
  open_reader(fixture, "/proc");
  child_tell(&child, 'B', 10);
  read_now(fixture);
  if (fixture->report.taskstats != 0)
    skip();
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);
  assert_int_equal(threads_of(fixture, 0), 1);

  child_end(&child);
  read_now(fixture);
  read_now(fixture); /* the read that finds it idle reads its stat */
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 0);
  assert_int_equal(threads_of(fixture, 0), 0);
  child_reap(&child);
}

/* What one group does not collect, another may. */
static void collects_what_any_group_wants(void **state) {
  struct fixture *fixture = *state;
  struct child child = start_member(fixture, 0);
  for (size_t i = 0; i < 3; i++) {
    add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
    fixture->rules[i].collect = i == 1 ? COLLECT_IO : COLLECT_COUNT;
  }
  open_reader(fixture, "/proc");
  read_now(fixture);
  child_tell(&child, 'w', 5000);
  read_now(fixture);
  if (fixture->report.io != 0)
    skip();
  assert_in_range(truth(fixture, 1, COUNTER_WRITE_CHARS), 5000, 5002);
  child_reap(&child);
}

static bool finds(struct fixture *fixture, size_t i, uint64_t processes) {
  read_now(fixture);
  return gauge(fixture, i, GAUGE_PROCESSES) == processes;
}

/* A process may belong to several groups, and counts fully in each. */
static void counts_in_every_group(void **state) {
  skip_if_emulated("a process that sees itself");
  struct fixture *fixture = *state;
  char exe[4096] = "";
  assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 1));
  char error[256];
  assert_int_equal(selector_add(fixture->rules[1].selector, SELECTOR_COMMAND,
                                name_of(fixture, 0), error, sizeof(error)),
                   0);
  add_group(fixture, SELECTOR_EXECUTABLE, exe);
  open_reader(fixture, "/proc");
  read_now(fixture);
  struct child child = start_member(fixture, 0);
  struct child other = start_member(fixture, 1);
  child_tell(&child, 'b', 20);
  child_tell(&other, 'b', 10);
  /* And this one; the child that looked at the path may still be ending. */
  bool is_found = false;
  await(is_found || (is_found = finds(fixture, 2, 3)));
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);
  assert_int_equal(gauge(fixture, 1, GAUGE_PROCESSES), 2);
  assert_true(cpu_of(fixture, 0) >= 20 * MS);
  assert_true(cpu_of(fixture, 1) >= cpu_of(fixture, 0) + 10 * MS);
  assert_true(cpu_of(fixture, 2) >= cpu_of(fixture, 1));
  child_reap(&child);
  child_reap(&other);
}

/* A young process that takes another name, or executes, changes its group. */
static void follows_young_processes(void **state) {
  struct fixture *fixture = *state;
  char argument[32], line[64];
  snprintf(argument, sizeof(argument), "600.%d", getpid());
  snprintf(line, sizeof(line), "^sleep 600\\.%d$", getpid());
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 1));
  add_group(fixture, SELECTOR_COMMAND_LINE, line);
  open_reader(fixture, "/proc");
  read_now(fixture);

  struct child child = start_member(fixture, 0);
  child_tell(&child, 'b', 20);
  read_now(fixture);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);
  assert_int_equal(gauge(fixture, 1, GAUGE_PROCESSES), 0);
  int64_t first = cpu_of(fixture, 0);
  assert_true(first >= 20 * MS);

  child_set_name(&child, name_of(fixture, 1));
  read_now(fixture);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 0);
  assert_int_equal(gauge(fixture, 1, GAUGE_PROCESSES), 1);
  /* What it used before stays where it was counted. */
  assert_true(cpu_of(fixture, 0) == first);
  assert_true(cpu_of(fixture, 1) < 20 * MS);

  child_exec_sleep(&child, argument);
  read_now(fixture);
  assert_int_equal(gauge(fixture, 1, GAUGE_PROCESSES), 0);
  assert_int_equal(gauge(fixture, 2, GAUGE_PROCESSES), 1);
  assert_int_equal(fixture->report.members, 1);
  child_reap(&child);
}

/* An older process is matched again within a minute if it ran. */
static void selects_older_processes_in_turn(void **state) {
  struct fixture *fixture = *state;
  const uint64_t second = UINT64_C(1000000000);
  struct child child = start_member(fixture, 0);
  /* Its turn depends on its pid, once in 50 s: not soon after this one. */
  const uint64_t round = 50 * second;
  uint64_t begin = (boot_ns() / round + 20) * round +
                   ((uint64_t)child.pid + 25) % 50 * second;
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 1));
  open_reader(fixture, "/proc");
  read_at(fixture, begin);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);

  child_set_name(&child, name_of(fixture, 1));
  read_at(fixture, begin + second);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);
  /* The name is taken; the turn may come at a read that finds it idle. */
  for (uint64_t s = 10; s <= 130; s += 10) {
    child_tell(&child, 's', 1);
    read_at(fixture, begin + s * second);
  }
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 0);
  assert_int_equal(gauge(fixture, 1, GAUGE_PROCESSES), 1);
  child_reap(&child);
}

/* At once, whether the process is old or idle. */
static void follows_pid_files(void **state) {
  struct fixture *fixture = *state;
  char path[TREE_PATH_SIZE], text[32];
  struct child one, two;
  child_start(&one);
  child_start(&two);
  uint64_t now = boot_ns() + UINT64_C(1000000000000);
  tree_path(&fixture->tree, "x.pid", path);
  add_group(fixture, SELECTOR_PID_FILE, path);
  open_reader(fixture, "/proc");
  read_at(fixture, now);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 0);

  snprintf(text, sizeof(text), "%d\n", one.pid);
  tree_put(&fixture->tree, "x.pid", text);
  read_at(fixture, now);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);
  assert_int_equal(cpu_of(fixture, 0), 0); /* newly matching: from now */
  child_tell(&one, 'b', 20);
  read_at(fixture, now);
  int64_t cpu = cpu_of(fixture, 0);
  assert_true(cpu >= 20 * MS);

  snprintf(text, sizeof(text), "%d\n", two.pid);
  tree_put(&fixture->tree, "x.pid", text);
  read_at(fixture, now);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);
  child_tell(&one, 'b', 20);
  read_at(fixture, now);
  assert_true(cpu_of(fixture, 0) < cpu + 20 * MS);
  child_tell(&two, 'b', 20);
  read_at(fixture, now);
  assert_true(cpu_of(fixture, 0) >= cpu + 20 * MS);

  unlink(path);
  read_at(fixture, now);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 0);
  assert_int_equal(fixture->report.members, 0);
  child_reap(&one);
  child_reap(&two);
}

/* A reused pid: the use of the former process ends, that of the new one begins,
 * each in its own group. */
/* A directory that answers when the test lets it. */
static sem_t answers;

static int look_up_uid_late(const char *name, uid_t *uid) {
  (void)name;
  sem_wait(&answers);
  *uid = getuid();
  return 0;
}

/* The user is known late, but the process counts from its start. */
static void counts_from_zero_whose_user_is_known_late(void **state) {
  struct fixture *fixture = *state;
  static const struct user_lookups lookups = {.uid = look_up_uid_late};
  char error[256];
  sem_init(&answers, 0, 0);
  assert_int_equal(user_cache_start(&lookups), 0);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  assert_int_equal(selector_add(fixture->rules[0].selector, SELECTOR_USER,
                                "alice", error, sizeof(error)),
                   0);
  open_reader(fixture, "/proc");
  read_now(fixture);
  struct child child = start_member(fixture, 0);
  child_tell(&child, 'b', 60);
  read_now(fixture);
  assert_int_equal(fixture->report.members, 0);
  sem_post(&answers);
  user_cache_wait(60000);
  read_at(fixture, boot_ns() + UINT64_C(200) * 1000 * MS);
  assert_int_equal(fixture->report.members, 1);
  assert_true(cpu_of(fixture, 0) >= 60 * MS);
  child_reap(&child);
  user_cache_stop();
}

static void tells_processes_of_one_pid_apart(void **state) {
  struct fixture *fixture = *state;
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 1));
  open_reader(fixture, "/proc");
  read_now(fixture);
  struct child child = start_member(fixture, 0), next;
  child_tell(&child, 'b', 50);
  read_now(fixture);
  int64_t first = cpu_of(fixture, 0);
  assert_true(first >= 50 * MS);

  child_reap(&child);
  /* So that the start times differ, which have ticks. */
  pause_ms(20);
  if (!child_try_start(&next, child.pid))
    skip(); /* needs CAP_CHECKPOINT_RESTORE and Linux 5.5 */
  assert_int_equal(next.pid, child.pid);
  child_set_name(&next, name_of(fixture, 1));
  child_tell(&next, 'b', 80);
  read_now(fixture);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 0);
  assert_int_equal(gauge(fixture, 1, GAUGE_PROCESSES), 1);
  assert_true(cpu_of(fixture, 0) == first);
  int64_t second = cpu_of(fixture, 1);
  assert_true(second >= 80 * MS);
  assert_true((uint64_t)second <= child_reap(&next) + 2000);
}

/* Descriptors */

struct descriptors {
  size_t count, low; /* those of <pid>/io and <pid>/task below 1024 */
  size_t kept;       /* those above */
};

static struct descriptors count_descriptors(void) {
  struct descriptors found = {0};
  DIR *dir = opendir("/proc/self/fd");
  assert_non_null(dir);
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    char target[256];
    ssize_t length = readlinkat(dirfd(dir), entry->d_name, target, 255);
    if (length < 0)
      continue;
    found.count++;
    target[length] = '\0';
    const char *name = strrchr(target, '/');
    if (name != NULL &&
        (strcmp(name, "/io") == 0 || strcmp(name, "/task") == 0)) {
      found.kept += atoi(entry->d_name) >= 1024;
      found.low += atoi(entry->d_name) < 1024;
    }
  }
  closedir(dir);
  return found;
}

enum { CHILDREN = 5 };

/* Two for each member, above the limit of select(), and closed with it. */
static void keeps_descriptors(void **state) {
  struct fixture *fixture = *state;
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_max < 4096)
    skip();
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  struct child children[CHILDREN];
  for (size_t c = 0; c < CHILDREN; c++)
    children[c] = start_member(fixture, 0);
  struct descriptors before = count_descriptors();

  open_reader(fixture, "/proc");
  read_now(fixture);
  if (fixture->report.io != 0)
    skip();
  for (int round = 0; round < 3; round++) {
    for (size_t c = 0; c < CHILDREN; c++)
      child_tell(&children[c], 'w', 1000);
    read_now(fixture);
    struct descriptors now = count_descriptors();
    assert_int_equal(now.kept, 2 * CHILDREN);
    assert_int_equal(now.low, 0);
    assert_in_range(truth(fixture, 0, COUNTER_WRITE_CHARS),
                    (round + 1) * CHILDREN * 1000,
                    (round + 1) * CHILDREN * 1001 + CHILDREN);
    assert_int_equal(group_of(fixture, 0)->gauges[GAUGE_WITHOUT_IO], 0);
  }
  for (size_t c = 0; c < CHILDREN; c++)
    child_reap(&children[c]);
  read_now(fixture);
  assert_int_equal(count_descriptors().kept, 0);
  close_reader(fixture);
  assert_int_equal(count_descriptors().count, before.count - 2 * CHILDREN);
}

/* It is not read unless a group collects it. */
static void opens_no_io_in_vain(void **state) {
  struct fixture *fixture = *state;
  struct child child = start_member(fixture, 0);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  fixture->rules[0].collect = COLLECT_CPU;
  open_reader(fixture, "/proc");
  read_now(fixture);
  child_tell(&child, 'w', 1000);
  read_now(fixture);
  assert_int_equal(truth(fixture, 0, COUNTER_WRITE_CHARS), 0);
  assert_int_equal(count_descriptors().kept, 1); /* for the threads */
  child_reap(&child);
}

/* More than fit into one request. */
static void counts_many_members(void **state) {
  struct fixture *fixture = *state;
  enum { MANY = 40 };
  struct child children[MANY];
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  open_reader(fixture, "/proc");
  read_now(fixture);
  for (size_t i = 0; i < MANY; i++)
    children[i] = start_member(fixture, 0);
  for (int round = 1; round <= 2; round++) {
    for (size_t i = 0; i < MANY; i++)
      child_tell(&children[i], 'b', 2);
    read_now(fixture);
    assert_int_equal(fixture->report.members, MANY);
    assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), MANY);
    assert_int_equal(threads_of(fixture, 0), MANY);
    assert_true(cpu_of(fixture, 0) >= round * MANY * 2 * MS);
  }
  uint64_t used = 0;
  for (size_t i = 0; i < MANY; i++)
    used += child_reap(&children[i]);
  assert_true((uint64_t)cpu_of(fixture, 0) <= used + MANY * 2000);
}

/* Failures: everything else still works. */

/* Replaces each socket with something that is not a socket. */
static void break_sockets(void) {
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  assert_true(null >= 0);
  for (int fd = 3; fd < 1024; fd++) {
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
      assert_int_equal(dup2(null, fd), fd);
  }
  close(null);
}

static void survives_a_broken_socket(void **state) {
  struct fixture *fixture = *state;
  struct child child = start_member(fixture, 0);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  open_reader(fixture, "/proc");
  read_now(fixture);
  if (fixture->report.taskstats != 0)
    skip();
  read_now(fixture);
  int64_t cpu = cpu_of(fixture, 0);
  int64_t switches = truth(fixture, 0, COUNTER_SWITCHES_VOLUNTARY);

  break_sockets();
  child_tell(&child, 's', 100);
  child_tell(&child, 'b', 20);
  read_now(fixture);
  assert_int_equal(fixture->report.taskstats, -ENOTSOCK);
  assert_int_equal(fixture->report.delays, 0);
  assert_true(cpu_of(fixture, 0) >= cpu + 20 * MS);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);

  /* The next read has a new connection, and counts what was missed although no
   * process ran. */
  read_now(fixture);
  assert_int_equal(fixture->report.taskstats, 0);
  assert_true(fixture->report.delays != 0);
  assert_true(truth(fixture, 0, COUNTER_SWITCHES_VOLUNTARY) >= switches + 100);
  child_reap(&child);
}

/* Returns the capabilities from before, or skips if there are none to lose. */
static struct __user_cap_data_struct lose_capability(unsigned int capability) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct all[_LINUX_CAPABILITY_U32S_3], few[2];
  assert_int_equal(syscall(SYS_capget, &header, all), 0);
  memcpy(few, all, sizeof(few));
  few[0].effective &= ~(1U << capability);
  if (few[0].effective == all[0].effective)
    skip();
  assert_int_equal(syscall(SYS_capset, &header, few), 0);
  return all[0];
}

static void regain_capability(struct __user_cap_data_struct low) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct all[_LINUX_CAPABILITY_U32S_3];
  assert_int_equal(syscall(SYS_capget, &header, all), 0);
  all[0] = low;
  assert_int_equal(syscall(SYS_capset, &header, all), 0);
}

static void goes_on_without_records(void **state) {
  struct fixture *fixture = *state;
  struct child child = start_member(fixture, 0);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  open_reader(fixture, "/proc");
  read_now(fixture);
  if (fixture->report.taskstats != 0)
    skip();
  close_reader(fixture);

  struct __user_cap_data_struct before = lose_capability(CAP_NET_ADMIN);
  open_reader(fixture, "/proc");
  for (int i = 0; i < 3; i++) {
    child_tell(&child, 'b', 10);
    read_now(fixture);
    assert_int_equal(fixture->report.taskstats, -EPERM);
    assert_int_equal(fixture->report.delays, 0);
    assert_true(cpu_of(fixture, 0) >= i * 10 * MS);
    assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);
    assert_int_equal(truth(fixture, 0, COUNTER_SWITCHES_VOLUNTARY), 0);
  }
  /* Zombies are also recognised without records. */
  child_end(&child);
  read_now(fixture);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 0);
  regain_capability(before);
  read_now(fixture);
  assert_int_equal(fixture->report.taskstats, 0);
  child_reap(&child);
}

/* Not even if only the number of processes is collected. */
static void counts_no_zombie_without_records(void **state) {
  struct fixture *fixture = *state;
  struct child child = start_member(fixture, 0);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  fixture->rules[0].collect = COLLECT_COUNT;
  struct __user_cap_data_struct before = lose_capability(CAP_NET_ADMIN);
  open_reader(fixture, "/proc");
  read_now(fixture);
  uint64_t alive = gauge(fixture, 0, GAUGE_PROCESSES);
  child_end(&child);
  read_now(fixture);
  read_now(fixture);
  regain_capability(before);
  assert_int_equal(alive, 1);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 0);
  child_reap(&child);
}

/* The kernel may refuse records that it returned so far. */
static void goes_on_when_records_are_refused(void **state) {
  struct fixture *fixture = *state;
  struct child child = start_member(fixture, 0);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  open_reader(fixture, "/proc");
  read_now(fixture);
  if (fixture->report.taskstats != 0)
    skip();
  int64_t switches = truth(fixture, 0, COUNTER_SWITCHES_VOLUNTARY);

  struct __user_cap_data_struct before = lose_capability(CAP_NET_ADMIN);
  child_tell(&child, 's', 100);
  child_tell(&child, 'b', 10);
  for (int i = 0; i < 3; i++) { /* also while nobody runs */
    read_now(fixture);
    assert_int_equal(fixture->report.taskstats, -EPERM);
    assert_true(cpu_of(fixture, 0) >= 10 * MS);
    assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);
  }
  regain_capability(before);
  read_now(fixture);
  assert_int_equal(fixture->report.taskstats, 0);
  assert_true(truth(fixture, 0, COUNTER_SWITCHES_VOLUNTARY) >= switches + 100);
  child_reap(&child);
}

/* The I/O of a user's process, without CAP_SYS_PTRACE. */
static void goes_on_without_io(void **state) {
  skip_if_emulated("capabilities of a whole process");
  struct fixture *fixture = *state;
  if (geteuid() != 0)
    skip();
  struct child child = start_member(fixture, 0);
  struct child own = start_member(fixture, 1);
  child_tell(&child, 'u', 65534);
  child_tell(
      &own, 'c',
      0); /* a process with more capabilities than the reader cannot be read */
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 1));
  struct __user_cap_data_struct before = lose_capability(CAP_SYS_PTRACE);
  open_reader(fixture, "/proc");
  for (int i = 0; i < 3; i++) {
    child_tell(&child, 'b', 10);
    read_now(fixture);
    assert_int_equal(fixture->report.io, -EACCES);
    assert_int_equal(group_of(fixture, 0)->gauges[GAUGE_WITHOUT_IO], 1);
    assert_int_equal(group_of(fixture, 1)->gauges[GAUGE_WITHOUT_IO], 0);
    assert_true(cpu_of(fixture, 0) >= i * 10 * MS);
  }
  regain_capability(before);
  child_tell(&child, 'b', 1);
  read_now(fixture);
  assert_int_equal(fixture->report.io, 0);
  assert_int_equal(group_of(fixture, 0)->gauges[GAUGE_WITHOUT_IO], 0);
  child_reap(&child);
  child_reap(&own);
}

/* A fake procfs that contains real processes */

static uint64_t now_ticks(void) { return boot_ns() / tick_ns(); }

static void put_process_of_size(const struct fixture *fixture, pid_t pid,
                                const char *comm, uint64_t start_ticks,
                                uint64_t pages) {
  const struct tree_process process = {.pid = pid,
                                       .ppid = 1,
                                       .comm = comm,
                                       .state = 'S',
                                       .start_ticks = start_ticks,
                                       .pages = pages};
  tree_put_process(&fixture->tree, &process);
}

static void put_process(const struct fixture *fixture, pid_t pid,
                        const char *comm, uint64_t start_ticks) {
  put_process_of_size(fixture, pid, comm, start_ticks, 100);
}

/* A process that ends exactly when a read opens its command line. */
struct death {
  const struct fixture *fixture;
  pid_t pid;
  uint64_t start_ticks;
  char path[TREE_PATH_SIZE]; /* of the command line: a pipe */
  pthread_t thread;
};

static void *die(void *context) {
  const struct death *death = context;
  int fd = open(death->path, O_WRONLY | O_CLOEXEC); /* waits for the read */
  const struct tree_process zombie = {.pid = death->pid,
                                      .ppid = 1,
                                      .comm = name_of(death->fixture, 0),
                                      .state = 'Z',
                                      .flags = 4,
                                      .start_ticks = death->start_ticks};
  tree_put_stat(&death->fixture->tree, &zombie);
  close(fd);
  return NULL;
}

static void prepare_death(struct death *death, const struct fixture *fixture,
                          pid_t pid, uint64_t start_ticks) {
  char path[64];
  *death = (struct death){
      .fixture = fixture, .pid = pid, .start_ticks = start_ticks};
  snprintf(path, sizeof(path), "%d/cmdline", pid);
  tree_remove(&fixture->tree, path);
  tree_path(&fixture->tree, path, death->path);
  assert_int_equal(mkfifo(death->path, 0600), 0);
  assert_int_equal(pthread_create(&death->thread, NULL, die, death), 0);
}

/* Waits for its end; if no read has opened the command line, opens it. */
static void finish_death(const struct death *death) {
  int fd = open(death->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  assert_true(fd >= 0);
  pthread_join(death->thread, NULL);
  close(fd);
}

/* A process with a group by its name and one by its command line, while exit
 * records are received. */
static struct child start_mortal(struct fixture *fixture,
                                 uint64_t *start_ticks) {
  struct child child;
  child_start(&child);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  add_group(fixture, SELECTOR_COMMAND_LINE, "by its line");
  open_reader(fixture, fixture->tree.root);
  fixture->tracker->listens = true;
  read_now(fixture);
  *start_ticks = now_ticks();
  put_process(fixture, child.pid, name_of(fixture, 0), *start_ticks);
  return child;
}

static void count_drain(void *context) { ++*(unsigned int *)context; }

/* In a storm, each drain takes long: those of a read do not grow with the
 * number of processes that are new to it. */
static void takes_exits_once_for_many(void **state) {
  struct fixture *fixture = *state;
  enum { STARTED = 200, MOST = 12 };
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  for (int i = 0; i < STARTED; i++) {
    struct child child;
    child_start(&child);
  }
  size_t others = count_entries("/proc");
  open_reader(fixture, "/proc");
  unsigned int drains = 0;
  fixture->tracker->drain =
      (struct drain){.context = &drains, .take = count_drain};
  read_now(fixture);
  assert_true(drains >= 1);
  assert_true(drains <= MOST + others / 32);
}

/* Its name alone would select it for one of its two groups. */
static void leaves_to_the_listener_who_ends_meanwhile(void **state) {
  struct fixture *fixture = *state;
  uint64_t start_ticks;
  struct child child = start_mortal(fixture, &start_ticks);
  struct death death;
  prepare_death(&death, fixture, child.pid, start_ticks);
  read_now(fixture);
  finish_death(&death);

  assert_int_equal(fixture->report.members, 0);
  assert_null(process_table_find(fixture->tracker->table, child.pid));
  child_reap(&child);
}

static void keeps_the_groups_of_who_ends_meanwhile(void **state) {
  struct fixture *fixture = *state;
  uint64_t start_ticks;
  struct child child = start_mortal(fixture, &start_ticks);
  struct death death;
  tree_put_of(&fixture->tree, child.pid, "cmdline", "by its line");
  read_now(fixture);
  const struct process *process =
      process_table_find(fixture->tracker->table, child.pid);
  assert_non_null(process);
  assert_int_equal(process->member->group_count, 2);

  child_tell(&child, 'b', 1);
  prepare_death(&death, fixture, child.pid, start_ticks);
  read_now(fixture);
  finish_death(&death);
  assert_int_equal(process->member->group_count, 2);
  child_reap(&child);
}

/* The exit record of a member is received before it is a zombie. So the stat of
 * an idle member is read only if records are not received. */
static void reads_no_stat_of_idle_members_with_records(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  child_start(&child);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  fixture->rules[0].collect = COLLECT_COUNT;
  open_reader(fixture, fixture->tree.root);
  fixture->tracker->listens = fixture->tracker->hears_events = true;
  uint64_t start_ticks = now_ticks();
  put_process(fixture, child.pid, name_of(fixture, 0), start_ticks);
  read_now(fixture);
  child_tell(&child, 'b', 10);
  read_now(fixture);
  if (fixture->report.taskstats != 0)
    skip();
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);

  const struct tree_process zombie = {.pid = child.pid,
                                      .ppid = 1,
                                      .comm = name_of(fixture, 0),
                                      .state = 'Z',
                                      .flags = 4,
                                      .start_ticks = start_ticks};
  tree_put_stat(&fixture->tree, &zombie);
  read_now(fixture);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);
  fixture->tracker->listens = false;
  read_now(fixture);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 0);
  child_reap(&child);
}

/* A command line that exceeds the limit decides nothing. */
static void keeps_the_groups_of_who_cannot_be_matched(void **state) {
  struct fixture *fixture = *state;
  enum { SIZE = 100000 };
  static const uint64_t minute = 60 * UINT64_C(1000000000);
  uint64_t begin = boot_ns();
  struct child child;
  char *line = calloc(1, SIZE + 1);
  assert_non_null(line);
  for (size_t i = 0; i < SIZE; i++)
    line[i] = "celery "[i % 7];
  line[SIZE - 1] = 'r'; /* as "worker" has it */

  child_start(&child);
  add_group(fixture, SELECTOR_COMMAND_LINE, "celery( .*)?worker");
  open_reader(fixture, fixture->tree.root);
  put_process(fixture, child.pid, "celery", now_ticks());
  tree_put_of(&fixture->tree, child.pid, "cmdline", "celery -A shop worker");
  read_at(fixture, begin);
  assert_int_equal(fixture->report.undecided, 0);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);

  for (int i = 0; i < 2; i++) {
    tree_put_of(&fixture->tree, child.pid, "cmdline", line);
    child_tell(&child, 's', 1);
    read_at(fixture, begin + 1);
    assert_int_equal(fixture->report.select, 0);
    assert_int_equal(fixture->report.undecided, 1);
    assert_string_equal(fixture->report.undecided_rule, name_of(fixture, 0));
    assert_string_equal(fixture->report.undecided_expression,
                        "celery( .*)?worker");
    assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);
  }

  tree_put_of(&fixture->tree, child.pid, "cmdline", "celery -A shop beat");
  child_tell(&child, 's', 1);
  read_at(fixture, begin + minute);
  assert_int_equal(fixture->report.undecided, 0);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 0);
  child_reap(&child);
  free(line);
}

/* A process of a user, with a command line of this size. */
static struct child start_of_user(const struct fixture *fixture, uid_t uid,
                                  const char *begin, const char *fill,
                                  size_t size, const char *end) {
  struct child child;
  char status[100], *line = calloc(1, size + 100);
  assert_non_null(line);
  size_t length = strlen(strcpy(line, begin));
  for (size_t i = 0; length < size; i++)
    line[length++] = fill[i % strlen(fill)];
  strcpy(line + length, end);
  child_start(&child);
  snprintf(status, sizeof(status), "Name:\tx\nUid:\t%u\t%u\t%u\t%u\n", uid, uid,
           uid, uid);
  put_process(fixture, child.pid, "x", now_ticks());
  tree_put_of(&fixture->tree, child.pid, "status", status);
  tree_put_of(&fixture->tree, child.pid, "cmdline", line);
  free(line);
  return child;
}

/* Expensive command lines do not keep other processes out of their groups:
 * neither those of other users, nor those that are cheap to match. */
static void matches_others_beside_expensive_ones(void **state) {
  struct fixture *fixture = *state;
  enum { COUNT = 10, ATTACKER = 65534, SERVICE = 33, SIZE = 100000 };
  static const uint64_t second = UINT64_C(1000000000);
  struct child attackers[COUNT], own, cheap, literal, late;
  add_group(fixture, SELECTOR_COMMAND_LINE, "celery( .*)?worker");
  add_group(fixture, SELECTOR_COMMAND_LINE, "cel[a-z]*y( .*)?worker");
  add_group(fixture, SELECTOR_COMMAND_LINE, "java.*-cp.*kafka\\.Kafka");
  add_group(fixture, SELECTOR_COMMAND_LINE, "kafka\\.Kafka");
  open_reader(fixture, fixture->tree.root);
  uint64_t begin = boot_ns();
  read_at(fixture, begin);

  for (size_t i = 0; i < COUNT; i++)
    attackers[i] = start_of_user(fixture, ATTACKER, "", "celery ", SIZE, "r");
  read_at(fixture, begin + 1);
  assert_int_equal(fixture->report.undecided, COUNT);
  own = start_of_user(fixture, SERVICE, "java -cp ",
                      "/opt/kafka/libs/a.jar:", 60000, " kafka.Kafka");
  literal =
      start_of_user(fixture, ATTACKER, "", "x.jar:", 60000, "kafka.Kafka");
  cheap =
      start_of_user(fixture, ATTACKER, "celery ", "-A shop ", 1000, "worker");
  read_at(fixture, begin + 2);
  assert_int_equal(gauge(fixture, 2, GAUGE_PROCESSES), 1);
  assert_int_equal(gauge(fixture, 3, GAUGE_PROCESSES), 2);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);

  /* A process of the same user has to wait, but briefly, and loses nothing. */
  late = start_of_user(fixture, ATTACKER, "java -cp ",
                       "/opt/kafka/libs/a.jar:", 60000, " kafka.Kafka");
  read_at(fixture, begin + 3);
  assert_int_equal(gauge(fixture, 2, GAUGE_PROCESSES), 1);
  assert_int_equal(fixture->report.undecided_limit, PATTERN_BUSY);
  for (size_t i = 0; i < COUNT; i++)
    child_reap(&attackers[i]);
  child_tell(&late, 's', 1);
  read_at(fixture, begin + 6 * second);
  assert_int_equal(gauge(fixture, 2, GAUGE_PROCESSES), 2);
  const struct process *process =
      process_table_find(fixture->tracker->table, late.pid);
  assert_true(process->member->account.from_zero);
  assert_false(process->is_pending);
  child_reap(&own);
  child_reap(&literal);
  child_reap(&cheap);
  child_reap(&late);
}

/* Memory of idle processes may be reclaimed. */
static void follows_the_memory_of_idle_members(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  child_start(&child);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  fixture->rules[0].collect = COLLECT_MEMORY;
  open_reader(fixture, fixture->tree.root);
  for (uint64_t pages = 100; pages >= 98; pages--) {
    put_process_of_size(fixture, child.pid, name_of(fixture, 0), 1, pages);
    read_now(fixture);
    assert_int_equal(gauge(fixture, 0, GAUGE_RSS), pages * page);
    assert_int_equal(gauge(fixture, 0, GAUGE_VM), 1000 * page);
    assert_int_equal(gauge(fixture, 0, GAUGE_CODE), 20 * page);
    assert_int_equal(gauge(fixture, 0, GAUGE_DATA), 300 * page);
  }

  /* What cannot be read is not 0. */
  tree_put_of(&fixture->tree, child.pid, "statm", "much");
  read_now(fixture);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);
  assert_int_equal(gauge(fixture, 0, GAUGE_KNOWN_MEMORY), 0);
  assert_int_equal(fixture->report.memory, -EBADMSG);
  child_reap(&child);
}

/* How many files a process has open: the entries of its directory. */
static uint64_t open_files_of(pid_t pid) {
  char path[64];
  uint64_t count = 0;
  snprintf(path, sizeof(path), "/proc/%d/fd", pid);
  DIR *dir = opendir(path);
  assert_non_null(dir);
  for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
    count += entry->d_name[0] != '.';
  closedir(dir);
  return count;
}

static void counts_open_files(void **state) {
  struct fixture *fixture = *state;
  struct child one = start_member(fixture, 0), two = start_member(fixture, 0);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  fixture->rules[0].collect = COLLECT_FILES;
  open_reader(fixture, "/proc");
  read_now(fixture);
  uint64_t before = gauge(fixture, 0, GAUGE_FILES);
  assert_int_equal(before, open_files_of(one.pid) + open_files_of(two.pid));
  child_tell(&one, 'o', 20);
  child_tell(&two, 'o', 3);
  read_now(fixture);
  assert_int_equal(gauge(fixture, 0, GAUGE_FILES), before + 23);

  /* Those that its main thread has left are the process's. */
  child_tell(&one, 't', 0);
  child_order(&one, 'l', 0, "");
  read_now(fixture);
  assert_int_equal(gauge(fixture, 0, GAUGE_FILES), before + 23);
  child_end(&one);
  read_now(fixture);
  assert_int_equal(gauge(fixture, 0, GAUGE_FILES), open_files_of(two.pid));
  assert_int_equal(gauge(fixture, 0, GAUGE_KNOWN_FILES), 1);
  assert_int_equal(fixture->report.files, 0);
}

/* An idle process has opened no files: it is read again only if its number is
 * unknown. */
static void asks_who_ran_for_open_files(void **state) {
  skip_if_emulated("a process that rests, since its own thread runs");
  struct fixture *fixture = *state;
  struct child child;
  child_start(&child);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  fixture->rules[0].collect = COLLECT_FILES;
  open_reader(fixture, fixture->tree.root);
  put_process(fixture, child.pid, name_of(fixture, 0), 1);
  tree_put_of(&fixture->tree, child.pid, "fd", "no directory");
  for (int i = 0; i < 2; i++) {
    read_now(fixture);
    assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);
    assert_int_equal(gauge(fixture, 0, GAUGE_KNOWN_FILES), 0);
    assert_int_equal(fixture->report.files, -ENOTDIR);
  }
  char path[64];
  snprintf(path, sizeof(path), "%d/fd", child.pid);
  tree_remove(&fixture->tree, path);
  tree_put_of(&fixture->tree, child.pid, "fd/0", "");
  tree_put_of(&fixture->tree, child.pid, "fd/17", "");
  read_now(fixture);
  assert_int_equal(gauge(fixture, 0, GAUGE_KNOWN_FILES), 1);
  assert_int_equal(gauge(fixture, 0, GAUGE_FILES), 2);
  tree_put_of(&fixture->tree, child.pid, "fd/4", "");
  read_now(fixture);
  assert_int_equal(gauge(fixture, 0, GAUGE_FILES), 2);
  child_tell(&child, 'b', 1);
  read_now(fixture);
  assert_int_equal(gauge(fixture, 0, GAUGE_FILES), 3);
}

/* The start time of a process, field 22 of its stat, in ticks. */
static uint64_t kernel_start_ns(pid_t pid) {
  char path[64], text[1024] = "";
  unsigned long long ticks;
  snprintf(path, sizeof(path), "/proc/%d/stat", pid);
  FILE *file = fopen(path, "re");
  assert_non_null(file);
  assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
  fclose(file);
  assert_int_equal(sscanf(strrchr(text, ')'),
                          ") %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                          "%*s %*s %*s %*s %*s %*s %*s %llu",
                          &ticks),
                   1);
  return ticks * tick_ns();
}

static void knows_the_oldest(void **state) {
  struct fixture *fixture = *state;
  struct child children[3];
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  open_reader(fixture, "/proc");
  read_now(fixture);
  for (size_t i = 0; i < COUNT_OF(children); i++) {
    children[i] = start_member(fixture, 0);
    pause_ms(30);
  }
  for (size_t i = 0; i < COUNT_OF(children); i++) {
    read_now(fixture);
    assert_int_equal(group_of(fixture, 0)->oldest_ns,
                     kernel_start_ns(children[i].pid));
    if (i == 0)
      child_end(&children[i]); /* a zombie is not there */
    else
      child_reap(&children[i]);
  }
  read_now(fixture);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 0);
}

/* Process 1 always exists: without it, the listing is incomplete. */
static void knows_who_is_hidden(void **state) {
  struct fixture *fixture = *state;
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  open_reader(fixture, fixture->tree.root);
  for (int i = 0; i < 2; i++) {
    read_now(fixture);
    assert_int_equal(fixture->report.proc, 0);
    assert_int_equal(fixture->report.members, 0);
    assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 0);
  }
  tree_remove(&fixture->tree, "1");
  read_now(fixture);
  assert_int_equal(fixture->report.proc, -ENODEV);
  tree_make(&fixture->tree, "4711");
  read_now(fixture);
  assert_int_equal(fixture->report.proc, -EACCES);
  tree_make(&fixture->tree, "1");
  read_now(fixture);
  assert_int_equal(fixture->report.proc, 0);
}

static void refuses_a_root_that_is_not_there(void **state) {
  struct fixture *fixture = *state;
  struct reader *reader;
  char path[TREE_PATH_SIZE];
  tree_path(&fixture->tree, "none", path);
  struct tracker *tracker = tracker_create(NULL, 100, 0);
  assert_non_null(tracker);
  assert_int_equal(reader_create(path, tracker, &reader), -ENOENT);
  reader_destroy(NULL);
  tracker_destroy(tracker);
  tracker_destroy(NULL);
}

/* Groups do not change: processes that were not listed may exist. */
static void stands_still_when_listing_fails(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  child_start(&child);
  put_process(fixture, child.pid, name_of(fixture, 0), 1);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  open_reader(fixture, fixture->tree.root);
  read_now(fixture);
  child_tell(&child, 'b', 10);
  read_now(fixture);
  assert_int_equal(fixture->report.proc, 0);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);
  struct group before = *group_of(fixture, 0);
  assert_true(cpu_of(fixture, 0) >= 10 * MS);

  tree_break(&fixture->tree);
  for (int i = 0; i < 2; i++) {
    read_now(fixture);
    assert_int_equal(fixture->report.proc, -ENOTDIR);
    assert_memory_equal(group_of(fixture, 0)->total, before.total,
                        sizeof(before.total));
    assert_memory_equal(group_of(fixture, 0)->gauges, before.gauges,
                        sizeof(before.gauges));
  }
  child_reap(&child);
}

/* By start time: a directory may get another inode, a pid another process. */
static void identifies_by_start_time(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  char path[64];
  child_start(&child);
  put_process(fixture, child.pid, name_of(fixture, 0), 1);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  open_reader(fixture, fixture->tree.root);
  read_now(fixture);
  child_tell(&child, 'b', 10);
  read_now(fixture);
  int64_t cpu = cpu_of(fixture, 0);
  assert_true(cpu >= 10 * MS);

  /* The same process in another directory. */
  snprintf(path, sizeof(path), "%d", child.pid);
  tree_move_away(&fixture->tree, path);
  put_process(fixture, child.pid, name_of(fixture, 0), 1);
  child_tell(&child, 'b', 10);
  read_now(fixture);
  assert_true(cpu_of(fixture, 0) >= cpu + 10 * MS);
  cpu = cpu_of(fixture, 0);

  /* Another process, which started before the last read: counts from now. */
  tree_move_away(&fixture->tree, path);
  put_process(fixture, child.pid, name_of(fixture, 0), 2);
  child_tell(&child, 'b', 10);
  read_now(fixture);
  assert_true(cpu_of(fixture, 0) == cpu);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);
  child_reap(&child);
}

/* A process that is listed but has ended when it is read does not count, member
 * or not. */
static void does_not_count_the_vanished(void **state) {
  struct fixture *fixture = *state;
  struct child member, stranger;
  child_start(&member);
  child_start(&stranger);
  put_process(fixture, member.pid, name_of(fixture, 0), 1);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  open_reader(fixture, fixture->tree.root);
  child_tell(&member, 'b', 10);
  read_now(fixture);
  child_tell(&member, 'b', 10);
  read_now(fixture);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 1);
  int64_t cpu = cpu_of(fixture, 0);
  assert_true(cpu >= 10 * MS);

  child_reap(&member);
  child_reap(&stranger);
  put_process(fixture, stranger.pid, name_of(fixture, 0), 2);
  read_now(fixture);
  assert_true(cpu_of(fixture, 0) == cpu);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 0);
  assert_int_equal(fixture->report.members, 0);
}

/* A stat that cannot be read shows nothing: known processes stay, unknown ones
 * are left out. */
static void leaves_out_whom_it_cannot_identify(void **state) {
  struct fixture *fixture = *state;
  struct child known, unknown;
  char path[64];
  child_start(&known);
  child_start(&unknown);
  put_process(fixture, known.pid, name_of(fixture, 0), 1);
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  open_reader(fixture, fixture->tree.root);
  read_now(fixture);
  if (fixture->report.taskstats != 0)
    skip(); /* without records, its stat would be read each time */
  snprintf(path, sizeof(path), "%d", known.pid);
  tree_move_away(&fixture->tree, path);
  tree_put_of(&fixture->tree, known.pid, "stat", "garbage\n");
  tree_put_of(&fixture->tree, unknown.pid, "stat", "garbage\n");
  read_now(fixture);
  assert_int_equal(fixture->report.members, 1);

  /* Without a process, the problem has ended. */
  tree_move_away(&fixture->tree, path);
  tree_make(&fixture->tree, path);
  read_now(fixture);
  assert_int_equal(fixture->report.members, 0);
  assert_int_equal(gauge(fixture, 0, GAUGE_PROCESSES), 0);
  child_reap(&known);
  child_reap(&unknown);
}

static void tells_whether_delays_are_counted(void **state) {
  struct fixture *fixture = *state;
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  open_reader(fixture, fixture->tree.root);
  read_now(fixture);
  assert_int_equal(fixture->report.delay_accounting, 0);
  uint32_t all = fixture->report.delays;
  if (fixture->report.taskstats == 0)
    assert_int_equal(all & 0xf, 0xf);
  else
    assert_int_equal(all, 0);

  tree_put(&fixture->tree, "sys/kernel/task_delayacct", "0\n");
  read_now(fixture);
  assert_int_equal(fixture->report.delay_accounting, -ENODATA);
  assert_int_equal(fixture->report.delays, all & (1 << DELAY_CPU));

  /* The header documents its result; it must not fail. */
  assert_true(reader_enable_delay_accounting(fixture->reader) >= 0);
  read_now(fixture);
  assert_int_equal(fixture->report.delay_accounting, 0);
  assert_int_equal(fixture->report.delays, all);
}

/* The time since which the kernel counts them is known only if the reader saw
 * the change. */
static void notes_since_when_delays_are_counted(void **state) {
  struct fixture *fixture = *state;
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  tree_put(&fixture->tree, "sys/kernel/task_delayacct", "1\n");
  open_reader(fixture, fixture->tree.root);
  const struct tracker *tracker = fixture->tracker;
  assert_true(tracker->delays_since_ns == tracker->since_ns);

  tree_put(&fixture->tree, "sys/kernel/task_delayacct", "0\n");
  read_now(fixture);
  assert_true(tracker->delays_since_ns == UINT64_MAX);
  uint64_t before_ns = boot_ns();
  assert_int_equal(reader_enable_delay_accounting(fixture->reader), 1);
  assert_in_range(tracker->delays_since_ns, before_ns, boot_ns());
}

/* A failure lasts until it is resolved, not until its process is idle. */
static void remembers_unreadable_io(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  char path[64];
  child_start(&child);
  put_process(fixture, child.pid, name_of(fixture, 0), 1);
  snprintf(path, sizeof(path), "%d/io", child.pid);
  tree_put(&fixture->tree, path, "garbage\n");
  add_group(fixture, SELECTOR_COMMAND, name_of(fixture, 0));
  open_reader(fixture, fixture->tree.root);
  read_now(fixture);
  assert_int_equal(fixture->report.io, -EBADMSG);
  assert_int_equal(group_of(fixture, 0)->gauges[GAUGE_WITHOUT_IO], 1);

  for (int i = 0; i < 3; i++) {
    read_now(fixture);
    assert_int_equal(group_of(fixture, 0)->gauges[GAUGE_WITHOUT_IO], 1);
    assert_int_equal(fixture->report.io, -EBADMSG);
  }

  tree_put(&fixture->tree, path,
           "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\n"
           "write_bytes: 6\n");
  child_tell(&child, 's', 1);
  read_now(fixture);
  assert_int_equal(fixture->report.io, 0);
  assert_int_equal(group_of(fixture, 0)->gauges[GAUGE_WITHOUT_IO], 0);
  child_reap(&child);
}

/* The same for an executable that cannot be read, which is read once. */
static void remembers_unreadable_executables(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  char path[64];
  child_start(&child);
  put_process(fixture, child.pid, name_of(fixture, 0), 1);
  snprintf(path, sizeof(path), "%d/exe", child.pid);
  tree_make(&fixture->tree, path); /* is no link */
  add_group(fixture, SELECTOR_EXECUTABLE, "/bin/x");
  open_reader(fixture, fixture->tree.root);
  for (int i = 0; i < 4; i++) {
    read_now(fixture);
    assert_int_equal(fixture->report.select, -EINVAL);
  }
  child_reap(&child);
  tree_remove(&fixture->tree, "");
  mkdir(fixture->tree.root, 0700);
  read_now(fixture);
  assert_int_equal(fixture->report.select, 0);
}

#define prepared(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      prepared(reports_groups_without_members),
      prepared(counts_from_the_first_read),
      prepared(counts_new_processes_from_zero),
      prepared(waits_as_long_as_the_scheduler_says),
      prepared(counts_missed_processes_from_now),
      prepared(leaves_idle_members_alone),
      prepared(counts_threads_and_memory),
      prepared(keeps_what_the_dead_have_used),
      prepared(counts_no_zombie_that_had_threads),
      prepared(collects_what_any_group_wants),
      prepared(counts_in_every_group),
      prepared(follows_young_processes),
      prepared(selects_older_processes_in_turn),
      prepared(follows_pid_files),
      prepared(counts_from_zero_whose_user_is_known_late),
      prepared(tells_processes_of_one_pid_apart),
      prepared(keeps_descriptors),
      prepared(opens_no_io_in_vain),
      prepared(counts_many_members),
      prepared(survives_a_broken_socket),
      prepared(goes_on_without_records),
      prepared(counts_no_zombie_without_records),
      prepared(goes_on_when_records_are_refused),
      prepared(goes_on_without_io),
      prepared(takes_exits_once_for_many),
      prepared(leaves_to_the_listener_who_ends_meanwhile),
      prepared(keeps_the_groups_of_who_ends_meanwhile),
      prepared(reads_no_stat_of_idle_members_with_records),
      prepared(keeps_the_groups_of_who_cannot_be_matched),
      prepared(matches_others_beside_expensive_ones),
      prepared(follows_the_memory_of_idle_members),
      prepared(counts_open_files),
      prepared(asks_who_ran_for_open_files),
      prepared(knows_the_oldest),
      prepared(knows_who_is_hidden),
      prepared(refuses_a_root_that_is_not_there),
      prepared(stands_still_when_listing_fails),
      prepared(identifies_by_start_time),
      prepared(does_not_count_the_vanished),
      prepared(leaves_out_whom_it_cannot_identify),
      prepared(tells_whether_delays_are_counted),
      prepared(notes_since_when_delays_are_counted),
      prepared(remembers_unreadable_io),
      prepared(remembers_unreadable_executables),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
