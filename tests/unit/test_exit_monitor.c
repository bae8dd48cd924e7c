/* SPDX-License-Identifier: MIT */
#include "report/exit_monitor.h"

#include "kernel/cpulist.h"
#include "support/clock.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * The monitor when it receives no more fork events, or not all of them.
 */

enum { BUFFER = 8388608 };

struct fixture {
  struct rule rule;
  struct tracker *tracker;
  struct exit_monitor *monitor;
};

static int set_up(void **state) {
  struct fixture *fixture = calloc(1, sizeof(*fixture));
  assert_non_null(fixture);
  fixture->rule = (struct rule){
      .name = "x", .selector = selector_create(), .descendants = true};
  assert_non_null(fixture->rule.selector);
  fixture->tracker = tracker_create(&fixture->rule, 100, 0);
  assert_non_null(fixture->tracker);
  *state = fixture;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *fixture = *state;
  exit_monitor_stop(fixture->monitor);
  tracker_destroy(fixture->tracker);
  selector_destroy(fixture->rule.selector);
  free(fixture);
  return 0;
}

/* Skips the test if exit records or fork events cannot be received. */
static void start(struct fixture *fixture, size_t buffer) {
  skip_if_emulated("netlink");
  char possible[1024];
  assert_int_equal(cpulist_read_possible(possible, sizeof(possible)), 0);
  const struct exit_monitor_options options = {.cpus = possible,
                                               .watches_all = true,
                                               .buffer = buffer,
                                               .notify_rate = 10,
                                               .wants_events = true};
  int status =
      exit_monitor_start(fixture->tracker, &options, &fixture->monitor);
  if (status == -EPERM || status == -ENOENT || status == -EINVAL)
    skip();
  assert_int_equal(status, 0);
  exit_monitor_wait_for_proof(fixture->monitor);
  if (exit_monitor_events_error(fixture->monitor) != 0)
    skip();
}

static void run_child(void) {
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0)
    _exit(0);
  assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int protocol_of(int fd) {
  int protocol = -1, domain = -1;
  socklen_t length = sizeof(protocol);
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0 ||
      domain != AF_NETLINK)
    return -1;
  getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length);
  return protocol;
}

/* Replaces the socket for fork events with something that is not a socket. This
 * races with the listener, intentionally: ThreadSanitizer does not see system
 * calls. */
static void break_forks(void) {
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  int fd = 3;
  while (fd < 1024 && protocol_of(fd) != NETLINK_CONNECTOR)
    fd++;
  assert_true(null >= 0 && fd < 1024);
  assert_int_equal(syscall(SYS_dup3, null, fd, O_CLOEXEC), fd);
  close(null);
}

static uint64_t records_of(const struct fixture *fixture) {
  struct exit_listener_status status;
  exit_monitor_status(fixture->monitor, &status);
  assert_int_equal(status.error, 0);
  return status.records;
}

static void goes_on_when_forks_break(void **state) {
  struct fixture *fixture = *state;
  start(fixture, BUFFER);
  break_forks();
  await((run_child(), exit_monitor_events_error(fixture->monitor) != 0));
  assert_int_equal(exit_monitor_events_error(fixture->monitor), -ENOTSOCK);

  uint64_t records = records_of(fixture);
  await((run_child(), records_of(fixture) >= records + 10));
  assert_int_equal(exit_monitor_events_error(fixture->monitor), -ENOTSOCK);
}

static void counts_lost_forks(void **state) {
  struct fixture *fixture = *state;
  start(fixture, 4096);
  tracker_lock(fixture->tracker); /* the listener cannot continue */
  for (int child = 0; child < 50; child++)
    run_child();
  tracker_unlock(fixture->tracker);
  await(exit_monitor_events_lost(fixture->monitor) > 0);
  assert_int_equal(exit_monitor_events_error(fixture->monitor), 0);
}

static void hears_all_with_room(void **state) {
  struct fixture *fixture = *state;
  start(fixture, BUFFER);
  for (int child = 0; child < 50; child++)
    run_child();
  uint64_t records = records_of(fixture);
  await((run_child(), records_of(fixture) >= records + 10));
  assert_int_equal(exit_monitor_events_lost(fixture->monitor), 0);
  assert_int_equal(exit_monitor_events_error(fixture->monitor), 0);
}

static void knows_what_cannot_change(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int error;
    bool may_recover;
  } cases[] = {
      {"another network namespace", -ENODATA, false},
      {"another pid namespace", -EINVAL, false},
      {"a CPU that cannot be", -ERANGE, false},
      {"an old kernel", -EPROTONOSUPPORT, false},
      {"a seccomp filter", -EAFNOSUPPORT, false},
      {"a capability, or a policy", -EPERM, true},
      {"/proc is not mounted", -ENOENT, true},
      {"memory", -ENOMEM, true},
      {"files", -EMFILE, true},
      {"the connection broke", -ENOTSOCK, true},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_case_int(cases[i].name, exit_monitor_may_recover(cases[i].error),
                    cases[i].may_recover);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(goes_on_when_forks_break, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(counts_lost_forks, set_up, tear_down),
      cmocka_unit_test_setup_teardown(hears_all_with_room, set_up, tear_down),
      cmocka_unit_test(knows_what_cannot_change),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
