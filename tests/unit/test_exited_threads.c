/* SPDX-License-Identifier: MIT */
#include "track/exited_threads.h"

#include "support/test.h"

#include <stdio.h>
#include <string.h>

enum { US = 1000, MS = 1000000, TICK_MS = 4 };

#define NOW (UINT64_C(20000000) * MS)

static const struct exited_threads_when now = {NOW - MS, NOW};

/* The CPU time of a thread: without a voluntary switch, whenever it did not
 * wait, if that fits the ticks; otherwise the kernel's value plus the missing
 * part of a burst of mean length. */
static void estimates_cpu_time(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t age_us, delay_us, cpu_us;
    uint64_t sleeps, preemptions;
    uint64_t expected_us;
  } cases[] = {
      {"never slept", 20000, 3000, 15000, 0, 0, 17000},
      {"never slept nor waited", 20000, 0, 17000, 0, 0, 20000},
      {"never slept, ran a tick since the last one", 20000, 0, 16000, 0, 0,
       20000},
      {"never slept, shorter than a tick", 1000, 0, 0, 0, 0, 1000},
      {"never slept, but was preempted", 20000, 3000, 15000, 0, 9, 17000},
      {"never slept, but waits exceed its age", 5000, 9000, 2000, 0, 1, 2000},
      {"never slept, but ran more than its age", 5000, 0, 7000, 0, 1, 7000},

      {"slept once, bursts of 1 ms", 100000, 10000, 1500, 1, 0, 2375},
      {"slept four times, bursts of 0.2 ms", 100000, 0, 900, 4, 0, 1095},
      {"slept, bursts of half a tick", 100000, 0, 9000, 4, 0, 10500},
      {"slept, bursts of a tick", 100000, 0, 6000, 1, 0, 8000},
      {"slept, bursts of many ticks", 100000, 0, 60000, 1, 0, 62000},
      {"slept and was preempted", 100000, 0, 3000, 1, 3, 3875},
      {"slept, often preempted", 100000, 0, 60000, 1, 117, 60875},
      {"slept so often that a burst is nothing", 100000, 0, 15, 100, 0, 15},
      {"slept, held by its age", 20000, 4000, 15000, 1, 0, 16000},
      {"slept, ran more than its age allows", 20000, 10000, 15000, 1, 0, 15000},
      {"slept, waits exceed its age", 5000, 9000, 3000, 1, 0, 3000},
      {"slept before it was ever counted", 100000, 0, 0, 3, 0, 0},
      {"nothing at all", 0, 0, 0, 0, 0, 0},
  };
  static const uint64_t sampled_us[] = {0, 4000, 400000};

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    for (size_t s = 0; s < COUNT_OF(sampled_us); s++) {
      const struct record thread = {
          .version = 16,
          .elapsed_us = cases[i].age_us,
          .delay_ns[DELAY_CPU] = cases[i].delay_us * US,
          .cpu_ns = cases[i].cpu_us * US,
          .switches_voluntary = cases[i].sleeps,
          .switches_involuntary = cases[i].preemptions,
          /* These do not matter: */
          .delay_ns[DELAY_BLKIO] = UINT64_C(77) * MS,
          .user_us = sampled_us[s] / 4,
          .system_us = sampled_us[s] * 3 / 4,
      };
      uint64_t cpu_ns = exited_threads_cpu_ns(&thread, TICK_MS * MS);
      assert_case_int(cases[i].name, cpu_ns / US, cases[i].expected_us);
    }
  }
}

/* A thread that never slept: neither what a hypervisor or interrupts took while
 * it ran, nor less than what was measured where there are no ticks. */
static void leaves_out_what_was_taken_away(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t most_us, cpu_us, measured_us, expected_us;
  } cases[] = {
      {"nothing", 20000, 16500, 16000, 20000},
      {"less than a tick", 21500, 16500, 16000, 20500},
      {"much", 50000, 16000, 16000, 18000},
      {"much, before the first tick", 50000, 0, 0, 0},
      {"nothing, without ticks", 50000, 0, 49000, 50000},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const struct record thread = {
        .version = 16,
        .elapsed_us = 3000 + cases[i].most_us,
        .delay_ns[DELAY_CPU] = 3000 * US,
        .cpu_ns = cases[i].cpu_us * US,
        .user_us = cases[i].measured_us / 4,
        .system_us = cases[i].measured_us * 3 / 4,
    };
    uint64_t cpu_ns = exited_threads_cpu_ns(&thread, TICK_MS * MS);
    assert_case_int(cases[i].name, cpu_ns / US, cases[i].expected_us);
  }
}

/* The record of a thread with this number of bursts. The kernel adds to its
 * time at each sleep and at ticks, the first of which comes this long after the
 * last sleep, and samples it at these and at earlier ones. */
static struct record thread_of_bursts(uint64_t count, uint64_t burst_us,
                                      uint64_t until_tick_us) {
  enum { START_US = 60 }; /* a fork's first burst */
  uint64_t all_us = START_US + count * burst_us;
  uint64_t last_us = count > 1 ? burst_us : all_us;
  uint64_t counted_us = 0;

  for (uint64_t t = until_tick_us; t < last_us; t += TICK_MS * 1000)
    counted_us = t;
  return (struct record){
      .version = 16,
      .elapsed_us = all_us + (count - 1) * 1000,
      .cpu_ns = (all_us - last_us + counted_us) * US,
      .user_us = (all_us + until_tick_us) / (TICK_MS * 1000) * TICK_MS * 1000,
      .switches_voluntary = count - 1,
  };
}

/* Wherever the ticks are, the estimates of many processes add up to their use.
 * With two bursts, the length of the last one is least certain. */
static void is_right_on_average(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t bursts;
    double within;
  } cases[] = {
      {"one burst", 1, 0.001},   {"two bursts", 2, 0.1},
      {"three bursts", 3, 0.05}, {"five bursts", 5, 0.025},
      {"ten bursts", 10, 0.015}, {"a hundred bursts", 100, 0.002},
  };
  static const uint64_t burst_us[] = {100, 200, 500, 1000, 2000, 5000, 10000};
  enum { PLACES = 400 };

  for (size_t i = 0; i < COUNT_OF(cases) * COUNT_OF(burst_us); i++) {
    uint64_t bursts = cases[i / COUNT_OF(burst_us)].bursts;
    uint64_t us = burst_us[i % COUNT_OF(burst_us)];
    double estimated = 0, used = 0;
    for (uint64_t place = 0; place < PLACES; place++) {
      struct record thread =
          thread_of_bursts(bursts, us, place * TICK_MS * 1000 / PLACES);
      estimated += (double)exited_threads_cpu_ns(&thread, TICK_MS * MS);
      used += (double)(thread.elapsed_us - (bursts - 1) * 1000) * US;
    }
    double error = estimated / used - 1;
    double within = cases[i / COUNT_OF(burst_us)].within;
    if (error > within || error < -within)
      fail_msg("%s of %d us: %+.2f %%", cases[i / COUNT_OF(burst_us)].name,
               (int)us, 100 * error);
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
  sleeper.cpu_ns = 900 * US;
  exited_threads_add(&exited, &sleeper, TICK_MS * MS, NULL, &now);
  assert_int_equal(exited.switches_voluntary, 4);
  /* No longer than it lived. */
  assert_int_equal(exited.cpu_ns, n * MS + MS);
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
        .recent = {.lived_ns = 5, .false_ns = 6, .from_boot = {1, 7, 7, 0}}};
    const struct exited_period *recent = &exited.recent;
    const struct exited_period earlier = *recent;
    struct record thread = {
        .version = 16,
        .elapsed_us = cases[i].age_ms * 1000,
        .cpu_ns = 600 * MS,
        .delay_ns = {[DELAY_CPU] = 400 * MS,
                     [DELAY_BLKIO] = cases[i].longest_wait_ms * MS},
        .waits = {[DELAY_BLKIO] = 1},
        .delay_max_ns[DELAY_BLKIO] = cases[i].longest_wait_ms * MS};
    const struct account account = {.sampled_ns =
                                        NOW - cases[i].sampled_ms * MS};
    exited_threads_add(&exited, &thread, TICK_MS * MS,
                       cases[i].sampled_ms != 0 ? &account : NULL, &now);
    assert_case_int(cases[i].name, recent->lived_ns,
                    5 + cases[i].lived_ms * MS);
    assert_case_int(cases[i].name, recent->false_ns,
                    6 + cases[i].false_ms * MS);
    assert_case_int(cases[i].name, recent->from_boot.sum_ns,
                    7 + cases[i].from_boot_ms * MS);
    /* Threads that end after the sample belong to the next period. */
    struct exited_threads later = exited;
    exited_threads_note_sample(&later, &earlier);
    assert_case_int(cases[i].name, later.recent.lived_ns,
                    cases[i].lived_ms * MS);
    assert_case_int(cases[i].name, later.recent.false_ns,
                    cases[i].false_ms * MS);
    exited_threads_note_sample(&exited, recent);
    assert_case_int(
        cases[i].name,
        recent->lived_ns + recent->false_ns + recent->from_boot.count, 0);
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
      cmocka_unit_test(leaves_out_what_was_taken_away),
      cmocka_unit_test(is_right_on_average),
      cmocka_unit_test(adds_threads_up),
      cmocka_unit_test(notes_how_long_threads_lived),
      cmocka_unit_test(takes_the_name_of_the_main_thread),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
