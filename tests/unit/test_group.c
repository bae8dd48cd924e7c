/* SPDX-License-Identifier: MIT */
#include "track/group.h"

#include "support/test.h"

#include <stdio.h>
#include <string.h>

/* Of delays and waits there are increments, too. */
static bool is_rated(unsigned int counter) {
  return counter >= COUNTER_DELAY && counter < COUNTER_DELAY + GROUP_RATED;
}

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
      {"first 0, then all", {{5, 0, 5}, {0, 5, 0}, {3, 8, 3}, {0, 8, 0}}, 4},
      {"the first increments are each of their own time",
       {{7, 0, 7}, {9, 16, 9}, {2, 18, 2}},
       3},
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
      {"the first value was too high",
       {{9, 0, 9}, {-3, 6, 0}, {2, 8, 0}, {2, 10, 1}},
       4},
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
        group_publish(&group, UINT32_MAX);
        assert_case_int(cases[i].name, group.reported[counter],
                        cases[i].steps[s].published);
        if (is_rated(counter))
          assert_case_int(cases[i].name, group_increment(&group, counter),
                          cases[i].steps[s].increment);
        assert_case_int(cases[i].name, group.publications, s + 1);
      }
      /* No counter affects another. */
      for (unsigned int other = 0; other < COUNTERS; other++)
        assert_case(cases[i].name,
                    other == counter || group.reported[other] == 0);
    }
}

/* A kind of delay that becomes known starts like a new group: with the value
 * that was reported before, so that the first increment is not lost. */
static void begins_with_what_was_not_known(void **state) {
  (void)state;
  enum { CPU = 1 << DELAY_CPU, ALL = (1 << DELAY_KINDS) - 1 };
  static const struct {
    const char *name;
    bool has_counted;
    uint32_t counted;
    uint64_t cpu, blkio; /* reported; each waits 10 in each step */
  } steps[] = {
      {"first", false, ALL, 0, 0},
      {"the kernel counts it of nobody", false, ALL, 20, 20},
      {"of one", true, ALL, 30, 20},
      {"from now on", true, ALL, 40, 40},
      {"it is switched off", true, CPU, 50, 50},
      {"and on", true, ALL, 60, 50},
      {"once more", true, ALL, 70, 70},
      {"no records", true, 0, 80, 80},
      {"they come again", true, ALL, 80, 80},
      {"and go on", true, ALL, 100, 100},
  };
  struct group group = {.name = "web", .has_uncounted = true};
  int64_t delta[COUNTERS];
  for (unsigned int i = 0; i < COUNTERS; i++)
    delta[i] = 10;
  for (size_t i = 0; i < COUNT_OF(steps); i++) {
    group.has_counted = steps[i].has_counted;
    group_add(&group, delta);
    group_publish(&group, steps[i].counted);
    const uint64_t *reported = group.reported;
    assert_case_int(steps[i].name, reported[COUNTER_DELAY + DELAY_CPU],
                    steps[i].cpu);
    assert_case_int(steps[i].name, reported[COUNTER_DELAY + DELAY_BLKIO],
                    steps[i].blkio);
    assert_case_int(steps[i].name, reported[COUNTER_CPU_USER],
                    i == 0 ? 0 : 10 * (i + 1));
    assert_case_int(steps[i].name,
                    group_increment(&group, COUNTER_DELAY + DELAY_BLKIO), 10);
  }
}

/* Members add up. */
static void adds_its_members(void **state) {
  (void)state;
  struct group group = {.name = "web"};
  int64_t delta[COUNTERS];

  group_publish(&group, UINT32_MAX);
  for (int64_t member = 1; member <= 3; member++) {
    for (unsigned int i = 0; i < COUNTERS; i++)
      delta[i] = member * 100 + (int64_t)i;
    group_add(&group, delta);
  }
  /* One of them had too much. */
  for (unsigned int i = 0; i < COUNTERS; i++)
    delta[i] = -50;
  group_add(&group, delta);
  group_publish(&group, UINT32_MAX);
  for (unsigned int i = 0; i < COUNTERS; i++) {
    assert_int_equal(group.reported[i], 550 + 3 * i);
    if (is_rated(i))
      assert_int_equal(group_increment(&group, i), 550 + 3 * i);
  }
}

/* What is moved to another group: everything that is not reported yet. */
static void diverts_what_is_not_published(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int64_t truth;
    uint64_t published;
    int64_t diverted;
  } cases[] = {
      {"nothing", 0, 0, 0},
      {"all", 5, 0, 5},
      {"all that is new", 12, 5, 7},
      {"nothing new", 5, 5, 0},
      {"was too high", 5, 8, 0},
      {"was too high at first", -3, 0, 0},
      {"large", INT64_MAX, 1, INT64_MAX - 1},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++)
    for (unsigned int counter = 0; counter < COUNTERS; counter++) {
      struct group group = {.name = "web", .publications = 3}, other = {0};
      group.total[counter] = cases[i].truth;
      group.reported[counter] = cases[i].published;
      if (is_rated(counter))
        group.rated[counter - COUNTER_DELAY] = cases[i].published;
      for (int again = 0; again < 2; again++) {
        group_divert(&group, &other);
        for (unsigned int c = 0; c < COUNTERS; c++) {
          bool is_it = c == counter;
          assert_case_int(cases[i].name, other.total[c],
                          is_it ? cases[i].diverted : 0);
          assert_case_int(cases[i].name, group.total[c],
                          is_it ? cases[i].truth - cases[i].diverted : 0);
          assert_case_int(cases[i].name, group.reported[c],
                          is_it ? cases[i].published : 0);
        }
      }
      assert_case_int(cases[i].name, group.publications, 3);
      assert_case_int(cases[i].name, other.publications, 0);
    }
}

/* What a group's rate has counted is not counted again by the other's, although
 * its total includes it. */
static void diverts_no_rate_twice(void **state) {
  (void)state;
  struct group group = {.name = "web"}, other = {.name = "other"};
  int64_t delta[COUNTERS] = {[COUNTER_DELAY] = 5};
  group_publish(&other, UINT32_MAX);
  group_add(&group, delta);
  group_publish(&group, UINT32_MAX); /* the first value is 0 */
  assert_int_equal(group_increment(&group, COUNTER_DELAY), 5);

  delta[COUNTER_DELAY] = 2;
  group_add(&group, delta);
  group_divert(&group, &other);
  group_publish(&other, UINT32_MAX);
  assert_int_equal(group_increment(&other, COUNTER_DELAY), 2);
  assert_int_equal(other.reported[COUNTER_DELAY], 5 + 2);

  group_add(&group, delta);
  group_publish(&group, UINT32_MAX);
  assert_int_equal(group_increment(&group, COUNTER_DELAY), 2);
  assert_int_equal(group.reported[COUNTER_DELAY], 2);
  group_publish(&other, UINT32_MAX);
  assert_int_equal(group_increment(&other, COUNTER_DELAY), 0);
  assert_int_equal(other.reported[COUNTER_DELAY], 7);
}

static void diverts_what_its_members_are(void **state) {
  (void)state;
  struct group group = {.name = "web", .members = 2};
  struct group other = {.name = "other"};
  other.oldest_ns = 50;
  group.oldest_ns = 40;
  for (unsigned int i = 0; i < GAUGES; i++) {
    group.gauges[i] = 10 + i;
    other.gauges[i] = 100;
  }
  group_divert(&group, &other);
  for (unsigned int i = 0; i < GAUGES; i++) {
    assert_int_equal(group.gauges[i], 0);
    assert_int_equal(other.gauges[i], 110 + i);
  }
  assert_int_equal(other.oldest_ns, 40);
  group.oldest_ns = 30; /* a process that has ended is not the oldest */
  group_divert(&group, &other);
  assert_int_equal(other.oldest_ns, 40);
  /* They are its members all the same. */
  assert_int_equal(group.members, 2);
  assert_int_equal(other.members, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(publishes),
      cmocka_unit_test(begins_with_what_was_not_known),
      cmocka_unit_test(adds_its_members),
      cmocka_unit_test(diverts_what_is_not_published),
      cmocka_unit_test(diverts_no_rate_twice),
      cmocka_unit_test(diverts_what_its_members_are),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
