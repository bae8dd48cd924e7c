/* SPDX-License-Identifier: MIT */
#include "track/unmet_parents.h"

#include "support/test.h"

static void remembers_parents_for_two_reads(void **state) {
  (void)state;
  struct unmet_parents parents = {0};
  unmet_parents_note(&parents, 4711, false);
  unmet_parents_note(&parents, 4712, true);
  for (int read = 0; read < 3; read++) {
    bool is_known = read < 2;
    assert_int_equal(unmet_parents_have_ended(&parents, 4711), is_known);
    assert_false(unmet_parents_have_io(&parents, 4711));
    assert_int_equal(unmet_parents_have_ended(&parents, 4712), is_known);
    assert_int_equal(unmet_parents_have_io(&parents, 4712), is_known);
    assert_false(unmet_parents_have_ended(&parents, 4713));
    unmet_parents_forget(&parents);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(remembers_parents_for_two_reads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
