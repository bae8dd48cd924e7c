/* SPDX-License-Identifier: MIT */
#include "track/account.h"

#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The record of a process with this CPU time; everything else is 0. */
static struct record record_of(uint64_t cpu_ns) {
  return (struct record){
      .version = 16, .cpu_ns = cpu_ns, .waits[DELAY_CPU] = 1};
}

/* A record that contains only the proportion of user to system time. */
static struct record split_of(uint64_t user_us, uint64_t system_us) {
  struct record record = record_of(0);
  record.user_us = user_us;
  record.system_us = system_us;
  return record;
}

/* The threads of most cases lived long enough for all waits. */
#define LONG_NS (UINT64_MAX / 2)

static bool update(struct account *account, uint64_t cpu_ns,
                   const struct record *record, int64_t delta[COUNTERS]) {
  return account_update(account,
                        &(struct sample){.cpu_ns = cpu_ns,
                                         .record = record,
                                         .disk.thread_ns = LONG_NS,
                                         .counts_ended_threads = true},
                        delta);
}

enum { SECOND = 1000000000 };

/* The waits for a disk of a process of four threads that begins 1,000 s after
 * boot and is sampled each second. It runs 1 s and waits 1 s for a CPU in each
 * second, so that two are left. */
static void leaves_out_impossible_waits(void **state) {
  (void)state;
  enum { BOOT_S = 1000, NS = COUNTER_DELAY + DELAY_BLKIO };
  static const struct {
    const char *name;
    bool from_zero;
    struct {
      int s;           /* the kernel's total */
      int from_boot_s; /* of the second's, known */
      int more_s;      /* the expected result */
    } reads[3];
  } cases[] = {
      {"possible", true, {{1, 0, 1}, {3, 0, 2}, {3, 0, 0}}},
      {"from boot",
       true,
       {{BOOT_S + 1, BOOT_S, 1}, {BOOT_S + 2, 0, 1}, {BOOT_S + 4, 0, 2}}},
      {"a later one, of another thread",
       true,
       {{1, 0, 1}, {BOOT_S + 4, BOOT_S + 1, 2}, {BOOT_S + 5, 0, 1}}},
      {"two of them",
       true,
       {{BOOT_S, BOOT_S, 0}, {2 * BOOT_S, BOOT_S, 0}, {2 * BOOT_S + 2, 0, 2}}},
      {"before the first sample",
       false,
       {{BOOT_S, 0, 0}, {BOOT_S + 1, 0, 1}, {BOOT_S + 2, 0, 1}}},
      {"from an earlier wait", true, {{2, 0, 2}, {100, 0, 2}, {101, 0, 1}}},
      {"from an earlier wait, and one that began in the period before",
       true,
       {{1, 0, 1}, {100, 0, 3}, {101, 0, 1}}},
      {"overflow, then", true, {{BOOT_S, BOOT_S, 0}, {0, 0, 0}, {1, 0, 1}}},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct account account = {.from_zero = cases[i].from_zero};
    uint64_t counted_s = 0;
    for (size_t r = 0; r < COUNT_OF(cases[i].reads); r++) {
      uint64_t cpu_ns = (r + 1) * SECOND;
      struct record record = record_of(cpu_ns);
      int64_t delta[COUNTERS];
      uint64_t from_boot_ns = (uint64_t)cases[i].reads[r].from_boot_s * SECOND;
      record.delay_ns[DELAY_CPU] = cpu_ns;
      record.delay_ns[DELAY_BLKIO] = (uint64_t)cases[i].reads[r].s * SECOND;
      const struct sample sample = {
          .cpu_ns = cpu_ns,
          .record = &record,
          .time_ns = (BOOT_S + r + 1) * SECOND,
          .disk = {.since_ns = (BOOT_S + r) * SECOND,
                   .until_ns = (BOOT_S + r + 1) * SECOND,
                   .thread_ns = UINT64_C(4) * SECOND,
                   .from_boot = {cases[i].reads[r].from_boot_s != 0,
                                 from_boot_ns, from_boot_ns, 0}},
          .counts_ended_threads = true};
      bool doubts = account_doubts_disk_waits(&account, &sample);
      account_update(&account, &sample, delta);
      assert_case_int(cases[i].name, delta[NS] / SECOND,
                      cases[i].reads[r].more_s);
      assert_case_int(cases[i].name, account.sampled_ns, sample.time_ns);
      counted_s += (uint64_t)delta[NS] / SECOND;
      if (cases[i].reads[r].from_boot_s != 0)
        assert_true(doubts);
    }
    if (cases[i].from_zero && account.blkio_excess_ns != 0)
      assert_case_int(cases[i].name, account.total[NS] / SECOND, counted_s);
  }
}

/* A sample with every counter: n times its index, plus more. */
struct everything {
  struct record record;
  struct procfs_io io;
  struct procfs_stat stat;
};

/* No sample contains how a process ended. */
enum { TOLD = COUNTER_EXIT_OK };

static uint64_t value_of(unsigned int counter, uint64_t n) {
  return (counter + 1) * UINT64_C(1000000) * n + counter;
}

static struct sample sample_everything(struct everything *all, uint64_t n) {
  all->io = (struct procfs_io){
      .read_chars = value_of(COUNTER_READ_CHARS, n),
      .write_chars = value_of(COUNTER_WRITE_CHARS, n),
      .read_calls = value_of(COUNTER_READ_CALLS, n),
      .write_calls = value_of(COUNTER_WRITE_CALLS, n),
      .read_bytes = value_of(COUNTER_READ_BYTES, n),
      .write_bytes = value_of(COUNTER_WRITE_BYTES, n),
  };
  all->stat = (struct procfs_stat){
      .faults_minor = value_of(COUNTER_FAULTS_MINOR, n),
      .faults_major = value_of(COUNTER_FAULTS_MAJOR, n),
      .user_ticks = 7, /* not of the record's proportion */
      .system_ticks = 1,
  };
  /* One third is user time. */
  all->record = (struct record){
      .version = 16,
      .cpu_ns = 3000000 * n,
      .user_us = 1,
      .system_us = 2,
      .switches_voluntary = value_of(COUNTER_SWITCHES_VOLUNTARY, n),
      .switches_involuntary = value_of(COUNTER_SWITCHES_INVOLUNTARY, n),
  };
  for (unsigned int i = 0; i < DELAY_KINDS; i++) {
    all->record.delay_ns[i] = value_of(COUNTER_DELAY + i, n);
    all->record.waits[i] = value_of(COUNTER_WAITS + i, n);
  }
  return (struct sample){.cpu_ns = 3000000 * n,
                         .record = &all->record,
                         .disk.thread_ns = LONG_NS,
                         .counts_ended_threads = true,
                         .io = &all->io,
                         .stat = &all->stat};
}

static void assert_everything(const int64_t delta[COUNTERS], uint64_t n,
                              uint64_t before, bool has_base) {
  for (unsigned int i = 0; i < COUNTERS; i++) {
    int64_t expected = (int64_t)value_of(i, n);
    if (i >= TOLD)
      expected = 0;
    else if (has_base)
      expected -= (int64_t)value_of(i, before);
    if (i == COUNTER_CPU_USER)
      expected = 1000000 * (int64_t)(n - before);
    else if (i == COUNTER_CPU_SYSTEM)
      expected = 2000000 * (int64_t)(n - before);
    char name[32];
    snprintf(name, sizeof(name), "counter %u", i);
    assert_case_int(name, delta[i], expected);
  }
}

static void assert_nothing(const char *name, const int64_t delta[COUNTERS]) {
  for (unsigned int i = 0; i < COUNTERS; i++)
    if (delta[i] != 0)
      fail_msg("%s: counter %u has grown by %lld", name, i,
               (long long)delta[i]);
}

static void counts_from_zero(void **state) {
  (void)state;
  struct account account = {.from_zero = true};
  struct everything all;
  int64_t delta[COUNTERS];

  struct sample sample = sample_everything(&all, 2);
  memset(delta, 0xa5, sizeof(delta));
  account_update(&account, &sample, delta);
  assert_everything(delta, 2, 0, false);
  assert_int_equal(account_cpu_ns(&account), 6000000);
  sample = sample_everything(&all, 5);
  account_update(&account, &sample, delta);
  assert_everything(delta, 5, 2, true);
  assert_int_equal(account_cpu_ns(&account), 15000000);
  /* The same again adds nothing. */
  account_update(&account, &sample, delta);
  assert_nothing("again", delta);
}

static void counts_from_now(void **state) {
  (void)state;
  struct account account = {.from_zero = false};
  struct everything all;
  int64_t delta[COUNTERS];

  struct sample sample = sample_everything(&all, 2);
  memset(delta, 0xa5, sizeof(delta));
  account_update(&account, &sample, delta);
  assert_nothing("first", delta);
  assert_int_equal(account_cpu_ns(&account), 6000000);
  sample = sample_everything(&all, 5);
  account_update(&account, &sample, delta);
  assert_everything(delta, 5, 2, true);
}

/* What a sample lacks is not lost, and is counted as the process counts. */
static void learns_counters_later(void **state) {
  (void)state;
  for (int from_zero = 0; from_zero < 2; from_zero++) {
    struct account account = {.from_zero = from_zero};
    const char *name = from_zero ? "from zero" : "from now";
    struct everything all;
    int64_t delta[COUNTERS];

    struct sample sample = sample_everything(&all, 1);
    account_update(&account, &(struct sample){.cpu_ns = 3000000}, delta);
    assert_case_int(name, delta[COUNTER_CPU_USER] + delta[COUNTER_CPU_SYSTEM],
                    from_zero ? 3000000 : 0);
    for (unsigned int i = COUNTER_CPU_SYSTEM + 1; i < COUNTERS; i++)
      assert_case_int(name, delta[i], 0);

    sample = sample_everything(&all, 2);
    account_update(&account, &sample, delta);
    for (unsigned int i = COUNTER_CPU_SYSTEM + 1; i < TOLD; i++)
      assert_case_int(name, delta[i],
                      from_zero ? (int64_t)value_of(i, 2) : INT64_C(0));

    sample = sample_everything(&all, 3);
    account_update(&account, &sample, delta);
    for (unsigned int i = COUNTER_CPU_SYSTEM + 1; i < TOLD; i++)
      assert_case_int(name, delta[i], value_of(i, 3) - value_of(i, 2));
  }
}

/* A source that fails for one sample leaves a gap that the next sample fills.
 */
static void fills_gaps(void **state) {
  (void)state;
  static const struct {
    const char *name;
    bool has_record, has_io, has_stat;
  } cases[] = {
      {"no record", false, true, true},
      {"no io", true, false, true},
      {"no stat", true, true, false},
      {"nothing", false, false, false},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct account account = {.from_zero = false};
    struct everything all;
    int64_t total[COUNTERS] = {0}, delta[COUNTERS];

    for (uint64_t n = 1; n <= 3; n++) {
      struct sample sample = sample_everything(&all, n);
      if (n == 2 && !cases[i].has_record)
        sample.record = NULL;
      if (n == 2 && !cases[i].has_io)
        sample.io = NULL;
      if (n == 2 && !cases[i].has_stat)
        sample.stat = NULL;
      account_update(&account, &sample, delta);
      for (unsigned int c = 0; c < COUNTERS; c++)
        total[c] += delta[c];
      if (n == 2 && !cases[i].has_io)
        assert_case_int(cases[i].name, delta[COUNTER_READ_CHARS], 0);
      if (n == 2 && !cases[i].has_record)
        assert_case_int(cases[i].name, delta[COUNTER_DELAY], 0);
      if (n == 2 && !cases[i].has_stat)
        assert_case_int(cases[i].name, delta[COUNTER_FAULTS_MINOR], 0);
    }
    for (unsigned int c = COUNTER_CPU_SYSTEM + 1; c < TOLD; c++)
      assert_case_int(cases[i].name, total[c], value_of(c, 3) - value_of(c, 1));
    assert_case_int(cases[i].name,
                    total[COUNTER_CPU_USER] + total[COUNTER_CPU_SYSTEM],
                    6000000);
  }
}

/* The record while the kernel counts a dying thread both as dead and as alive:
 * its CPU time exceeds the clock, so that it is not counted. */
static void disbelieves_a_thread_counted_twice(void **state) {
  (void)state;
  struct account account = {.from_zero = true};
  int64_t delta[COUNTERS];
  struct record record = record_of(1800000000);
  record.delay_ns[DELAY_CPU] = 1900000;
  record.waits[DELAY_CPU] = 26;
  record.switches_voluntary = 30;
  assert_true(update(&account, 1810000000, &record, delta));
  assert_int_equal(delta[COUNTER_DELAY + DELAY_CPU], 1900000);

  struct record twice = record_of(3580000000);
  twice.delay_ns[DELAY_CPU] = 3800000;
  twice.waits[DELAY_CPU] = 51;
  twice.switches_voluntary = 60;
  assert_false(update(&account, 1820000000, &twice, delta));
  assert_int_equal(delta[COUNTER_DELAY + DELAY_CPU], 0);
  assert_int_equal(delta[COUNTER_WAITS + DELAY_CPU], 0);
  assert_int_equal(delta[COUNTER_SWITCHES_VOLUNTARY], 0);
  /* The clock is always correct. */
  assert_int_equal(delta[COUNTER_CPU_USER] + delta[COUNTER_CPU_SYSTEM],
                   10000000);

  struct record right = record_of(1825000000);
  right.delay_ns[DELAY_CPU] = 2000000;
  right.waits[DELAY_CPU] = 28;
  right.switches_voluntary = 33;
  assert_true(update(&account, 1830000000, &right, delta));
  assert_int_equal(delta[COUNTER_DELAY + DELAY_CPU], 100000);
  assert_int_equal(delta[COUNTER_WAITS + DELAY_CPU], 2);
  assert_int_equal(delta[COUNTER_SWITCHES_VOLUNTARY], 3);
}

/* A thread that ran too briefly is not detected; the next record corrects the
 * excess. */
static void takes_back_what_was_too_much(void **state) {
  (void)state;
  struct account account = {.from_zero = true};
  int64_t delta[COUNTERS];
  static const struct {
    uint64_t clock_ns, cpu_ns, delay_ns, waits, switches;
    int64_t delay_delta, waits_delta, switches_delta;
  } steps[] = {
      {1000000, 900000, 5000, 10, 20, 5000, 10, 20},
      {1100000, 1050000, 9000, 14, 26, 4000, 4, 6}, /* some twice */
      {1200000, 1150000, 7000, 12, 23, -2000, -2, -3},
      {1300000, 1250000, 7500, 13, 24, 500, 1, 1},
  };

  for (size_t i = 0; i < COUNT_OF(steps); i++) {
    struct record record = record_of(steps[i].cpu_ns);
    record.delay_ns[DELAY_CPU] = steps[i].delay_ns;
    record.waits[DELAY_CPU] = steps[i].waits;
    record.switches_involuntary = steps[i].switches;
    update(&account, steps[i].clock_ns, &record, delta);
    assert_int_equal(delta[COUNTER_DELAY + DELAY_CPU], steps[i].delay_delta);
    assert_int_equal(delta[COUNTER_WAITS + DELAY_CPU], steps[i].waits_delta);
    assert_int_equal(delta[COUNTER_SWITCHES_INVOLUNTARY],
                     steps[i].switches_delta);
  }
}

/* The record of a single-threaded zombie is all zeros. */
static void disbelieves_a_blank_record(void **state) {
  (void)state;
  struct account account = {.from_zero = true};
  int64_t delta[COUNTERS];
  struct record record = record_of(4000000);
  record.delay_ns[DELAY_BLKIO] = 700;
  record.waits[DELAY_BLKIO] = 7;
  record.switches_voluntary = 9;
  update(&account, 5000000, &record, delta);

  struct record blank = {.version = 16};
  update(&account, 6000000, &blank, delta);
  assert_int_equal(delta[COUNTER_CPU_USER] + delta[COUNTER_CPU_SYSTEM],
                   1000000);
  for (unsigned int i = COUNTER_CPU_SYSTEM + 1; i < COUNTERS; i++)
    assert_int_equal(delta[i], 0);

  /* Its counters are still known. */
  record.delay_ns[DELAY_BLKIO] = 800;
  update(&account, 6000000, &record, delta);
  assert_int_equal(delta[COUNTER_DELAY + DELAY_BLKIO], 100);
  assert_int_equal(delta[COUNTER_SWITCHES_VOLUNTARY], 0);
}

/* A process that has not run yet also has a blank record: it is then a base. */
static void believes_a_blank_record_without_cpu(void **state) {
  (void)state;
  struct account account = {.from_zero = false};
  int64_t delta[COUNTERS];
  struct record blank = {.version = 16};
  update(&account, 0, &blank, delta);
  assert_nothing("blank", delta);

  struct record record = record_of(1000);
  record.delay_ns[DELAY_CPU] = 50;
  update(&account, 1000, &record, delta);
  assert_int_equal(delta[COUNTER_DELAY + DELAY_CPU], 50);
  assert_int_equal(delta[COUNTER_WAITS + DELAY_CPU], 1);
}

/* A total that overflows is 0 while its count continues. */
static void survives_an_overflow(void **state) {
  (void)state;
  struct account account = {.from_zero = true};
  int64_t delta[COUNTERS], sum = 0;
  static const struct {
    uint64_t delay_ns, waits;
    int64_t delay_delta, waits_delta;
  } steps[] = {
      {1000000, 10, 1000000, 10}, {0, 11, 0, 1},     {0, 12, 0, 1},
      {500, 13, 500, 1},          {900, 15, 400, 2},
  };

  for (size_t i = 0; i < COUNT_OF(steps); i++) {
    struct record record = record_of(1);
    record.delay_ns[DELAY_SWAPIN] = steps[i].delay_ns;
    record.waits[DELAY_SWAPIN] = steps[i].waits;
    update(&account, 1, &record, delta);
    assert_int_equal(delta[COUNTER_DELAY + DELAY_SWAPIN], steps[i].delay_delta);
    assert_int_equal(delta[COUNTER_WAITS + DELAY_SWAPIN], steps[i].waits_delta);
    sum += delta[COUNTER_DELAY + DELAY_SWAPIN];
  }
  assert_int_equal(sum, 1000900);
}

/* On kernels whose records lack the switches of ended threads. */
static void counts_switches_of_living_threads(void **state) {
  (void)state;
  for (int counts = 0; counts < 2; counts++) {
    struct account account = {.from_zero = true};
    int64_t delta[COUNTERS];
    static const struct {
      uint64_t switches;
      int64_t delta[2]; /* living threads' only; all threads' */
    } steps[] = {{54, {54, 54}}, {2, {0, -52}}, {7, {5, 5}}, {60, {53, 53}}};

    for (size_t i = 0; i < COUNT_OF(steps); i++) {
      struct record record = record_of(1);
      record.switches_voluntary = steps[i].switches;
      record.switches_involuntary = steps[i].switches * 2;
      account_update(&account,
                     &(struct sample){.cpu_ns = 1,
                                      .record = &record,
                                      .counts_ended_threads = counts},
                     delta);
      assert_int_equal(delta[COUNTER_SWITCHES_VOLUNTARY],
                       steps[i].delta[counts]);
      assert_int_equal(delta[COUNTER_SWITCHES_INVOLUNTARY],
                       steps[i].delta[counts] * 2);
    }
  }
}

/* Kinds of delay that the kernel lacks are not known: they have no base. */
static void leaves_out_what_the_version_lacks(void **state) {
  (void)state;
  struct account account = {.from_zero = true};
  int64_t delta[COUNTERS];
  struct record record = record_of(1);
  record.version = 13;
  record.delay_ns[DELAY_IRQ] = 999; /* noise */
  record.delay_ns[DELAY_WPCOPY] = 5;
  update(&account, 1, &record, delta);
  assert_int_equal(delta[COUNTER_DELAY + DELAY_IRQ], 0);
  assert_int_equal(delta[COUNTER_DELAY + DELAY_WPCOPY], 5);
}

static void divides_cpu_time_in_proportion(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t cpu_ns, user, system; /* the clock and the ticks */
    int64_t user_ns, system_ns;
  } cases[] = {
      {"all user", 1000, 5, 0, 1000, 0},
      {"all system", 1000, 0, 5, 0, 1000},
      {"even", 1000, 3, 3, 500, 500},
      {"a quarter", 1000000, 3, 1, 750000, 250000},
      {"no tick", 1000, 0, 0, 1000, 0},
      {"no time", 0, 1, 1, 0, 0},
      {"more ticks than time", 8, 400000, 1200000, 2, 6},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    struct record record = split_of(cases[i].user, cases[i].system);
    struct procfs_stat stat = {.user_ticks = cases[i].user,
                               .system_ticks = cases[i].system};
    struct procfs_stat other = {.user_ticks = 77, .system_ticks = 23};
    const struct {
      const char *source;
      struct sample sample;
    } sources[] = {
        {"record", {.record = &record, .counts_ended_threads = true}},
        {"record, not stat",
         {.record = &record, .counts_ended_threads = true, .stat = &other}},
        /* A record without the ended threads does not change the proportion. */
        {"stat, not record", {.record = &record, .stat = &stat}},
        {"stat", {.stat = &stat}},
    };
    for (size_t s = 0; s < COUNT_OF(sources); s++) {
      struct account account = {.from_zero = true};
      struct sample sample = sources[s].sample;
      struct record wrong = split_of(23, 77);
      if (!sample.counts_ended_threads && sample.record != NULL)
        sample.record = &wrong;
      sample.cpu_ns = cases[i].cpu_ns;
      int64_t delta[COUNTERS];
      account_update(&account, &sample, delta);
      if (delta[COUNTER_CPU_USER] != cases[i].user_ns ||
          delta[COUNTER_CPU_SYSTEM] != cases[i].system_ns)
        fail_msg("%s, by %s: %lld user, %lld system", name, sources[s].source,
                 (long long)delta[COUNTER_CPU_USER],
                 (long long)delta[COUNTER_CPU_SYSTEM]);
    }
  }
}

/* A sample without a proportion keeps the last one. */
static void remembers_the_proportion(void **state) {
  (void)state;
  struct account account = {.from_zero = true};
  int64_t delta[COUNTERS];
  struct record record = split_of(1, 3);
  update(&account, 1000, &record, delta);
  assert_int_equal(delta[COUNTER_CPU_SYSTEM], 750);
  update(&account, 2000, NULL, delta);
  assert_int_equal(delta[COUNTER_CPU_USER], 250);
  assert_int_equal(delta[COUNTER_CPU_SYSTEM], 750);
}

/* However the proportion changes, neither part decreases and no time is lost.
 */
static void divides_monotonously(void **state) {
  (void)state;
  static const struct {
    const char *name;
    unsigned int seed;
    bool from_zero;
  } cases[] = {
      {"from zero", 1, true}, {"from now", 2, false}, {"another", 3, true}};

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct account account = {.from_zero = cases[i].from_zero};
    unsigned int seed = cases[i].seed;
    uint64_t clock_ns = 12345, base = clock_ns;
    int64_t sum = 0;

    for (int step = 0; step < 10000; step++) {
      /* Sometimes it did not run. */
      clock_ns += (uint64_t)(rand_r(&seed) % 4) * (uint64_t)rand_r(&seed);
      if (step == 0)
        base = clock_ns;
      struct record record = split_of((uint64_t)(rand_r(&seed) % 1000),
                                      (uint64_t)(rand_r(&seed) % 1000));
      int64_t delta[COUNTERS];
      update(&account, clock_ns, &record, delta);
      assert_case(cases[i].name, delta[COUNTER_CPU_USER] >= 0);
      assert_case(cases[i].name, delta[COUNTER_CPU_SYSTEM] >= 0);
      sum += delta[COUNTER_CPU_USER] + delta[COUNTER_CPU_SYSTEM];
      assert_case_int(cases[i].name, sum,
                      clock_ns - (cases[i].from_zero ? 0 : base));
      assert_case_int(cases[i].name, account_cpu_ns(&account), clock_ns);
    }
  }
}

/* Above 2^53, a double cannot represent every integer. */
static void divides_large_times(void **state) {
  (void)state;
  static const uint64_t clocks[] = {
      (UINT64_C(1) << 53) + 3, (UINT64_C(1) << 60) + 65,
      (UINT64_C(1) << 62) + 257, (UINT64_C(1) << 63) - 1};
  static const struct {
    const char *name;
    uint64_t user, system;
  } cases[] = {{"all system", 0, 100},
               {"all user", 100, 0},
               {"mostly system", 1, UINT64_C(1) << 60},
               {"even", 50, 50}};

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct account account = {.from_zero = true};
    uint64_t sum = 0;
    for (size_t c = 0; c < COUNT_OF(clocks); c++) {
      struct record record = split_of(cases[i].user, cases[i].system);
      int64_t delta[COUNTERS];
      update(&account, clocks[c], &record, delta);
      if (delta[COUNTER_CPU_USER] < 0 || delta[COUNTER_CPU_SYSTEM] < 0)
        fail_msg("%s, %llu ns: user %+lld, system %+lld", cases[i].name,
                 (unsigned long long)clocks[c],
                 (long long)delta[COUNTER_CPU_USER],
                 (long long)delta[COUNTER_CPU_SYSTEM]);
      sum += (uint64_t)delta[COUNTER_CPU_USER] +
             (uint64_t)delta[COUNTER_CPU_SYSTEM];
      assert_case(cases[i].name, sum == clocks[c]);
    }
  }
}

static void counts_large_values(void **state) {
  (void)state;
  const uint64_t large = UINT64_C(1) << 63;
  struct account account = {.from_zero = false};
  int64_t delta[COUNTERS];
  struct procfs_io io = {.read_chars = large - 5,
                         .write_bytes = UINT64_MAX - 1};
  struct record record = record_of(1);
  record.delay_ns[DELAY_CPU] = large - 1;
  struct sample sample = {
      .cpu_ns = 1, .record = &record, .counts_ended_threads = true, .io = &io};
  account_update(&account, &sample, delta);
  assert_int_equal(delta[COUNTER_READ_CHARS], 0);

  io.read_chars = large + 5;
  io.write_bytes = UINT64_MAX;
  record.delay_ns[DELAY_CPU] = large + 1;
  account_update(&account, &sample, delta);
  assert_int_equal(delta[COUNTER_READ_CHARS], 10);
  assert_int_equal(delta[COUNTER_WRITE_BYTES], 1);
  assert_int_equal(delta[COUNTER_DELAY + DELAY_CPU], 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(leaves_out_impossible_waits),
      cmocka_unit_test(counts_from_zero),
      cmocka_unit_test(counts_from_now),
      cmocka_unit_test(learns_counters_later),
      cmocka_unit_test(fills_gaps),
      cmocka_unit_test(disbelieves_a_thread_counted_twice),
      cmocka_unit_test(takes_back_what_was_too_much),
      cmocka_unit_test(disbelieves_a_blank_record),
      cmocka_unit_test(believes_a_blank_record_without_cpu),
      cmocka_unit_test(survives_an_overflow),
      cmocka_unit_test(counts_switches_of_living_threads),
      cmocka_unit_test(leaves_out_what_the_version_lacks),
      cmocka_unit_test(divides_cpu_time_in_proportion),
      cmocka_unit_test(remembers_the_proportion),
      cmocka_unit_test(divides_monotonously),
      cmocka_unit_test(divides_large_times),
      cmocka_unit_test(counts_large_values),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
