/* SPDX-License-Identifier: MIT */
#include "kernel/process_events.h"

#include "support/apart.h"
#include "support/clock.h"
#include "support/entries.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

/*
 * With the running kernel. Other processes may fork at any time: only
 * descendants of the test are kept.
 */

enum { BUFFER = 8388608, EVENTS_MAX = 8192 };

/* Static wherever it is used, since it is large. */
struct heard {
  struct process_events *source;
  uint64_t lost;
  size_t count;
  struct process_event events[EVENTS_MAX];
};

/* Returns the event's number, or that of the events. */
static size_t find(const struct heard *heard, enum process_event_kind kind,
                   pid_t pid) {
  size_t i = 0;
  while (i < heard->count &&
         !(heard->events[i].pid == pid && heard->events[i].kind == kind))
    i++;
  return i;
}

static bool is_known(const struct heard *heard, pid_t pid) {
  return pid == getpid() || find(heard, PROCESS_FORKED, pid) < heard->count;
}

static int try_open(struct heard *heard, size_t buffer) {
  *heard = (struct heard){.source = NULL};
  return process_events_open(buffer, false, &heard->source);
}

/* The error if events cannot be received. */
static bool is_refusal(int status) {
  return status == -EPERM || status == -EPROTONOSUPPORT ||
         status == -ECONNREFUSED || status == -ETIMEDOUT;
}

static void open_or_skip(struct heard *heard, size_t buffer) {
  skip_if_emulated("netlink");
  int status = try_open(heard, buffer);
  if (is_refusal(status))
    skip();
  assert_int_equal(status, 0);
}

/* Takes all events that have arrived. */
static int drain(struct heard *heard) {
  struct process_event event;
  int status;
  while ((status = process_events_next(heard->source, UINT64_MAX, &event,
                                       &heard->lost)) > 0) {
    pid_t known = event.kind == PROCESS_FORKED ? event.parent : event.pid;
    if (is_known(heard, known) && heard->count < EVENTS_MAX)
      heard->events[heard->count++] = event;
  }
  return status;
}

/* Forks one that runs that, with its pipe's end, and waits for its end. */
static pid_t run_child(void (*run)(int out), int out) {
  int status;
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    run(out);
    _exit(0);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return pid;
}

static void do_nothing(int out) { (void)out; }

static void hears_a_fork(void **state) {
  (void)state;
  static struct heard heard;
  open_or_skip(&heard, BUFFER);
  uint64_t before_ns = boot_ns();
  pid_t pid = run_child(do_nothing, -1);
  uint64_t after_ns = boot_ns();
  assert_int_equal(drain(&heard), 0);

  assert_int_equal(heard.count, 1);
  assert_int_equal(heard.events[0].parent, getpid());
  assert_false(heard.events[0].is_by_thread);
  assert_int_equal(heard.events[0].pid, pid);
  /* The two clocks are not read at the same time. */
  assert_in_range(heard.events[0].time_ns, before_ns - 10000,
                  after_ns + 1000000);
  process_events_close(heard.source);
}

static void *do_nothing_thread(void *arg) { return arg; }

static void *tell_tid(void *arg) {
  *(pid_t *)arg = (pid_t)syscall(SYS_gettid);
  return NULL;
}

static void leaves_threads_out(void **state) {
  (void)state;
  static struct heard heard;
  open_or_skip(&heard, BUFFER);
  for (int i = 0; i < 10; i++) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, do_nothing_thread, NULL), 0);
    pthread_join(thread, NULL);
  }
  pid_t pid = run_child(do_nothing, -1);
  assert_int_equal(drain(&heard), 0);
  assert_int_equal(heard.count, 1);
  assert_int_equal(heard.events[0].pid, pid);
  process_events_close(heard.source);
}

/* For exit records that lack the process of the thread. */
static void hears_new_threads(void **state) {
  (void)state;
  skip_if_emulated("netlink");
  static struct heard heard;
  heard = (struct heard){.source = NULL};
  int status = process_events_open(BUFFER, true, &heard.source);
  if (is_refusal(status))
    skip();
  assert_int_equal(status, 0);
  pid_t tid = 0;
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, tell_tid, &tid), 0);
  pthread_join(thread, NULL);
  pid_t pid = run_child(do_nothing, -1);
  assert_int_equal(drain(&heard), 0);
  assert_int_equal(heard.count, 2);
  assert_int_equal(heard.events[0].kind, PROCESS_THREAD);
  assert_int_equal(heard.events[0].pid, getpid());
  assert_int_equal(heard.events[0].tid, tid);
  assert_int_equal(heard.events[1].kind, PROCESS_FORKED);
  assert_int_equal(heard.events[1].pid, pid);
  process_events_close(heard.source);
}

static void *fork_in_a_thread(void *arg) {
  *(pid_t *)arg = run_child(do_nothing, -1);
  return NULL;
}

/* The process is the parent, not its thread. */
static void hears_a_fork_of_a_thread(void **state) {
  (void)state;
  static struct heard heard;
  open_or_skip(&heard, BUFFER);
  pthread_t thread;
  pid_t pid = 0;
  assert_int_equal(pthread_create(&thread, NULL, fork_in_a_thread, &pid), 0);
  pthread_join(thread, NULL);
  assert_int_equal(drain(&heard), 0);
  assert_int_equal(heard.count, 1);
  assert_int_equal(heard.events[0].parent, getpid());
  assert_true(heard.events[0].is_by_thread);
  assert_int_equal(heard.events[0].pid, pid);
  process_events_close(heard.source);
}

static void execute(int out) {
  (void)out;
  execl("/bin/true", "true", (char *)NULL);
  _exit(1);
}

static void hears_an_exec(void **state) {
  (void)state;
  static struct heard heard;
  open_or_skip(&heard, BUFFER);
  pid_t quiet = run_child(do_nothing, -1);
  pid_t pid = run_child(execute, -1);
  struct pollfd wait = {.fd = process_events_fd(heard.source),
                        .events = POLLIN};
  assert_int_equal(poll(&wait, 1, 1000), 1);
  assert_int_equal(drain(&heard), 0);
  assert_int_equal(heard.count, 3);
  assert_int_equal(find(&heard, PROCESS_EXECED, quiet), heard.count);
  assert_int_equal(find(&heard, PROCESS_FORKED, pid), 1);
  assert_int_equal(find(&heard, PROCESS_EXECED, pid), 2);
  process_events_close(heard.source);
}

static void *take_a_name(void *arg) {
  prctl(PR_SET_NAME, "thread");
  return arg;
}

static void change(int out) {
  (void)out;
  pthread_t thread;
  if (pthread_create(&thread, NULL, take_a_name, NULL) != 0)
    _exit(1);
  pthread_join(thread, NULL);
  if (prctl(PR_SET_NAME, "changed") != 0 || setuid(12345) != 0)
    _exit(1);
}

/* Of a process, but not of another thread. */
static void hears_changes_of_name_and_user(void **state) {
  (void)state;
  static struct heard heard;
  open_or_skip(&heard, BUFFER);
  pid_t pid = run_child(change, -1);
  assert_int_equal(drain(&heard), 0);
  assert_int_equal(heard.count, 3);
  assert_int_equal(find(&heard, PROCESS_RENAMED, pid), 1);
  assert_int_equal(find(&heard, PROCESS_REOWNED, pid), 2);
  process_events_close(heard.source);
}

static void fork_and_end(int out) {
  pid_t pid = fork();
  if (pid < 0)
    _exit(1);
  if (pid > 0)
    return;
  pid = getpid();
  if (write(out, &pid, sizeof(pid)) < 0)
    _exit(1);
}

/* As daemons do: the process that forked it ends at once. */
static void hears_a_double_fork(void **state) {
  (void)state;
  static struct heard heard;
  int ends[2];
  pid_t grandchild;
  open_or_skip(&heard, BUFFER);
  assert_int_equal(pipe(ends), 0);
  pid_t child = run_child(fork_and_end, ends[1]);
  assert_int_equal(read(ends[0], &grandchild, sizeof(grandchild)),
                   sizeof(grandchild));
  close(ends[0]);
  close(ends[1]);
  assert_int_equal(drain(&heard), 0);

  assert_int_equal(heard.count, 2);
  assert_int_equal(heard.events[0].parent, getpid());
  assert_int_equal(heard.events[0].pid, child);
  assert_int_equal(heard.events[1].parent, child);
  assert_int_equal(heard.events[1].pid, grandchild);
  process_events_close(heard.source);
}

/* Each is forked by the one before, on any CPU. */
static void fork_chain(int out) {
  enum { LENGTH = 100 };
  for (int i = 0; i < LENGTH; i++) {
    int status;
    pid_t pid = fork();
    if (pid < 0)
      _exit(1);
    if (pid > 0) {
      bool is_good = waitpid(pid, &status, 0) == pid && status == 0;
      _exit(is_good ? 0 : 1);
    }
  }
  execute(out);
}

static void keeps_the_order(void **state) {
  (void)state;
  static struct heard heard;
  open_or_skip(&heard, BUFFER);
  pid_t before = getpid();
  run_child(fork_chain, -1);
  assert_int_equal(drain(&heard), 0);

  /* 101 forks and the exec of the last. */
  assert_int_equal(heard.count, 102);
  for (size_t i = 0; i < 101; i++) {
    assert_int_equal(heard.events[i].parent, before);
    if (i > 0)
      assert_true(heard.events[i - 1].time_ns <= heard.events[i].time_ns);
    before = heard.events[i].pid;
  }
  assert_int_equal(heard.events[101].kind, PROCESS_EXECED);
  assert_int_equal(heard.events[101].pid, before);
  process_events_close(heard.source);
}

static void hears_every_fork(void **state) {
  (void)state;
  enum { FORKS = 2000 };
  static struct heard heard;
  static pid_t pids[FORKS];
  open_or_skip(&heard, BUFFER);
  for (size_t i = 0; i < FORKS; i++) {
    pids[i] = run_child(do_nothing, -1);
    if (i % 100 == 99) /* others fork, too */
      assert_int_equal(drain(&heard), 0);
  }
  assert_int_equal(heard.count, FORKS);
  for (size_t i = 0; i < FORKS; i++)
    assert_int_equal(heard.events[i].pid, pids[i]);
  heard.count = 0;
  assert_int_equal(drain(&heard), 0);
  assert_int_equal(heard.count, 0);
  assert_int_equal(heard.lost, 0);
  process_events_close(heard.source);
}

/* Lost events are counted, and later ones are still received. */
static void survives_a_small_buffer(void **state) {
  (void)state;
  enum { FORKS = 500, TRIES = 100 };
  static struct heard heard;
  open_or_skip(&heard, 4096);
  for (size_t i = 0; i < FORKS; i++)
    run_child(do_nothing, -1);
  assert_int_equal(drain(&heard), 0);
  assert_true(heard.count < FORKS);
  assert_true(heard.count + heard.lost >= FORKS); /* others may fork, too */

  /* Others may fill the buffer, too. */
  heard.count = 0;
  for (int i = 0; i < TRIES && heard.count == 0; i++) {
    run_child(do_nothing, -1);
    assert_int_equal(drain(&heard), 0);
  }
  assert_int_equal(heard.count, 1);
  process_events_close(heard.source);
}

static void tells_that_its_socket_is_broken(void **state) {
  (void)state;
  static struct heard heard;
  open_or_skip(&heard, BUFFER);
  run_child(do_nothing, -1);
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  assert_int_equal(dup2(null, process_events_fd(heard.source)),
                   process_events_fd(heard.source));
  close(null);
  assert_int_equal(drain(&heard), -ENOTSOCK);
  assert_int_equal(drain(&heard), -ENOTSOCK);
  assert_int_equal(heard.count, 0);
  assert_int_equal(heard.lost, 0);
  process_events_close(heard.source);
}

/* Two listeners in one process: the end of one does not affect the other. */
static void is_not_alone(void **state) {
  (void)state;
  static struct heard one, other;
  open_or_skip(&one, BUFFER);
  open_or_skip(&other, BUFFER);
  run_child(do_nothing, -1);
  assert_int_equal(drain(&one), 0);
  assert_int_equal(drain(&other), 0);
  assert_int_equal(one.count, 1);
  assert_int_equal(other.count, 1);
  process_events_close(one.source);
  run_child(do_nothing, -1);
  assert_int_equal(drain(&other), 0);
  assert_int_equal(other.count, 2);
  process_events_close(other.source);
}

/* collectd's procevent plugin needs the port that equals the process id. */
static void leaves_the_process_its_port(void **state) {
  (void)state;
  static struct heard heard;
  open_or_skip(&heard, BUFFER);
  struct sockaddr_nl own = {.nl_family = AF_NETLINK,
                            .nl_pid = (uint32_t)getpid()};
  int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR);
  assert_true(fd >= 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
  close(fd);
  process_events_close(heard.source);
}

static void leaves_nothing_behind(void **state) {
  (void)state;
  static struct heard heard;
  size_t fds = count_entries("/proc/self/fd");
  for (int i = 0; i < 50; i++) {
    open_or_skip(&heard, BUFFER);
    assert_int_equal(count_entries("/proc/self/fd"), fds + 2);
    process_events_close(heard.source);
  }
  assert_int_equal(count_entries("/proc/self/fd"), fds);
  process_events_close(NULL);
}

static int open_in_another_network(void) {
  static struct heard heard;
  size_t fds = count_entries("/proc/self/fd");
  if (unshare(CLONE_NEWNET) != 0)
    return APART_SKIPPED;
  int status = try_open(&heard, BUFFER);
  if (status == -EPERM || status == -EPROTONOSUPPORT)
    return APART_SKIPPED;
  return status == -ECONNREFUSED && count_entries("/proc/self/fd") == fds ? 0
                                                                          : 1;
}

static void is_refused_in_another_network(void **state) {
  (void)state;
  apart_run(open_in_another_network);
}

static int open_as_another_user(void) {
  static struct heard heard;
  size_t fds = count_entries("/proc/self/fd");
  if (unshare(CLONE_NEWUSER) != 0)
    return APART_SKIPPED;
  int status = try_open(&heard, BUFFER);
  if (status == -EPROTONOSUPPORT || status == -ECONNREFUSED)
    return APART_SKIPPED;
  return (status == -EPERM || status == -ETIMEDOUT) &&
                 count_entries("/proc/self/fd") == fds
             ? 0
             : 1;
}

static void is_refused_in_a_user_namespace(void **state) {
  (void)state;
  apart_run(open_as_another_user);
}

static int open_without_capabilities(void) {
  static struct heard heard;
  size_t fds = count_entries("/proc/self/fd");
  if (!apart_give_up())
    return 1;
  int status = try_open(&heard, BUFFER);
  if (status == -EPROTONOSUPPORT || status == -ECONNREFUSED ||
      status == -ETIMEDOUT)
    return APART_SKIPPED;
  if (status == -EPERM)
    return count_entries("/proc/self/fd") == fds ? 0 : 2;
  run_child(do_nothing, -1);
  return status == 0 && drain(&heard) == 0 && heard.count == 1 ? 0 : 3;
}

/* Linux 6.6 and later do not require it. */
static void hears_or_needs_the_capability(void **state) {
  (void)state;
  apart_run(open_without_capabilities);
}

/* Opens and forks as a process of a new time namespace with these offsets of
 * CLOCK_MONOTONIC and CLOCK_BOOTTIME. */
static int hear_in_time_namespace(const char *offsets) {
  static struct heard heard;
  if (unshare(CLONE_NEWTIME) != 0)
    return APART_SKIPPED;
  int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
  ssize_t size = (ssize_t)strlen(offsets);
  if (fd < 0 || write(fd, offsets, strlen(offsets)) != size)
    return 1;
  close(fd);
  pid_t pid = fork(); /* children are in it */
  if (pid == 0) {
    int status = try_open(&heard, BUFFER);
    if (is_refusal(status))
      _exit(APART_SKIPPED);
    uint64_t before_ns = boot_ns();
    run_child(do_nothing, -1);
    uint64_t after_ns = boot_ns();
    bool is_heard = status == 0 && drain(&heard) == 0 && heard.count == 1;
    _exit(!is_heard                                      ? 2
          : heard.events[0].time_ns + 10000 < before_ns  ? 3
          : heard.events[0].time_ns > after_ns + 1000000 ? 4
                                                         : 0);
  }
  int status;
  if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
    return 5;
  return WEXITSTATUS(status);
}

static int hear_far_ahead(void) {
  return hear_in_time_namespace("monotonic 1000000 7\nboottime 1000000 7\n");
}

static int hear_behind(void) {
  return hear_in_time_namespace("monotonic -10 0\nboottime -10 0\n");
}

static int hear_with_clocks_apart(void) {
  return hear_in_time_namespace("monotonic 5000 0\nboottime -10 5\n");
}

/* The kernel dates events by its own clock. */
static void tells_the_time_of_its_namespace(void **state) {
  (void)state;
  apart_run(hear_far_ahead);
  apart_run(hear_behind);
  apart_run(hear_with_clocks_apart);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hears_a_fork),
      cmocka_unit_test(leaves_threads_out),
      cmocka_unit_test(hears_new_threads),
      cmocka_unit_test(hears_a_fork_of_a_thread),
      cmocka_unit_test(hears_an_exec),
      cmocka_unit_test(hears_changes_of_name_and_user),
      cmocka_unit_test(hears_a_double_fork),
      cmocka_unit_test(keeps_the_order),
      cmocka_unit_test(hears_every_fork),
      cmocka_unit_test(survives_a_small_buffer),
      cmocka_unit_test(tells_that_its_socket_is_broken),
      cmocka_unit_test(is_not_alone),
      cmocka_unit_test(leaves_the_process_its_port),
      cmocka_unit_test(leaves_nothing_behind),
      cmocka_unit_test(is_refused_in_another_network),
      cmocka_unit_test(is_refused_in_a_user_namespace),
      cmocka_unit_test(hears_or_needs_the_capability),
      cmocka_unit_test(tells_the_time_of_its_namespace),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
