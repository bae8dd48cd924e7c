/* SPDX-License-Identifier: MIT */
#include "track/exit_info.h"

#include "support/test.h"

#define SECOND_NS UINT64_C(1000000000)

/* A record that arrived between 100 and 101 s after boot; the machine was
 * suspended for 10 s of that. */
static const struct exit_info_when when = {.earliest_ns = 100 * SECOND_NS,
                                           .latest_ns = 101 * SECOND_NS,
                                           .suspended_ns = 10 * SECOND_NS};

/* Of any age, also one that no process has. */
static void tells_when_it_began(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t elapsed_us, earliest_ns, prompt_ns, latest_ns;
  } cases[] = {
      {"now", 0, 89900000000, 90 * SECOND_NS, 101 * SECOND_NS},
      {"5 s", 5000000, 84900000000, 85 * SECOND_NS, 96 * SECOND_NS},
      {"at boot", 100000000, 0, 0, SECOND_NS},
      {"before", 200000000, 0, 0, 0},
      {"the most in ns", UINT64_MAX / 1000, 0, 0, 0},
      {"the most", UINT64_MAX, 0, 0, 0},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const struct message message = {
        .has = {[MESSAGE_THREAD] = true},
        .record = {
            [MESSAGE_THREAD] = {.version = 16,
                                .pid = 7,
                                .tgid = 7,
                                .process_elapsed_us = cases[i].elapsed_us}}};
    struct exit_info info;
    assert_case(cases[i].name, exit_info_identify(&info, &message, &when));
    assert_case_int(cases[i].name, info.earliest_ns, cases[i].earliest_ns);
    assert_case_int(cases[i].name, info.prompt_ns, cases[i].prompt_ns);
    assert_case_int(cases[i].name, info.latest_ns, cases[i].latest_ns);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_when_it_began),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
