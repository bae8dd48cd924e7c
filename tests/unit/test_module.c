/* SPDX-License-Identifier: MIT */
#include "daemon.h"
#include "support/clock.h"
#include "support/test.h"
#include "support/tree.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

/*
 * The whole plugin with all its threads, as collectd runs it, while processes
 * start and end: for ThreadSanitizer.
 */

enum { LIFE_MS = 3000, NAMES = 40, USERS = 100000 };

/* A group of each kind of selector and of name, notifications for all. */
static const char stanzas[] =
    "Process \"module-1\"\n"
    "ProcessMatch \"module-match\" \"test_module\"\n"
    "<Group \"module-tree\">\n"
    "  Command \"module-load\"\n"
    "  Descendants true\n"
    "</Group>\n"
    "<Group \"module-user-%%{user}\">\n"
    "  Command \"module-2\" \"module-3\"\n"
    "</Group>\n"
    "<Group \"module-root\">\n"
    "  User \"root\"\n"
    "  CommandLine \"module\"\n"
    "</Group>\n"
    "<Group \"module-exe\">\n"
    "  Executable \"/bin/sleep\" \"/nonexistent/module\"\n"
    "</Group>\n"
    "<Group \"module-pid\">\n"
    "  PIDFile \"%s/pid\"\n"
    "</Group>\n"
    "<Group \"module-unit-%%{unit}\">\n"
    "  ControlGroup \".\"\n"
    "</Group>\n"
    "<Group \"module-top-%%{comm}\">\n"
    "  CommandLine \"module\"\n"
    "  Top 3\n"
    "</Group>\n"
    "<Group \"module-name-%%{comm}\">\n"
    "  Command \"module-4\" \"module-5\" \"module-6\" \"module-7\"\n"
    "</Group>\n"
    "CollectContextSwitch true\n"
    "CollectPageFaults true\n"
    "CollectMemory true\n"
    "CollectDelayLatency true\n"
    "NotifyExit \"all\"\n"
    "NotifyExitRate 50\n"
    "ExitLog \"/dev/null\"\n"
    "MaxGroups 20\n";

/* Processes that come and go. */

static void *end_later(void *arg) {
  pause_ms(2);
  return arg;
}

static _Noreturn void run_one(unsigned int i) {
  char name[16];
  pthread_t thread;
  snprintf(name, sizeof(name), "module-%u", i % NAMES);
  prctl(PR_SET_NAME, name);
  if (i % 3 == 0 && pthread_create(&thread, NULL, end_later, NULL) == 0)
    pthread_join(thread, NULL);
  if (i % 5 == 0)
    pause_ms(50);
  if (i % 11 == 0 && setuid(USERS + i) != 0)
    _exit(127);
  if (i % 4 == 0) {
    execl("/bin/sleep", "sleep", i % 8 == 0 ? "0.05" : "0", (char *)NULL);
    _exit(127);
  }
  if (i % 7 == 0)
    kill(getpid(), SIGKILL);
  _exit(i % 2 == 0);
}

/* Ends with the test. */
static _Noreturn void run_load(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, "module-load");
  for (unsigned int i = 0;; i++) {
    pid_t pid = fork();
    if (pid == 0)
      run_one(i);
    while (waitpid(-1, NULL, WNOHANG) > 0)
      ;
    if (i % 4 == 0)
      pause_ms(1);
  }
}

/* Before there are threads. */
static pid_t start_load(void) {
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0)
    run_load();
  return pid;
}

static void end_load(pid_t pid) {
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
}

/* What collectd's threads do. */

/* Relaxed: they must not order the plugin's threads. */
static atomic_bool must_end_reads, must_end_flushes;

static bool must_end(const atomic_bool *which) {
  return atomic_load_explicit(which, memory_order_relaxed);
}

static void *read_on(void *arg) {
  while (!must_end(&must_end_reads)) {
    daemon_read();
    pause_ms(1);
  }
  return arg;
}

static void *flush_on(void *arg) {
  while (!must_end(&must_end_flushes)) {
    daemon_flush();
    pause_ms(100);
  }
  return arg;
}

static int set_up(void **state) {
  static struct tree tree;
  tree_create(&tree);
  *state = &tree;
  return 0;
}

static int tear_down(void **state) {
  tree_remove(*state, "");
  return 0;
}

static void put_pid(const struct tree *tree, pid_t pid) {
  char number[16];
  snprintf(number, sizeof(number), "%d\n", pid);
  tree_put(tree, "pid", number);
}

static void configure(const struct tree *tree) {
  char text[sizeof(stanzas) + sizeof(tree->root)];
  put_pid(tree, getpid());
  snprintf(text, sizeof(text), stanzas, tree->root);
  assert_int_equal(daemon_configure(text), 0);
}

static void lives_while_processes_come_and_go(void **state) {
  struct tree *tree = *state;
  if (geteuid() != 0)
    skip();
  pid_t load = start_load();
  configure(tree);

  pthread_t reader, flusher;
  assert_int_equal(pthread_create(&flusher, NULL, flush_on, NULL), 0);
  assert_int_equal(daemon_init(), 0);
  assert_int_equal(pthread_create(&reader, NULL, read_on, NULL), 0);
  for (int ms = 0; ms < LIFE_MS; ms += 100) {
    pause_ms(100);
    put_pid(tree, ms % 200 == 0 ? load : getpid());
  }
  must_end_reads = true;
  pthread_join(reader, NULL);
  daemon_flush();
  assert_int_equal(daemon_shutdown(), 0);
  must_end_flushes = true;
  pthread_join(flusher, NULL);
  end_load(load);

  assert_int_equal(daemon_errors(), 0);
  assert_true(daemon_values() > 100);
  if (daemon_exit_records() == 0) /* in another network namespace */
    skip();
  assert_true(daemon_notifications() > 10);
}

/* As for collectd -T. */
static void reads_once(void **state) {
  configure(*state);
  assert_int_equal(daemon_init(), 0);
  assert_int_equal(daemon_read(), 0);
  assert_int_equal(daemon_shutdown(), 0);
  assert_true(daemon_values() > 0);
}

#define prepared(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      prepared(lives_while_processes_come_and_go),
      prepared(reads_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
