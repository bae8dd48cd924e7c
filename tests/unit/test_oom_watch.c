/* SPDX-License-Identifier: MIT */
#include "kernel/oom_watch.h"

#include "support/clock.h"
#include "support/test.h"
#include "support/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A pipe of packets is the kernel's log, which has a record a read, too; files
 * are its counts.
 */

struct fixture {
  struct tree tree;
  int log[2];
  char log_path[64], vmstat[TREE_PATH_SIZE], mounts[TREE_PATH_SIZE];
  struct oom_watch *watch;
};

static void set_machine(const struct fixture *fixture, unsigned int kills) {
  char text[64];
  snprintf(text, sizeof(text), "nr_free_pages 1\noom_kill %u\npgfault 2\n",
           kills);
  tree_put(&fixture->tree, "vmstat", text);
}

static void set_cgroup(const struct fixture *fixture, const char *path,
                       unsigned int kills) {
  char name[128], text[64];
  snprintf(name, sizeof(name), "memory%s/memory.oom_control", path);
  snprintf(text, sizeof(text), "oom_kill_disable 0\nunder_oom 0\noom_kill %u\n",
           kills);
  tree_put(&fixture->tree, name, text);
}

static void set_limit(const struct fixture *fixture, const char *path,
                      const char *limit) {
  char name[128];
  snprintf(name, sizeof(name), "memory%s/memory.limit_in_bytes", path);
  tree_put(&fixture->tree, name, limit);
}

static int set_up(void **state) {
  struct fixture *fixture = calloc(1, sizeof(*fixture));
  assert_non_null(fixture);
  tree_create(&fixture->tree);
  assert_int_equal(pipe2(fixture->log, O_DIRECT | O_NONBLOCK), 0);
  snprintf(fixture->log_path, sizeof(fixture->log_path), "/proc/self/fd/%d",
           fixture->log[0]);
  tree_path(&fixture->tree, "vmstat", fixture->vmstat);
  tree_path(&fixture->tree, "mounts", fixture->mounts);
  char root[TREE_PATH_SIZE], text[2 * TREE_PATH_SIZE];
  tree_path(&fixture->tree, "memory", root);
  snprintf(text, sizeof(text),
           "proc /proc proc rw 0 0\ncgroup /none cgroup rw,cpu 0 0\n"
           "cgroup %s cgroup rw,memory 0 0\n",
           root);
  tree_put(&fixture->tree, "mounts", text);
  tree_put(&fixture->tree, "memory/cgroup.procs", "");
  set_machine(fixture, 7);
  *state = fixture;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *fixture = *state;
  oom_watch_close(fixture->watch);
  close(fixture->log[0]);
  close(fixture->log[1]);
  tree_remove(&fixture->tree, "");
  free(fixture);
  return 0;
}

static void begin(struct fixture *fixture, bool has_log) {
  const struct oom_watch_paths paths = {.log = has_log ? fixture->log_path
                                                       : "/nowhere/kmsg",
                                        .vmstat = fixture->vmstat,
                                        .mounts = fixture->mounts};
  assert_int_equal(oom_watch_open(&paths, &fixture->watch), 0);
  assert_int_equal(oom_watch_log_error(fixture->watch), has_log ? 0 : -ENOENT);
  assert_true(oom_watch_can_tell(fixture->watch));
}

/* The time of the log's clock, which is a second behind, this long ago. */
static uint64_t log_us(unsigned int ago_s) {
  return clock_ns(CLOCK_MONOTONIC) / 1000 - (1 + ago_s) * UINT64_C(1000000);
}

static void put_line(const struct fixture *fixture, const char *text,
                     unsigned int ago_s) {
  char record[1024];
  int length = snprintf(record, sizeof(record), "6,1,%llu,-;%s\n",
                        (unsigned long long)log_us(ago_s), text);
  assert_int_equal(write(fixture->log[1], record, (size_t)length), length);
}

static void put_kill_of(const struct fixture *fixture, int pid,
                        const char *limit, unsigned int ago_s) {
  char text[512];
  if (limit != NULL) {
    snprintf(text, sizeof(text),
             "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,"
             "mems_allowed=0,oom_memcg=%s,task_memcg=%s,task=x,pid=%d,uid=0",
             limit, limit, pid);
    put_line(fixture, text, ago_s);
  }
  snprintf(text, sizeof(text),
           "Memory cgroup out of memory: Killed process %d (x) total-vm:1kB",
           pid);
  put_line(fixture, text, ago_s);
}

static void put_kill(const struct fixture *fixture, int pid,
                     const char *limit) {
  put_kill_of(fixture, pid, limit, 0);
}

static struct oom_verdict ask(const struct fixture *fixture, pid_t pid,
                              const char *cgroup) {
  const struct oom_question question = {.pid = pid, .cgroup = cgroup};
  oom_watch_refresh(fixture->watch);
  return oom_watch_ask(fixture->watch, &question);
}

static void tells_by_the_log(void **state) {
  struct fixture *fixture = *state;
  begin(fixture, true);
  put_kill(fixture, 11, "/a/b");
  put_line(fixture, "something else", 0);
  put_kill(fixture, 12, "/c");
  set_machine(fixture, 9);
  assert_false(ask(fixture, 10, NULL).is_killed);
  struct oom_verdict verdict = ask(fixture, 12, NULL);
  assert_true(verdict.is_killed && verdict.is_sure);
  assert_int_equal(verdict.limit, OOM_LIMIT_CGROUP);
  assert_string_equal(verdict.cgroup, "/c");
  assert_string_equal(ask(fixture, 11, "/a/b/c").cgroup, "/a/b");
  /* Once. */
  assert_false(ask(fixture, 11, NULL).is_killed);
  assert_false(ask(fixture, 12, NULL).is_killed);
}

/* A process is not the one that had its pid before. */
static void does_not_tell_of_a_later_process(void **state) {
  struct fixture *fixture = *state;
  begin(fixture, true);
  put_kill(fixture, 11, "/a");
  set_machine(fixture, 8);
  assert_false(ask(fixture, 10, NULL).is_killed); /* reads the line */
  pause_ms(1);
  const struct oom_question later = {.pid = 11, .begin_ns = boot_ns()};
  oom_watch_refresh(fixture->watch);
  assert_false(oom_watch_ask(fixture->watch, &later).is_killed);

  /* Nor if its line is read only then, once it is known how the clocks differ.
   */
  put_kill_of(fixture, 12, "/a", 10);
  put_kill(fixture, 13, "/a");
  set_machine(fixture, 10);
  const struct oom_question next = {.pid = 12, .begin_ns = boot_ns()};
  oom_watch_refresh(fixture->watch);
  assert_false(oom_watch_ask(fixture->watch, &next).is_killed);
  assert_true(ask(fixture, 13, NULL).is_killed);
}

/* The ends of four processes show how the clocks differ; the times at which the
 * lines are read do not. */
static void compare_clocks(struct fixture *fixture) {
  for (int i = 0; i < 4; i++) {
    put_kill(fixture, 10, "/a");
    const struct oom_question question = {.pid = 10,
                                          .end_ns = clock_ns(CLOCK_MONOTONIC)};
    set_machine(fixture, 8 + (unsigned int)i);
    pause_ms(150);
    oom_watch_refresh(fixture->watch);
    assert_true(oom_watch_ask(fixture->watch, &question).is_killed);
  }
}

/* A process was sent SIGKILL, and the kernel has killed the next two with its
 * pid before anybody asks. */
static void does_not_tell_of_an_earlier_process(void **state) {
  struct fixture *fixture = *state;
  begin(fixture, true);
  compare_clocks(fixture);
  uint64_t end_ns[2];
  struct oom_question question = {.pid = 11, .is_succeeded = true};
  for (int i = 0; i < 2; i++) {
    end_ns[i] = clock_ns(CLOCK_MONOTONIC);
    pause_ms(200);
    /* With memory.oom.group, there are two lines. */
    put_kill(fixture, 11, i == 0 ? "/b" : "/c");
    put_kill(fixture, 11, i == 0 ? "/b" : "/c");
  }
  set_machine(fixture, 15);
  oom_watch_refresh(fixture->watch);
  question.end_ns = end_ns[0];
  assert_false(oom_watch_ask(fixture->watch, &question).is_killed);
  question.end_ns = end_ns[1];
  struct oom_verdict verdict = oom_watch_ask(fixture->watch, &question);
  assert_true(verdict.is_killed);
  assert_string_equal(verdict.cgroup, "/b");
  assert_false(oom_watch_ask(fixture->watch, &question).is_killed);
  verdict = ask(fixture, 11, NULL);
  assert_true(verdict.is_killed);
  assert_string_equal(verdict.cgroup, "/c");
  assert_false(ask(fixture, 11, NULL).is_killed);

  /* An end that is unknown excludes nothing. */
  put_kill(fixture, 11, "/d");
  set_machine(fixture, 16);
  question.end_ns = 0;
  oom_watch_refresh(fixture->watch);
  assert_true(oom_watch_ask(fixture->watch, &question).is_killed);
}

/* The log contains the cause of ten kills in five seconds. */
static void finds_the_only_limit(void **state) {
  struct fixture *fixture = *state;
  static const char none[] = "9223372036854771712\n";
  begin(fixture, true);
  set_limit(fixture, "/a", "1000000\n");
  set_limit(fixture, "/a/b", none);
  set_limit(fixture, "/a/b/c", "1000\n");
  set_limit(fixture, "/d", none);
  static const struct {
    const char *cgroup, *limit;
  } cases[] = {{"/a/b", "/a"}, {"/a", "/a"},         {"/a/b/c", NULL},
               {"/d", NULL},   {"/nowhere/b", NULL}, {NULL, NULL}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    put_kill(fixture, 11, NULL);
    set_machine(fixture, 8 + (unsigned int)i);
    struct oom_verdict verdict = ask(fixture, 11, cases[i].cgroup);
    assert_true(verdict.is_killed && verdict.is_sure);
    assert_int_equal(verdict.limit, OOM_LIMIT_CGROUP);
    if (cases[i].limit == NULL)
      assert_null(verdict.cgroup);
    else
      assert_string_equal(verdict.cgroup, cases[i].limit);
  }
}

/* The kernel writes the line soon after it has counted the kill. */
static void waits_for_the_line(void **state) {
  struct fixture *fixture = *state;
  begin(fixture, true);
  set_machine(fixture, 8);
  uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC);
  assert_false(ask(fixture, 11, NULL).is_killed);
  assert_true(clock_ns(CLOCK_MONOTONIC) - begin_ns >= MS);
  /* It is not waited for again. */
  put_kill(fixture, 12, "/a");
  set_machine(fixture, 9);
  assert_true(ask(fixture, 12, NULL).is_killed);
}

static void tells_by_the_counts(void **state) {
  struct fixture *fixture = *state;
  set_cgroup(fixture, "/a", 3);
  set_cgroup(fixture, "/b", 0);
  begin(fixture, false);
  assert_false(ask(fixture, 11, "/a").is_killed); /* those were before */

  set_machine(fixture, 8);
  set_cgroup(fixture, "/a", 4);
  assert_false(ask(fixture, 12, "/b").is_killed);
  assert_false(ask(fixture, 12, "/nowhere").is_killed);
  assert_false(ask(fixture, 12, NULL).is_killed);
  struct oom_verdict verdict = ask(fixture, 13, "/a");
  assert_true(verdict.is_killed);
  assert_false(verdict.is_sure);
  assert_int_equal(verdict.limit, OOM_LIMIT_UNKNOWN);
  assert_false(ask(fixture, 14, "/a").is_killed);

  /* Several at once. */
  set_machine(fixture, 11);
  set_cgroup(fixture, "/a", 6);
  set_cgroup(fixture, "/b", 1);
  assert_true(ask(fixture, 15, "/a").is_killed);
  assert_true(ask(fixture, 16, "/b").is_killed);
  assert_true(ask(fixture, 17, "/a").is_killed);
  assert_false(ask(fixture, 18, "/a").is_killed);
  assert_false(ask(fixture, 19, "/b").is_killed);
}

static void knows_when_nothing_tells(void **state) {
  struct fixture *fixture = *state;
  const struct oom_watch_paths paths = {
      .log = "/nowhere", .vmstat = "/nowhere", .mounts = "/nowhere"};
  assert_int_equal(oom_watch_open(&paths, &fixture->watch), 0);
  assert_false(oom_watch_can_tell(fixture->watch));
  assert_false(ask(fixture, 11, "/a").is_killed);
}

/* The log alone is enough: before Linux 4.13, and where /proc is reduced. */
static void tells_without_counts(void **state) {
  struct fixture *fixture = *state;
  const struct oom_watch_paths paths = {
      .log = fixture->log_path, .vmstat = "/nowhere", .mounts = "/nowhere"};
  assert_int_equal(oom_watch_open(&paths, &fixture->watch), 0);
  assert_true(oom_watch_can_tell(fixture->watch));
  put_kill(fixture, 11, "/a");
  assert_true(ask(fixture, 11, NULL).is_killed);
  assert_false(ask(fixture, 12, NULL).is_killed);
}

/* Then the counts are used. */
static void ends_where_the_log_never_ends(void **state) {
  struct fixture *fixture = *state;
  const struct oom_watch_paths paths = {
      .log = "/dev/zero", .vmstat = fixture->vmstat, .mounts = fixture->mounts};
  set_cgroup(fixture, "/a", 0);
  assert_int_equal(oom_watch_open(&paths, &fixture->watch), 0);
  const struct oom_question question = {.pid = 4711, .cgroup = "/a"};
  assert_false(oom_watch_ask(fixture->watch, &question).is_killed);
  set_cgroup(fixture, "/a", 1);
  set_machine(fixture, 8);
  oom_watch_refresh(fixture->watch);
  struct oom_verdict verdict = oom_watch_ask(fixture->watch, &question);
  assert_true(verdict.is_killed);
  assert_false(verdict.is_sure);
}

int main(void) {
#define prepared(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      prepared(tells_by_the_log),
      prepared(does_not_tell_of_a_later_process),
      prepared(does_not_tell_of_an_earlier_process),
      prepared(finds_the_only_limit),
      prepared(waits_for_the_line),
      prepared(tells_by_the_counts),
      prepared(knows_when_nothing_tells),
      prepared(tells_without_counts),
      prepared(ends_where_the_log_never_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
