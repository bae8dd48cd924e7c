/* SPDX-License-Identifier: MIT */
#include "group.h"

#include "test.h"

#include <stdio.h>
#include <string.h>

/* A group's life: what was used between two publications, and what is seen. */
static void publishes(void **state) {
  (void)state;
  enum { STEPS = 8 };
  static const struct {
    const char *name;
    struct {
      int64_t used;
      uint64_t published, increment;
    } steps[STEPS];
    size_t count;
  } cases[] = {
      {"first 0, then all", {{5, 0, 0}, {0, 5, 5}, {3, 8, 3}, {0, 8, 0}}, 4},
      {"nothing first", {{0, 0, 0}, {7, 7, 7}, {1, 8, 1}}, 3},
      {"was too high: stands still until truth has caught up",
       {{0, 0, 0},
        {100, 100, 100},
        {-30, 100, 0},
        {10, 100, 0},
        {20, 100, 0},
        {5, 105, 5},
        {1, 106, 1}},
       7},
      {"too high at first", {{-4, 0, 0}, {3, 0, 0}, {2, 1, 1}}, 3},
      {"large",
       {{0, 0, 0},
        {INT64_MAX - 1, INT64_MAX - 1, INT64_MAX - 1},
        {1, INT64_MAX, 1}},
       3},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++)
    for (unsigned int counter = 0; counter < COUNTERS; counter++) {
      struct group group = {.name = "web"};
      for (size_t s = 0; s < cases[i].count; s++) {
        int64_t delta[COUNTERS] = {0};
        delta[counter] = cases[i].steps[s].used;
        group_add(&group, delta);
        group_publish(&group);
        assert_case_int(cases[i].name, group.published[counter],
                        cases[i].steps[s].published);
        assert_case_int(cases[i].name, group.increment[counter],
                        cases[i].steps[s].increment);
        assert_case_int(cases[i].name, group.publications, s + 1);
      }
      /* No counter takes another's. */
      for (unsigned int other = 0; other < COUNTERS; other++)
        assert_case(cases[i].name,
                    other == counter || group.published[other] == 0);
    }
}

/* Members add up. */
static void adds_its_members(void **state) {
  (void)state;
  struct group group = {.name = "web"};
  int64_t delta[COUNTERS];

  group_publish(&group);
  for (int64_t member = 1; member <= 3; member++) {
    for (unsigned int i = 0; i < COUNTERS; i++)
      delta[i] = member * 100 + (int64_t)i;
    group_add(&group, delta);
  }
  /* One of them had too much. */
  for (unsigned int i = 0; i < COUNTERS; i++)
    delta[i] = -50;
  group_add(&group, delta);
  group_publish(&group);
  for (unsigned int i = 0; i < COUNTERS; i++) {
    assert_int_equal(group.published[i], 550 + 3 * i);
    assert_int_equal(group.increment[i], 550 + 3 * i);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(publishes),
      cmocka_unit_test(adds_its_members),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
