/* SPDX-License-Identifier: MIT */
#include "kernel/libc.h"

#include "support/test.h"

#include <errno.h>

/* The replacements behave like glibc's functions. */

#ifdef LIBC_HAS_NAMES

static void names_signals_as_glibc_does(void **state) {
  (void)state;
  for (int signal = -1; signal <= _NSIG; signal++) {
    const char *own = libc_sigabbrev(signal);
    const char *theirs = sigabbrev_np(signal);
    if (own == NULL || theirs == NULL) {
      if (own != theirs)
        fail_msg("signal %d", signal);
    } else {
      assert_string_equal(own, theirs);
    }
  }
}

static void describes_errors_as_glibc_does(void **state) {
  (void)state;
  for (int error = 0; error < 140; error++)
    if (strerrordesc_np(error) != NULL)
      assert_string_equal(libc_strerrordesc(error), strerrordesc_np(error));
}

#else

static void names_signals_as_glibc_does(void **state) {
  (void)state;
  skip();
}

static void describes_errors_as_glibc_does(void **state) {
  (void)state;
  skip();
}

#endif

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_signals_as_glibc_does),
      cmocka_unit_test(describes_errors_as_glibc_does),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
