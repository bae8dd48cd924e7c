/* SPDX-License-Identifier: MIT */
#include "track/disk_wait.h"

#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

#define MS UINT64_C(1000000)
#define S (1000 * MS)

/* Threads whose records arrived 20,000 s after boot. */
static void finds_the_wait_from_boot(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t age_ms, longest_ms, since_s, known_ms;
    uint64_t from_boot_ms;
  } cases[] = {
      {"no wait", 1000, 0, 19990, 0, 0},
      {"true waits", 60000, 60000, 19990, 0, 0},
      {"from boot", 1000, 19999500, 19990, 0, 19999500},
      {"the clocks differ a little", 1000, 19989000, 19990, 0, 19989000},
      {"before the period", 60000, 19950000, 19990, 0, 0},
      {"known", 60000, 19991000, 19990, 19991000, 0},
      {"after the known", 60000, 19991001, 19990, 19991000, 19991001},
      {"the process was never sampled", 60000, 19950000, 0, 0, 19950000},
      {"from the thread's previous wait", 60000, 59999, 19990, 0, 0},
  };
  struct disk_wait_from_boot all = {0}, expected = {0};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct disk_wait_from_boot found = {0};
    const struct record thread = {.version = 16,
                                  .elapsed_us = cases[i].age_ms * 1000,
                                  .delay_max_ns[DELAY_BLKIO] =
                                      cases[i].longest_ms * MS};
    disk_wait_note(&found, &thread, cases[i].since_s * S,
                   cases[i].known_ms * MS);
    assert_case_int(cases[i].name, found.count, cases[i].from_boot_ms != 0);
    assert_case_int(cases[i].name, found.sum_ns, cases[i].from_boot_ms * MS);
    assert_case_int(cases[i].name, found.longest_ns, found.sum_ns);

    disk_wait_add(&all, &found);
    expected.count += found.count;
    expected.sum_ns += found.sum_ns;
  }
  assert_int_equal(all.count, expected.count);
  assert_int_equal(all.sum_ns, expected.sum_ns);
  assert_int_equal(all.longest_ns, 19999500 * MS);
}

/* Periods of 10 s that begin 20,000 s after boot. */
static void bounds_waits(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t thread_ms, busy_ms;
    uint64_t count, from_boot_ms; /* each */
    uint64_t waited_ms, true_ms;
  } cases[] = {
      {"none", 10000, 0, 0, 0, 0, 0},
      {"possible", 10000, 4000, 0, 0, 6000, 6000},
      {"possible, but for what is read later", 10000, 4000, 0, 0, 6009, 6009},
      {"more than is left", 10000, 4000, 0, 0, 7000, 6000},
      {"of many threads", 80000, 4000, 0, 0, 76000, 76000},
      {"of no time at all", 0, 0, 0, 0, 5, 5},
      {"busier than possible", 10000, 11000, 0, 0, 3000, 0},
      {"one from boot", 10000, 4000, 1, 20003000, 20003000 + 2500, 2500},
      {"three", 80000, 0, 3, 20003000, 60009000 + 70000, 70000},
      {"one, and a false one from before the period", 10000, 4000, 1, 20003000,
       20003000 + 900000, 6000},
      {"known, and not yet counted", 10000, 4000, 1, 20003000, 2500, 2500},
      {"the same, and a false one from before the period", 10000, 4000, 1,
       20003000, 15000, 6000},
      {"two known, of which one was counted before", 10000, 0, 2, 20001000,
       20001000 + 800, 800},
      {"two, of which one is known", 10000, 0, 1, 20003000, 40004000, 8000},
      {"one that nobody saw", 10000, 4000, 0, 0, 19999000, 2000},
      {"the same, with waits", 10000, 4000, 0, 0, 20000000, 3000},
      {"the same, three times", 10000, 4000, 0, 0, 60009000, 6000},
      {"one from boot, of many threads", 100000000, 0, 1, 20003000,
       20003000 + 2000, 2000},
      {"three", 100000000, 4000, 3, 20003000, 60009000 + 2000, 2000},
      {"two known, of which one was counted before", 100000000, 0, 2, 20001000,
       20001000 + 800, 800},
      {"one, and many true waits", 100000000, 0, 1, 20003000,
       20003000 + 70000000, 70000000},
      {"many true waits", 100000000, 0, 0, 0, 70000000, 70000000},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    uint64_t from_boot_ns = cases[i].from_boot_ms * MS;
    const struct disk_wait_period period = {
        .since_ns = 20000 * S,
        .until_ns = 20010 * S,
        .thread_ns = cases[i].thread_ms * MS,
        .busy_ns = cases[i].busy_ms * MS,
        .slack_ns = DISK_WAIT_SLACK_NS,
        .from_boot = {cases[i].count, cases[i].count * from_boot_ns,
                      from_boot_ns, 0},
    };
    assert_case_int(cases[i].name,
                    disk_wait_bound(&period, cases[i].waited_ms * MS) / MS,
                    cases[i].true_ms);
  }
}

/* Of one thread, in two periods of 10 s. */
static void bounds_waits_across_periods(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t busy_ms, waited_ms, next_busy_ms, next_waited_ms;
    uint64_t true_ms;
  } cases[] = {
      {"the whole of the next period", 7000, 0, 0, 13000, 13000},
      {"most of it", 5000, 2000, 1000, 12000, 12000},
      {"after a period without a rest", 7000, 3000, 1000, 12000, 9000},
      {"after a busy period", 10000, 0, 1000, 12000, 9000},
      {"longer than the rest", 5000, 2000, 1000, 13000, 12000},
      {"after false waits", 5000, 90000, 1000, 12000, 9000},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct disk_wait_period period = {
        .since_ns = 20000 * S,
        .until_ns = 20010 * S,
        .thread_ns = 10 * S,
        .busy_ns = cases[i].busy_ms * MS,
        .slack_ns = DISK_WAIT_SLACK_NS,
    };
    uint64_t bound_ns = disk_wait_bound(&period, cases[i].waited_ms * MS);
    period.spare_ns = disk_wait_spare(&period, bound_ns);
    period.since_ns += 10 * S;
    period.until_ns += 10 * S;
    period.busy_ns = cases[i].next_busy_ms * MS;
    assert_case_int(cases[i].name,
                    disk_wait_bound(&period, cases[i].next_waited_ms * MS) / MS,
                    cases[i].true_ms);
  }
}

/* Not more than as many threads have left as there are. */
static void bounds_waits_by_the_threads(void **state) {
  (void)state;
  const struct disk_wait_period period = {.since_ns = 20000 * S,
                                          .until_ns = 20010 * S,
                                          .thread_ns = 20 * S,
                                          .spare_ns = 500 * S};
  assert_int_equal(disk_wait_bound(&period, 400 * S), 40 * S);
}

/* A thread with more than one wait from boot. */
static void finds_further_waits_from_boot(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t age_ms, longest_ms, waited_ms;
    uint64_t more;
  } cases[] = {
      {"one", 5000, 20003000, 20003000, 0},
      {"and true ones", 5000, 20003000, 20003000 + 4900, 0},
      {"two", 5000, 20003000, 40002000, 1},
      {"three, and true ones", 5000, 20003000, 60003000 + 900, 2},
      {"as old as the machine", 19000000, 20003000, 40003000, 0},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct record thread = {.version = 16,
                            .elapsed_us = cases[i].age_ms * 1000,
                            .delay_max_ns[DELAY_BLKIO] =
                                cases[i].longest_ms * MS};
    thread.delay_ns[DELAY_BLKIO] = cases[i].waited_ms * MS;
    struct disk_wait_period period = {
        .since_ns = 20000 * S, .until_ns = 20010 * S, .thread_ns = 100000 * S};
    disk_wait_note(&period.from_boot, &thread, period.since_ns, 0);
    assert_case_int(cases[i].name, period.from_boot.count, 1);
    assert_case_int(cases[i].name, period.from_boot.more, cases[i].more);

    /* What is left of others is less than the period's length each. */
    uint64_t bound_ns =
        disk_wait_bound(&period, cases[i].waited_ms * MS + 900 * S);
    assert_case(cases[i].name, bound_ns >= 900 * S);
    if (cases[i].age_ms == 5000)
      assert_case(cases[i].name,
                  bound_ns <= 900 * S + 5 * S + cases[i].more * 10 * S);
  }
}

/* A thread that never waited was only busy, and the time that it slept leaves
 * no room for waits of others. The record of a short thread is exact: it has no
 * slack. */
static void gives_no_room_to_who_never_waited(void **state) {
  (void)state;
  struct record thread = {.version = 16,
                          .elapsed_us = 2000,
                          .cpu_ns = MS / 2,
                          .delay_ns = {[DELAY_CPU] = MS / 4}};
  assert_int_equal(disk_wait_life(&thread, 2 * MS), MS * 3 / 4);
  assert_int_equal(disk_wait_life(&thread, MS / 2), MS / 2);
  thread.waits[DELAY_BLKIO] = 1;
  assert_int_equal(disk_wait_life(&thread, 2 * MS), 2 * MS);

  thread.delay_ns[DELAY_BLKIO] = MS;
  assert_int_equal(disk_wait_false(&thread, 20000 * S), 0);
  thread.delay_ns[DELAY_BLKIO] = 5 * MS;
  assert_int_equal(disk_wait_false(&thread, 20000 * S), 5 * MS - MS * 5 / 4);
}

/* Threads are queried if they cannot have waited that long, or if the counted
 * waits may include one from boot, however many threads there are. */
static void doubts_waits(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t since_s, thread_ms, busy_ms, false_ms, waited_ms;
    bool is_steady, doubts;
  } cases[] = {
      {"none", 20000, 10000, 0, 0, 0, false, false},
      {"none, just after boot", 0, 10000, 0, 0, 0, false, false},
      {"possible", 20000, 10000, 4000, 0, 6000, false, false},
      {"more than is left", 20000, 10000, 4000, 0, 7000, false, true},
      {"that is known to be false", 20000, 10000, 4000, 1000, 7000, false,
       false},
      {"many threads", 20000, 100000000, 0, 0, 19990000, false, false},
      {"many threads, and maybe one from boot", 20000, 100000000, 0, 0,
       19999000, false, true},
      {"that is known", 20000, 100000000, 0, 20001000, 20001000, false, false},
      {"an hour after boot", 3590, 10000000, 0, 0, 3597000, false, true},
      {"in half of the time, steadily", 20000, 10000, 4000, 0, 3000, true,
       false},
      {"in more, steadily: others may have waited for none", 20000, 10000, 4000,
       0, 3100, true, true},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const struct disk_wait_period period = {
        .since_ns = cases[i].since_s * S,
        .until_ns = (cases[i].since_s + 10) * S,
        .thread_ns = cases[i].thread_ms * MS,
        .busy_ns = cases[i].busy_ms * MS,
        .false_ns = cases[i].false_ms * MS,
        .is_steady = cases[i].is_steady,
    };
    assert_case_int(cases[i].name,
                    disk_wait_is_doubtful(&period, cases[i].waited_ms * MS),
                    cases[i].doubts);
  }
}

/* Shortly after boot, a true wait can be as long as one from boot. */
static void keeps_true_waits_after_boot(void **state) {
  (void)state;
  for (uint64_t since_s = 0; since_s < 40; since_s++) {
    const struct disk_wait_period period = {.since_ns = since_s * S,
                                            .until_ns = (since_s + 10) * S,
                                            .thread_ns = 80 * S,
                                            .busy_ns = 40 * S};
    for (uint64_t waited_s = 0; waited_s <= 40; waited_s++)
      assert_int_equal(disk_wait_bound(&period, waited_s * S), waited_s * S);
  }
}

static uint64_t random_below(unsigned int *seed, uint64_t limit) {
  return (uint64_t)rand_r(seed) * limit / ((uint64_t)RAND_MAX + 1);
}

/* A thread with what it truly did in a period, and what the kernel counts. */
struct life {
  uint64_t start_ns, last_wait_ns, waited_ns, counted_ns;
  struct record record;
};

static void count_wait(struct life *life, uint64_t length_ns) {
  life->counted_ns += length_ns;
  if (length_ns > life->record.delay_max_ns[DELAY_BLKIO])
    life->record.delay_max_ns[DELAY_BLKIO] = length_ns;
}

/* Lives from since to now: runs, sleeps, waits for a disk. One wait in `odds`
 * is false. Returns how long it ran. */
static uint64_t live(struct life *life, uint64_t since_ns, uint64_t now_ns,
                     uint64_t odds, unsigned int *seed) {
  uint64_t ran_ns = 0;
  life->waited_ns = life->counted_ns = 0;
  for (uint64_t at_ns = since_ns; at_ns < now_ns;) {
    uint64_t part_ns = random_below(seed, 300 * MS) + MS;
    if (part_ns > now_ns - at_ns)
      part_ns = now_ns - at_ns;
    at_ns += part_ns;
    switch (random_below(seed, 4)) {
    case 0:
      ran_ns += part_ns;
      break;
    case 1: /* sleeps */
      break;
    default:
      life->waited_ns += part_ns;
      if (odds == 0 || random_below(seed, odds) != 0)
        count_wait(life, part_ns);
      else
        count_wait(life, at_ns - life->last_wait_ns);
      life->last_wait_ns = at_ns - part_ns;
    }
  }
  life->record.elapsed_us = (now_ns - life->start_ns) / 1000;
  return ran_ns;
}

/* Threads with random lives, one period after another. What is counted never
 * exceeds what they can have waited. Without false waits from before the period
 * it is exact: the first of a thread is from boot. */
static void counts_random_lives(void **state) {
  (void)state;
  enum { ROUNDS = 300, PERIODS = 12, THREADS = 8 };
  unsigned int seed = 20261125, lumps = 0;
  for (unsigned int round = 0; round < ROUNDS; round++) {
    struct life lives[THREADS] = {0};
    uint64_t now_ns = (1000 + random_below(&seed, 1000000)) * S;
    uint64_t known_ns = 0;
    size_t threads = 1 + (size_t)random_below(&seed, THREADS);
    for (size_t t = 0; t < threads; t++)
      lives[t] = (struct life){.start_ns = now_ns, .record = {.version = 16}};

    for (unsigned int p = 0; p < PERIODS; p++) {
      struct disk_wait_period period = {.since_ns = now_ns};
      uint64_t waited_ns = 0, counted_ns = 0;
      uint64_t length_ns = (1 + random_below(&seed, 10)) * S;
      period.until_ns = now_ns += length_ns;
      for (size_t t = 0; t < threads; t++) {
        bool is_first = lives[t].last_wait_ns == 0;
        period.busy_ns +=
            live(&lives[t], period.since_ns, now_ns, round % 2 * 40, &seed);
        if (is_first && random_below(&seed, 3) == 0) {
          count_wait(&lives[t], now_ns - random_below(&seed, length_ns));
          lumps++;
        }
        period.thread_ns += length_ns;
        disk_wait_note(&period.from_boot, &lives[t].record, period.since_ns,
                       known_ns);
        waited_ns += lives[t].waited_ns;
        counted_ns += lives[t].counted_ns;
      }

      uint64_t bound_ns = disk_wait_bound(&period, counted_ns);
      if (bound_ns > period.thread_ns - period.busy_ns + 10 * MS)
        fail_msg("round %u: %llu ns of %llu", round,
                 (unsigned long long)bound_ns,
                 (unsigned long long)(period.thread_ns - period.busy_ns));
      if (round % 2 == 0)
        assert_int_equal(bound_ns, waited_ns);
      if (period.from_boot.longest_ns > known_ns)
        known_ns = period.from_boot.longest_ns;
    }
  }
  assert_true(lumps > 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_the_wait_from_boot),
      cmocka_unit_test(bounds_waits),
      cmocka_unit_test(bounds_waits_across_periods),
      cmocka_unit_test(bounds_waits_by_the_threads),
      cmocka_unit_test(finds_further_waits_from_boot),
      cmocka_unit_test(gives_no_room_to_who_never_waited),
      cmocka_unit_test(doubts_waits),
      cmocka_unit_test(keeps_true_waits_after_boot),
      cmocka_unit_test(counts_random_lives),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
