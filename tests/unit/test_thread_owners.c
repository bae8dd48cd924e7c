/* SPDX-License-Identifier: MIT */
#include "track/thread_owners.h"

#include "support/test.h"

#include <stdlib.h>

static void knows_whose_a_thread_is(void **state) {
  (void)state;
  struct thread_owners *owners = thread_owners_create();
  assert_non_null(owners);
  assert_int_equal(thread_owners_find(owners, 11), 0);
  thread_owners_add(owners, 11, 10);
  thread_owners_add(owners, 12, 10);
  assert_int_equal(thread_owners_find(owners, 10), 10); /* one of several */
  assert_int_equal(thread_owners_find(owners, 11), 10);
  assert_int_equal(thread_owners_find(owners, 12), 10);
  thread_owners_remove(owners, 11);
  thread_owners_remove(owners, 13);
  assert_int_equal(thread_owners_find(owners, 11), 0);
  assert_int_equal(thread_owners_find(owners, 12), 10);
  thread_owners_add(owners, 12, 20); /* the id was reused */
  assert_int_equal(thread_owners_find(owners, 12), 20);
  thread_owners_destroy(owners);
  thread_owners_destroy(NULL);
}

/* Against an array, in any order. */
static void agrees_with_an_array(void **state) {
  (void)state;
  enum { IDS = 3000, STEPS = 60000 };
  static pid_t truth[IDS];
  struct thread_owners *owners = thread_owners_create();
  assert_non_null(owners);
  srand(1);
  for (int step = 0; step < STEPS; step++) {
    pid_t tid = 1 + rand() % (IDS - 1), process = 1 + rand() % (IDS - 1);
    if (rand() % 3 > 0) {
      thread_owners_add(owners, tid, process);
      truth[process] = process;
      truth[tid] = process;
    } else {
      thread_owners_remove(owners, tid);
      truth[tid] = 0;
    }
  }
  for (pid_t tid = 1; tid < IDS; tid++)
    assert_int_equal(thread_owners_find(owners, tid), truth[tid]);
  thread_owners_destroy(owners);
}

static bool is_even(void *context, pid_t process) {
  (void)context;
  return process % 2 == 0;
}

static void forgets_those_of_who_is_gone(void **state) {
  (void)state;
  enum { IDS = 5000, FIRST = 10000 };
  struct thread_owners *owners = thread_owners_create();
  assert_non_null(owners);
  for (pid_t i = 0; i < IDS; i++)
    thread_owners_add(owners, FIRST + i, 1 + i % 7);
  thread_owners_sweep(owners, is_even, NULL);
  for (pid_t i = 0; i < IDS; i++) {
    pid_t process = 1 + i % 7;
    assert_int_equal(thread_owners_find(owners, FIRST + i),
                     process % 2 == 0 ? 0 : process);
  }
  thread_owners_destroy(owners);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(knows_whose_a_thread_is),
      cmocka_unit_test(agrees_with_an_array),
      cmocka_unit_test(forgets_those_of_who_is_gone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
