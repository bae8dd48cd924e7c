/* SPDX-License-Identifier: MIT */
#include "select/pattern_work.h"

#include "support/test.h"

static const uint64_t second = 1000000000;

static void fills_up_with_time(void **state) {
  (void)state;
  struct pattern_work work = {.left = 0};

  pattern_work_fill(&work, 7);
  assert_int_equal(work.left, PATTERN_MOST_LEFT);
  work.left = 0;
  pattern_work_fill(&work, 7 + second);
  assert_int_equal(work.left, second / 10);
  pattern_work_fill(&work, 7 + second / 2); /* times of different sources */
  assert_int_equal(work.left, second / 10);
  pattern_work_fill(&work, 7 + 2 * second);
  assert_int_equal(work.left, second / 5);
  pattern_work_fill(&work, 7 + 3600 * second);
  assert_int_equal(work.left, PATTERN_MOST_LEFT);
}

static void leaves_others_their_share(void **state) {
  (void)state;
  enum { ATTACKER = 65534, SERVICE = 33 };
  struct pattern_work work = {0};
  uint64_t now = 7;

  pattern_work_fill(&work, now);
  for (int i = 0; i < 1000; i++) {
    uint64_t left = pattern_work_left(&work, ATTACKER);
    pattern_work_use(&work, ATTACKER, left < 8000000 ? left : 8000000);
    if (i % 100 == 99)
      pattern_work_fill(&work, now += second);
    assert_true(pattern_work_left(&work, SERVICE) == PATTERN_USER_MOST);
  }
  pattern_work_use(&work, ATTACKER, pattern_work_left(&work, ATTACKER) + 1);
  assert_int_equal(pattern_work_left(&work, ATTACKER), 0);
  pattern_work_fill(&work, now += second);
  uint64_t again = pattern_work_left(&work, ATTACKER);
  assert_true(again > 0 && again <= second / 40);

  /* All users together use no more than the total. */
  for (uid_t user = 0; user < 10; user++)
    pattern_work_use(&work, user, pattern_work_left(&work, user));
  assert_int_equal(pattern_work_left(&work, 10), 0);
}

/* A user's processes may have many users' numbers, in a user namespace. */
static void counts_subordinate_numbers_as_one_user(void **state) {
  (void)state;
  enum { OWN = 1000, FIRST = 100000, COUNT = 65536, SERVICE = 33 };
  static const uid_t others[] = {SERVICE, FIRST + COUNT, FIRST + 2 * COUNT,
                                 FIRST - 1, 1201103500};
  struct pattern_work work = {0};

  pattern_work_fill(&work, 7);
  pattern_work_use(&work, OWN, pattern_work_left(&work, OWN));
  for (uid_t uid = FIRST; uid < FIRST + COUNT; uid += 7)
    pattern_work_use(&work, uid, pattern_work_left(&work, uid));
  assert_int_equal(work.left, PATTERN_MOST_LEFT - 2 * PATTERN_USER_MOST);
  for (size_t i = 0; i < COUNT_OF(others); i++)
    assert_int_equal(pattern_work_left(&work, others[i]), PATTERN_USER_MOST);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fills_up_with_time),
      cmocka_unit_test(leaves_others_their_share),
      cmocka_unit_test(counts_subordinate_numbers_as_one_user),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
