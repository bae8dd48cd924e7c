/* SPDX-License-Identifier: MIT */
#include "verdict.h"

#include "collectd/config.h"
#include "select/path_watch.h"

#include "support/oconfig.h"
#include "support/test.h"
#include "support/tree.h"
#include "support/users.h"

#include <errno.h>

/*
 * Process 20 "worker" of process 10 "server" of process 1 "init". Process 3 is
 * a thread of the kernel.
 */

struct fixture {
  struct tree tree;
  struct procfs *proc;
};

enum { KERNEL_THREAD = 0x200000 };

static void put_process(const struct fixture *fixture, pid_t pid, pid_t ppid,
                        const char *comm, unsigned int flags) {
  const struct tree_process process = {.pid = pid,
                                       .ppid = ppid,
                                       .comm = comm,
                                       .state = 'S',
                                       .flags = flags,
                                       .start_ticks = 100};
  char text[256];
  tree_put_process(&fixture->tree, &process);
  snprintf(text, sizeof(text), "Name:\t%s\nTgid:\t%d\nUid:\t0\t0\t0\t0\n", comm,
           pid);
  tree_put_of(&fixture->tree, pid, "status", text);
  snprintf(text, sizeof(text), "0::/system.slice/%s.service\n", comm);
  tree_put_of(&fixture->tree, pid, "cgroup", text);
  snprintf(text, sizeof(text), "/bin/%s", comm);
  tree_put_of(&fixture->tree, pid, "cmdline",
              (flags & KERNEL_THREAD) != 0 ? "" : text);
  if ((flags & KERNEL_THREAD) != 0)
    return;
  char path[64];
  snprintf(path, sizeof(path), "%d/exe", pid);
  tree_link(&fixture->tree, path, text);
}

static int set_up(void **state) {
  static struct fixture fixture;
  tree_create(&fixture.tree);
  put_process(&fixture, 1, 0, "init", 0);
  put_process(&fixture, 3, 2, "kthread", KERNEL_THREAD);
  put_process(&fixture, 10, 1, "server", 0);
  put_process(&fixture, 20, 10, "worker", 0);
  assert_int_equal(procfs_open(fixture.tree.root, &fixture.proc), 0);
  users_start();
  *state = &fixture;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *fixture = *state;
  user_cache_stop();
  procfs_close(fixture->proc);
  tree_remove(&fixture->tree, "");
  return 0;
}

/* The verdict of a configuration's only stanza on a process. */
static struct verdict verdict_of(const struct fixture *fixture,
                                 const char *text, pid_t pid) {
  struct settings settings;
  struct subject subject;
  struct verdict verdict;
  char error[512] = "";
  oconfig_item_t block = oconfig_block(text);
  config_init(&settings);
  int status = config_add_block(&settings, &block, error, sizeof(error));
  oconfig_clear(&block);
  assert_case_string(text, error, "");
  assert_case_int(text, status, 0);
  config_finish(&settings);
  assert_int_equal(path_watch_start(), 0);
  path_watch_wait(60000);
  assert_case_int(text, subject_read(&subject, fixture->proc, pid), 0);
  verdict_find(settings.rules, &subject, &verdict);
  subject_clear(&subject);
  path_watch_stop();
  config_clear(&settings);
  return verdict;
}

#define GROUP(name, selectors) "<Group \"" name "\">\n" selectors "</Group>\n"

static void names_groups(void **state) {
  static const struct {
    const char *text, *group;
    pid_t ancestor;
  } cases[] = {
      {"Process \"worker\"\n", "worker", 0},
      {"ProcessMatch \"w\" \"^/bin/w\"\n", "w", 0},
      {GROUP("e", "Executable \"/bin/worker\"\n"), "e", 0},
      {GROUP("c", "ControlGroup \"worker\"\n"), "c", 0},
      {GROUP("u", "User \"root\"\n"), "u", 0},
      {GROUP("u", "User 0\nCommand \"x\" \"worker\"\n"), "u", 0},
      {GROUP("%{unit}", ""), "worker.service", 0},
      {GROUP("u", "Unit \"w*.service\"\n"), "u", 0},
      {GROUP("x", "User 0\n<Exclude>\nCommand \"server\"\n</Exclude>\n"), "x",
       0},
      {GROUP("%{user}-%{comm}", ""), "root-worker", 0},
      {GROUP("%{1}", "CommandLine \"/(w..)\"\n"), "wor", 0},
      {GROUP("d", "Command \"worker\"\nDescendants true\n"), "d", 0},
      {GROUP("d", "Command \"server\"\nDescendants true\n"), "d", 10},
      {GROUP("d-%{comm}", "CommandLine \"/bin\"\nDescendants true\n"), "d-init",
       1},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *text = cases[i].text;
    struct verdict verdict = verdict_of(*state, text, 20);
    assert_case_string(text, verdict.why, "");
    assert_case_int(text, verdict.result, SELECTOR_YES);
    assert_case_string(text, verdict.group, cases[i].group);
    assert_case_int(text, verdict.ancestor.pid, cases[i].ancestor);
  }
}

static void names_what_does_not_match(void **state) {
  static const struct {
    const char *text;
    pid_t pid;
    const char *why;
  } cases[] = {
      {GROUP("u", "Unit \"x*\"\n"), 20,
       "Unit \"x*\": its unit is \"worker.service\""},
      {GROUP("x", "User 0\n<Exclude>\nCommand \"worker\"\n</Exclude>\n"), 20,
       "<Exclude> Command \"worker\": its name is \"worker\""},
      {GROUP("x", "Command \"server\"\nDescendants true\n<Exclude>\nCommand "
                  "\"worker\"\nUser 0\n</Exclude>\n"),
       20,
       "<Exclude> Command \"worker\": its name is \"worker\"; User \"0\": its "
       "user is \"root (0)\""},
      {"Process \"nginx\"\n", 20, "Command \"nginx\": its name is \"worker\""},
      {"ProcessMatch \"w\" \"^w\"\n", 20,
       "CommandLine \"^w\": its command line is \"/bin/worker\""},
      {GROUP("e", "Executable \"/bin/a\" \"/bin/b\"\n"), 20,
       "Executable \"/bin/a\" \"/bin/b\": its executable is \"/bin/worker\""},
      {GROUP("e", "Executable \"/bin/a\"\n"), 3,
       "Executable \"/bin/a\": it has no executable"},
      {GROUP("c", "ControlGroup \"x$\"\n"), 20,
       "ControlGroup \"x$\": its cgroup is "
       "\"/system.slice/worker.service\""},
      {GROUP("u", "User 5\n"), 20, "User \"5\": its user is \"root (0)\""},
      {GROUP("p", "PIDFile \"/nowhere/pid\"\n"), 20,
       "PIDFile \"/nowhere/pid\": its pid is \"20\""},
      {GROUP("two", "User 5\nCommand \"x\" \"y\"\n"), 20,
       "Command \"x\" \"y\": its name is \"worker\""},
      {GROUP("second", "User 5\nCommand \"worker\"\n"), 20,
       "User \"5\": its user is \"root (0)\""},
      {GROUP("%{comm}", ""), 3,
       "it is a kernel thread; only groups with a selector contain kernel "
       "threads"},
      {GROUP("d", "Command \"worker\"\nDescendants true\n"), 10,
       "Command \"worker\": its name is \"server\""},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct verdict verdict = verdict_of(*state, cases[i].text, cases[i].pid);
    assert_case_int(cases[i].text, verdict.result, SELECTOR_NO);
    assert_case_string(cases[i].text, verdict.why, cases[i].why);
  }
}

/* A name chosen by a process, or a long configuration, cannot produce a line.
 */
static void shows_what_does_no_harm(void **state) {
  struct fixture *fixture = *state;
  put_process(fixture, 30, 1, "a\033[2J\nb", 0);
  struct verdict verdict = verdict_of(fixture, "Process \"\033x\"\n", 30);
  assert_string_equal(verdict.why, "Command \"_x\": its name is \"a_[2J_b\"");

  char text[4096] = "<Group \"long\">\nCommand";
  for (int i = 0; i < 100; i++)
    strcat(text, " \"a-long-name-of-it\"");
  strcat(text, "\n</Group>\n");
  verdict = verdict_of(fixture, text, 20);
  assert_true(strlen(verdict.why) < 400);
  assert_non_null(strstr(verdict.why, " ...: its name is \"worker\""));
}

static void says_what_cannot_be_read(void **state) {
  struct fixture *fixture = *state;
  put_process(fixture, 40, 1, "bad", 0);
  tree_remove(&fixture->tree, "40/exe");
  tree_put_of(&fixture->tree, 40, "exe", "no link");
  struct subject subject;
  assert_int_equal(subject_read(&subject, fixture->proc, 40), 0);
  assert_int_equal(subject.errors[FACT_EXECUTABLE], -EINVAL);
  assert_int_equal(subject.errors[FACT_CGROUP], 0);
  subject_clear(&subject);
  struct verdict verdict =
      verdict_of(fixture, GROUP("e", "Executable \"/bin/x\"\n"), 40);
  assert_string_equal(verdict.why, "Executable \"/bin/x\": its executable "
                                   "cannot be read: Invalid argument");
}

static void says_which_ancestor_cannot_be_read(void **state) {
  struct fixture *fixture = *state;
  put_process(fixture, 51, 50, "orphan", 0);
  struct verdict verdict =
      verdict_of(fixture, GROUP("d", "Command \"x\"\nDescendants true\n"), 51);
  assert_string_equal(verdict.why, "Command \"x\": its name is \"orphan\"; its "
                                   "ancestor 50 cannot be read");
}

static void knows_threads_and_what_is_gone(void **state) {
  struct fixture *fixture = *state;
  struct subject subject;
  tree_put_of(&fixture->tree, 21, "status", "Name:\tx\nTgid:\t20\n");
  assert_int_equal(subject_process_of(fixture->proc, 21), 20);
  assert_int_equal(subject_process_of(fixture->proc, 20), 20);
  assert_int_equal(subject_process_of(fixture->proc, 99), 0);
  assert_int_equal(subject_read(&subject, fixture->proc, 99), -ENOENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_groups),
      cmocka_unit_test(names_what_does_not_match),
      cmocka_unit_test(shows_what_does_no_harm),
      cmocka_unit_test(says_what_cannot_be_read),
      cmocka_unit_test(says_which_ancestor_cannot_be_read),
      cmocka_unit_test(knows_threads_and_what_is_gone),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
