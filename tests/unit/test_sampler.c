/* SPDX-License-Identifier: MIT */
#include "track/sampler.h"

#include "child.h"
#include "test.h"

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

/* Makes the child's process a member of the first group, from its beginning. */
static void begin(struct fixture *fixture) {
  struct process *process = &fixture->process;
  const struct membership membership = {&fixture->rules[0], &fixture->groups[0],
                                        false};
  struct procfs_stat stat;

  fixture->sampler = sampler_create(fixture->proc, fixture->tracker);
  assert_non_null(fixture->sampler);
  child_start(&fixture->child);
  process->pid = fixture->child.pid;
  assert_int_equal(procfs_inode(fixture->proc, process->pid, &process->inode),
                   0);
  assert_int_equal(procfs_stat(fixture->proc, process->pid, &stat), 0);
  process->start_ns =
      stat.start_ticks * 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK);
  process->member = member_create(true);
  assert_non_null(process->member);
  assert_int_equal(member_set_groups(process->member, &membership, 1, 0), 0);
}

static void look(struct fixture *fixture) {
  child_settle_all();
  sampler_begin(fixture->sampler);
  uint64_t clock_ns = 0;
  procfs_cpu_clock(fixture->process.pid, &clock_ns);
  fixture->process.clock_ns = clock_ns;
  sampler_add(fixture->sampler, &fixture->process);
  sampler_flush(fixture->sampler);
}

static int64_t cpu_of(const struct group *group) {
  return group->truth[COUNTER_CPU_USER] + group->truth[COUNTER_CPU_SYSTEM];
}

static void counts_a_member(void **state) {
  struct fixture *fixture = *state;
  fixture->rules[0].collect = COLLECT_CPU | COLLECT_IO | COLLECT_COUNT;
  begin(fixture);
  child_tell(&fixture->child, 'b', 20);
  look(fixture);
  assert_false(fixture->process.member->is_gone);
  assert_in_range(cpu_of(&fixture->groups[0]), 20000000, 2000000000);
  assert_int_equal(fixture->process.member->threads, 1);

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
  const struct membership membership = {&fixture->rules[1], &fixture->groups[1],
                                        false};
  assert_int_equal(
      member_set_groups(fixture->process.member, &membership, 1, 0), 0);

  child_reap(&fixture->child);
  /* So that the start times differ, which have ticks. */
  nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
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

/* The descriptor that is kept does not tell, since nobody reads it. */
static void takes_nothing_when_io_is_wanted_no_more(void **state) {
  struct fixture *fixture = *state;
  change_hands(fixture, "then without I/O", COLLECT_CPU | COLLECT_IO,
               COLLECT_CPU);
}

/* No descriptor is kept. The last test: who may raise the limit again? */
static void takes_nothing_without_descriptors(void **state) {
  struct fixture *fixture = *state;
  const struct rlimit few = {1000, 1000};
  if (setrlimit(RLIMIT_NOFILE, &few) != 0)
    skip(); /* it is even lower */
  change_hands(fixture, "few descriptors", COLLECT_CPU | COLLECT_IO,
               COLLECT_CPU | COLLECT_IO);
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
      prepared(forgets_nothing),
      prepared(takes_nothing_without_descriptors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
