/* SPDX-License-Identifier: MIT */
#include "track/thread_owners.h"

#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static void add(struct thread_owners *owners, pid_t tid, pid_t process,
                uint64_t ns) {
  thread_owners_add(owners, &(struct thread_owner){tid, process, ns, ns + 9});
}

/* The process of the thread that started between these times, or 0. */
static pid_t take(struct thread_owners *owners, pid_t tid, uint64_t earliest_ns,
                  uint64_t latest_ns) {
  struct thread_owner owner;
  if (!thread_owners_find(owners, tid, earliest_ns, latest_ns, &owner))
    return 0;
  thread_owners_remove(owners, &owner);
  assert_int_equal(owner.tid, tid);
  return owner.process;
}

static void knows_whose_a_thread_is(void **state) {
  (void)state;
  struct thread_owners *owners = thread_owners_create();
  assert_non_null(owners);
  assert_int_equal(take(owners, 11, 0, UINT64_MAX), 0);
  add(owners, 11, 10, 100);
  add(owners, 12, 10, 200);
  assert_true(thread_owners_has(owners, 11, 10));
  assert_false(thread_owners_has(owners, 11, 12));
  assert_false(thread_owners_has(owners, 10, 10));
  assert_int_equal(take(owners, 11, 110, 150), 0);
  assert_int_equal(take(owners, 11, 50, 99), 0);
  assert_int_equal(take(owners, 11, 109, 150), 10);
  assert_int_equal(take(owners, 11, 0, UINT64_MAX), 0);
  assert_int_equal(take(owners, 12, 50, 200), 10);
  thread_owners_destroy(owners);
  thread_owners_destroy(NULL);
}

static void tells_threads_with_one_id_apart(void **state) {
  (void)state;
  struct thread_owners *owners = thread_owners_create();
  assert_non_null(owners);
  add(owners, 11, 10, 100);
  add(owners, 11, 20, 200);
  assert_int_equal(take(owners, 11, 190, 300), 20);
  assert_int_equal(take(owners, 11, 0, 300), 10);

  /* The records of former ones are lost. */
  for (pid_t k = 1; k <= 5; k++)
    add(owners, 11, 10 * k, 100 * (uint64_t)k);
  add(owners, 12, 10, 100);
  thread_owners_forget(owners, 11, 310);
  for (pid_t k = 4; k <= 5; k++)
    assert_int_equal(take(owners, 11, 0, UINT64_MAX), 10 * k);
  assert_int_equal(take(owners, 11, 0, UINT64_MAX), 0);
  assert_int_equal(take(owners, 12, 0, UINT64_MAX), 10);

  /* It is not known when the last one started. */
  add(owners, 11, 10, 100);
  thread_owners_add(owners, &(struct thread_owner){11, 20, 0, 200});
  assert_int_equal(take(owners, 11, 150, 250), 20);
  assert_int_equal(take(owners, 11, 0, UINT64_MAX), 10);
  thread_owners_destroy(owners);
}

enum { MOST = 4 }; /* threads with one id */

static void forget_first(pid_t processes[MOST]) {
  memmove(processes, processes + 1, (MOST - 1) * sizeof(processes[0]));
}

/* Against an array, in any order. */
static void agrees_with_an_array(void **state) {
  (void)state;
  enum { IDS = 3000, STEPS = 60000 };
  static struct {
    pid_t process[MOST]; /* the earlier one first */
    int count;
  } truth[IDS];
  struct thread_owners *owners = thread_owners_create();
  assert_non_null(owners);
  srand(1);
  for (int step = 0; step < STEPS; step++) {
    pid_t tid = 1 + rand() % (IDS - 1), process = 1 + rand() % (IDS - 1);
    if (rand() % 3 > 0 && truth[tid].count < MOST) {
      add(owners, tid, process, 10 * (uint64_t)step);
      truth[tid].process[truth[tid].count++] = process;
    } else {
      pid_t first = truth[tid].count > 0 ? truth[tid].process[0] : 0;
      assert_int_equal(take(owners, tid, 0, UINT64_MAX), first);
      forget_first(truth[tid].process);
      truth[tid].count -= truth[tid].count > 0;
    }
  }
  for (pid_t tid = 1; tid < IDS; tid++) {
    for (int i = 0; i < truth[tid].count; i++)
      assert_int_equal(take(owners, tid, 0, UINT64_MAX), truth[tid].process[i]);
    assert_int_equal(take(owners, tid, 0, UINT64_MAX), 0);
  }
  thread_owners_destroy(owners);
}

static bool is_even(void *context, const struct thread_owner *thread) {
  (void)context;
  return thread->process % 2 == 0;
}

static void forgets_those_of_who_is_gone(void **state) {
  (void)state;
  enum { IDS = 30000, FIRST = 10000 };
  struct thread_owners *owners = thread_owners_create();
  assert_non_null(owners);
  for (pid_t i = 0; i < IDS; i++)
    add(owners, FIRST + i, 1 + i % 7, 100);
  thread_owners_sweep(owners, is_even, NULL);
  for (pid_t i = 0; i < IDS; i++) {
    pid_t process = 1 + i % 7;
    assert_int_equal(take(owners, FIRST + i, 0, UINT64_MAX),
                     process % 2 == 0 ? 0 : process);
  }
  thread_owners_destroy(owners);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(knows_whose_a_thread_is),
      cmocka_unit_test(tells_threads_with_one_id_apart),
      cmocka_unit_test(agrees_with_an_array),
      cmocka_unit_test(forgets_those_of_who_is_gone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
