/* SPDX-License-Identifier: MIT */
#include "track/read_worker.h"

#include "support/child.h"
#include "support/clock.h"
#include "support/groups.h"
#include "support/test.h"
#include "support/tree.h"

#include <inttypes.h>
#include <stdatomic.h>

/*
 * Real processes in a fake procfs: a file that is a pipe does not answer until
 * its other end is opened. It contains the test's own threads, so that a thread
 * that only waits for a CPU is not abandoned.
 */

struct fixture {
  struct rule rule;
  struct tree tree;
  struct tracker *tracker;
  struct reader *reader;
  struct read_worker *worker;
  struct reader_report report;
};

static int set_up(void **state) {
  struct fixture *fixture = calloc(1, sizeof(*fixture));
  char error[256];
  assert_non_null(fixture);
  tree_create(&fixture->tree);
  tree_link(&fixture->tree, "self/task", "/proc/self/task");
  fixture->rule.name = "members";
  fixture->rule.collect = COLLECT_CPU | COLLECT_COUNT | COLLECT_PAGE_FAULTS;
  fixture->rule.selector = selector_create();
  assert_int_equal(selector_add(fixture->rule.selector, SELECTOR_COMMAND,
                                "member", error, sizeof(error)),
                   0);
  fixture->tracker = tracker_create(&fixture->rule, 100, boot_ns());
  assert_int_equal(
      reader_create(fixture->tree.root, fixture->tracker, &fixture->reader), 0);
  assert_int_equal(
      read_worker_start(fixture->reader, fixture->tracker, &fixture->worker),
      0);
  *state = fixture;
  return 0;
}

/* A machine that is busy may not run its thread within one try of 500 ms. */
static void stop_worker(struct fixture *fixture) {
  bool has_ended = false;
  for (int tries = 0; tries < 60 && !has_ended; tries++)
    has_ended = read_worker_stop(fixture->worker);
  assert_true(has_ended);
  fixture->worker = NULL;
}

/* Ends the worker and, once the abandoned threads have returned, everything
 * else. */
static int tear_down(void **state) {
  struct fixture *fixture = *state;
  child_reap_all();
  stop_worker(fixture);
  reader_destroy(fixture->reader);
  tracker_destroy(fixture->tracker);
  selector_destroy(fixture->rule.selector);
  tree_remove(&fixture->tree, "");
  free(fixture);
  return 0;
}

static void put_stat(const struct fixture *fixture, pid_t pid) {
  static uint64_t start_ticks;
  char text[256];
  if (start_ticks == 0)
    start_ticks = boot_ns() / tick_ns();
  snprintf(text, sizeof(text),
           "%d (member) S 1 1 1 0 -1 0 10 0 20 0 3 1 0 0 20 0 1 0 %" PRIu64
           " 4096000 100 0 0 0\n",
           pid, start_ticks);
  tree_put_of(&fixture->tree, pid, "stat", text);
}

static struct child start_member(const struct fixture *fixture) {
  struct child child;
  char path[64];
  child_start(&child);
  put_stat(fixture, child.pid);
  snprintf(path, sizeof(path), "%d/task/%d/x", child.pid, child.pid);
  tree_put(&fixture->tree, path, "");
  return child;
}

static void stat_path(const struct fixture *fixture, pid_t pid, char *path) {
  char name[64];
  snprintf(name, sizeof(name), "%d/stat", pid);
  tree_path(&fixture->tree, name, path);
}

/* Makes the files of a process hang. Returns the pipe on which readers wait. */
static void hang(const struct fixture *fixture, pid_t pid) {
  char path[TREE_PATH_SIZE];
  stat_path(fixture, pid, path);
  unlink(path);
  assert_int_equal(mkfifo(path, 0600), 0);
}

/* Lets a process answer, including calls that already wait. */
static void answer(const struct fixture *fixture, pid_t pid) {
  char path[TREE_PATH_SIZE];
  stat_path(fixture, pid, path);
  int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  unlink(path);
  put_stat(fixture, pid);
  if (fd >= 0)
    close(fd);
}

static int read_now(struct fixture *fixture) {
  return read_worker_read(fixture->worker, AWAIT_MS, &fixture->report);
}

static int64_t cpu_ns(const struct fixture *fixture) {
  const struct group *group = group_at(fixture->tracker, 0);
  return group->total[COUNTER_CPU_USER] + group->total[COUNTER_CPU_SYSTEM];
}

/* Reads until no process is left out. */
static void read_until_all_answer(struct fixture *fixture) {
  for (int tries = 0; tries < 500; tries++) {
    assert_int_equal(read_now(fixture), 0);
    if (fixture->tracker->hung.count == 0)
      return;
    pause_ms(10);
  }
  fail();
}

static void reads_as_the_reader_does(void **state) {
  struct fixture *fixture = *state;
  struct child child = start_member(fixture);
  assert_int_equal(read_now(fixture), 0);
  child_tell(&child, 'b', 20);
  assert_int_equal(read_now(fixture), 0);
  assert_int_equal(fixture->report.members, 1);
  assert_int_equal(fixture->report.hung, 0);
  assert_true(cpu_ns(fixture) >= 20 * MS);
}

/* A process that no read has found. */
static void meets_others_beside_who_hangs(void **state) {
  struct fixture *fixture = *state;
  struct child one = start_member(fixture), hung = start_member(fixture),
               other = start_member(fixture);
  hang(fixture, hung.pid);
  assert_int_equal(read_now(fixture), 0);
  assert_int_equal(fixture->report.members, 2);
  assert_int_equal(fixture->report.hung, 0); /* for now */
  assert_int_equal(read_now(fixture), 0);
  assert_int_equal(fixture->report.hung, 1);
  assert_int_equal(fixture->report.hung_pid, hung.pid);
  assert_int_equal(fixture->report.members, 2);
  assert_true(one.pid != other.pid);

  answer(fixture, hung.pid);
  read_until_all_answer(fixture);
  assert_int_equal(fixture->report.hung, 0);
  assert_int_equal(fixture->report.members, 3);
}

/* The other processes count in the same read; its own use counts when it
 * answers. */
static void counts_members_beside_who_hangs(void **state) {
  struct fixture *fixture = *state;
  struct child one = start_member(fixture), hung = start_member(fixture);
  assert_int_equal(read_now(fixture), 0);
  assert_int_equal(fixture->report.members, 2);
  int64_t before = cpu_ns(fixture);

  child_tell(&one, 'b', 40);
  child_tell(&hung, 'b', 60);
  hang(fixture, hung.pid);
  assert_int_equal(read_now(fixture), 0);
  assert_int_equal(fixture->report.members, 2);
  assert_in_range(cpu_ns(fixture) - before, 40 * MS, 60 * MS - 1);

  answer(fixture, hung.pid);
  read_until_all_answer(fixture);
  assert_true(cpu_ns(fixture) - before >= 100 * MS);
}

/* More than are abandoned in one read. */
static void goes_on_with_a_read_that_hangs(void **state) {
  struct fixture *fixture = *state;
  struct child hung[READ_HUNG_AT_ONCE + 2];
  struct child one = start_member(fixture);
  for (size_t i = 0; i < COUNT_OF(hung); i++) {
    hung[i] = start_member(fixture);
    hang(fixture, hung[i].pid);
  }
  assert_int_equal(read_now(fixture), -ETIMEDOUT);
  assert_int_equal(read_now(fixture), 0);
  assert_int_equal(fixture->report.members, 1);
  assert_int_equal(fixture->report.hung, READ_HUNG_AT_ONCE);
  assert_true(one.pid > 0);

  for (size_t i = 0; i < COUNT_OF(hung); i++)
    answer(fixture, hung[i].pid);
  read_until_all_answer(fixture);
  assert_int_equal(fixture->report.members, 1 + COUNT_OF(hung));
}

/* A file may hang for ever: the end does not wait for it. */
static void ends_beside_who_hangs(void **state) {
  struct fixture *fixture = *state;
  struct child hung = start_member(fixture);
  hang(fixture, hung.pid);
  assert_int_equal(read_now(fixture), 0);
  uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC);
  stop_worker(fixture);
  assert_true(clock_ns(CLOCK_MONOTONIC) - begin_ns < 30 * UINT64_C(1000000000));
  assert_int_equal(
      read_worker_start(fixture->reader, fixture->tracker, &fixture->worker),
      0);
  answer(fixture, hung.pid);
  read_until_all_answer(fixture);
}

/* Exit records that come faster than they can be taken. */
struct storm {
  atomic_bool must_end;
  atomic_uint ended;
};

static void take_storm(void *context) {
  struct storm *storm = context;
  while (!storm->must_end)
    pause_ms(1);
}

static void end_storm(void *context) {
  struct storm *storm = context;
  storm->ended++;
  storm->must_end = true;
}

static struct procfs *find_nobody(void *context) {
  (void)context;
  return NULL;
}

static void begin_storm(struct fixture *fixture, struct storm *storm) {
  *storm = (struct storm){.ended = 0};
  fixture->tracker->drain = (struct drain){.context = storm,
                                           .take = take_storm,
                                           .end = end_storm,
                                           .busy = find_nobody};
}

static void goes_on_later_with_a_read_that_takes_long(void **state) {
  struct fixture *fixture = *state;
  static struct storm storm;
  begin_storm(fixture, &storm);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(read_worker_read(fixture->worker, 20, &fixture->report),
                     -EINPROGRESS);
    assert_true(read_worker_is_reading(fixture->worker));
  }
  assert_int_equal(storm.ended, 0);
  storm.must_end = true;
  assert_int_equal(read_now(fixture), 0);
  assert_false(read_worker_is_reading(fixture->worker));
}

/* The end does not wait for the end of the storm. */
static void ends_a_read_that_takes_long(void **state) {
  struct fixture *fixture = *state;
  static struct storm storm;
  begin_storm(fixture, &storm);
  assert_int_equal(read_worker_read(fixture->worker, 20, &fixture->report),
                   -EINPROGRESS);
  stop_worker(fixture);
  assert_true(storm.ended >= 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(reads_as_the_reader_does),
      TEST(meets_others_beside_who_hangs),
      TEST(counts_members_beside_who_hangs),
      TEST(goes_on_with_a_read_that_hangs),
      TEST(ends_beside_who_hangs),
      TEST(goes_on_later_with_a_read_that_takes_long),
      TEST(ends_a_read_that_takes_long),
  };
  return cmocka_run_group_tests_name("read_worker", tests, NULL, NULL);
}
