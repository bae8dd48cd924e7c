/* SPDX-License-Identifier: MIT */
#include "kernel/fd_budget.h"

#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

static int open_null(void) { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

/* The hard limit can only be lowered, without privilege: so the cases do. */
static void keeps_half_of_what_the_limit_allows(void **state) {
  (void)state;
  static const struct {
    const char *name;
    rlim_t soft, hard;
    size_t kept;       /* of WANTED */
    rlim_t soft_after; /* as low as that takes */
  } cases[] = {
      {"plenty", 4096, 4096, 8, 4096},
      {"a low soft limit is raised", 1024, 4096, 8, 2048},
      {"a very low one, too", 64, 4096, 8, 2048},
      {"room for two", 1024, 1028, 2, 1028},
      {"room for one", 1026, 1026, 1, 1026},
      {"none above 1023", 1024, 1024, 0, 1024},
      {"few", 64, 256, 0, 256},
  };
  enum { WANTED = 8 };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    struct rlimit limit = {cases[i].soft, cases[i].hard};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    struct fd_budget files = {0};
    int kept[WANTED];
    for (size_t j = 0; j < WANTED; j++) {
      int fd = open_null();
      assert_true(fd >= 0);
      kept[j] = fd_budget_keep(&files, fd);
      assert_case_int(name, fcntl(fd, F_GETFD), -1);
      assert_case_int(name, kept[j] >= 0, j < cases[i].kept);
      assert_case_int(name, kept[j] < 0 || kept[j] >= 1024, true);
    }
    assert_case_int(name, files.kept, cases[i].kept);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_case_int(name, limit.rlim_cur, cases[i].soft_after);

    /* Released descriptors can be kept again. */
    for (size_t j = 0; j < WANTED; j++) {
      fd_budget_release(&files, kept[j]);
      if (kept[j] >= 0)
        close(kept[j]);
    }
    assert_case_int(name, files.kept, 0);
    assert_case_int(name, fd_budget_have_room(&files), cases[i].kept > 0);
  }
}

static void keeps_nothing_of_a_failed_open(void **state) {
  (void)state;
  struct fd_budget files = {0};
  assert_int_equal(fd_budget_keep(&files, -ENOENT), -1);
  assert_int_equal(files.kept, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps_nothing_of_a_failed_open),
      cmocka_unit_test(keeps_half_of_what_the_limit_allows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
