/* SPDX-License-Identifier: MIT */
#include "track/process_table.h"

#include "support/test.h"

#include <errno.h>
#include <stdlib.h>

enum { MANY = 100000 };

static struct process_table *create(void) {
  struct process_table *table = process_table_create();
  assert_non_null(table);
  return table;
}

static struct process *add(struct process_table *table, pid_t pid) {
  struct process *process = process_table_add(table, pid);
  assert_non_null(process);
  assert_int_equal(process->pid, pid);
  return process;
}

static bool keep_and_count(void *context, struct process *process) {
  (void)process;
  ++*(size_t *)context;
  return true;
}

static size_t size_of(struct process_table *table) {
  size_t size = 0;
  process_table_sweep(table, keep_and_count, &size);
  return size;
}

static void finds_what_was_added(void **state) {
  (void)state;
  struct process_table *table = create();
  assert_int_equal(size_of(table), 0);
  assert_null(process_table_find(table, 1));

  struct process *one = add(table, 1), *two = add(table, 2);
  assert_int_equal(size_of(table), 2);
  assert_ptr_equal(process_table_find(table, 1), one);
  assert_ptr_equal(process_table_find(table, 2), two);
  assert_null(process_table_find(table, 3));
  /* It comes zeroed. */
  assert_true(one->seen == 0 && one->inode == 0 && one->start_ns == 0);
  assert_true(one->clock_ns == 0 && one->due == 0);
  assert_null(one->member);
  process_table_destroy(table);
  process_table_destroy(NULL);
}

/* Pids that share their low bits, and so a bucket, whatever its width. */
static void tells_colliding_pids_apart(void **state) {
  (void)state;
  static const pid_t pids[] = {3,           3 + 256,     3 + 512,      3 + 1024,
                               3 + 0x10000, 3 + 0x20000, 3 + (1 << 21)};
  struct process *processes[COUNT_OF(pids)];
  struct process_table *table = create();
  for (size_t i = 0; i < COUNT_OF(pids); i++)
    processes[i] = add(table, pids[i]);
  for (size_t i = 0; i < COUNT_OF(pids); i++)
    assert_ptr_equal(process_table_find(table, pids[i]), processes[i]);

  /* From the middle, the ends, and so on; the others stay. */
  static const size_t order[] = {3, 0, 6, 4, 1, 5, 2};
  for (size_t i = 0; i < COUNT_OF(order); i++) {
    process_table_remove(table, processes[order[i]]);
    processes[order[i]] = NULL;
    for (size_t p = 0; p < COUNT_OF(pids); p++)
      assert_ptr_equal(process_table_find(table, pids[p]), processes[p]);
    assert_int_equal(size_of(table), COUNT_OF(pids) - i - 1);
  }
  process_table_destroy(table);
}

static void takes_a_pid_again(void **state) {
  (void)state;
  struct process_table *table = create();
  struct process *process = add(table, 7);
  process->seen = 9;
  process->member = (struct member *)table;
  process_table_remove(table, process);
  process = add(table, 7);
  assert_int_equal(process->seen, 0);
  assert_null(process->member);
  assert_ptr_equal(process_table_find(table, 7), process);
  assert_int_equal(size_of(table), 1);
  process_table_destroy(table);
}

static int compare_addresses(const void *a, const void *b) {
  uintptr_t one = *(const uintptr_t *)a, other = *(const uintptr_t *)b;
  return one < other ? -1 : one > other;
}

/* Later processes get the places of former ones, each once, and nothing else
 * changes. The pids share a bucket. */
static void reuses_the_places_of_former_processes(void **state) {
  (void)state;
  enum { COUNT = 1000, STEP = 0x10000 };
  struct process_table *table = create();
  struct process *all[COUNT];
  uintptr_t before[COUNT], after[COUNT];
  for (int i = 0; i < COUNT; i++) {
    all[i] = add(table, 3 + i * STEP);
    before[i] = (uintptr_t)all[i];
  }

  /* The first, the last, and every third between them; and a run of adjacent
   * ones. */
  for (int i = 0; i < COUNT; i++)
    if (i % 3 == 0 || (i > 400 && i < 600))
      process_table_remove(table, all[i]);
  for (int i = 0; i < COUNT; i++)
    if (i % 3 == 0 || (i > 400 && i < 600)) {
      all[i] = add(table, 4 + i * STEP);
      assert_null(process_table_find(table, 3 + i * STEP));
    }

  for (int i = 0; i < COUNT; i++) {
    after[i] = (uintptr_t)all[i];
    assert_ptr_equal(process_table_find(table, all[i]->pid), all[i]);
  }
  qsort(before, COUNT, sizeof(before[0]), compare_addresses);
  qsort(after, COUNT, sizeof(after[0]), compare_addresses);
  assert_memory_equal(before, after, sizeof(before));
  for (int i = 1; i < COUNT; i++)
    assert_true(after[i] >= after[i - 1] + sizeof(struct process));
  assert_int_equal(size_of(table), COUNT);
  process_table_destroy(table);
}

static void keeps_why_an_attribute_cannot_be_read(void **state) {
  (void)state;
  static const int errors[] = {0, -EPERM, -EAGAIN, -EOVERFLOW, -EHWPOISON, 0};
  struct process_table *table = create();
  struct process *process = add(table, 7);
  for (size_t i = 0; i < COUNT_OF(errors); i++) {
    process_set_select_error(process, errors[i]);
    assert_int_equal(process_select_error(process), errors[i]);
  }
  process_table_destroy(table);
}

struct sweep {
  size_t calls;
  pid_t divisor; /* of the pids to keep */
  unsigned char *visits;
};

static bool keep_multiples(void *context, struct process *process) {
  struct sweep *sweep = context;
  sweep->calls++;
  sweep->visits[process->pid]++;
  return process->pid % sweep->divisor == 0;
}

static void sweep_once(struct process_table *table, pid_t divisor,
                       size_t before, size_t after) {
  struct sweep sweep = {.divisor = divisor,
                        .visits = calloc(MANY + 1, sizeof(unsigned char))};
  assert_non_null(sweep.visits);
  process_table_sweep(table, keep_multiples, &sweep);
  assert_int_equal(sweep.calls, before);
  for (pid_t pid = 1; pid <= MANY; pid++)
    assert_in_range(sweep.visits[pid], 0, 1);
  assert_int_equal(size_of(table), after);
  free(sweep.visits);
}

/* It grows and shrinks; processes that stay are not moved. */
static void holds_many(void **state) {
  (void)state;
  struct process_table *table = create();
  struct process **all = calloc(MANY + 1, sizeof(*all));
  assert_non_null(all);
  for (pid_t pid = 1; pid <= MANY; pid++) {
    all[pid] = add(table, pid);
    all[pid]->start_ns = (uint64_t)pid;
  }

  static const struct {
    pid_t divisor;
    size_t before, after;
  } sweeps[] = {{1, MANY, MANY},
                {2, MANY, MANY / 2},
                {10, MANY / 2, MANY / 10},
                {100, MANY / 10, MANY / 100},
                {10000, MANY / 100, 10},
                {10000, 10, 10},
                {10000, 10, 10}};
  for (size_t i = 0; i < COUNT_OF(sweeps); i++) {
    sweep_once(table, sweeps[i].divisor, sweeps[i].before, sweeps[i].after);
    for (pid_t pid = 1; pid <= MANY; pid++) {
      bool is_there = pid % sweeps[i].divisor == 0;
      struct process *process = process_table_find(table, pid);
      assert_ptr_equal(process, is_there ? all[pid] : NULL);
      assert_true(!is_there || process->start_ns == (uint64_t)pid);
    }
  }
  /* And it grows again. */
  for (pid_t pid = 1; pid < 10000; pid++)
    all[pid] = add(table, pid);
  for (pid_t pid = 1; pid <= 10000; pid++)
    assert_ptr_equal(process_table_find(table, pid), all[pid]);
  free(all);
  process_table_destroy(table);
}

static bool keep_none(void *context, struct process *process) {
  *(size_t *)context += (size_t)process->pid;
  return false;
}

static void sweeps_all(void **state) {
  (void)state;
  struct process_table *table = create();
  size_t sum = 0;
  process_table_sweep(table, keep_none, &sum);
  assert_int_equal(sum, 0);
  for (pid_t pid = 1; pid <= 1000; pid++)
    add(table, pid);
  process_table_sweep(table, keep_none, &sum);
  assert_int_equal(sum, 500500);
  assert_int_equal(size_of(table), 0);
  assert_null(process_table_find(table, 1));
  process_table_destroy(table);
}

enum { SECOND_NS = 1000000000 };

/* A process that started at a time, or whose fork event has this time: it
 * started slightly earlier. */
static struct process *add_at(struct process_table *table, uint64_t begin_s,
                              bool is_listed) {
  struct process *process = add(table, 7);
  process->start_ns = begin_s * SECOND_NS;
  if (is_listed) {
    process_learn(process, FACT_LISTED);
  } else {
    process->parent = 1;
    process->start_ns -= 2 * (uint64_t)SECOND_NS;
    process->start_width_us = 2000000;
  }
  return process;
}

/* No process is found before its fork event. */
static void tells_who_had_a_pid_at_a_time(void **state) {
  (void)state;
  struct process_table *table = create();
  struct process *first = add_at(table, 10, true);
  struct process *second = add_at(table, 12, false);
  static const struct {
    uint64_t time_ms;
    int process;
  } cases[] = {{9999, 0},  {10000, 1}, {11000, 1},
               {11999, 1}, {12000, 2}, {20000, 2}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const struct process *expected[] = {NULL, first, second};
    assert_ptr_equal(
        process_table_find_at(table, 7, cases[i].time_ms * 1000000),
        expected[cases[i].process]);
  }
  process_table_remove(table, first);
  assert_null(process_table_find_at(table, 7, UINT64_C(11000) * 1000000));
  process_table_destroy(table);
}

/* A process that has exited started before the pid's current process. */
static void orders_who_had_a_pid(void **state) {
  (void)state;
  struct process_table *table = create();
  struct process *former = add(table, 7);
  former->start_ns = SECOND_NS;
  former->start_width_us = 100 * 1000000;
  process_learn(former, FACT_EXITED);
  struct process *last = add_at(table, 10, true);
  assert_ptr_equal(process_table_find(table, 7), former);
  process_table_note_successor(table, 7, last->start_ns, last);
  assert_ptr_equal(process_table_find(table, 7), last);
  assert_true(process_began_by(former) < last->start_ns);
  process_table_destroy(table);
}

/* Of listed processes, the records of the former ones were lost; the others end
 * in turn. */
static void tells_who_ends_next(void **state) {
  (void)state;
  static const struct {
    const char *name;
    bool is_listed[2];
    int process; /* that ends next */
  } cases[] = {
      {"none is listed", {false, false}, 0},
      {"both are", {true, true}, 1},
      {"the first is", {true, false}, 0},
      {"the second is", {false, true}, 1},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    for (int is_reversed = 0; is_reversed < 2; is_reversed++) {
      struct process_table *table = create();
      struct process *processes[2];
      for (int k = 0; k < 2; k++) {
        int which = is_reversed ? 1 - k : k;
        processes[which] =
            add_at(table, 10 + (uint64_t)which, cases[i].is_listed[which]);
      }
      const struct process_search search = {.pid = 7, .latest_ns = UINT64_MAX};
      assert_case(cases[i].name, process_table_find_exiting(table, &search) ==
                                     processes[cases[i].process]);
      process_table_destroy(table);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_what_was_added),
      cmocka_unit_test(tells_colliding_pids_apart),
      cmocka_unit_test(takes_a_pid_again),
      cmocka_unit_test(reuses_the_places_of_former_processes),
      cmocka_unit_test(keeps_why_an_attribute_cannot_be_read),
      cmocka_unit_test(holds_many),
      cmocka_unit_test(sweeps_all),
      cmocka_unit_test(tells_who_had_a_pid_at_a_time),
      cmocka_unit_test(orders_who_had_a_pid),
      cmocka_unit_test(tells_who_ends_next),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
