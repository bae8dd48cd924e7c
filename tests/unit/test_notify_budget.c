/* SPDX-License-Identifier: MIT */
#include "track/notify_budget.h"

#include "support/test.h"

#include <signal.h>
#include <string.h>

enum { TEXT_SIZE = 256 };

/* Resets the budget after a summary, as its user does. */
static bool sum_up(struct notify_budget *budget, uint64_t now_s,
                   char text[TEXT_SIZE], uint32_t *worst) {
  bool has_one = notify_budget_sum_up(budget, now_s, text, TEXT_SIZE, worst);
  if (has_one)
    *budget = (struct notify_budget){.second = now_s};
  return has_one;
}

static void limits_notifications_per_second(void **state) {
  (void)state;
  static const uint32_t rates[] = {1, 2, 10};

  for (size_t i = 0; i < COUNT_OF(rates); i++) {
    struct notify_budget budget = {0};
    char text[TEXT_SIZE];
    uint32_t worst;
    for (uint64_t second = 100; second < 105; second++)
      for (uint32_t n = 0; n < rates[i]; n++)
        assert_true(notify_budget_admit(&budget, second, rates[i], 0x100));
    assert_int_equal(notify_budget_suppressed(&budget), 0);
    assert_false(sum_up(&budget, 105, text, &worst));

    assert_false(notify_budget_admit(&budget, 104, rates[i], 0));
    assert_true(notify_budget_suppressed(&budget) > 0);
    assert_false(sum_up(&budget, 104, text, &worst)); /* more may come */
    /* Nothing overtakes the summary. */
    assert_false(notify_budget_admit(&budget, 105, rates[i], 0));
    assert_true(sum_up(&budget, 105, text, &worst));
    assert_case_says("two", text, "2 more processes ended");
    assert_false(sum_up(&budget, 106, text, &worst));

    /* The next ones are admitted again. */
    for (uint32_t n = 0; n < rates[i]; n++)
      assert_true(notify_budget_admit(&budget, 105, rates[i], 0));
    assert_false(notify_budget_admit(&budget, 105, rates[i], 0));
  }
}

static void sums_up_by_kind(void **state) {
  (void)state;
  static const struct {
    uint32_t ok, error, signal;
    const char *text;
    uint32_t worst;
  } cases[] = {
      {3, 0, 0, "3 more processes ended: 3 exited with status 0", 0},
      {0, 7, 0, "7 more processes ended: 7 exited with an error", 0x100},
      {0, 0, 2, "2 more processes ended: 2 killed by a signal", SIGKILL},
      {2, 3, 0,
       "5 more processes ended: 2 exited with status 0, 3 exited with an error",
       0x100},
      {1, 20000, 300,
       "20301 more processes ended: 1 exited with status 0, 20000 exited with "
       "an error, 300 killed by a signal",
       SIGKILL},
      {1, 0, 1,
       "2 more processes ended: 1 exited with status 0, 1 killed by a signal",
       SIGKILL},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct notify_budget budget = {0};
    assert_true(notify_budget_admit(&budget, 7, 1, 0));
    for (uint32_t n = 0; n < cases[i].ok; n++)
      assert_false(notify_budget_admit(&budget, 7, 1, 0));
    for (uint32_t n = 0; n < cases[i].error; n++)
      assert_false(notify_budget_admit(&budget, 7, 1, n % 2 ? 0x100 : 0xff00));
    for (uint32_t n = 0; n < cases[i].signal; n++)
      assert_false(
          notify_budget_admit(&budget, 7, 1, n % 2 ? SIGTERM : SIGSEGV | 0x80));

    char text[TEXT_SIZE] = "";
    uint32_t worst = 77;
    assert_true(notify_budget_sum_up(&budget, 8, text, sizeof(text), &worst));
    assert_case_string(cases[i].text, text, cases[i].text);
    assert_case_int(cases[i].text, worst, cases[i].worst);
    /* They stay counted until the budget is reset. */
    assert_true(notify_budget_suppressed(&budget) > 0);
    assert_true(notify_budget_sum_up(&budget, 9, text, sizeof(text), &worst));
    assert_case_string(cases[i].text, text, cases[i].text);
  }
}

static void counts_what_could_not_be_sent(void **state) {
  (void)state;
  struct notify_budget budget = {0};
  char text[TEXT_SIZE];
  uint32_t worst;
  assert_true(notify_budget_admit(&budget, 7, 10, SIGKILL));
  notify_budget_suppress(&budget, SIGKILL);
  assert_true(notify_budget_suppressed(&budget) > 0);
  assert_true(sum_up(&budget, 8, text, &worst));
  assert_string_equal(text, "1 more process ended: 1 killed by a signal");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(limits_notifications_per_second),
      cmocka_unit_test(sums_up_by_kind),
      cmocka_unit_test(counts_what_could_not_be_sent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
