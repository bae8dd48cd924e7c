/* SPDX-License-Identifier: MIT */
#include "kernel/arithmetic.h"

#include "support/test.h"

static void shares_in_proportion(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t value, part, whole, share;
  } cases[] = {
      {"nothing", 0, 1, 2, 0},
      {"no part", 1000, 0, 3, 0},
      {"all", UINT64_MAX, 3, 3, UINT64_MAX},
      {"rounded down", 1000, 1, 3, 333},
      {"a whole of 32 bits", UINT64_MAX, 1, UINT32_MAX, 4294967297},
      {"a product of 96 bits", UINT64_C(1) << 63, 2147483649, UINT32_MAX,
       4611686021648613376},
      {"few of many", 1000000000000000, 7, UINT32_MAX, 1629814},
      {"all of a whole of 64 bits", UINT64_MAX, UINT64_MAX, UINT64_MAX,
       UINT64_MAX},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_case_int(cases[i].name,
                    share(cases[i].value, cases[i].part, cases[i].whole),
                    cases[i].share);
}

/* Half of the time that a thousand CPUs have in a year, by microseconds. */
static void shares_a_large_whole_nearly(void **state) {
  (void)state;
  const uint64_t value = 31536000000000000, half = value / 2;
  const uint64_t whole = value / 1000, part = whole / 2;
  assert_in_range(share(value, part, whole), half - (value >> 31),
                  half + (value >> 31));
  assert_in_range(share(value, part + 1, whole), half - (value >> 31),
                  half + (value >> 31));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shares_in_proportion),
      cmocka_unit_test(shares_a_large_whole_nearly),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
