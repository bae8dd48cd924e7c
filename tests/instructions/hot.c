/* SPDX-License-Identifier: MIT */
#include "support/answer.h"
#include "support/exit_records.h"

#include "kernel/query.h"
#include "report/metric.h"

#include <valgrind/callgrind.h>

/*
 * Runs each hot path under callgrind, which counts the instructions between
 * count_begin and count_pause, and writes the number of operations.
 *
 * The input of these paths is the same on every machine and in every run:
 * procfs is a directory of the program, the time is constant, pids start again
 * in a namespace, and valgrind makes all CPUs with AVX2 look alike. CPU clocks
 * and the kernel's answers are real, but their values make no difference. The
 * rest varies by at most one percent: the number of delay kinds in the kernel,
 * the order in which the file system lists a directory, the alignment of
 * memory, the contents of free lists.
 *
 * Under valgrind, reading the time is a system call.
 */

enum {
  REPEATS = 1000, /* of paths without state */
  PROCESSES = 256,
  AGE = 1000 * 1000, /* ms: all are too old to be matched in each read */
  ROUND = 50,        /* reads, a second apart: each has its turn once */
  KNOWN_ROUND = 40,  /* reads that do not list /proc */
  BUSY_READS = 5,    /* before it, all must run */
  RECORDS = 512,
  TABLE = 10000,
  PARENT = 4000, /* of those that are forked */
};

/* The time of everything, CLOCK_BOOTTIME: long after boot on any machine. */
static const uint64_t now = UINT64_C(5000000) * 1000 * MS;

static FILE *operations_file;

static void count_begin(void) { CALLGRIND_START_INSTRUMENTATION; }

static void count_pause(void) { CALLGRIND_STOP_INSTRUMENTATION; }

/* Makes callgrind write the counts since the last call for this path. */
static void report(const char *path, size_t operations) {
  CALLGRIND_DUMP_STATS_AT(path);
  fprintf(operations_file, "%s %zu\n", path, operations);
}

static void count_end(const char *path, size_t operations) {
  count_pause();
  report(path, operations);
}

/* Replaces the function with this name, by the linker's --wrap. All kernels are
 * treated as if they counted ended threads, because a read costs more on
 * others. (The thread makes the program multithreaded, as collectd is: libc
 * then takes locks.) */
int __real_query_counts_ended_threads(struct query *query, bool *counts);
int __wrap_query_counts_ended_threads(struct query *query, bool *counts);

int __wrap_query_counts_ended_threads(struct query *query, bool *counts) {
  int status = __real_query_counts_ended_threads(query, counts);
  *counts = true;
  return status;
}

/* Decoding */

static void parse(const char *path, const struct answer *answer) {
  struct message message;

  count_begin();
  for (int i = 0; i < REPEATS; i++)
    message_parse((const struct nlmsghdr *)answer->bytes, &message);
  count_end(path, REPEATS);
  assert_int_equal(message.error, 0);
}

static void decode(void **state) {
  (void)state;
  struct record record = payload_record(16, 0);
  struct answer answer;

  answer_record(&answer, 1, MESSAGE_PROCESS, PID, &record);
  parse("decode-process", &answer);
  answer_record(&answer, 0, MESSAGE_THREAD, PID, &record);
  parse("decode-thread", &answer);
}

/* Reads */

static void start_processes(const struct fixture *fixture, const char *comm) {
  for (int i = 0; i < PROCESSES; i++) {
    struct child child;
    child_start(&child);
    put_process(fixture, child.pid, comm, 'S', AGE);
    tree_put_of(&fixture->tree, child.pid, "cgroup",
                "0::/system.slice/cron.service\n");
  }
}

/* The first read finds no process: it connects to the kernel for later ones. */
static void open_books(struct fixture *fixture, enum selector_kind kind,
                       const char *value) {
  fixture->now = now;
  add_group(fixture, kind, value);
  fixture->rules[0].collect = COLLECT_DELAY | COLLECT_CPU | COLLECT_IO |
                              COLLECT_COUNT | COLLECT_CONTEXT_SWITCH |
                              COLLECT_EXITS;
  begin(fixture, 1000);
  read_at(fixture, 0);
  if (fixture->report.taskstats != 0)
    fail_msg("taskstats: %s", strerror(-fixture->report.taskstats));
}

static void read_counted(struct fixture *fixture) {
  child_settle_all();
  fixture->now += UINT64_C(1000) * MS;
  count_begin();
  reader_read(fixture->reader, fixture->now, &fixture->report);
  count_pause();
}

static void read_all(struct fixture *fixture, const char *path, int reads) {
  for (int i = 0; i < reads; i++)
    read_counted(fixture);
  report(path, (size_t)reads * PROCESSES);
}

static void run_all(void) {
  for (size_t i = 0; i < child_count; i++)
    child_tell(&child_living[i], 's', 1);
}

static void read_members(void **state) {
  struct fixture *fixture = *state;
  open_books(fixture, SELECTOR_COMMAND, "nginx");
  start_processes(fixture, "nginx");
  read_all(fixture, "read-new-member", 1);
  read_at(fixture, 0); /* opens descriptors that are kept */
  read_all(fixture, "read-idle-member", ROUND);
  assert_int_equal(fixture->report.members, PROCESSES);
  assert_int_equal(fixture->report.io, 0);

  for (int i = 0; i < BUSY_READS; i++) {
    run_all();
    read_counted(fixture);
  }
  report("read-running-member", BUSY_READS * PROCESSES);
}

static void read_untracked(void **state) {
  struct fixture *fixture = *state;
  open_books(fixture, SELECTOR_COMMAND, "nginx");
  start_processes(fixture, "cron");
  read_all(fixture, "read-new-untracked", 1);
  read_all(fixture, "read-untracked", ROUND);
  assert_int_equal(fixture->report.members, 0);
}

/* These may be moved to another cgroup at any time. */
static void read_untracked_by_cgroup(void **state) {
  struct fixture *fixture = *state;
  open_books(fixture, SELECTOR_CONTROL_GROUP, "^/system\\.slice/nginx\\.");
  start_processes(fixture, "cron");
  read_all(fixture, "read-new-untracked-by-cgroup", 1);
  read_all(fixture, "read-untracked-by-cgroup", ROUND);
  assert_int_equal(fixture->report.members, 0);
}

/* Exit records */

static void take_counted(struct fixture *fixture, const char *path,
                         const struct message *messages, size_t count) {
  count_begin();
  take(fixture, messages, count);
  count_end(path, count);
}

/* Of processes that no read has found. */
static void take_unmet(struct fixture *fixture, const char *path,
                       const char *comm) {
  static struct message messages[RECORDS];
  for (int i = 0; i < RECORDS; i++)
    messages[i] = death_of(PID + i, comm, AGE_MS);
  take_counted(fixture, path, messages, RECORDS);
}

static void exits_unmet(void **state) {
  struct fixture *fixture = *state;
  open_books(fixture, SELECTOR_COMMAND, "nginx");
  take_unmet(fixture, "exit-unmet-untracked", "cron");
  assert_int_equal(exits_of(fixture, 0), 0);
  take_unmet(fixture, "exit-unmet-member", "nginx");
  assert_int_equal(exits_of(fixture, 0), RECORDS);
}

/* The parent's cgroup is read: the process's own is gone. */
static void exits_unmet_by_cgroup(void **state) {
  struct fixture *fixture = *state;
  open_books(fixture, SELECTOR_CONTROL_GROUP, "^/system\\.slice/nginx\\.");
  tree_put(&fixture->tree, "1/cgroup", "0::/system.slice/cron.service\n");
  take_unmet(fixture, "exit-unmet-untracked-by-cgroup", "cron");
  assert_int_equal(exits_of(fixture, 0), 0);
}

/* Of processes that a read has found; they are zombies now. */
static void take_known(struct fixture *fixture, const char *path,
                       const char *comm) {
  static struct message messages[PROCESSES];
  start_processes(fixture, comm);
  read_at(fixture, 0);
  for (size_t i = 0; i < child_count; i++) {
    pid_t pid = child_living[i].pid;
    child_end(&child_living[i]);
    put_process(fixture, pid, comm, 'Z', AGE);
    messages[i] = death_of(pid, comm, AGE);
  }
  take_counted(fixture, path, messages, child_count);
}

static void exits_known_untracked(void **state) {
  struct fixture *fixture = *state;
  open_books(fixture, SELECTOR_COMMAND, "nginx");
  take_known(fixture, "exit-untracked", "cron");
  assert_int_equal(exits_of(fixture, 0), 0);
}

static void exits_known_member(void **state) {
  struct fixture *fixture = *state;
  open_books(fixture, SELECTOR_COMMAND, "nginx");
  take_known(fixture, "exit-member", "nginx");
  assert_int_equal(exits_of(fixture, 0), PROCESSES);
}

/* Process events */

/* Fork events of processes with these pids, one after the other. */
static void fork_all(struct fixture *fixture, const pid_t *pids, size_t count,
                     pid_t parent) {
  for (size_t i = 0; i < count; i++)
    happen(fixture, PROCESS_FORKED, pids[i], parent,
           fixture->now - AGE_MS * MS + i);
}

/* The process that forks: known from events, in no group. */
static void start_parent(struct fixture *fixture) {
  put_child(fixture, PARENT, 1, "cron", 'S', 2 * AGE_MS);
  happen(fixture, PROCESS_FORKED, PARENT, 1, fixture->now - 2 * AGE_MS * MS);
  happen(fixture, PROCESS_EXECED, PARENT, 0, fixture->now - 2 * AGE_MS * MS);
}

/* Of processes that have ended when their events are taken. */
static void events_untracked(void **state) {
  struct fixture *fixture = *state;
  static pid_t pids[RECORDS];
  static struct message messages[RECORDS];
  open_books(fixture, SELECTOR_COMMAND_LINE, "nginx");
  start_parent(fixture);
  for (int i = 0; i < RECORDS; i++) {
    pids[i] = PID + i;
    messages[i] = death_of(PID + i, "cron", AGE_MS);
    messages[i].record[MESSAGE_THREAD].ppid = PARENT;
    messages[i].record[MESSAGE_THREAD].flags |= RECORD_FORKED;
  }
  count_begin();
  fork_all(fixture, pids, RECORDS, PARENT);
  count_end("event-fork-untracked", RECORDS);
  assert_int_equal(table_size(fixture), RECORDS + 1);

  take_counted(fixture, "exit-announced-untracked", messages, RECORDS);
  assert_int_equal(exits_of(fixture, 0), 0);
  assert_int_equal(fixture->tracker->exits, RECORDS);
  assert_int_equal(fixture->tracker->undecided, 0);
}

/* Takes events of the children: each was forked and called exec. Their files
 * are those after the exec. */
static void start_announced(struct fixture *fixture, const char *comm) {
  pid_t pids[PROCESSES];
  start_parent(fixture);
  for (int i = 0; i < PROCESSES; i++) {
    struct child child;
    child_start(&child);
    pids[i] = child.pid;
    put_child(fixture, child.pid, PARENT, comm, 'S', AGE_MS);
  }
  fork_all(fixture, pids, PROCESSES, PARENT);
}

static void exec_all(struct fixture *fixture) {
  event_accounting_set_time(fixture->event_accounting, fixture->now);
  for (size_t i = 0; i < child_count; i++)
    happen(fixture, PROCESS_EXECED, child_living[i].pid, 0,
           fixture->now - AGE_MS * MS + PROCESSES);
}

static void execs_untracked(void **state) {
  struct fixture *fixture = *state;
  open_books(fixture, SELECTOR_COMMAND_LINE, "nginx");
  start_announced(fixture, "cron");
  count_begin();
  exec_all(fixture);
  count_end("event-exec-untracked", PROCESSES);
  read_all(fixture, "read-known-untracked", KNOWN_ROUND);
  assert_int_equal(fixture->report.members, 0);
  assert_int_equal(fixture->tracker->missed, 0);
}

/* Reads that do not list /proc, until the next check is due. */
static void execs_members(void **state) {
  struct fixture *fixture = *state;
  open_books(fixture, SELECTOR_COMMAND_LINE, "nginx");
  start_announced(fixture, "nginx");
  count_begin();
  exec_all(fixture);
  count_end("event-exec-member", PROCESSES);
  read_all(fixture, "read-announced-member", 1);
  read_at(fixture, 0); /* opens descriptors that are kept */
  read_all(fixture, "read-known-idle-member", KNOWN_ROUND);
  assert_int_equal(fixture->report.members, PROCESSES);

  for (int i = 0; i < BUSY_READS; i++) {
    run_all();
    read_counted(fixture);
  }
  report("read-known-running-member", BUSY_READS * PROCESSES);
  assert_int_equal(fixture->tracker->missed, 0);
}

/* Publishing */

static void count_value(void *context, const struct metric_value *value) {
  *(size_t *)context += value->count;
}

static void publish(void **state) {
  (void)state;
  struct rule rule = {.name = "web", .collect = UINT32_MAX};
  struct group group = {.rule = &rule, .name = "web"};
  struct metric_scope scope = {
      .elapsed = 1, .delays = record_delays(16), .listens = true};
  int64_t delta[COUNTERS];
  size_t values = 0;

  for (unsigned int i = 0; i < COUNTERS; i++)
    delta[i] = 1000 + i;
  count_begin();
  for (int i = 0; i < REPEATS; i++) {
    group_add(&group, delta);
    group_publish(&group, UINT32_MAX);
  }
  count_end("publish-group", REPEATS);

  count_begin();
  for (int i = 0; i < REPEATS; i++)
    metric_each(&group, &scope, count_value, &values);
  count_end("publish-value", values);
}

/* The process table */

static bool keep(void *context, struct process *process) {
  (void)context;
  return process->pid > 0;
}

static void table(void **state) {
  (void)state;
  struct process_table *table = process_table_create();
  assert_non_null(table);

  count_begin();
  for (pid_t pid = 1; pid <= TABLE; pid++)
    process_table_add(table, pid);
  count_end("table-add", TABLE);

  size_t found = 0;
  count_begin();
  for (pid_t pid = 1; pid <= TABLE; pid++)
    found += process_table_find(table, pid) != NULL;
  count_end("table-find", TABLE);

  assert_int_equal(found, TABLE);

  count_begin();
  process_table_sweep(table, keep, NULL);
  count_end("table-sweep", TABLE);

  process_table_destroy(table);
}

int main(int argc, char **argv) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(decode),
      cmocka_unit_test_setup_teardown(read_members, set_up, tear_down),
      cmocka_unit_test_setup_teardown(read_untracked, set_up, tear_down),
      cmocka_unit_test_setup_teardown(read_untracked_by_cgroup, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(exits_unmet, set_up, tear_down),
      cmocka_unit_test_setup_teardown(exits_unmet_by_cgroup, set_up, tear_down),
      cmocka_unit_test_setup_teardown(exits_known_untracked, set_up, tear_down),
      cmocka_unit_test_setup_teardown(exits_known_member, set_up, tear_down),
      cmocka_unit_test_setup_teardown(events_untracked, set_up, tear_down),
      cmocka_unit_test_setup_teardown(execs_untracked, set_up, tear_down),
      cmocka_unit_test_setup_teardown(execs_members, set_up, tear_down),
      cmocka_unit_test(publish),
      cmocka_unit_test(table),
  };
  if (argc != 2 || RUNNING_ON_VALGRIND == 0 ||
      (operations_file = fopen(argv[1], "we")) == NULL) {
    fprintf(stderr, "usage, under valgrind: hot FILE\n");
    return 1;
  }
  setvbuf(operations_file, NULL, _IOLBF, 0); /* not repeated by each child */
  setvbuf(stdout, NULL, _IOLBF, 0);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
