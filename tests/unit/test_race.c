/* SPDX-License-Identifier: MIT */
#include "track/exit_accounting.h"

#include "kernel/cpulist.h"
#include "report/exit_monitor.h"
#include "support/clock.h"
#include "support/groups.h"
#include "support/test.h"
#include "track/reader.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * Reads and exit records of the same processes at the same time, for
 * ThreadSanitizer, and for the sums.
 */

enum { CHILDREN = 1500, ZOMBIES = 8, THREADED = 4 };

struct fixture {
  char name[16]; /* of the children */
  struct rule rule;
  struct tracker *tracker;
  struct exit_monitor *monitor; /* or NULL */
  struct reader *reader;
  pthread_t read_thread;
  atomic_bool must_end;
  atomic_bool has_fallen; /* a derive has */
  atomic_uint reads;
};

static int set_up(void **state) {
  struct fixture *fixture = calloc(1, sizeof(*fixture));
  char error[256];
  assert_non_null(fixture);
  snprintf(fixture->name, sizeof(fixture->name), "race-%d",
           getpid() % 10000000);
  fixture->rule = (struct rule){.name = fixture->name,
                                .collect = UINT32_MAX,
                                .selector = selector_create(),
                                .descendants = true,
                                .notify = NOTIFY_ALL};
  assert_non_null(fixture->rule.selector);
  assert_int_equal(selector_add(fixture->rule.selector, SELECTOR_COMMAND,
                                fixture->name, error, sizeof(error)),
                   0);
  fixture->tracker = tracker_create(&fixture->rule, 100, boot_ns());
  assert_non_null(fixture->tracker);
  assert_int_equal(reader_create("/proc", fixture->tracker, &fixture->reader),
                   0);
  *state = fixture;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *fixture = *state;
  reader_destroy(fixture->reader);
  tracker_destroy(fixture->tracker);
  selector_destroy(fixture->rule.selector);
  free(fixture);
  return 0;
}

static void publish(struct fixture *fixture) {
  struct group *group = group_at(fixture->tracker, 0);
  tracker_lock(fixture->tracker);
  uint64_t before[COUNTERS];
  memcpy(before, group->reported, sizeof(before));
  group_publish(group, UINT32_MAX);
  for (unsigned int i = 0; i < COUNTERS; i++)
    if (group->reported[i] < before[i])
      fixture->has_fallen = true;
  tracker_unlock(fixture->tracker);
}

static void *read_on(void *arg) {
  struct fixture *fixture = arg;
  struct reader_report report;
  while (!fixture->must_end) {
    if (fixture->monitor != NULL)
      exit_monitor_begin_read(fixture->monitor);
    reader_read(fixture->reader, boot_ns(), &report);
    publish(fixture);
    fixture->reads++;
  }
  return NULL;
}

static void begin_reads(struct fixture *fixture) {
  assert_int_equal(
      pthread_create(&fixture->read_thread, NULL, read_on, fixture), 0);
  await(fixture->reads > 0);
}

static void end_reads(struct fixture *fixture) {
  fixture->must_end = true;
  pthread_join(fixture->read_thread, NULL);
}

/* A child that takes the name, runs briefly, and ends on request. */
static pid_t start_child(const struct fixture *fixture, unsigned int i) {
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_NAME, fixture->name);
    for (unsigned int n = 0; n < i % 4; n++)
      getppid();
    if (i % 5 == 4)
      nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL);
    if (i % 3 == 2)
      kill(getpid(), SIGKILL);
    _exit(i % 3 == 1);
  }
  return pid;
}

static int64_t truth(const struct fixture *fixture, unsigned int counter) {
  tracker_lock(fixture->tracker);
  int64_t value = group_at(fixture->tracker, 0)->total[counter];
  tracker_unlock(fixture->tracker);
  return value;
}

static int64_t count_exits(const struct fixture *fixture) {
  return truth(fixture, COUNTER_EXIT_OK) + truth(fixture, COUNTER_EXIT_ERROR) +
         truth(fixture, COUNTER_EXIT_SIGNAL);
}

static void assert_exits(const struct fixture *fixture) {
  assert_int_equal(truth(fixture, COUNTER_EXIT_OK), CHILDREN / 3);
  assert_int_equal(truth(fixture, COUNTER_EXIT_ERROR), CHILDREN / 3);
  assert_int_equal(truth(fixture, COUNTER_EXIT_SIGNAL), CHILDREN / 3);
  assert_false(fixture->has_fallen);
}

static size_t count_members(struct fixture *fixture) {
  struct reader_report report;
  reader_read(fixture->reader, boot_ns(), &report);
  return report.members;
}

enum { STOP_MS = 60000, AHEAD = 500 };

static atomic_uint said;

static void count_said(const char *group, const struct exit_event *event,
                       const char *text, uint32_t exit_code) {
  (void)group;
  (void)exit_code;
  if (event != NULL && strstr(text, event->comm) != NULL)
    said++;
}

/* The kernel's own records. */
static void watches_while_reads_go_on(void **state) {
  skip_if_emulated("netlink");
  struct fixture *fixture = *state;
  char cpus[1024];
  assert_int_equal(cpulist_read_possible(cpus, sizeof(cpus)), 0);
  struct notifier *notifier;
  assert_int_equal(notifier_start(count_said, &notifier), 0);
  const struct exit_monitor_options options = {
      .cpus = cpus, .buffer = 8388608, .notify_rate = 20, .notifier = notifier};
  int status =
      exit_monitor_start(fixture->tracker, &options, &fixture->monitor);
  if (status == -EPERM || status == -ENOENT || status == -EINVAL) {
    notifier_stop(notifier, STOP_MS);
    skip();
  }
  assert_int_equal(status, 0);
  struct exit_listener_status listener;
  do {
    exit_monitor_wait_for_proof(fixture->monitor);
    exit_monitor_status(fixture->monitor, &listener);
  } while (!listener.is_proven && listener.error == 0);
  if (!listener.is_proven) { /* in another network namespace */
    exit_monitor_stop(fixture->monitor);
    notifier_stop(notifier, STOP_MS);
    skip();
  }

  begin_reads(fixture);
  pid_t pids[ZOMBIES] = {0};
  for (unsigned int i = 0; i < CHILDREN; i++) {
    pid_t *pid = &pids[i % ZOMBIES];
    if (*pid != 0)
      assert_int_equal(waitpid(*pid, NULL, 0), *pid);
    *pid = start_child(fixture, i);
    assert_true(*pid > 0);
    /* A sanitizer makes the listener slow, and its buffer is limited. */
    for (int ms = 0; count_exits(fixture) + AHEAD < i && ms < 10000; ms++)
      pause_ms(1);
  }
  for (size_t i = 0; i < ZOMBIES; i++)
    assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);

  /* A record is queued before its process can be reaped. */
  unsigned int reads = fixture->reads;
  while (count_exits(fixture) < CHILDREN && fixture->reads < reads + 1000)
    pause_ms(1);
  reads = fixture->reads;
  await(fixture->reads >= reads + 3);
  end_reads(fixture);
  exit_monitor_status(fixture->monitor, &listener);
  exit_monitor_stop(fixture->monitor);
  fixture->monitor = NULL;
  await(said > 0);
  notifier_stop(notifier, STOP_MS);
  assert_int_equal(listener.error, 0);
  assert_int_equal(listener.lost, 0);
  assert_exits(fixture);
  assert_int_equal(count_members(fixture), 0);
}

/* Records of the test's own: those of processes with threads, too. */

static void fill(struct message *message, const struct fixture *fixture,
                 pid_t pid, pid_t tgid, uint64_t age_us, uint32_t exit_code) {
  *message = (struct message){
      .has[MESSAGE_THREAD] = true,
      .id[MESSAGE_THREAD] = (uint32_t)pid,
      .record[MESSAGE_THREAD] = {.version = 16,
                                 .pid = (uint32_t)pid,
                                 .tgid = (uint32_t)tgid,
                                 .ppid = 1,
                                 .exit_code = exit_code,
                                 .cpu_ns = 1000,
                                 .waits[DELAY_CPU] = 1,
                                 .read_chars = 1024,
                                 .elapsed_us = age_us,
                                 .process_elapsed_us = age_us}};
  snprintf(message->record[MESSAGE_THREAD].comm, RECORD_COMM_SIZE, "%s",
           pid == tgid ? fixture->name : "worker");
}

static void feed(const struct fixture *fixture, struct exit_accounting *exits,
                 unsigned int i, pid_t pid, uint64_t before_ns,
                 uint64_t after_ns) {
  static const uint32_t exit_codes[] = {0, 0x100, SIGKILL};
  uint64_t age_ns = boot_ns() - after_ns;
  struct message messages[2];
  size_t count = 0;

  if (i % THREADED == 0)
    fill(&messages[count++], fixture, pid + 1000000, pid, age_ns / 1000, 0);
  struct message *last = &messages[count++];
  fill(last, fixture, pid, pid, age_ns / 1000, exit_codes[i % 3]);
  last->record[MESSAGE_THREAD].flags = RECORD_LAST_THREAD;
  if (count == 2) {
    last->has[MESSAGE_PROCESS] = true;
    last->id[MESSAGE_PROCESS] = (uint32_t)pid;
    last->record[MESSAGE_PROCESS] =
        (struct record){.version = 16, .cpu_ns = 2000, .waits[DELAY_CPU] = 2};
  }
  for (size_t m = 0; m < count; m++)
    exit_accounting_take(exits, &messages[m], 1, before_ns + age_ns,
                         after_ns + age_ns);
}

static void ignore(void *context, const struct exit_event *event) {
  ++*(unsigned int *)context;
  (void)event;
}

static void takes_records_while_reads_go_on(void **state) {
  struct fixture *fixture = *state;
  unsigned int told = 0;
  struct exit_accounting *exits;
  fixture->tracker->listens = true;
  assert_int_equal(
      exit_accounting_create("/proc", fixture->tracker, ignore, &told, &exits),
      0);
  begin_reads(fixture);
  for (unsigned int i = 0; i < CHILDREN; i++) {
    uint64_t before_ns = boot_ns();
    pid_t pid = start_child(fixture, i);
    assert_true(pid > 0);
    uint64_t after_ns = boot_ns();
    /* The record comes while it runs, or while it is a zombie. */
    if (i % 4 == 1)
      waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT);
    feed(fixture, exits, i, pid, before_ns, after_ns);
    waitpid(pid, NULL, 0);
  }
  end_reads(fixture);
  exit_accounting_destroy(exits);
  assert_exits(fixture);
  assert_int_equal(told, CHILDREN);
  assert_int_equal(count_members(fixture), 0);
}

#define prepared(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      prepared(watches_while_reads_go_on),
      prepared(takes_records_while_reads_go_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
