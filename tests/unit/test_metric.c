/* SPDX-License-Identifier: MIT */
#include "report/metric.h"

#include "support/test.h"

#include <stdio.h>
#include <string.h>

/* The metrics that the sink received, one per line: "type-instance kind value[
 * value]". */
struct lines {
  char text[4096];
  size_t used;
};

static void note(void *context, const struct metric_value *value) {
  struct lines *lines = context;
  char *at = lines->text + lines->used;
  size_t room = sizeof(lines->text) - lines->used;
  int length;

  const char *dash = value->instance[0] != '\0' ? "-" : "";
  if (value->is_derive && value->count == 2)
    length = snprintf(at, room, "%s%s%s derive %lld %lld\n", value->type, dash,
                      value->instance, (long long)value->values[0].derive,
                      (long long)value->values[1].derive);
  else if (value->is_derive)
    length = snprintf(at, room, "%s%s%s derive %lld\n", value->type, dash,
                      value->instance, (long long)value->values[0].derive);
  else if (value->count == 2)
    length = snprintf(at, room, "%s%s%s gauge %.9g %.9g\n", value->type, dash,
                      value->instance, value->values[0].gauge,
                      value->values[1].gauge);
  else
    length = snprintf(at, room, "%s%s%s gauge %.9g\n", value->type, dash,
                      value->instance, value->values[0].gauge);
  assert_in_range(value->count, 1, 2);
  assert_in_range(length, 1, room - 1);
  lines->used += (size_t)length;
}

static const char *report(const struct group *group,
                          const struct metric_scope *scope) {
  static struct lines lines;
  lines.used = 0;
  lines.text[0] = '\0';
  metric_each(group, scope, note, &lines);
  return lines.text;
}

/* A group that has used a different amount of each. */
static struct group group_of(const struct rule *rule) {
  struct group group = {.rule = rule, .name = "web"};
  static const int64_t used[COUNTERS] = {
      [COUNTER_CPU_USER] = 1234567890,
      [COUNTER_CPU_SYSTEM] = 234567899,
      [COUNTER_READ_CHARS] = 301,
      [COUNTER_WRITE_CHARS] = 302,
      [COUNTER_READ_CALLS] = 303,
      [COUNTER_WRITE_CALLS] = 304,
      [COUNTER_READ_BYTES] = 305,
      [COUNTER_WRITE_BYTES] = 306,
      [COUNTER_SWITCHES_VOLUNTARY] = 401,
      [COUNTER_SWITCHES_INVOLUNTARY] = 402,
      [COUNTER_FAULTS_MINOR] = 403,
      [COUNTER_FAULTS_MAJOR] = 404,
      [COUNTER_EXIT_OK] = 501,
      [COUNTER_EXIT_ERROR] = 502,
      [COUNTER_EXIT_SIGNAL] = 503,
      [COUNTER_EXIT_OOM] = 504,
  };
  int64_t delta[COUNTERS], before[COUNTERS] = {0};
  memcpy(delta, used, sizeof(used));
  for (unsigned int i = 0; i < DELAY_KINDS; i++) {
    delta[COUNTER_DELAY + i] = (i + 1) * INT64_C(100000000);
    delta[COUNTER_WAITS + i] = (i + 1) * 4;
    before[COUNTER_DELAY + i] = 77777;
    before[COUNTER_WAITS + i] = 7;
  }
  group.gauges[GAUGE_PROCESSES] = 11;
  group.gauges[GAUGE_THREADS] = 22;
  group.gauges[GAUGE_RSS] = 33000;
  group.gauges[GAUGE_VM] = 44000;
  group.gauges[GAUGE_DATA] = 55000;
  group.gauges[GAUGE_CODE] = 66000;
  group.gauges[GAUGE_FILES] = 77;
  group.gauges[GAUGE_KNOWN_MEMORY] = 11;
  group.gauges[GAUGE_KNOWN_FILES] = 11;
  group.oldest_ns = 1500000000;

  group_publish(&group, UINT32_MAX);
  group_add(&group, before);
  group_publish(&group, UINT32_MAX);
  group_add(&group, delta);
  group_publish(&group, UINT32_MAX);
  return group;
}

static const struct metric_scope usual = {.elapsed = 2,
                                          .delays = 0xff,
                                          .boot_ns = 92250000000,
                                          .listens = true,
                                          .tells_oom = true};

static const char *const lines_of[] = {
    "delay_rate-delay-cpu gauge 0.05\n"
    "delay_rate-delay-blkio gauge 0.1\n"
    "delay_rate-delay-swapin gauge 0.15\n"
    "delay_rate-delay-freepages gauge 0.2\n"
    "delay_rate-delay-thrashing gauge 0.25\n"
    "delay_rate-delay-compact gauge 0.3\n"
    "delay_rate-delay-wpcopy gauge 0.35\n"
    "delay_rate-delay-irq gauge 0.4\n",
    "total_time_in_ms-delay-cpu derive 100\n"
    "total_time_in_ms-delay-blkio derive 200\n"
    "total_time_in_ms-delay-swapin derive 300\n"
    "total_time_in_ms-delay-freepages derive 400\n"
    "total_time_in_ms-delay-thrashing derive 500\n"
    "total_time_in_ms-delay-compact derive 600\n"
    "total_time_in_ms-delay-wpcopy derive 700\n"
    "total_time_in_ms-delay-irq derive 800\n",
    "ps_cputime derive 1234567 234567\n",
    "io_octets derive 301 302\n"
    "io_ops derive 303 304\n"
    "disk_octets derive 305 306\n",
    "ps_count gauge 11 22\n",
    "contextswitch-voluntary derive 401\n"
    "contextswitch-involuntary derive 402\n",
    "ps_pagefaults derive 403 404\n",
    "ps_rss gauge 33000\n"
    "ps_vm gauge 44000\n"
    "ps_data gauge 55000\n"
    "ps_code gauge 66000\n",
    "file_handles gauge 77\n",
    "uptime gauge 90.75\n",
    "total_events-exit-ok derive 501\n"
    "total_events-exit-error derive 502\n"
    "total_events-exit-signal derive 503\n"
    "total_events-exit-oom derive 504\n",
    "latency-delay-cpu gauge 0.025\n"
    "latency-delay-blkio gauge 0.025\n"
    "latency-delay-swapin gauge 0.025\n"
    "latency-delay-freepages gauge 0.025\n"
    "latency-delay-thrashing gauge 0.025\n"
    "latency-delay-compact gauge 0.025\n"
    "latency-delay-wpcopy gauge 0.025\n"
    "latency-delay-irq gauge 0.025\n",
};

static const uint32_t options[] = {
    COLLECT_DELAY,       COLLECT_DELAY_TOTAL, COLLECT_CPU,
    COLLECT_IO,          COLLECT_COUNT,       COLLECT_CONTEXT_SWITCH,
    COLLECT_PAGE_FAULTS, COLLECT_MEMORY,      COLLECT_FILES,
    COLLECT_UPTIME,      COLLECT_EXITS,       COLLECT_DELAY_LATENCY};

/* Every combination of options reports exactly its metrics. */
static void reports_what_is_collected(void **state) {
  (void)state;
  for (uint32_t mask = 0; mask < UINT32_C(1) << COUNT_OF(options); mask++) {
    struct rule rule = {.collect = 0};
    char expected[4096] = "";
    for (size_t i = 0; i < COUNT_OF(options); i++)
      if (mask & (UINT32_C(1) << i)) {
        rule.collect |= options[i];
        strcat(expected, lines_of[i]);
      }
    struct group group = group_of(&rule);
    assert_string_equal(report(&group, &usual), expected);
  }
}

static void reports_the_delays_that_are_counted(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint32_t collect, delays;
    const char *lines;
  } cases[] = {
      {"accounting is off",
       COLLECT_DELAY | COLLECT_DELAY_TOTAL | COLLECT_DELAY_LATENCY,
       1 << DELAY_CPU,
       "delay_rate-delay-cpu gauge 0.05\n"
       "total_time_in_ms-delay-cpu derive 100\n"
       "latency-delay-cpu gauge 0.025\n"},
      {"version 8", COLLECT_DELAY, 0x0f,
       "delay_rate-delay-cpu gauge 0.05\n"
       "delay_rate-delay-blkio gauge 0.1\n"
       "delay_rate-delay-swapin gauge 0.15\n"
       "delay_rate-delay-freepages gauge 0.2\n"},
      {"the last alone", COLLECT_DELAY_LATENCY, 1 << DELAY_IRQ,
       "latency-delay-irq gauge 0.025\n"},
      {"no records",
       COLLECT_DELAY | COLLECT_DELAY_TOTAL | COLLECT_DELAY_LATENCY |
           COLLECT_CONTEXT_SWITCH | COLLECT_COUNT,
       0, "ps_count gauge 11 22\n"},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct rule rule = {.collect = cases[i].collect};
    struct group group = group_of(&rule);
    struct metric_scope scope = {.elapsed = 2, .delays = cases[i].delays};
    assert_case_string(cases[i].name, report(&group, &scope), cases[i].lines);
  }
}

/* I/O of some members is unknown, and so is that of all together. */
static void leaves_out_unknown_io(void **state) {
  (void)state;
  struct rule rule = {.collect = COLLECT_IO | COLLECT_COUNT | COLLECT_CPU};
  struct group group = group_of(&rule);
  group.gauges[GAUGE_WITHOUT_IO] = 1;
  assert_string_equal(report(&group, &usual),
                      "ps_cputime derive 1234567 234567\n"
                      "ps_count gauge 11 22\n");
}

/* The same applies to memory and open files, and to the uptime of an empty
 * group. */
static void leaves_out_what_is_unknown_of_members(void **state) {
  (void)state;
  struct rule rule = {.collect = COLLECT_MEMORY | COLLECT_FILES |
                                 COLLECT_UPTIME | COLLECT_COUNT};
  struct group group = group_of(&rule);
  group.gauges[GAUGE_KNOWN_MEMORY] = 10;
  assert_string_equal(report(&group, &usual), "ps_count gauge 11 22\n"
                                              "file_handles gauge 77\n"
                                              "uptime gauge 90.75\n");
  group.gauges[GAUGE_KNOWN_FILES] = 10;
  group.oldest_ns = usual.boot_ns + 1; /* it began a moment ago */
  assert_string_equal(report(&group, &usual), "ps_count gauge 11 22\n"
                                              "uptime gauge 0\n");
  group.gauges[GAUGE_PROCESSES] = 0;
  assert_string_equal(report(&group, &usual), "ps_count gauge 0 22\n");
}

/* The kernel counts only waits for a CPU for its members, or all kinds for
 * some. */
static void leaves_out_uncounted_delays(void **state) {
  (void)state;
  static const struct {
    const char *name;
    bool has_counted, has_uncounted, knows_all;
  } cases[] = {
      {"no member ever", false, false, true},
      {"all kinds", true, false, true},
      {"waits for a CPU", false, true, false},
      {"both", true, true, true},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct rule rule = {.collect = COLLECT_DELAY | COLLECT_DELAY_TOTAL |
                                   COLLECT_DELAY_LATENCY};
    struct group group = group_of(&rule);
    group.has_counted = cases[i].has_counted;
    group.has_uncounted = cases[i].has_uncounted;
    group_publish(&group, UINT32_MAX);
    const char *lines = report(&group, &usual);
    assert_case(cases[i].name, strstr(lines, "rate-delay-cpu") != NULL);
    assert_case(cases[i].name, strstr(lines, "latency-delay-cpu") != NULL);
    assert_case_int(cases[i].name, strstr(lines, "rate-delay-blkio") != NULL,
                    cases[i].knows_all);
    assert_case(cases[i].name, strstr(lines, "ms-delay-cpu") != NULL);
    assert_case_int(cases[i].name, strstr(lines, "ms-delay-blkio") != NULL,
                    cases[i].knows_all);
    assert_case_int(cases[i].name, strstr(lines, "latency-delay-irq") != NULL,
                    cases[i].knows_all);
  }
}

/* Without a listener, exits are unknown, not 0. */
static void leaves_out_untold_exits(void **state) {
  (void)state;
  struct rule rule = {.collect = COLLECT_EXITS | COLLECT_COUNT};
  struct group group = group_of(&rule);
  struct metric_scope scope = usual;
  scope.listens = false;
  assert_string_equal(report(&group, &scope), "ps_count gauge 11 22\n");

  /* OOM kills cannot be identified. */
  scope.listens = true;
  scope.tells_oom = false;
  assert_string_equal(report(&group, &scope),
                      "ps_count gauge 11 22\n"
                      "total_events-exit-ok derive 501\n"
                      "total_events-exit-error derive 502\n"
                      "total_events-exit-signal derive 503\n");
}

/* If not all processes were seen, only the listener's values are known. */
static void leaves_out_what_was_not_seen(void **state) {
  (void)state;
  struct rule rule = {.collect = UINT32_MAX};
  struct group group = group_of(&rule);
  struct metric_scope scope = usual;
  scope.is_partial = true;
  const char *lines = report(&group, &scope);
  assert_non_null(strstr(lines, "total_events-exit-ok"));
  assert_null(strstr(lines, "ps_"));
  assert_null(strstr(lines, "io_"));
  assert_null(strstr(lines, "delay"));
}

/* The first value of a derive is 0. A rate needs no earlier value: it covers
 * the interval in which the group appeared, and is not reported again. */
static void begins_with_the_first_rate(void **state) {
  (void)state;
  struct rule rule = {.collect = UINT32_MAX};
  struct metric_scope scope = {
      .elapsed = 2, .delays = 1 << DELAY_CPU, .listens = true};
  struct group group = {.rule = &rule, .name = "web"};
  int64_t delta[COUNTERS];
  for (unsigned int i = 0; i < COUNTERS; i++)
    delta[i] = 1000000000;
  group_add(&group, delta);
  group_publish(&group, UINT32_MAX);
  assert_string_equal(report(&group, &scope),
                      "delay_rate-delay-cpu gauge 0.5\n"
                      "total_time_in_ms-delay-cpu derive 0\n"
                      "ps_cputime derive 0 0\n"
                      "io_octets derive 0 0\n"
                      "io_ops derive 0 0\n"
                      "disk_octets derive 0 0\n"
                      "ps_count gauge 0 0\n"
                      "contextswitch-voluntary derive 0\n"
                      "contextswitch-involuntary derive 0\n"
                      "ps_pagefaults derive 0 0\n"
                      "ps_rss gauge 0\n"
                      "ps_vm gauge 0\n"
                      "ps_data gauge 0\n"
                      "ps_code gauge 0\n"
                      "file_handles gauge 0\n"
                      "total_events-exit-ok derive 0\n"
                      "total_events-exit-error derive 0\n"
                      "total_events-exit-signal derive 0\n"
                      "latency-delay-cpu gauge 1e-09\n");

  /* The second one has what came since, and all derives. */
  delta[COUNTER_DELAY] = 2000000000;
  group_add(&group, delta);
  group_publish(&group, UINT32_MAX);
  assert_non_null(
      strstr(report(&group, &scope), "delay_rate-delay-cpu gauge 1\n"));
  assert_non_null(strstr(report(&group, &scope),
                         "total_time_in_ms-delay-cpu derive 3000\n"));
  assert_non_null(
      strstr(report(&group, &scope), "latency-delay-cpu gauge 2e-09\n"));
  assert_non_null(
      strstr(report(&group, &scope), "ps_cputime derive 2000000 2000000\n"));
}

static void has_no_rate_without_an_interval(void **state) {
  (void)state;
  struct rule rule = {.collect = COLLECT_DELAY | COLLECT_DELAY_LATENCY};
  struct group group = group_of(&rule);
  struct metric_scope scope = {.elapsed = 0, .delays = 0xff};
  assert_string_equal(report(&group, &scope), "");

  rule.collect = COLLECT_DELAY_TOTAL; /* a total needs none */
  scope.delays = 1 << DELAY_IRQ;
  assert_string_equal(report(&group, &scope),
                      "total_time_in_ms-delay-irq derive 800\n");
}

static void has_no_latency_without_a_wait(void **state) {
  (void)state;
  struct rule rule = {.collect = COLLECT_DELAY | COLLECT_DELAY_LATENCY};
  struct group group = group_of(&rule);
  struct metric_scope scope = {.elapsed = 2, .delays = 1 << DELAY_BLKIO};
  group_publish(&group, UINT32_MAX);
  assert_string_equal(report(&group, &scope),
                      "delay_rate-delay-blkio gauge 0\n"
                      "latency-delay-blkio gauge nan\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reports_what_is_collected),
      cmocka_unit_test(reports_the_delays_that_are_counted),
      cmocka_unit_test(leaves_out_unknown_io),
      cmocka_unit_test(leaves_out_what_is_unknown_of_members),
      cmocka_unit_test(leaves_out_uncounted_delays),
      cmocka_unit_test(leaves_out_untold_exits),
      cmocka_unit_test(leaves_out_what_was_not_seen),
      cmocka_unit_test(begins_with_the_first_rate),
      cmocka_unit_test(has_no_rate_without_an_interval),
      cmocka_unit_test(has_no_latency_without_a_wait),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
