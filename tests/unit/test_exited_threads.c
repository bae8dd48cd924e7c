/* SPDX-License-Identifier: MIT */
#include "track/exited_threads.h"

#include "test.h"

#include <stdio.h>
#include <string.h>

enum { MS = 1000000, TICK_MS = 4 };

#define NOW (UINT64_C(20000000) * MS)

static const struct exited_threads_when now = {NOW - MS, NOW};

/* What a thread has run: without a voluntary switch whenever it did not wait,
 * else what the ticks have seen, as far as the exact figure allows. */
static void estimates_cpu_time(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t age_ms, delay_ms, sampled_ms, cpu_ms;
    uint64_t switches;
    uint64_t expected_ms;
  } cases[] = {
      {"never slept", 20, 3, 12, 15, 0, 17},
      {"never slept nor waited", 20, 0, 0, 0, 0, 20},
      {"never slept, by no tick seen", 1, 0, 0, 0, 0, 1},
      {"never slept, but waits exceed its age", 5, 9, 0, 2, 0, 2},
      {"never slept, but ran more than its age", 5, 0, 4, 7, 0, 7},

      {"slept, the ticks saw more", 100, 10, 18, 15, 1, 18},
      {"slept, the ticks saw a tick more", 100, 10, 19, 15, 1, 19},
      {"slept, the ticks saw too much", 100, 10, 40, 15, 1, 19},
      {"slept, the ticks saw less", 100, 10, 4, 15, 1, 15},
      {"slept, no tick saw it", 100, 10, 0, 2, 3, 2},
      {"slept, held by its age", 20, 3, 40, 15, 1, 17},
      {"slept, ran more than its age allows", 20, 10, 40, 15, 1, 15},
      {"slept, waits exceed its age", 5, 9, 40, 3, 1, 3},
      {"nothing at all", 0, 0, 0, 0, 0, 0},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const struct record thread = {
        .version = 16,
        .elapsed_us = cases[i].age_ms * 1000,
        .delay_ns[DELAY_CPU] = cases[i].delay_ms * MS,
        .delay_ns[DELAY_BLKIO] = UINT64_C(77) * MS, /* does not matter */
        .user_us = cases[i].sampled_ms * 250,
        .system_us = cases[i].sampled_ms * 750,
        .cpu_ns = cases[i].cpu_ms * MS,
        .switches_voluntary = cases[i].switches,
        .switches_involuntary = 5,
    };
    assert_case_int(cases[i].name, exited_threads_cpu_ns(&thread, TICK_MS * MS),
                    cases[i].expected_ms * MS);
  }
}

/* A different value for each, n times. */
static struct record thread_of(uint32_t tgid, uint32_t pid, const char *comm,
                               uint64_t n) {
  struct record thread = {
      .version = 16,
      .tgid = tgid,
      .pid = pid,
      .elapsed_us = n * 1000,
      .user_us = n * 2,
      .system_us = n * 3,
      .switches_involuntary = n * 5,
      .faults_minor = n * 6,
      .faults_major = n * 7,
      .read_chars = n * 8,
      .write_chars = n * 9,
      .read_bytes = n * 10,
      .write_bytes = n * 11,
  };
  snprintf(thread.comm, sizeof(thread.comm), "%s", comm);
  return thread;
}

static void adds_threads_up(void **state) {
  (void)state;
  struct exited_threads exited = {0};
  uint64_t n = 0;
  for (uint32_t i = 1; i <= 4; i++) {
    struct record thread = thread_of(10, 10 + i, "worker", i);
    n += i;
    exited_threads_add(&exited, &thread, TICK_MS * MS, NULL, &now);
    assert_int_equal(exited.cpu_ns, n * MS);
    assert_int_equal(exited.user_us, n * 2);
    assert_int_equal(exited.system_us, n * 3);
    assert_int_equal(exited.switches_voluntary, 0);
    assert_int_equal(exited.switches_involuntary, n * 5);
    assert_int_equal(exited.faults_minor, n * 6);
    assert_int_equal(exited.faults_major, n * 7);
    assert_int_equal(exited.read_chars, n * 8);
    assert_int_equal(exited.write_chars, n * 9);
    assert_int_equal(exited.read_bytes, n * 10);
    assert_int_equal(exited.write_bytes, n * 11);
  }
  struct record sleeper = thread_of(10, 20, "worker", 1);
  sleeper.switches_voluntary = 4;
  exited_threads_add(&exited, &sleeper, TICK_MS * MS, NULL, &now);
  assert_int_equal(exited.switches_voluntary, 4);
  /* What the ticks saw. */
  assert_int_equal(exited.cpu_ns, n * MS + 5000);
}

/* Threads that ended 20,000 s after boot, and what is noted of each. */
static void notes_how_long_threads_lived(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t age_ms, longest_wait_ms;
    uint64_t sampled_ms; /* so long ago; 0 for never */
    uint64_t lived_ms, false_ms, from_boot_ms;
  } cases[] = {
      {"of a process that nobody sampled", 3000, 2000, 0, 3000, 0, 0},
      {"began since the sample", 3000, 2000, 10000, 3000, 0, 0},
      {"began before it", 30000, 0, 10000, 10000, 0, 0},
      {"a wait from boot", 3000, 19999000, 10000, 3000, 19999000, 0},
      {"from an earlier wait", 3000, 2500, 0, 3000, 500, 0},
      {"from boot, in a longer life", 30000, 19999000, 10000, 10000, 0,
       19999000},
      {"a wait from boot, before the sample", 30000, 19980000, 10000, 10000, 0,
       0},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct exited_threads exited = {
        .lived_ns = 5, .false_ns = 6, .from_boot = {1, 7, 7}};
    struct record thread = {
        .version = 16,
        .elapsed_us = cases[i].age_ms * 1000,
        .cpu_ns = 600 * MS,
        .delay_ns = {[DELAY_CPU] = 400 * MS,
                     [DELAY_BLKIO] = cases[i].longest_wait_ms * MS},
        .blkio_max_ns = cases[i].longest_wait_ms * MS};
    const struct account account = {.sampled_ns =
                                        NOW - cases[i].sampled_ms * MS};
    exited_threads_add(&exited, &thread, TICK_MS * MS,
                       cases[i].sampled_ms != 0 ? &account : NULL, &now);
    assert_case_int(cases[i].name, exited.lived_ns, 5 + cases[i].lived_ms * MS);
    assert_case_int(cases[i].name, exited.false_ns, 6 + cases[i].false_ms * MS);
    assert_case_int(cases[i].name, exited.from_boot.sum_ns,
                    7 + cases[i].from_boot_ms * MS);
    exited_threads_note_sample(&exited);
    assert_case_int(cases[i].name,
                    exited.lived_ns + exited.false_ns + exited.from_boot.count,
                    0);
  }
}

/* Workers have names of their own. */
static void takes_the_name_of_the_main_thread(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint32_t pids[3];
    bool has_main;
  } cases[] = {
      {"main first", {10, 11, 12}, true},
      {"main between", {11, 10, 12}, true},
      {"main last", {11, 12, 10}, true},
      {"not yet", {11, 12, 13}, false},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct exited_threads exited = {0};
    for (size_t t = 0; t < COUNT_OF(cases[i].pids); t++) {
      bool is_main = cases[i].pids[t] == 10;
      struct record thread =
          thread_of(10, cases[i].pids[t], is_main ? "nginx" : "worker", 1);
      exited_threads_add(&exited, &thread, TICK_MS * MS, NULL, &now);
    }
    assert_case_int(cases[i].name, exited.has_main, cases[i].has_main);
    assert_case_string(cases[i].name, exited.comm,
                       cases[i].has_main ? "nginx" : "");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(estimates_cpu_time),
      cmocka_unit_test(adds_threads_up),
      cmocka_unit_test(notes_how_long_threads_lived),
      cmocka_unit_test(takes_the_name_of_the_main_thread),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
