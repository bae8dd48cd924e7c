/* SPDX-License-Identifier: MIT */
#include "track/sampler.h"

#include "kernel/process_clock.h"
#include "kernel/query.h"

#include "support/answer.h"
#include "support/child.h"
#include "support/clock.h"
#include "support/test.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* One process, its member, and two groups that it may belong to. */
struct fixture {
  struct procfs *proc;
  struct tracker *tracker;
  struct sampler *sampler;
  struct rule rules[2];
  struct group groups[2];
  struct process process;
  struct child child;
};

static int set_up(void **state) {
  struct fixture *fixture = calloc(1, sizeof(*fixture));
  assert_non_null(fixture);
  assert_int_equal(procfs_open("/proc", &fixture->proc), 0);
  fixture->tracker = tracker_create(NULL, 100, 0);
  assert_non_null(fixture->tracker);
  for (size_t i = 0; i < COUNT_OF(fixture->groups); i++)
    fixture->groups[i].rule = &fixture->rules[i];
  *state = fixture;
  return 0;
}

static void end(struct fixture *fixture) {
  if (fixture->sampler != NULL)
    sampler_forget(fixture->sampler, fixture->process.member);
  fixture->process.member = NULL;
  sampler_destroy(fixture->sampler);
  fixture->sampler = NULL;
  child_reap_all();
}

static int tear_down(void **state) {
  struct fixture *fixture = *state;
  end(fixture);
  procfs_close(fixture->proc);
  tracker_destroy(fixture->tracker);
  free(fixture);
  return 0;
}

/* Makes the child a member of the first group, counted from its start. */
static void begin(struct fixture *fixture) {
  struct process *process = &fixture->process;
  const struct membership membership = {.rule = &fixture->rules[0],
                                        .group = &fixture->groups[0]};
  struct procfs_stat stat;

  fixture->sampler = sampler_create(fixture->proc, fixture->tracker);
  assert_non_null(fixture->sampler);
  child_start(&fixture->child);
  process->pid = fixture->child.pid;
  assert_int_equal(procfs_inode(fixture->proc, process->pid, &process->inode),
                   0);
  assert_int_equal(procfs_stat(fixture->proc, process->pid, &stat), 0);
  process->start_ns = stat.start_ticks * tick_ns();
  process->member = member_create(true);
  assert_non_null(process->member);
  assert_int_equal(member_set_groups(process->member, &membership, 1, 0), 0);
}

static void add(struct sampler *sampler, struct process *process) {
  uint64_t clock_ns = 0;
  process_clock_ns(process->pid, &clock_ns);
  process->clock_ns = clock_ns;
  sampler_add(sampler, process);
}

static void look(struct fixture *fixture) {
  child_settle_all();
  sampler_begin(fixture->sampler);
  add(fixture->sampler, &fixture->process);
  sampler_flush(fixture->sampler);
}

static int64_t cpu_of(const struct group *group) {
  return group->total[COUNTER_CPU_USER] + group->total[COUNTER_CPU_SYSTEM];
}

static void counts_a_member(void **state) {
  struct fixture *fixture = *state;
  fixture->rules[0].collect = COLLECT_CPU | COLLECT_IO | COLLECT_COUNT;
  begin(fixture);
  child_tell(&fixture->child, 'b', 20);
  look(fixture);
  assert_false(fixture->process.member->is_gone);
  assert_in_range(cpu_of(&fixture->groups[0]), 20000000, 2000000000);
  assert_int_equal(fixture->process.member->threads, 1 + EMULATOR_THREADS);

  assert_int_equal(fixture->process.member->io_error, 0);
}

static void finds_a_member_gone(void **state) {
  struct fixture *fixture = *state;
  fixture->rules[0].collect = COLLECT_CPU | COLLECT_IO;
  begin(fixture);
  look(fixture);
  int64_t cpu = cpu_of(&fixture->groups[0]);
  child_reap(&fixture->child);
  look(fixture);
  assert_true(fixture->process.member->is_gone);
  assert_true(cpu_of(&fixture->groups[0]) == cpu);
}

/* Another process has the pid since the listing: nothing of it counts.
 * Meanwhile the member may have changed its group. */
static void change_hands(struct fixture *fixture, const char *name,
                         uint32_t collect_before, uint32_t collect_after) {
  fixture->rules[0].collect = collect_before;
  fixture->rules[1].collect = collect_after;
  begin(fixture);
  child_tell(&fixture->child, 'b', 5);
  look(fixture);
  const struct membership membership = {.rule = &fixture->rules[1],
                                        .group = &fixture->groups[1]};
  assert_int_equal(
      member_set_groups(fixture->process.member, &membership, 1, 0), 0);

  child_reap(&fixture->child);
  /* So that the start times differ, which have ticks. */
  pause_ms(20);
  if (!child_try_start(&fixture->child, fixture->process.pid))
    skip(); /* needs CAP_CHECKPOINT_RESTORE and Linux 5.5 */
  child_tell(&fixture->child, 'b', 30);
  look(fixture);
  assert_case(name, fixture->process.member->is_gone);
  assert_case_int(name, cpu_of(&fixture->groups[1]), 0);
  end(fixture);
}

static void takes_nothing_of_another_process(void **state) {
  struct fixture *fixture = *state;
  const uint32_t with_io = COLLECT_CPU | COLLECT_IO, without = COLLECT_CPU;
  change_hands(fixture, "with I/O", with_io, with_io);
  change_hands(fixture, "without I/O", without, without);
  change_hands(fixture, "first without I/O", without, with_io);
}

/* The kept descriptor does not show this, because it is not read. */
static void takes_nothing_when_io_is_wanted_no_more(void **state) {
  struct fixture *fixture = *state;
  change_hands(fixture, "then without I/O", COLLECT_CPU | COLLECT_IO,
               COLLECT_CPU);
}

/* No descriptor is kept. This is the last test, because the limit cannot be
 * raised again. */
static void takes_nothing_without_descriptors(void **state) {
  struct fixture *fixture = *state;
  const struct rlimit few = {1000, 1000};
  if (setrlimit(RLIMIT_NOFILE, &few) != 0)
    skip(); /* it is even lower */
  change_hands(fixture, "few descriptors", COLLECT_CPU | COLLECT_IO,
               COLLECT_CPU | COLLECT_IO);
}

/* A kernel that sends bad answers for one process, or for all. */

enum bad { GOOD, REFUSED, OF_ANOTHER, WITHOUT_RECORD };

struct kernel {
  int fd;
  pthread_t thread;
  pid_t pid; /* 0 for all */
  enum bad bad;
  uint64_t delay_ns; /* of all processes */
};

static void answer(const struct kernel *kernel, uint32_t sequence,
                   uint32_t id) {
  const struct record record = {.version = 16,
                                .cpu_ns = 1,
                                .switches_voluntary = 1,
                                .delay_ns[DELAY_CPU] = kernel->delay_ns,
                                .waits[DELAY_CPU] = 1};
  bool is_bad = kernel->pid == 0 || kernel->pid == (pid_t)id;
  enum bad bad = is_bad ? kernel->bad : GOOD;
  struct answer answer;
  if (bad == REFUSED)
    answer_error(&answer, sequence, -ENOMEM);
  else
    answer_record(&answer, sequence,
                  bad == WITHOUT_RECORD ? MESSAGE_THREAD : MESSAGE_PROCESS,
                  bad == OF_ANOTHER ? id + 1 : id, &record);
  send(kernel->fd, answer.bytes, answer.size, MSG_NOSIGNAL);
}

static void *answer_all(void *arg) {
  const struct kernel *kernel = arg;
  unsigned char bytes[QUERY_BATCH * MESSAGE_QUERY_SIZE];
  ssize_t size;
  while ((size = recv(kernel->fd, bytes, sizeof(bytes), 0)) > 0)
    for (size_t at = 0; at < (size_t)size; at += MESSAGE_QUERY_SIZE) {
      struct nlmsghdr header;
      uint32_t id;
      memcpy(&header, bytes + at, sizeof(header));
      memcpy(&id, bytes + at + MESSAGE_QUERY_SIZE - sizeof(id), sizeof(id));
      answer(kernel, header.nlmsg_seq, id);
    }
  return NULL;
}

/* Puts the kernel under the sampler's connection. Returns false if there is no
 * connection. */
static bool start_kernel(struct kernel *kernel) {
  int fds[2], own = -1;
  for (int fd = 3; fd < 1024; fd++) {
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
      own = fd;
  }
  if (own < 0)
    return false;
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds),
                   0);
  assert_int_equal(dup2(fds[0], own), own);
  close(fds[0]);
  kernel->fd = fds[1];
  assert_int_equal(pthread_create(&kernel->thread, NULL, answer_all, kernel),
                   0);
  return true;
}

static void end_kernel(struct kernel *kernel) {
  shutdown(kernel->fd, SHUT_RDWR);
  pthread_join(kernel->thread, NULL);
  close(kernel->fd);
}

/* Samples two processes that have run. */
static void look_at_two(struct fixture *fixture, struct fixture *second) {
  child_tell(&fixture->child, 'b', 5);
  child_tell(&second->child, 'b', 5);
  child_settle_all();
  sampler_begin(fixture->sampler);
  add(fixture->sampler, &fixture->process);
  add(fixture->sampler, &second->process);
  sampler_flush(fixture->sampler);
}

static int64_t delay_of(const struct fixture *fixture) {
  return fixture->groups[0].total[COUNTER_DELAY + DELAY_CPU];
}

/* With a bad answer for one process, only this one lacks its record, until the
 * next read. */
static void goes_on_after_a_bad_answer(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    enum bad bad;
    int error;
  } cases[] = {{"refused", REFUSED, -ENOMEM},
               {"of another process", OF_ANOTHER, -EBADMSG},
               {"of a thread", WITHOUT_RECORD, -EBADMSG}};

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    struct fixture *second = calloc(1, sizeof(*second));
    struct sampler_status status;
    struct kernel kernel = {.delay_ns = 1000000000};
    assert_non_null(second);
    second->proc = fixture->proc;
    second->tracker = fixture->tracker;
    second->groups[0].rule = &second->rules[0];
    fixture->groups[0] = (struct group){.rule = &fixture->rules[0]};
    begin(fixture);
    begin(second);
    look_at_two(fixture, second);
    sampler_status(fixture->sampler, &status);
    sampler_destroy(second->sampler);
    second->sampler = fixture->sampler;
    if (status.taskstats != 0 || !start_kernel(&kernel)) {
      free(second);
      skip();
    }

    look_at_two(fixture, second);
    assert_case_int(name, delay_of(fixture), 1000000000);
    assert_case_int(name, delay_of(second), 1000000000);

    kernel.delay_ns = 2000000000;
    kernel.bad = cases[i].bad;
    kernel.pid = second->process.pid;
    int64_t cpu = cpu_of(&second->groups[0]);
    look_at_two(fixture, second);
    sampler_status(fixture->sampler, &status);
    assert_case_int(name, status.taskstats, 0);
    assert_case(name, status.delays != 0);
    assert_case_int(name, delay_of(fixture), 2000000000);
    assert_case_int(name, delay_of(second), 1000000000);
    assert_case(name, cpu_of(&second->groups[0]) > cpu);
    assert_case(name, second->process.clock_ns == PROCESS_CLOCK_UNKNOWN);

    /* Also if it is the only one that has run. */
    look(second);
    sampler_status(second->sampler, &status);
    assert_case_int(name, status.taskstats, 0);
    assert_case(name, status.delays != 0);

    kernel.bad = GOOD;
    look_at_two(fixture, second);
    assert_case_int(name, delay_of(second), 2000000000);

    /* Without any other information, nothing is known. */
    kernel.bad = cases[i].bad;
    kernel.pid = 0;
    look_at_two(fixture, second);
    sampler_status(fixture->sampler, &status);
    assert_case_int(name, status.taskstats, cases[i].error);
    assert_case_int(name, status.delays, 0);

    sampler_forget(fixture->sampler, second->process.member);
    end_kernel(&kernel);
    end(fixture);
    free(second);
  }
}

static void forgets_nothing(void **state) {
  struct fixture *fixture = *state;
  fixture->sampler = sampler_create(fixture->proc, fixture->tracker);
  assert_non_null(fixture->sampler);
  sampler_forget(fixture->sampler, NULL);
  sampler_destroy(NULL);
}

#define prepared(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      prepared(counts_a_member),
      prepared(finds_a_member_gone),
      prepared(takes_nothing_of_another_process),
      prepared(takes_nothing_when_io_is_wanted_no_more),
      prepared(goes_on_after_a_bad_answer),
      prepared(forgets_nothing),
      prepared(takes_nothing_without_descriptors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
