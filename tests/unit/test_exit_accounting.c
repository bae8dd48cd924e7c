/* SPDX-License-Identifier: MIT */
#include "track/exit_accounting.h"

#include "support/exit_records.h"

#include <fcntl.h>
#include <sys/sysmacros.h>

enum { PARENT = PID - 50 };

/* A process that no read has seen */

static uint64_t kernel_dev(dev_t dev) {
  return (uint64_t)major(dev) << 8 | (minor(dev) & 0xff) |
         (uint64_t)(minor(dev) >> 8) << 20;
}

static void set_executable(const struct fixture *fixture, struct record *thread,
                           const char *path) {
  char full[TREE_PATH_SIZE];
  struct stat st;
  tree_path(&fixture->tree, path, full);
  assert_int_equal(stat(full, &st), 0);
  thread->exe_dev = kernel_dev(st.st_dev);
  thread->exe_inode = st.st_ino;
}

static void put_pid_file(const struct fixture *fixture, const char *name,
                         pid_t pid) {
  char text[16];
  snprintf(text, sizeof(text), "%d\n", pid);
  tree_put(&fixture->tree, name, text);
}

static void selects_by_the_record(void **state) {
  struct fixture *fixture = *state;
  enum { CONDITIONS = 3 };
  static const struct {
    const char *name;
    struct {
      enum selector_kind kind;
      const char *value;
    } conditions[CONDITIONS];
    const char *cgroup, *parents_cgroup;
    enum selector_match result;
  } cases[] = {
      {"comm", {{SELECTOR_COMMAND, "nginx"}}, NULL, NULL, SELECTOR_YES},
      {"other comm", {{SELECTOR_COMMAND, "apache2"}}, NULL, NULL, SELECTOR_NO},
      {"any comm",
       {{SELECTOR_COMMAND, "apache2"}, {SELECTOR_COMMAND, "nginx"}},
       NULL,
       NULL,
       SELECTOR_YES},
      {"user", {{SELECTOR_USER, "1000"}}, NULL, NULL, SELECTOR_YES},
      {"other user", {{SELECTOR_USER, "1001"}}, NULL, NULL, SELECTOR_NO},
      {"executable",
       {{SELECTOR_EXECUTABLE, "@bin/nginx"}},
       NULL,
       NULL,
       SELECTOR_YES},
      {"missing executable",
       {{SELECTOR_EXECUTABLE, "@bin/none"}},
       NULL,
       NULL,
       SELECTOR_NO},
      {"pid file", {{SELECTOR_PID_FILE, "@x.pid"}}, NULL, NULL, SELECTOR_YES},
      {"other's pid file",
       {{SELECTOR_PID_FILE, "@y.pid"}},
       NULL,
       NULL,
       SELECTOR_NO},
      {"own cgroup",
       {{SELECTOR_CONTROL_GROUP, "^/a$"}},
       "0::/a\n",
       "0::/b\n",
       SELECTOR_YES},
      {"own cgroup, not the parent's",
       {{SELECTOR_CONTROL_GROUP, "^/b$"}},
       "0::/a\n",
       "0::/b\n",
       SELECTOR_NO},
      {"parent's cgroup",
       {{SELECTOR_CONTROL_GROUP, "^/b$"}},
       NULL,
       "0::/b\n",
       SELECTOR_YES},
      {"parent's cgroup, since version 1 hides that of the exiting",
       {{SELECTOR_CONTROL_GROUP, "^/b$"}},
       "1:name=systemd:/\n0::/\n",
       "1:name=systemd:/b\n0::/\n",
       SELECTOR_YES},
      {"parent's cgroup, not the root",
       {{SELECTOR_CONTROL_GROUP, "^/$"}},
       "1:name=systemd:/\n0::/\n",
       "1:name=systemd:/b\n0::/\n",
       SELECTOR_NO},
      {"the parent exits, too",
       {{SELECTOR_CONTROL_GROUP, "^/$"}},
       "1:name=systemd:/\n0::/\n",
       "1:name=systemd:/\n0::/\n",
       SELECTOR_UNKNOWN},
      {"no cgroup to be had",
       {{SELECTOR_CONTROL_GROUP, "^/b$"}},
       NULL,
       NULL,
       SELECTOR_UNKNOWN},
      {"command line",
       {{SELECTOR_COMMAND_LINE, "nginx"}},
       NULL,
       NULL,
       SELECTOR_UNKNOWN},
      {"all of them",
       {{SELECTOR_COMMAND, "nginx"},
        {SELECTOR_USER, "1000"},
        {SELECTOR_CONTROL_GROUP, "^/b$"}},
       NULL,
       "0::/b\n",
       SELECTOR_YES},
      {"all but one",
       {{SELECTOR_COMMAND, "nginx"},
        {SELECTOR_USER, "1001"},
        {SELECTOR_CONTROL_GROUP, "^/b$"}},
       NULL,
       "0::/b\n",
       SELECTOR_NO},
      {"command line, and another user",
       {{SELECTOR_COMMAND_LINE, "nginx"}, {SELECTOR_USER, "1001"}},
       NULL,
       NULL,
       SELECTOR_NO},
      {"command line, and another cgroup",
       {{SELECTOR_COMMAND_LINE, "nginx"}, {SELECTOR_CONTROL_GROUP, "^/b$"}},
       "0::/a\n",
       NULL,
       SELECTOR_NO},
      {"command line, and all else",
       {{SELECTOR_COMMAND_LINE, "nginx"},
        {SELECTOR_COMMAND, "nginx"},
        {SELECTOR_CONTROL_GROUP, "^/a$"}},
       "0::/a\n",
       NULL,
       SELECTOR_UNKNOWN},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    tree_put_program(&fixture->tree, "bin/nginx", "x");
    put_pid_file(fixture, "x.pid", PID);
    put_pid_file(fixture, "y.pid", PID + 1);
    add_group(fixture, cases[i].conditions[0].kind,
              cases[i].conditions[0].value);
    for (size_t c = 1; c < CONDITIONS && cases[i].conditions[c].value; c++)
      add_condition(fixture, cases[i].conditions[c].kind,
                    cases[i].conditions[c].value);
    begin(fixture, 1000);
    read_at(fixture, 1000); /* learns files */

    struct message message = death_of(PID, "nginx", AGE_MS);
    message.record[MESSAGE_THREAD].ppid = PARENT;
    set_executable(fixture, &message.record[MESSAGE_THREAD], "bin/nginx");
    if (cases[i].cgroup != NULL)
      tree_put_of(&fixture->tree, PID, "cgroup", cases[i].cgroup);
    if (cases[i].parents_cgroup != NULL)
      tree_put_of(&fixture->tree, PARENT, "cgroup", cases[i].parents_cgroup);
    take(fixture, &message, 1);

    bool counts = cases[i].result == SELECTOR_YES;
    assert_used(name, fixture, 0, counts, counts);
    assert_case_int(name, fixture->tracker->undecided,
                    cases[i].result == SELECTOR_UNKNOWN);
    assert_case_int(name, fixture->tracker->unattributed, 0);
    /* A counted process is kept: the next read may still see it. */
    assert_case_int(name, table_size(fixture), counts);
    remove_process(fixture, PID);
    remove_process(fixture, PARENT);
    read_at(fixture, 0);
    assert_case_int(name, table_size(fixture), 0);
    assert_used(name, fixture, 0, counts, counts);
    clear(fixture);
  }
}

/* The process that adopts an orphan is in another cgroup. */
static void takes_no_adopters_cgroup(void **state) {
  struct fixture *fixture = *state;
  add_group(fixture, SELECTOR_CONTROL_GROUP, "^/init$");
  begin(fixture, 1000);
  tree_put_of(&fixture->tree, 1, "cgroup", "1:name=systemd:/init\n0::/\n");
  tree_put_of(&fixture->tree, PID, "cgroup", "1:name=systemd:/\n0::/\n");
  struct message message = death_of(PID, "nginx", AGE_MS);
  take(fixture, &message, 1);
  assert_used("orphan", fixture, 0, 0, 0);
  assert_int_equal(fixture->tracker->undecided, 1);
}

/* A child of kthreadd that never called exec, and runs no file. */
static void knows_kernel_threads(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    uint32_t ppid;
    uint8_t flags;
    uint64_t exe_inode;
    bool is_kernel_thread;
  } cases[] = {
      {"a worker", 2, RECORD_FORKED, 0, true},
      {"a program that the kernel started", 2, 0, 7, false},
      {"the same, before version 12", 2, 0, 0, false},
      {"a fork of that, as a child of kthreadd", 2, RECORD_FORKED, 7, false},
      {"a fork", PARENT, RECORD_FORKED, 7, false},
      {"a fork, before version 12", PARENT, RECORD_FORKED, 0, false},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    bool is_unknown = !cases[i].is_kernel_thread;
    add_group(fixture, SELECTOR_COMMAND_LINE, "^kworker");
    add_group(fixture, SELECTOR_COMMAND_LINE, "nginx");
    begin(fixture, 1000);
    read_at(fixture, 1000);
    put_child(fixture, 2, 0, "kthreadd", 'S', 5000);
    tree_put_of(&fixture->tree, 2, "cmdline", "");
    struct message message = death_of(PID, "kworker/0:1", AGE_MS);
    struct record *thread = &message.record[MESSAGE_THREAD];
    thread->ppid = cases[i].ppid;
    thread->flags |= cases[i].flags;
    thread->exe_inode = cases[i].exe_inode;
    take(fixture, &message, 1);
    assert_case_int(name, exits_of(fixture, 0), cases[i].is_kernel_thread);
    assert_case_int(name, exits_of(fixture, 1), 0);
    assert_case_int(name, fixture->tracker->undecided, is_unknown);
    clear(fixture);
  }
}

static void counts_in_every_group(void **state) {
  struct fixture *fixture = *state;
  add_group(fixture, SELECTOR_COMMAND, "nginx");
  add_group(fixture, SELECTOR_COMMAND, "other");
  add_group(fixture, SELECTOR_USER, "1000");
  begin(fixture, 1000);
  struct message messages[] = {death_of(PID, "nginx", AGE_MS),
                               death_of(PID + 1, "nginx", AGE_MS)};
  take(fixture, messages, 2);
  assert_used("both", fixture, 0, 2, 2);
  assert_used("none", fixture, 1, 0, 0);
  assert_used("by another selector", fixture, 2, 2, 2);
}

static void counts_by_how_it_ended(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    uint32_t exit_code;
    uint8_t flags;
    unsigned int counter;
    bool dumped_core;
  } cases[] = {
      {"status 0", 0, 0, COUNTER_EXIT_OK, false},
      {"status 1", 0x100, 0, COUNTER_EXIT_ERROR, false},
      {"status 255", 0xff00, 0, COUNTER_EXIT_ERROR, false},
      {"SIGKILL", 9, 0x10, COUNTER_EXIT_SIGNAL, false},
      {"SIGTERM", 15, 0x10, COUNTER_EXIT_SIGNAL, false},
      {"no core, by a limit", 11, 0x18, COUNTER_EXIT_SIGNAL, false},
      {"core dumped", 6 | 0x80, 0x10, COUNTER_EXIT_SIGNAL, true},
      {"real-time signal", 64, 0x10, COUNTER_EXIT_SIGNAL, false},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    add_group(fixture, SELECTOR_COMMAND, "nginx");
    fixture->rules[0].notify = NOTIFY_ALL;
    begin(fixture, 1000);
    struct message message = death_of(PID, "nginx", AGE_MS);
    message.record[MESSAGE_THREAD].exit_code = cases[i].exit_code;
    message.record[MESSAGE_THREAD].flags |= cases[i].flags;
    take(fixture, &message, 1);
    assert_case_int(name, truth(fixture, 0, cases[i].counter), 1);
    assert_used(name, fixture, 0, 1, 1);
    assert_case_int(name, fixture->event_count, 1);
    assert_case_int(name, fixture->events[0].event.exit_code,
                    cases[i].exit_code);
    assert_case_int(name, fixture->events[0].event.dumped_core,
                    cases[i].dumped_core);
    clear(fixture);
  }
}

/* What it used before the plugin's start, or before a read that did not see it
 * as a member, is not counted; its exit is. */
static void counts_use_since_the_start(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    uint64_t age_ms, since_ms;
    bool has_read;
    bool counts_use;
  } cases[] = {
      {"began after the plugin", 20, 1000, false, true},
      {"began just after the plugin", 999, 1000, false, true},
      {"began before the plugin", 1001, 1000, false, false},
      {"began long before the plugin", 100000, 1000, false, false},
      {"began after the read", 20, 1000, true, true},
      {"began before the read, and was yet to appear", 2900, 1000, true, true},
      {"began before the read", 3020, 1000, true, false},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    add_group(fixture, SELECTOR_COMMAND, "nginx");
    begin(fixture, cases[i].has_read ? 1500 : cases[i].since_ms);
    if (cases[i].has_read)
      read_at(fixture, cases[i].since_ms);
    struct message message = death_of(PID, "nginx", cases[i].age_ms);
    take(fixture, &message, 1);
    assert_used(name, fixture, 0, cases[i].counts_use, 1);
    clear(fixture);
  }
}

/* A thread that never slept ran whenever it did not wait. */
static void estimates_the_cpu_time_of_the_unseen(void **state) {
  struct fixture *fixture = *state;
  add_group(fixture, SELECTOR_COMMAND, "nginx");
  begin(fixture, 1000);
  struct message message = death_of(PID, "nginx", AGE_MS);
  message.record[MESSAGE_THREAD].switches_voluntary = 0;
  int64_t cpu = AGE_MS * MS - (int64_t)used_of(COUNTER_DELAY + DELAY_CPU, 1);
  message.record[MESSAGE_THREAD].cpu_ns = (uint64_t)cpu - MS / 2;
  take(fixture, &message, 1);
  assert_true(cpu_of(fixture, 0) == cpu);
  assert_true(truth(fixture, 0, COUNTER_CPU_SYSTEM) == cpu * 3 / 4);
}

/* The kernel may count a wait for a disk from the machine's boot. */
static void leaves_out_waits_from_boot(void **state) {
  struct fixture *fixture = *state;
  const unsigned int blkio = COUNTER_DELAY + DELAY_BLKIO;
  static const struct {
    const char *name;
    bool has_threads;
    uint64_t waited_ms, counted_ms;
  } cases[] = {
      {"possible", false, AGE_MS - 3, AGE_MS - 3},
      {"from boot", false, 1000000, 0},
      {"possible, of several threads", true, AGE_MS - 3, AGE_MS - 3},
      {"from boot, of several threads", true, 1000000, 0},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    add_group(fixture, SELECTOR_COMMAND, "nginx");
    begin(fixture, 1000);
    struct message message = death_of(PID, "nginx", AGE_MS);
    if (cases[i].has_threads)
      message = last_of(message, 1);
    struct record *record =
        &message
             .record[cases[i].has_threads ? MESSAGE_PROCESS : MESSAGE_THREAD];
    record->delay_ns[DELAY_BLKIO] = cases[i].waited_ms * MS;
    struct record *thread = &message.record[MESSAGE_THREAD];
    thread->delay_ns[DELAY_BLKIO] = thread->delay_max_ns[DELAY_BLKIO] =
        record->delay_ns[DELAY_BLKIO];
    take(fixture, &message, 1);
    assert_case_int(cases[i].name, truth(fixture, 0, blkio) / MS,
                    cases[i].counted_ms);
    clear(fixture);
  }
}

/* Several threads */

enum thread { MAIN, WORKER_1, WORKER_2, LAST, THREADS };

static void adds_threads_in_any_order(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    enum thread order[THREADS];
    enum thread main; /* which of them is the main thread */
  } cases[] = {
      {"main leaves first", {MAIN, WORKER_1, WORKER_2, LAST}, MAIN},
      {"main leaves between", {WORKER_1, MAIN, WORKER_2, LAST}, MAIN},
      {"main leaves last", {WORKER_1, WORKER_2, MAIN, LAST}, LAST},
      {"one is late", {WORKER_1, MAIN, LAST, WORKER_2}, MAIN},
      {"two are late", {MAIN, LAST, WORKER_2, WORKER_1}, MAIN},
      {"all others are late", {LAST, WORKER_2, MAIN, WORKER_1}, LAST},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++)
    for (int at_once = 0; at_once < 2; at_once++) {
      const char *name = cases[i].name;
      struct message threads[THREADS], messages[THREADS];
      for (enum thread t = 0; t < THREADS; t++) {
        bool is_main = t == cases[i].main;
        pid_t pid = is_main ? PID : PID + 10 + (pid_t)t;
        threads[t] = thread_of(PID, pid, is_main ? "nginx" : "worker", t + 1);
        threads[t].record[MESSAGE_THREAD].exit_code = t == LAST ? 0x300 : 0;
      }
      threads[LAST] = last_of(threads[LAST], 10);
      for (size_t m = 0; m < THREADS; m++)
        messages[m] = threads[cases[i].order[m]];

      add_group(fixture, SELECTOR_COMMAND, "nginx");
      add_group(fixture, SELECTOR_COMMAND, "worker");
      fixture->rules[0].notify = NOTIFY_ALL;
      begin(fixture, 1000);
      for (size_t m = 0; m < THREADS; m += at_once ? THREADS : 1)
        take(fixture, &messages[m], at_once ? THREADS : 1);
      assert_used(name, fixture, 0, 10, 1);
      /* Its status is that of the last thread, its name that of the first. */
      assert_case_int(name, truth(fixture, 0, COUNTER_EXIT_ERROR), 1);
      assert_used(name, fixture, 1, 0, 0);
      assert_case_int(name, fixture->event_count, 1);
      assert_case_string(name, fixture->events[0].comm, "nginx");
      assert_case_int(name, fixture->events[0].event.pid, PID);
      read_at(fixture, 0);
      assert_case_int(name, table_size(fixture), 0);
      clear(fixture);
    }
}

/* The status that waitpid returns: the main thread's, unless another thread
 * ended the process. */
static void ends_as_its_threads_did(void **state) {
  struct fixture *fixture = *state;
  enum { EXIT_3 = 0x300, CRASH = SIGSEGV | 0x80 };
  static const struct {
    const char *name;
    struct {
      bool is_main;
      uint32_t exit_code;
    } order[THREADS];
    uint32_t exit_code;
  } cases[] = {
      {"all is well", {{true, 0}, {false, 0}, {false, 0}, {false, 0}}, 0},
      {"main ended all",
       {{false, EXIT_3}, {false, EXIT_3}, {false, EXIT_3}, {true, EXIT_3}},
       EXIT_3},
      {"main ended all, and was not the last",
       {{false, EXIT_3}, {true, EXIT_3}, {false, EXIT_3}, {false, EXIT_3}},
       EXIT_3},
      {"a worker ended all and left one that was ending",
       {{true, 0}, {false, 0}, {false, EXIT_3}, {false, 0}},
       EXIT_3},
      {"a worker crashed and left one that was ending",
       {{true, SIGSEGV}, {false, CRASH}, {false, SIGSEGV}, {false, 0}},
       SIGSEGV},
      {"a worker had a status of its own",
       {{false, EXIT_3}, {false, 0}, {false, 0}, {true, 0}},
       0},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    struct message messages[THREADS];
    for (int t = 0; t < THREADS; t++) {
      bool is_main = cases[i].order[t].is_main;
      messages[t] = thread_of(PID, is_main ? PID : PID + 10 + t,
                              is_main ? "nginx" : "worker", 1);
      messages[t].record[MESSAGE_THREAD].exit_code =
          cases[i].order[t].exit_code;
    }
    messages[THREADS - 1] = last_of(messages[THREADS - 1], THREADS);

    add_group(fixture, SELECTOR_COMMAND, "nginx");
    fixture->rules[0].notify = NOTIFY_ALL;
    begin(fixture, 1000);
    take(fixture, messages, THREADS);
    assert_used(name, fixture, 0, THREADS, 1);
    assert_case_int(name, fixture->event_count, 1);
    assert_case_int(name, fixture->events[0].event.exit_code,
                    cases[i].exit_code);
    clear(fixture);
  }
}

/* On kernels whose process records lack ended threads: Linux 6.1. */
static void sums_up_what_the_process_lacks(void **state) {
  struct fixture *fixture = *state;
  struct message messages[] = {thread_of(PID, PID + 1, "worker", 2),
                               thread_of(PID, PID + 2, "worker", 3),
                               last_of(thread_of(PID, PID, "nginx", 1), 6)};
  struct record *whole = &messages[2].record[MESSAGE_PROCESS];
  whole->user_us = whole->system_us = 0;
  whole->switches_voluntary = whole->switches_involuntary = 0;
  add_group(fixture, SELECTOR_COMMAND, "nginx");
  begin(fixture, 1000);
  take(fixture, messages, 3);
  assert_used("6.1", fixture, 0, 6, 1);
}

/* While reads see no process, processes that end leave nothing behind; one that
 * has not ended is kept, and is complete once it ends. */
static void forgets_the_dead_while_all_are_hidden(void **state) {
  struct fixture *fixture = *state;
  add_group(fixture, SELECTOR_COMMAND, "nginx");
  begin(fixture, 1000);
  tree_remove(&fixture->tree, "1");
  for (int i = 0; i < 10; i++) {
    struct child child; /* it has a CPU clock */
    child_start(&child);
    pid_t pid = child.pid;
    struct message messages[] = {thread_of(pid, pid + 1, "worker", 1),
                                 last_of(thread_of(pid, pid, "nginx", 1), 2)};
    take(fixture, messages, 1);
    reader_read(fixture->reader, fixture->now, &fixture->report);
    assert_int_equal(fixture->report.proc, -ENODEV);
    reader_read(fixture->reader, fixture->now, &fixture->report);
    assert_int_equal(table_size(fixture), 1);
    take(fixture, &messages[1], 1);
    reader_read(fixture->reader, fixture->now, &fixture->report);
    assert_int_equal(table_size(fixture), 0);
  }
  assert_used("hidden", fixture, 0, 20, 10);
}

/* Threads of a process in no group leave nothing behind. */
static void forgets_the_threads_of_others(void **state) {
  struct fixture *fixture = *state;
  add_group(fixture, SELECTOR_COMMAND, "nginx");
  begin(fixture, 1000);
  struct message messages[] = {
      thread_of(PID, PID, "other", 1),
      last_of(thread_of(PID, PID + 1, "worker", 1), 2)};
  take(fixture, messages, 2);
  assert_used("others", fixture, 0, 0, 0);
  assert_int_equal(table_size(fixture), 0);
  take(fixture, messages, 1); /* this one does not end */
  read_at(fixture, 0);
  read_at(fixture, 0);
  assert_int_equal(table_size(fixture), 0);
}

/* Processes that reads have seen */

/* A process, its reads and its record, in any order. Its record has less CPU
 * time than its clock, which shows the source of what is counted. */
enum source { BY_RECORD, BY_LAST_READ, BY_ZOMBIE };

struct story {
  struct fixture *fixture;
  struct child child;
  struct message message;
  uint64_t clock[3]; /* by source */
  bool is_zombie, is_gone;
  bool is_over; /* its record is taken */
};

static void take_record(struct story *story) {
  if (!story->is_over)
    take(story->fixture, &story->message, 1);
  story->is_over = true;
}

/* Like the listener's queue: a record is queued before its process can be
 * reaped. */
static void drain_story(void *context) {
  struct story *story = context;
  if (story->is_gone)
    take_record(story);
}

static void tell(struct story *story, char letter) {
  struct fixture *fixture = story->fixture;
  pid_t pid = story->child.pid;

  switch (letter) {
  case 'R': /* a read */
    read_at(fixture, 0);
    if (!story->is_zombie && !story->is_gone)
      story->clock[BY_LAST_READ] = child_clock(pid);
    break;
  case 'X': /* its exit record */
    take_record(story);
    if (!story->is_gone && !story->is_zombie)
      put_process(fixture, pid, "nginx", DYING, AGE_MS);
    break;
  case 'Z': /* it ends, and its parent waits */
    child_end(&story->child);
    child_settle_all();
    story->clock[BY_ZOMBIE] = child_clock(pid);
    put_process(fixture, pid, "nginx", 'Z', AGE_MS);
    story->is_zombie = true;
    break;
  case 'G': /* it is reaped */
    child_reap(&story->child);
    remove_process(fixture, pid);
    story->is_gone = true;
    break;
  default:
    break;
  }
}

static void counts_once_in_any_order(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *events;
    bool is_seen; /* by a read, before its record */
    enum source cpu;
  } cases[] = {
      {"XG", false, BY_RECORD},
      {"GX", false, BY_RECORD},
      {"GRX", false, BY_RECORD},
      {"XRG", false, BY_RECORD}, /* still dying */
      {"XRRGR", false, BY_RECORD},
      {"XRZRG", false, BY_RECORD},
      {"ZXG", false, BY_ZOMBIE},
      {"ZXRRGR", false, BY_ZOMBIE},
      {"RXG", true, BY_LAST_READ},
      {"RRXGR", true, BY_LAST_READ},
      {"RGX", true, BY_LAST_READ},
      {"RGRX", true, BY_LAST_READ}, /* the read takes it */
      {"RXRG", true, BY_LAST_READ},
      {"RXZRG", true, BY_ZOMBIE},
      {"RXZRRRGR", true, BY_ZOMBIE},
      {"RZXG", true, BY_ZOMBIE},
      {"RZXRG", true, BY_ZOMBIE},
      {"RZRXG", true, BY_ZOMBIE},
      {"RZRGX", true, BY_ZOMBIE},
      {"RZRGRX", true, BY_ZOMBIE},
      {"ZRXG", false, BY_ZOMBIE}, /* its record contains what it was */
      {"ZRXRRG", false, BY_ZOMBIE},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].events;
    struct story story = {.fixture = fixture};
    add_group(fixture, SELECTOR_COMMAND, "nginx");
    fixture->rules[0].notify = NOTIFY_ALL;
    begin(fixture, 1000);
    read_at(fixture, 50);
    child_start(&story.child);
    child_tell(&story.child, 'b', 30);
    pid_t pid = story.child.pid;
    put_process(fixture, pid, "nginx", 'S', AGE_MS);
    story.message = death_of(pid, "nginx", AGE_MS);
    story.clock[BY_RECORD] = 2 * MS;

    fixture->tracker->drain =
        (struct drain){.context = &story, .take = drain_story};
    for (const char *event = name; *event != '\0'; event++) {
      tell(&story, *event);
      assert_case_int(name, exits_of(fixture, 0), story.is_over);
      assert_case_int(name, fixture->event_count, story.is_over);
      if (*event == 'R') {
        bool counts = !story.is_over && !story.is_zombie && !story.is_gone;
        assert_case_int(name,
                        group_at(fixture->tracker, 0)->gauges[GAUGE_PROCESSES],
                        counts);
      }
    }
    for (unsigned int kind = 0; kind < DELAY_KINDS; kind++) {
      assert_case_int(name, truth(fixture, 0, COUNTER_DELAY + kind),
                      used_of(COUNTER_DELAY + kind, 1));
      assert_case_int(name, truth(fixture, 0, COUNTER_WAITS + kind),
                      used_of(COUNTER_WAITS + kind, 1));
    }
    bool is_seen = cases[i].is_seen;
    assert_case_int(name, truth(fixture, 0, COUNTER_READ_CHARS),
                    is_seen ? 1500 : 1024);
    assert_case_int(name, truth(fixture, 0, COUNTER_WRITE_CHARS),
                    is_seen ? 2500 : 2048);
    assert_case_int(name, truth(fixture, 0, COUNTER_READ_CALLS),
                    is_seen ? 3 : 0);
    assert_case_int(name, truth(fixture, 0, COUNTER_READ_BYTES), 4096);
    assert_case_int(name, truth(fixture, 0, COUNTER_WRITE_BYTES), 8192);
    assert_case_int(name, truth(fixture, 0, COUNTER_FAULTS_MINOR), 50);
    assert_case_int(name, truth(fixture, 0, COUNTER_FAULTS_MAJOR), 5);
    assert_case_int(name, cpu_of(fixture, 0), story.clock[cases[i].cpu]);

    read_at(fixture, 0);
    assert_case_int(name, table_size(fixture), 0);
    assert_case_int(name, exits_of(fixture, 0), 1);
    assert_case_int(name, fixture->report.members, 0);
    clear(fixture);
  }
}

/* A process that has ended has neither a command line nor an executable, but
 * keeps its groups. */
static void remembers_what_the_dead_have_been(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    enum selector_kind kind;
    const char *value;
  } cases[] = {
      {"command line", SELECTOR_COMMAND_LINE, "worker"},
      {"executable", SELECTOR_EXECUTABLE, "/bin/nginx"},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    struct child child;
    char path[64];
    add_group(fixture, cases[i].kind, cases[i].value);
    begin(fixture, 1000);
    child_start(&child);
    put_process(fixture, child.pid, "nginx", 'S', AGE_MS);
    tree_put_of(&fixture->tree, child.pid, "cmdline", "nginx: worker");
    snprintf(path, sizeof(path), "%d/exe", child.pid);
    tree_link(&fixture->tree, path, "/bin/nginx");
    read_at(fixture, 0);
    assert_case_int(name, fixture->report.members, 1);

    child_tell(&child, 'b', 30); /* more than its record has */
    child_end(&child);
    put_process(fixture, child.pid, "nginx", 'Z', AGE_MS);
    tree_put_of(&fixture->tree, child.pid, "cmdline", "");
    tree_remove(&fixture->tree, path);
    read_at(fixture, 0); /* before its record */
    struct message message = death_of(child.pid, "nginx", AGE_MS);
    take(fixture, &message, 1);
    assert_case_int(name, exits_of(fixture, 0), 1);
    assert_case_int(name, cpu_of(fixture, 0), child_clock(child.pid));
    assert_case_int(name, truth(fixture, 0, COUNTER_DELAY),
                    used_of(COUNTER_DELAY, 1));
    clear(fixture);
  }
}

/* What the record has and the reads had not. */
static void adds_what_the_reads_missed(void **state) {
  skip_if_emulated("netlink");
  struct fixture *fixture = *state;
  struct child child;
  add_group(fixture, SELECTOR_COMMAND, "nginx");
  begin(fixture, 1000);
  child_start(&child);
  put_process(fixture, child.pid, "nginx", 'S', AGE_MS);
  read_at(fixture, 0);
  assert_int_equal(fixture->report.members, 1);
  /* The sample was long enough ago for all of this. */
  process_table_find(fixture->tracker->table, child.pid)
      ->member->account.sampled_ns -= UINT64_C(10000) * MS;
  struct message message = death_of(child.pid, "nginx", AGE_MS);
  message.record[MESSAGE_THREAD].elapsed_us = 20000000;
  set_thread_use(&message.record[MESSAGE_THREAD], 1000);
  take(fixture, &message, 1);
  for (unsigned int i = 0; i < COUNTER_EXIT_OK; i++)
    if (i != COUNTER_READ_CALLS && i != COUNTER_WRITE_CALLS &&
        i > COUNTER_CPU_SYSTEM)
      assert_true(truth(fixture, 0, i) == (int64_t)used_of(i, 1000));
  assert_true(cpu_of(fixture, 0) == INT64_C(2000) * MS);
}

/* It started before the plugin: its use counts from then on. */
static void counts_a_known_process_from_the_start(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  add_group(fixture, SELECTOR_COMMAND, "nginx");
  begin(fixture, 1000);
  child_start(&child);
  child_tell(&child, 'b', 50);
  put_process(fixture, child.pid, "nginx", 'S', 5000);
  read_at(fixture, 0);
  assert_int_equal(cpu_of(fixture, 0), 0);
  int64_t clock = (int64_t)child_clock(child.pid);
  struct message message = death_of(child.pid, "nginx", 5000);
  set_thread_use(&message.record[MESSAGE_THREAD], 100);
  take(fixture, &message, 1);
  assert_true(cpu_of(fixture, 0) == 200 * MS - clock);
  assert_int_equal(truth(fixture, 0, COUNTER_READ_CHARS), 102400 - 1500);
  assert_int_equal(truth(fixture, 0, COUNTER_FAULTS_MINOR), 5000 - 40);
  assert_int_equal(exits_of(fixture, 0), 1);
}

/* Its main thread ended before the plugin's start, so its record never arrives.
 */
static void counts_the_end_of_who_has_no_main_thread(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  add_group(fixture, SELECTOR_COMMAND, "nginx");
  fixture->rules[0].notify = NOTIFY_ALL;
  begin(fixture, 1000);
  child_start(&child);
  put_process(fixture, child.pid, "nginx", 'S', 5000);
  read_at(fixture, 0);
  struct message message =
      last_of(thread_of(child.pid, child.pid + 1, "worker", 1), 2);
  message.record[MESSAGE_THREAD].process_elapsed_us = 5000000;
  take(fixture, &message, 1);
  assert_int_equal(exits_of(fixture, 0), 1);
  assert_int_equal(fixture->event_count, 1);
}

/* A record as before version 12. */
static struct message as_old(struct message message) {
  struct record *thread = &message.record[MESSAGE_THREAD];
  thread->version = message.record[MESSAGE_PROCESS].version = 10;
  thread->flags = 0;
  thread->tgid = 0;
  thread->process_elapsed_us = 0;
  return message;
}

/* The event of a thread was lost: so the record of the main thread, which ended
 * before it, looks like that of a process that had no other. */
static void counts_once_who_has_ended_too_early(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  add_group(fixture, SELECTOR_COMMAND, "nginx");
  begin(fixture, 1000);
  fixture->tracker->threads = thread_owners_create();
  assert_non_null(fixture->tracker->threads);
  child_start(&child);
  put_process(fixture, child.pid, "nginx", 'S', 5000);
  read_at(fixture, 0);
  struct message message = as_old(death_of(child.pid, "nginx", 5000));
  take(fixture, &message, 1);
  assert_int_equal(exits_of(fixture, 0), 1);
  assert_int_equal(fixture->tracker->undecided, 0);
  size_t size = table_size(fixture);

  message = as_old(last_of(thread_of(child.pid, PID, "worker", 1), 2));
  take(fixture, &message, 1);
  assert_int_equal(exits_of(fixture, 0), 1);
  assert_int_equal(fixture->tracker->undecided, 1);
  assert_int_equal(table_size(fixture), size);
}

/* Processes that reads know and that no group selects. */
static void leaves_known_strangers_alone(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  add_group(fixture, SELECTOR_COMMAND, "nginx");
  add_group(fixture, SELECTOR_COMMAND_LINE, "nginx");
  begin(fixture, 1000);
  child_start(&child);
  put_process(fixture, child.pid, "other", 'S', 5000);
  read_at(fixture, 0);
  assert_int_equal(table_size(fixture), 1);
  struct message message = death_of(child.pid, "other", 5000);
  take(fixture, &message, 1);
  for (size_t i = 0; i < 2; i++)
    assert_used("stranger", fixture, i, 0, 0);
  /* Its command line was seen. */
  assert_int_equal(fixture->tracker->undecided, 0);
  remove_process(fixture, child.pid);
  read_at(fixture, 0);
  assert_int_equal(table_size(fixture), 0);
}

/* It took the name after the last read: what it used before is not counted. */
static void counts_a_stranger_that_took_the_name(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    uint64_t age_ms;
  } cases[] = {{"began before the plugin", 5000},
               {"began after the plugin", 500}};

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    struct child child;
    add_group(fixture, SELECTOR_COMMAND, "nginx");
    begin(fixture, 1000);
    child_start(&child);
    child_tell(&child, 'b', 30);
    put_process(fixture, child.pid, "other", 'S', cases[i].age_ms);
    read_at(fixture, 0);
    int64_t clock = (int64_t)child_clock(child.pid);
    fixture->now += 100 * MS; /* it may have run since */
    struct message message =
        death_of(child.pid, "nginx", cases[i].age_ms + 100);
    set_thread_use(&message.record[MESSAGE_THREAD], 50);
    take(fixture, &message, 1);
    assert_case_int(name, exits_of(fixture, 0), 1);
    assert_case_int(name, cpu_of(fixture, 0), 100 * MS - clock);
    assert_case_int(name, truth(fixture, 0, COUNTER_DELAY), 0);
    assert_case_int(name, truth(fixture, 0, COUNTER_READ_CHARS), 0);
    read_at(fixture, 0); /* sees it dying */
    assert_case_int(name, exits_of(fixture, 0), 1);
    assert_case_int(name, cpu_of(fixture, 0), 100 * MS - clock);
    assert_case_int(name, fixture->report.members, 0);
    clear(fixture);
  }
}

/* A read found it between its fork and the change that made it a member; the
 * records of its threads arrive in any order. */
static void counts_the_threads_of_a_stranger(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    enum thread order[THREADS];
    enum thread main;
  } cases[] = {
      {"main leaves first", {MAIN, WORKER_1, WORKER_2, LAST}, MAIN},
      {"main is overtaken", {WORKER_1, LAST, MAIN, WORKER_2}, MAIN},
      {"all are overtaken", {LAST, WORKER_2, WORKER_1, MAIN}, MAIN},
      {"main leaves last", {WORKER_1, WORKER_2, MAIN, LAST}, LAST},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    struct child child;
    add_group(fixture, SELECTOR_COMMAND, "nginx");
    begin(fixture, AGE_MS + 1000);
    child_start(&child);
    put_process(fixture, child.pid, "other", 'S', AGE_MS);
    read_at(fixture, 0);
    /* A process that used more than a ms to fork is not treated as unused. */
    int64_t clock = (int64_t)child_clock(child.pid);
    int64_t before = clock < MS ? 0 : clock;
    int64_t waiting = 0;
    for (size_t m = 0; m < THREADS; m++) {
      enum thread t = cases[i].order[m];
      bool is_main = t == cases[i].main;
      pid_t pid = is_main ? child.pid : child.pid + 10 + (pid_t)t;
      struct message message =
          thread_of(child.pid, pid, is_main ? "nginx" : "worker", t + 1);
      if (t == LAST)
        message = last_of(message, 10);
      take(fixture, &message, 1);
      waiting += t == LAST || is_main;
      assert_case_int(name, exits_of(fixture, 0),
                      waiting == (LAST == cases[i].main ? 1 : 2));
    }
    assert_case_int(name, cpu_of(fixture, 0), 20 * MS - before);
    assert_case_int(name, truth(fixture, 0, COUNTER_DELAY),
                    before > 0 ? 0 : 1000000);
    remove_process(fixture, child.pid);
    read_at(fixture, 0);
    assert_case_int(name, table_size(fixture), 0);
    clear(fixture);
  }
}

/* A process that never called exec has its parent's command line. */
static void decides_by_the_parent(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    const char *comm;   /* of its parent */
    const char *parent; /* its command line, or NULL if no read has seen it */
    uint8_t flags;
    bool counts, is_undecided;
  } cases[] = {
      {"forked by a member", "python3", "celery worker", RECORD_FORKED, true,
       false},
      {"forked by another", "python3", "celery beat", RECORD_FORKED, false,
       false},
      {"forked by an unknown one", "python3", NULL, RECORD_FORKED, false, true},
      {"adopted by a member", "tini", "celery worker", RECORD_FORKED, false,
       true},
      {"called exec, started by a member", "python3", "celery worker", 0, false,
       true},
      {"called exec, started by another", "python3", "celery beat", 0, false,
       true},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    struct child parent;
    add_group(fixture, SELECTOR_COMMAND_LINE, "worker");
    add_group(fixture, SELECTOR_COMMAND, "python3");
    begin(fixture, 1000);
    child_start(&parent);
    if (cases[i].parent != NULL) {
      put_process(fixture, parent.pid, cases[i].comm, 'S', 5000);
      tree_put_of(&fixture->tree, parent.pid, "cmdline", cases[i].parent);
    }
    read_at(fixture, 900);
    int64_t cpu = cpu_of(fixture, 0);
    struct message message = death_of(PID, "python3", AGE_MS);
    message.record[MESSAGE_THREAD].ppid = (uint32_t)parent.pid;
    message.record[MESSAGE_THREAD].flags |= cases[i].flags;
    take(fixture, &message, 1);
    assert_case_int(name, exits_of(fixture, 0), cases[i].counts);
    assert_case_int(name, cpu_of(fixture, 0) - cpu,
                    cases[i].counts ? 2 * MS : 0);
    assert_case_int(name, exits_of(fixture, 1), 1); /* there is no doubt */
    assert_case_int(name, fixture->tracker->undecided, cases[i].is_undecided);
    clear(fixture);
  }
}

/* Only the main thread's record shows that a process never called exec; the
 * last record is that of a worker with its own name. */
static void decides_by_the_parent_of_threads(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    const char *comm; /* of the main thread */
    uint8_t flags;    /* of the main thread */
    bool is_heard;    /* its fork was */
    bool is_late;     /* the main thread's record comes after the worker's */
    bool counts, is_undecided;
  } cases[] = {
      {"forked", "python3", RECORD_FORKED, true, false, true, false},
      {"forked, out of order", "python3", RECORD_FORKED, true, true, true,
       false},
      {"forked, unheard", "python3", RECORD_FORKED, false, false, true, false},
      {"forked, unheard, out of order", "python3", RECORD_FORKED, false, true,
       true, false},
      {"called exec", "python3", 0, false, false, false, true},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    struct child parent;
    add_group(fixture, SELECTOR_COMMAND_LINE, "worker");
    begin(fixture, 1000);
    child_start(&parent);
    put_process(fixture, parent.pid, "python3", 'S', 5000);
    tree_put_of(&fixture->tree, parent.pid, "cmdline", "celery worker");
    read_at(fixture, 900);
    if (cases[i].is_heard)
      happen(fixture, PROCESS_FORKED, PID, parent.pid,
             fixture->now - AGE_MS * MS);
    struct message messages[] = {
        thread_of(PID, PID, cases[i].comm, 1),
        last_of(thread_of(PID, PID + 1, "worker", 2), 3),
    };
    messages[0].record[MESSAGE_THREAD].flags |= cases[i].flags;
    for (size_t m = 0; m < COUNT_OF(messages); m++)
      messages[m].record[MESSAGE_THREAD].ppid = (uint32_t)parent.pid;
    take(fixture, &messages[cases[i].is_late], 1);
    take(fixture, &messages[!cases[i].is_late], 1);
    assert_case_int(name, exits_of(fixture, 0), cases[i].counts);
    assert_case_int(name, fixture->tracker->undecided, cases[i].is_undecided);
    clear(fixture);
  }
}

struct batch {
  struct fixture *fixture;
  const struct message *messages;
  size_t count;
};

static void *take_batch(void *context) {
  const struct batch *batch = context;
  take(batch->fixture, batch->messages, batch->count);
  return NULL;
}

/* Whether the thread is in a call that reads this process, and sleeps in it. */
static bool hangs_in(const struct procfs *proc, pid_t pid, uint64_t *call) {
  *call = procfs_call(proc);
  pause_ms(20);
  return procfs_call_pid(*call) == pid && procfs_call(proc) == *call &&
         !procfs_call_runs(proc);
}

/* The stat of a zombie is a pipe without a writer. The thread that reads it is
 * abandoned, and another one continues. */
static void goes_on_after_who_hangs(void **state) {
  struct fixture *fixture = *state;
  enum { COUNT = 3 };
  char name[32], path[TREE_PATH_SIZE];
  struct message messages[COUNT];
  struct child zombie;
  child_start(&zombie);
  child_end(&zombie);
  put_process(fixture, zombie.pid, "nginx", 'Z', AGE_MS);
  tree_link(&fixture->tree, "self/task", "/proc/self/task");
  snprintf(name, sizeof(name), "%d/stat", zombie.pid);
  tree_path(&fixture->tree, name, path);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(mkfifo(path, 0600), 0);
  add_group(fixture, SELECTOR_COMMAND_LINE, "nginx");
  add_group(fixture, SELECTOR_COMMAND, "nginx");
  begin(fixture, 1000);
  for (int i = 0; i < COUNT; i++)
    messages[i] = death_of(i == 1 ? zombie.pid : PID + i, "nginx", AGE_MS);

  struct batch batch = {fixture, messages, COUNT};
  struct procfs *proc = exit_accounting_proc(fixture->exits), *again;
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, take_batch, &batch), 0);
  uint64_t call;
  await(hangs_in(proc, zombie.pid, &call));
  assert_int_equal(procfs_reopen(proc, &again), 0);
  assert_true(procfs_abandon(proc, call));
  hung_processes_add(&fixture->tracker->hung, zombie.pid, proc);
  exit_accounting_use_proc(fixture->exits, again);
  assert_int_equal(exits_of(fixture, 1), 1);
  char moved[TREE_PATH_SIZE];
  tree_path(&fixture->tree, "moved", moved);
  assert_int_equal(rename(path, moved), 0); /* that is not read any more */
  exit_accounting_resume(fixture->exits);
  assert_used("all, once", fixture, 1, COUNT, COUNT);
  assert_int_equal(exits_of(fixture, 0), 0);
  assert_int_equal(fixture->tracker->undecided, COUNT);

  close(open(moved, O_WRONLY | O_CLOEXEC)); /* it returns, and ends */
  pthread_join(thread, NULL);
  assert_true(procfs_has_returned(proc));
  assert_used("all, once", fixture, 1, COUNT, COUNT);
}

/* Two processes with the same pid: each gets its own use. */
static void tells_processes_of_one_pid_apart(void **state) {
  struct fixture *fixture = *state;
  /* 1, 2: a read sees the one, the other; a, b: their records. */
  static const char *const stories[] = {"ab",   "1ab", "1a2b", "12ab",
                                        "12ba", "ba",  "a2b"};

  for (size_t i = 0; i < COUNT_OF(stories); i++) {
    const char *name = stories[i];
    struct child child;
    add_group(fixture, SELECTOR_COMMAND, "one");
    add_group(fixture, SELECTOR_COMMAND, "two");
    begin(fixture, 10000);
    read_at(fixture, 8000);
    child_start(&child);
    struct message one = death_of(child.pid, "one", 5000);
    struct message two = death_of(child.pid, "two", 1000);
    set_thread_use(&one.record[MESSAGE_THREAD], 100);
    set_thread_use(&two.record[MESSAGE_THREAD], 10);
    one.record[MESSAGE_THREAD].exit_code = 0x100;
    bool is_one_taken = false;
    for (const char *event = name; *event != '\0'; event++)
      switch (*event) {
      case '1':
        put_process(fixture, child.pid, "one", 'S', 5000);
        read_at(fixture, 4000);
        break;
      case '2':
        if (!is_one_taken) /* a read takes it before it finds the other process
                            */
          take(fixture, &one, 1);
        is_one_taken = true;
        remove_process(fixture, child.pid);
        tree_make(&fixture->tree, "x"); /* takes the inode number */
        put_process(fixture, child.pid, "two", 'S', 1000);
        read_at(fixture, 0);
        break;
      case 'a':
        if (!is_one_taken)
          take(fixture, &one, 1);
        is_one_taken = true;
        break;
      default:
        take(fixture, &two, 1);
        break;
      }
    assert_case_int(name, truth(fixture, 0, COUNTER_EXIT_ERROR), 1);
    assert_case_int(name, exits_of(fixture, 0), 1);
    assert_case_int(name, truth(fixture, 1, COUNTER_EXIT_OK), 1);
    assert_case_int(name, exits_of(fixture, 1), 1);
    assert_case_int(name, truth(fixture, 0, COUNTER_DELAY),
                    used_of(COUNTER_DELAY, 100));
    assert_case_int(name, truth(fixture, 1, COUNTER_DELAY),
                    used_of(COUNTER_DELAY, 10));
    remove_process(fixture, child.pid);
    read_at(fixture, 0);
    assert_case_int(name, table_size(fixture), 0);
    clear(fixture);
  }
}

/* All records of a process that vanished have been taken: its own was lost. */
static void forgets_the_vanished_without_record(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  add_group(fixture, SELECTOR_COMMAND, "nginx");
  begin(fixture, 1000);
  child_start(&child);
  put_process(fixture, child.pid, "nginx", 'S', AGE_MS);
  read_at(fixture, 0);
  child_reap(&child);
  remove_process(fixture, child.pid);
  read_at(fixture, 0);
  assert_int_equal(table_size(fixture), 0);
  assert_int_equal(fixture->report.members, 0);
  assert_int_equal(group_at(fixture->tracker, 0)->gauges[GAUGE_PROCESSES], 0);
  assert_int_equal(exits_of(fixture, 0), 0);
}

/* A process in no group becomes a member, and ends before a read can match it:
 * its CPU time counts from the last sample. */
static void counts_what_a_stranger_has_become(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  add_group(fixture, SELECTOR_COMMAND, "nginx");
  begin(fixture, 1000);
  child_start(&child);
  child_tell(&child, 'b', 5);
  put_process(fixture, child.pid, "sh", 'S', 500);
  read_at(fixture, 400);
  int64_t before = (int64_t)child_clock(child.pid);
  child_tell(&child, 'b', 30);
  child_end(&child);
  child_settle_all();
  put_process(fixture, child.pid, "nginx", 'Z', 500);
  read_at(fixture, 300);
  struct message message = death_of(child.pid, "nginx", 500);
  take(fixture, &message, 1);
  assert_int_equal(exits_of(fixture, 0), 1);
  assert_int_equal(cpu_of(fixture, 0),
                   (int64_t)child_clock(child.pid) - before);
}

static const uint64_t MINUTE = 60000 * UINT64_C(1000000);

/* Delivers the event of an exec as if it came at once, so that the process
 * cannot have run since; or so late that it may have run all the time. */
static void exec_at_once(struct fixture *fixture, pid_t pid, const char *comm) {
  put_process(fixture, pid, comm, 'S', 500);
  happen(fixture, PROCESS_EXECED, pid, 0, fixture->now + MINUTE);
}

static void exec_long_ago(struct fixture *fixture, pid_t pid,
                          const char *comm) {
  put_process(fixture, pid, comm, 'S', 500);
  happen(fixture, PROCESS_EXECED, pid, 0, fixture->now - 400 * MS);
}

/* Ends a process with 100 ms of CPU time after these events. */
static void end_later(struct fixture *fixture, pid_t pid, const char *comm) {
  struct message message = death_of(pid, comm, 120500);
  set_thread_use(&message.record[MESSAGE_THREAD], 50);
  fixture->now += 2 * MINUTE;
  take(fixture, &message, 1);
  assert_int_equal(exits_of(fixture, 0), 1);
}

static void begin_with_child(struct fixture *fixture, struct child *child) {
  add_group(fixture, SELECTOR_COMMAND, "nginx");
  begin(fixture, 1000);
  read_at(fixture, 600);
  child_start(child);
  happen(fixture, PROCESS_FORKED, child->pid, 1, fixture->now - 500 * MS);
}

/* An event that arrives while a read looks at the process. */
struct late_exec {
  struct fixture *fixture;
  pid_t pid;
  unsigned int drains;
};

static void take_late_exec(void *context) {
  struct late_exec *late = context;
  if (++late->drains == 2) /* at the first one, the process is not met yet */
    happen(late->fixture, PROCESS_EXECED, late->pid, 0,
           late->fixture->now - 400 * MS);
}

/* Neither a listing nor a late event makes what it used in no group count in
 * one that it enters last. */
static void remembers_what_a_stranger_has_used(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  begin_with_child(fixture, &child);
  child_tell(&child, 'b', 60);
  child_settle_all();
  exec_at_once(fixture, child.pid, "sh");
  put_process(fixture, child.pid, "bash", 'S', 500);
  struct late_exec late = {fixture, child.pid, 0};
  fixture->tracker->drain =
      (struct drain){.context = &late, .take = take_late_exec};
  fixture->tracker->must_list = true;
  read_at(fixture, 0);
  int64_t before = (int64_t)child_clock(child.pid);
  end_later(fixture, child.pid, "nginx");
  assert_int_equal(cpu_of(fixture, 0), 100 * MS - before);
}

/* What a process used in a group does not count again when it comes back, and a
 * read finds that: with its groups known, or after an event that had to wait.
 */
static void remembers_what_was_counted(void **state) {
  struct fixture *fixture = *state;
  for (int is_postponed = 0; is_postponed < 2; is_postponed++) {
    struct child child;
    begin_with_child(fixture, &child);
    child_tell(&child, 'b', 60);
    child_settle_all();
    int64_t before = (int64_t)child_clock(child.pid);
    exec_at_once(fixture, child.pid, "nginx");
    child_tell(&child, 'b', 20);
    child_settle_all();
    exec_long_ago(fixture, child.pid, "sh");
    assert_true(cpu_of(fixture, 0) >= 20 * MS);
    put_process(fixture, child.pid, "nginx", 'S', 500);
    if (is_postponed)
      process_table_find(fixture->tracker->table, child.pid)->groups_resolved =
          false;
    fixture->tracker->must_list = true;
    read_at(fixture, 0);
    end_later(fixture, child.pid, "nginx");
    assert_int_equal(cpu_of(fixture, 0), 100 * MS - before);
    clear(fixture);
  }
}

/* A child may end before a read finds its parent, which waits for it later. */
static void notes_children_of_the_unmet(void **state) {
  struct fixture *fixture = *state;
  for (int has_io = 0; has_io < 2; has_io++) {
    struct child parent;
    add_group(fixture, SELECTOR_COMMAND, "nginx");
    begin(fixture, 1000);
    child_start(&parent);
    struct message message = death_of(PID, "sh", AGE_MS);
    struct record *record = &message.record[MESSAGE_THREAD];
    record->ppid = (uint32_t)parent.pid;
    if (!has_io)
      record->read_chars = record->write_chars = record->read_bytes =
          record->write_bytes = 0;
    take(fixture, &message, 1);
    put_process(fixture, parent.pid, "nginx", 'S', 5000);
    read_at(fixture, 0);
    const struct process *process =
        process_table_find(fixture->tracker->table, parent.pid);
    assert_true(process->has_ended_children);
    assert_int_equal(process->has_io_of_children, has_io);
    clear(fixture);
  }
}

/* A child whose record was lost is visible only in its parent's stat. */
static void leaves_out_io_of_lost_children(void **state) {
  struct fixture *fixture = *state;
  struct child parent;
  char path[64], text[256];
  add_group(fixture, SELECTOR_COMMAND, "nginx");
  begin(fixture, 1000);
  child_start(&parent);
  put_process(fixture, parent.pid, "nginx", 'S', 500);
  snprintf(path, sizeof(path), "%d/task/%d/io", parent.pid, parent.pid);
  tree_put(&fixture->tree, path,
           "rchar: 1500\nwchar: 2500\nsyscr: 3\nsyscw: 4\n"
           "read_bytes: 4096\nwrite_bytes: 8192\n"
           "cancelled_write_bytes: 0\n");
  read_at(fixture, 400);
  assert_int_equal(truth(fixture, 0, COUNTER_WRITE_CHARS), 2500);

  uint64_t start = (fixture->now - 500 * MS) / clock_tick_ns();
  snprintf(text, sizeof(text),
           "%d (nginx) S 1 1 1 0 -1 0 40 7 4 0 3 1 0 0 20 0 1 0 %" PRIu64
           " 4096000 100 0 0 0\n",
           parent.pid, start);
  tree_put_of(&fixture->tree, parent.pid, "stat", text);
  tree_put_of(&fixture->tree, parent.pid, "io",
              "rchar: 1500\nwchar: 102500\nsyscr: 3\nsyscw: 4\n"
              "read_bytes: 4096\nwrite_bytes: 8192\n"
              "cancelled_write_bytes: 0\n");
  for (int i = 0; i < 2; i++) {
    child_tell(&parent, 'b', 2);
    read_at(fixture, 300);
    assert_int_equal(truth(fixture, 0, COUNTER_WRITE_CHARS), 2500);
  }
}

/* A parent that has waited for a child may end before that is visible. */
static void leaves_out_io_of_who_is_gone(void **state) {
  struct fixture *fixture = *state;
  struct child parent;
  char path[64];
  add_group(fixture, SELECTOR_COMMAND, "nginx");
  begin(fixture, 1000);
  child_start(&parent);
  put_process(fixture, parent.pid, "nginx", 'S', 500);
  read_at(fixture, 400);
  struct message message = death_of(PID, "sh", AGE_MS);
  message.record[MESSAGE_THREAD].ppid = (uint32_t)parent.pid;
  take(fixture, &message, 1);
  tree_put_of(&fixture->tree, parent.pid, "io",
              "rchar: 1500\nwchar: 102500\nsyscr: 3\nsyscw: 4\n"
              "read_bytes: 4096\nwrite_bytes: 8192\n"
              "cancelled_write_bytes: 0\n");
  snprintf(path, sizeof(path), "%d/stat", parent.pid);
  tree_remove(&fixture->tree, path);
  child_tell(&parent, 'b', 2);
  read_at(fixture, 300);
  assert_int_equal(truth(fixture, 0, COUNTER_WRITE_CHARS), 2500);
}

/* Without a listener, there is nothing to wait for. */
static void forgets_the_vanished_if_nobody_listens(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  add_group(fixture, SELECTOR_COMMAND, "nginx");
  begin(fixture, 1000);
  fixture->tracker->listens = false;
  child_start(&child);
  put_process(fixture, child.pid, "nginx", 'S', AGE_MS);
  read_at(fixture, 0);
  assert_int_equal(table_size(fixture), 1);
  child_reap(&child);
  remove_process(fixture, child.pid);
  read_at(fixture, 0);
  assert_int_equal(table_size(fixture), 0);
}

/* As old as the machine: the age that its record has is rounded, too. */
static void knows_the_oldest_process(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  add_group(fixture, SELECTOR_COMMAND, "init");
  begin(fixture, 1000);
  child_start(&child);
  uint64_t age_ms = fixture->now / MS;
  put_process(fixture, child.pid, "init", 'S', age_ms);
  read_at(fixture, 0);
  struct message message = death_of(child.pid, "init", age_ms + 50);
  take(fixture, &message, 1);
  assert_int_equal(exits_of(fixture, 0), 1);
  assert_int_equal(table_size(fixture), 1);
}

/* Records before version 12 contain neither the process nor whether the thread
 * was the last one. */
static void guesses_nothing_from_old_records(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    bool is_known, has_whole;
    int64_t ends;
    uint64_t unattributed;
  } cases[] = {
      {"known, single-threaded", true, false, 1, 0},
      {"known, last of several", true, true, 1, 0},
      {"unknown: a thread, or a process", false, false, 0, 1},
      {"unknown, last of several", false, true, 1, 0},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++)
    for (uint16_t version = 8; version < 12; version++) {
      const char *name = cases[i].name;
      struct child child;
      add_group(fixture, SELECTOR_COMMAND, "nginx");
      begin(fixture, 1000);
      child_start(&child);
      if (cases[i].is_known)
        put_process(fixture, child.pid, "nginx", 'S', AGE_MS);
      read_at(fixture, 50);
      struct message message = death_of(child.pid, "nginx", AGE_MS);
      if (cases[i].has_whole)
        message = last_of(message, 1);
      struct record *thread = &message.record[MESSAGE_THREAD];
      thread->version = version;
      message.record[MESSAGE_PROCESS].version = version;
      thread->flags = 0;
      thread->tgid = 0;
      thread->process_elapsed_us = 0;
      take(fixture, &message, 1);
      assert_case_int(name, exits_of(fixture, 0), cases[i].ends);
      assert_case_int(name, fixture->tracker->unattributed,
                      cases[i].unattributed);
      assert_case_int(name, truth(fixture, 0, COUNTER_DELAY),
                      cases[i].ends * (int64_t)used_of(COUNTER_DELAY, 1));
      assert_case_int(name, truth(fixture, 0, COUNTER_DELAY + DELAY_IRQ), 0);
      clear(fixture);
    }
}

/* Which exits are reported */

static void tells_who_wants_to_know(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    enum notify notify[GROUPS];
    uint32_t exit_code;
    bool told[GROUPS];
  } cases[] = {
      {"status 0",
       {NOTIFY_NONE, NOTIFY_FAILURE, NOTIFY_ALL},
       0,
       {false, false, true}},
      {"status 1",
       {NOTIFY_NONE, NOTIFY_FAILURE, NOTIFY_ALL},
       0x100,
       {false, true, true}},
      {"signal",
       {NOTIFY_NONE, NOTIFY_FAILURE, NOTIFY_ALL},
       9,
       {false, true, true}},
      {"nobody", {NOTIFY_NONE, NOTIFY_NONE, NOTIFY_NONE}, 9, {false}},
      {"all", {NOTIFY_ALL, NOTIFY_ALL, NOTIFY_ALL}, 0, {true, true, true}},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    for (size_t g = 0; g < GROUPS; g++) {
      add_group(fixture, SELECTOR_COMMAND, "nginx");
      fixture->rules[g].notify = cases[i].notify[g];
    }
    begin(fixture, 1000);
    struct message message = death_of(PID, "nginx", AGE_MS);
    message.record[MESSAGE_THREAD].exit_code = cases[i].exit_code;
    message.record[MESSAGE_THREAD].ppid = PARENT;
    take(fixture, &message, 1);
    size_t told = 0;
    for (size_t g = 0; g < GROUPS; g++) {
      if (!cases[i].told[g])
        continue;
      const struct event *event = &fixture->events[told++];
      assert_case(name, told <= fixture->event_count);
      assert_case(name, event->event.group == group_at(fixture->tracker, g));
      assert_case_string(name, event->comm, "nginx");
      assert_case_int(name, event->event.pid, PID);
      assert_case_int(name, event->event.ppid, PARENT);
      assert_case_int(name, event->event.uid, 1000);
      assert_case_int(name, event->event.exit_code, cases[i].exit_code);
      assert_case_int(name, event->event.elapsed_us, AGE_MS * 1000);
      for (unsigned int c = 0; c < COUNTER_EXIT_OK; c++) {
        assert_case_int(name, event->used[c], used_of(c, 1));
        /* Records do not contain the number of calls. */
        bool is_known = c != COUNTER_READ_CALLS && c != COUNTER_WRITE_CALLS;
        assert_case_int(name, event->event.known >> c & 1, is_known);
      }
    }
    assert_case_int(name, fixture->event_count, told);
    clear(fixture);
  }
}

/* Its use since its start, although the groups have only a part of it. */
static void tells_all_that_was_used(void **state) {
  struct fixture *fixture = *state;
  add_group(fixture, SELECTOR_COMMAND, "nginx");
  fixture->rules[0].notify = NOTIFY_ALL;
  begin(fixture, 1000);
  struct message message = death_of(PID, "nginx", 5000);
  take(fixture, &message, 1);
  assert_used("began before", fixture, 0, 0, 1);
  assert_int_equal(fixture->event_count, 1);
  assert_int_equal(fixture->events[0].event.elapsed_us, 5000000);
  for (unsigned int c = 0; c < COUNTER_EXIT_OK; c++)
    assert_int_equal(fixture->events[0].used[c], used_of(c, 1));
}

static void refuses_a_root_that_is_not_there(void **state) {
  struct fixture *fixture = *state;
  char path[TREE_PATH_SIZE];
  struct exit_accounting *exits;
  begin(fixture, 0);
  tree_path(&fixture->tree, "none", path);
  assert_int_equal(
      exit_accounting_create(path, fixture->tracker, note, NULL, &exits),
      -ENOENT);
  exit_accounting_destroy(NULL);
}

#define prepared(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* The OOM killer's log is a pipe of packets, with a record a read. */
static struct oom_watch *watch_pipe(int ends[2]) {
  char path[64];
  struct oom_watch *watch;
  assert_int_equal(pipe2(ends, O_DIRECT | O_NONBLOCK | O_CLOEXEC), 0);
  snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
  const struct oom_watch_paths paths = {path, "/nowhere", "/nowhere"};
  assert_int_equal(oom_watch_open(&paths, &watch), 0);
  return watch;
}

static void put_kill(int fd, int pid) {
  char record[256];
  int length =
      snprintf(record, sizeof(record),
               "3,1,%llu,-;Out of memory: Killed process %d (x) total-vm:1kB\n",
               (unsigned long long)clock_ns(CLOCK_MONOTONIC) / 1000, pid);
  assert_int_equal(write(fd, record, (size_t)length), length);
}

/* An exit was caused by the OOM killer if its log names the process and the
 * signal was SIGKILL. */
static void counts_ends_by_the_oom_killer(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    bool is_named, is_watched;
    uint32_t exit_code;
    enum notify notify;
    int64_t kills;
    size_t events;
  } cases[] = {
      {"killed", true, true, 9, NOTIFY_OOM, 1, 1},
      {"killed, all are told", true, true, 9, NOTIFY_ALL, 1, 1},
      {"killed, none is told", true, true, 9, NOTIFY_NONE, 1, 0},
      {"another SIGKILL", false, true, 9, NOTIFY_OOM, 0, 0},
      {"another SIGKILL, failures are told", false, true, 9, NOTIFY_FAILURE, 0,
       1},
      {"ended before the signal came", true, true, 0, NOTIFY_OOM, 0, 0},
      {"another signal", true, true, 15, NOTIFY_OOM, 0, 0},
      {"nothing tells", true, false, 9, NOTIFY_OOM, 0, 0},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    int ends[2];
    add_group(fixture, SELECTOR_COMMAND, "x");
    fixture->rules[0].notify = cases[i].notify;
    begin(fixture, 1000);
    struct oom_watch *watch = watch_pipe(ends);
    fixture->tracker->oom = cases[i].is_watched ? watch : NULL;
    if (cases[i].is_named)
      put_kill(ends[1], PID);
    struct message message = death_of(PID, "x", AGE_MS);
    message.record[MESSAGE_THREAD].exit_code = cases[i].exit_code;
    take(fixture, &message, 1);
    assert_case_int(cases[i].name, truth(fixture, 0, COUNTER_EXIT_OOM),
                    cases[i].kills);
    assert_case_int(cases[i].name, truth(fixture, 0, COUNTER_EXIT_SIGNAL),
                    cases[i].exit_code != 0);
    assert_case_int(cases[i].name, fixture->event_count, cases[i].events);
    if (cases[i].events > 0)
      assert_case_int(cases[i].name, fixture->events[0].event.oom.is_killed,
                      cases[i].kills);
    oom_watch_close(watch);
    close(ends[0]);
    close(ends[1]);
    clear(fixture);
  }
}

/* The largest of all threads; but not a wait that is longer than all together.
 */
static void tells_peaks(void **state) {
  struct fixture *fixture = *state;
  static uint64_t longest_ns[DELAY_KINDS];
  add_group(fixture, SELECTOR_COMMAND, "x");
  fixture->rules[0].notify = NOTIFY_ALL;
  begin(fixture, 1000);
  struct message messages[] = {thread_of(PID, PID, "x", 1),
                               thread_of(PID, PID + 1, "worker", 1),
                               last_of(thread_of(PID, PID + 2, "y", 1), 3)};
  for (size_t i = 0; i < COUNT_OF(messages); i++) {
    struct record *thread = &messages[i].record[MESSAGE_THREAD];
    thread->peak_rss_kib = 100 + (i == 1) * 50;
    thread->delay_max_ns[DELAY_CPU] = 1000 * (i + 1);
    thread->delay_max_ns[DELAY_SWAPIN] = UINT64_C(1) << 60;
  }
  take(fixture, messages, COUNT_OF(messages));
  assert_int_equal(fixture->event_count, 1);
  const struct exit_event *event = &fixture->events[0].event;
  assert_int_equal(event->peak_rss, 150 * 1024);
  assert_true(event->has_longest >> DELAY_CPU & 1);
  assert_false(event->has_longest >> DELAY_SWAPIN & 1);
  memcpy(longest_ns, fixture->events[0].longest_ns, sizeof(longest_ns));
  assert_int_equal(longest_ns[DELAY_CPU], 3000);
  assert_int_equal(longest_ns[DELAY_IRQ], 0);
  assert_null(event->cgroup);
}

/* Once for all groups, if the tracker logs exits, and then for each that is to
 * be notified. */
static void sends_all_exits(void **state) {
  struct fixture *fixture = *state;
  add_group(fixture, SELECTOR_COMMAND, "x");
  add_group(fixture, SELECTOR_COMMAND, "x");
  fixture->rules[1].notify = NOTIFY_ALL;
  begin(fixture, 1000);
  fixture->tracker->logs_exits = true;
  struct message message = death_of(PID, "x", AGE_MS);
  put_child(fixture, PID, 1, "x", 'Z', AGE_MS);
  tree_put_of(&fixture->tree, PID, "cgroup", "0::/system.slice/web.service\n");
  take(fixture, &message, 1);
  assert_int_equal(fixture->event_count, 2);
  assert_null(fixture->events[0].event.group);
  assert_int_equal(fixture->events[0].event.group_count, 2);
  assert_ptr_equal(fixture->events[1].event.group,
                   group_at(fixture->tracker, 1));
  assert_string_equal(fixture->events[1].cgroup, "/system.slice/web.service");
  assert_string_equal(fixture->events[1].unit, "web.service");
  struct message other = death_of(PID + 1, "y", AGE_MS);
  take(fixture, &other, 1);
  assert_int_equal(fixture->event_count, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      prepared(selects_by_the_record),
      prepared(counts_ends_by_the_oom_killer),
      prepared(tells_peaks),
      prepared(sends_all_exits),
      prepared(takes_no_adopters_cgroup),
      prepared(knows_kernel_threads),
      prepared(counts_in_every_group),
      prepared(counts_by_how_it_ended),
      prepared(counts_use_since_the_start),
      prepared(estimates_the_cpu_time_of_the_unseen),
      prepared(leaves_out_waits_from_boot),
      prepared(counts_what_a_stranger_has_become),
      prepared(remembers_what_a_stranger_has_used),
      prepared(remembers_what_was_counted),
      prepared(notes_children_of_the_unmet),
      prepared(leaves_out_io_of_lost_children),
      prepared(leaves_out_io_of_who_is_gone),
      prepared(adds_threads_in_any_order),
      prepared(ends_as_its_threads_did),
      prepared(sums_up_what_the_process_lacks),
      prepared(forgets_the_dead_while_all_are_hidden),
      prepared(forgets_the_threads_of_others),
      prepared(counts_once_in_any_order),
      prepared(remembers_what_the_dead_have_been),
      prepared(adds_what_the_reads_missed),
      prepared(counts_a_known_process_from_the_start),
      prepared(counts_the_end_of_who_has_no_main_thread),
      prepared(counts_once_who_has_ended_too_early),
      prepared(leaves_known_strangers_alone),
      prepared(counts_a_stranger_that_took_the_name),
      prepared(counts_the_threads_of_a_stranger),
      prepared(decides_by_the_parent),
      prepared(decides_by_the_parent_of_threads),
      prepared(goes_on_after_who_hangs),
      prepared(tells_processes_of_one_pid_apart),
      prepared(forgets_the_vanished_without_record),
      prepared(forgets_the_vanished_if_nobody_listens),
      prepared(knows_the_oldest_process),
      prepared(guesses_nothing_from_old_records),
      prepared(tells_who_wants_to_know),
      prepared(tells_all_that_was_used),
      prepared(refuses_a_root_that_is_not_there),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
