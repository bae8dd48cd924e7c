/* SPDX-License-Identifier: MIT */
#include "track/own_io.h"

#include "support/test.h"

/* Samples of one process, the first of which shows only its use. */
struct look {
  bool has_waited; /* it may have */
  uint64_t all;    /* that <pid>/io has */
  uint64_t living; /* that its threads have, a moment later */
  uint32_t ended;  /* threads since the look before */
  uint64_t of_ended;
  uint64_t waits;  /* that it has waited for, as its page faults show */
  uint64_t is_own; /* what counts */
};

enum { LOOKS = 4, KILO = 1024 };

static void tells_its_own_from_that_of_children(void **state) {
  (void)state;
  static const struct {
    const char *name;
    struct look looks[LOOKS];
  } cases[] = {
      {"never waits",
       {{false, 10, 10, 0, 0, 0, 10}, {false, 30, 0, 0, 0, 0, 30}}},
      {"waits for one that wrote 100",
       {{false, 10, 10, 0, 0, 0, 10}, {true, 130, 30, 0, 0, 1, 30}}},
      {"and goes on alone",
       {{false, 10, 10, 0, 0, 0, 10},
        {true, 130, 30, 0, 0, 1, 30},
        {true, 140, 40, 0, 0, 1, 40}}},
      {"and waits again",
       {{true, 110, 10, 0, 0, 1, 10},
        {true, 120, 20, 0, 0, 1, 20},
        {true, 230, 30, 0, 0, 2, 30}}},
      {"writes while it is looked at: once",
       {{true, 100, 20, 0, 0, 1, 20}, {true, 120, 20, 0, 0, 1, 20}}},
      {"writes while it is looked at, and more",
       {{true, 100, 20, 0, 0, 1, 20}, {true, 125, 25, 0, 0, 1, 25}}},
      {"writes while it is looked at, each time",
       {{true, 100, 20, 0, 0, 1, 20},
        {true, 125, 40, 0, 0, 1, 40},
        {true, 140, 40, 0, 0, 1, 40}}},
      {"writes while it is looked at, and waits later",
       {{true, 10, 20, 0, 0, 0, 10},
        {true, 120, 20, 0, 0, 1, 20},
        {true, 120, 20, 0, 0, 1, 20}}},
      {"a thread ends, before it waits",
       {{false, 5000, 5000, 0, 0, 0, 5000},
        {false, 6000, 0, 1, 4 * KILO, 0, 6000},
        {true, 6600, 2400, 0, 0, 1, 6496}}},
      {"a thread had ended, before the first look",
       {{false, 6000, 1000, 0, 0, 0, 6000}, {true, 6600, 1500, 0, 0, 1, 6500}}},
      {"a thread ends, and no child did anything",
       {{true, 5000, 5000, 0, 0, 0, 5000},
        {true, 6000, 1000, 1, 4 * KILO, 0, 6000}}},
      {"a thread ends, and then it waits",
       {{true, 5000, 5000, 0, 0, 0, 5000},
        {true, 5096, 1000, 1, 4 * KILO, 0, 5096},
        {true, 15196, 1100, 0, 0, 1, 5196}}},
      {"a thread ends, while it waits",
       {{true, 5000, 5000, 0, 0, 0, 5000},
        {true, 16000, 1000, 1, 4 * KILO, 1, 5096}}},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct own_io *own_io = NULL;
    struct procfs_io last = {0};
    uint64_t waits = 0, of_ended = 0;
    uint32_t ended = 0;
    for (const struct look *look = cases[i].looks;
         look < cases[i].looks + LOOKS && look->all > 0; look++) {
      struct procfs_io io = {.write_chars = look->all};
      const struct own_io_sample sample = {
          .may_have_waited = look->has_waited,
          .has_io_of_children = look->waits > 0,
          .children_faults_before = look->waits,
          .children_faults = look->waits,
          .has_living = look->has_waited || waits++ == 0,
          .living = {.write_chars = look->living},
          .knows_ended = true,
          .ended = ended += look->ended,
          .of_ended = {.write_chars = of_ended += look->of_ended},
      };
      assert_int_equal(own_io_update(&own_io, &sample, &last, &io), 0);
      assert_case_int(cases[i].name, io.write_chars, look->is_own);
      last = io;
    }
    own_io_destroy(own_io);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_its_own_from_that_of_children),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
