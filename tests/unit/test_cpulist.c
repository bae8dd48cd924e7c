/* SPDX-License-Identifier: MIT */
#include "kernel/cpulist.h"

#include "support/test.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void parses_lists(void **state) {
  (void)state;
  enum { CPUS = 8 };
  static const struct {
    const char *text;
    int status;
    unsigned int cpus[CPUS];
    size_t count;
  } cases[] = {
      {"0", 0, {0}, 1},
      {"7", 0, {7}, 1},
      {"0-3", 0, {0, 1, 2, 3}, 4},
      {"0-3,8", 0, {0, 1, 2, 3, 8}, 5},
      {"8,0-1", 0, {0, 1, 8}, 3},
      {"5-5", 0, {5}, 1},
      {"1,1,0-1", 0, {0, 1}, 2},
      {"62-65", 0, {62, 63, 64, 65}, 4},
      {"8191", 0, {8191}, 1},
      {"007", 0, {7}, 1},

      {"", -EINVAL, {0}, 0},
      {"all", -EINVAL, {0}, 0},
      {"-", -EINVAL, {0}, 0},
      {"-1", -EINVAL, {0}, 0},
      {"1-", -EINVAL, {0}, 0},
      {"3-1", -EINVAL, {0}, 0},
      {",", -EINVAL, {0}, 0},
      {"1,", -EINVAL, {0}, 0},
      {",1", -EINVAL, {0}, 0},
      {"1,,2", -EINVAL, {0}, 0},
      {"1 ", -EINVAL, {0}, 0},
      {" 1", -EINVAL, {0}, 0},
      {"1, 2", -EINVAL, {0}, 0},
      {"1-2-3", -EINVAL, {0}, 0},
      {"+1", -EINVAL, {0}, 0},
      {"0x1", -EINVAL, {0}, 0},
      {"1.5", -EINVAL, {0}, 0},
      {"0-3:1/2", -EINVAL, {0}, 0},
      {"8192", -ERANGE, {0}, 0},
      {"0-8192", -ERANGE, {0}, 0},
      {"4294967296", -ERANGE, {0}, 0},
      {"18446744073709551616", -ERANGE, {0}, 0},
      {"99999999999999999999999999", -ERANGE, {0}, 0},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *text = cases[i].text;
    struct cpulist list;
    memset(&list, 0xa5, sizeof(list));
    assert_case_int(text, cpulist_parse(text, &list), cases[i].status);
    if (cases[i].status != 0)
      continue;
    for (unsigned int cpu = 0; cpu < CPULIST_CPUS; cpu++) {
      bool is_in = false;
      for (size_t c = 0; c < cases[i].count; c++)
        is_in |= cases[i].cpus[c] == cpu;
      if (cpulist_has(&list, cpu) != is_in)
        fail_msg("%s: wrong about CPU %u", text, cpu);
    }
  }
}

static void has_no_cpu_beyond_all(void **state) {
  (void)state;
  struct cpulist list;
  assert_int_equal(cpulist_parse("0-8191", &list), 0);
  assert_true(cpulist_has(&list, CPULIST_CPUS - 1));
  assert_false(cpulist_has(&list, CPULIST_CPUS));
  assert_false(cpulist_has(&list, UINT32_MAX));
}

static void knows_subsets(void **state) {
  (void)state;
  static const struct {
    const char *list, *of;
    bool is_subset;
  } cases[] = {
      {"0", "0", true},           {"0", "0-3", true},
      {"0-3", "0", false},        {"1,3", "0-3", true},
      {"1,4", "0-3", false},      {"4", "0-3", false},
      {"63-64", "64", false},     {"8191", "0-1", false},
      {"0-8191", "0-8191", true},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char name[64];
    struct cpulist list, of;
    snprintf(name, sizeof(name), "%s in %s", cases[i].list, cases[i].of);
    assert_int_equal(cpulist_parse(cases[i].list, &list), 0);
    assert_int_equal(cpulist_parse(cases[i].of, &of), 0);
    assert_case_int(name, cpulist_is_subset(&list, &of), cases[i].is_subset);
  }
}

static void writes_lists(void **state) {
  (void)state;
  static const char *const texts[] = {"0",     "0-3",  "1,3",   "0-3,8,10-11",
                                      "62-65", "8191", "0-8191"};
  struct cpulist list;
  char text[32];

  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    assert_int_equal(cpulist_parse(texts[i], &list), 0);
    assert_int_equal(cpulist_format(&list, text, sizeof(text)), 0);
    assert_string_equal(text, texts[i]);
  }
  assert_int_equal(cpulist_parse("0,2,4", &list), 0);
  assert_int_equal(cpulist_format(&list, text, 6), 0);
  assert_int_equal(cpulist_format(&list, text, 5), -ENOSPC);
  memset(&list, 0, sizeof(list));
  assert_int_equal(cpulist_format(&list, text, sizeof(text)), 0);
  assert_string_equal(text, "");
}

/* The kernel's set for one CPU is that CPU's. */
static void adds_where_a_thread_may_run(void **state) {
  (void)state;
  cpu_set_t before, one;
  struct cpulist list;
  unsigned int cpu = 0;
  assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
  while (!CPU_ISSET(cpu, &before))
    cpu++;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
  assert_int_equal(cpulist_parse("8191", &list), 0);
  assert_int_equal(cpulist_add_allowed(&list, 0), 0);
  for (unsigned int i = 0; i < CPULIST_CPUS; i++)
    assert_int_equal(cpulist_has(&list, i), i == cpu || i == 8191);
  assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
  assert_int_equal(cpulist_add_allowed(&list, INT32_MAX), -ESRCH);
}

/* The kernel's list can be parsed, and contains all CPUs. */
static void reads_the_possible(void **state) {
  (void)state;
  char text[1024];
  struct cpulist list;
  assert_int_equal(cpulist_read_possible(text, sizeof(text)), 0);
  assert_null(strchr(text, '\n'));
  assert_case_int(text, cpulist_parse(text, &list), 0);

  long count = 0;
  for (unsigned int cpu = 0; cpu < CPULIST_CPUS; cpu++)
    count += cpulist_has(&list, cpu);
  assert_true(count >= sysconf(_SC_NPROCESSORS_ONLN));
}

/* It is truncated and terminated. */
static void reads_into_little_room(void **state) {
  (void)state;
  char text[2] = {'x', 'x'};
  assert_int_equal(cpulist_read_possible(text, sizeof(text)), 0);
  assert_string_equal(text, "0");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parses_lists),
      cmocka_unit_test(has_no_cpu_beyond_all),
      cmocka_unit_test(knows_subsets),
      cmocka_unit_test(writes_lists),
      cmocka_unit_test(adds_where_a_thread_may_run),
      cmocka_unit_test(reads_the_possible),
      cmocka_unit_test(reads_into_little_room),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
