/* SPDX-License-Identifier: MIT */
#include "select/executable.h"

#include "support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Stores a result of looking at the path. Returns whether it is new. */
static bool find_file(struct executable *executable, const char *canonical,
                      uint64_t dev, uint64_t inode) {
  struct path_answer answer = {.dev = dev, .inode = inode};
  snprintf(answer.canonical, sizeof(answer.canonical), "%s", canonical);
  return executable_store(executable, &answer);
}

static enum path_is is_file(struct executable *executable, uint64_t dev,
                            uint64_t inode) {
  return executable_is(executable, (struct file_id){dev, inode}, 0);
}

static void is_the_file_of_its_path(void **state) {
  (void)state;
  static const struct {
    const char *name;
    bool is_found, is_dev_hidden;
    int error;
    enum path_is own, of_others; /* what its file is, and any other */
  } cases[] = {
      {"found", true, false, 0, PATH_IS, PATH_IS_NOT},
      {"on btrfs or an overlay", true, true, 0, PATH_IS, PATH_IS_UNKNOWN},
      {"found, and unreadable since", true, false, -EACCES, PATH_IS,
       PATH_IS_NOT},
      {"found, and removed since", true, true, -ENOENT, PATH_WAS, PATH_IS_NOT},
      {"found, and a script now", true, false, -ENOEXEC, PATH_WAS, PATH_IS_NOT},
      {"not looked at yet", false, false, 0, PATH_IS_UNKNOWN, PATH_IS_UNKNOWN},
      {"unreadable", false, false, -EACCES, PATH_IS_UNKNOWN, PATH_IS_UNKNOWN},
      {"does not answer", false, false, -ETIMEDOUT, PATH_IS_UNKNOWN,
       PATH_IS_UNKNOWN},
      {"none", false, false, -ENOENT, PATH_IS_NOT, PATH_IS_NOT},
      {"below a file", false, false, -ENOTDIR, PATH_IS_NOT, PATH_IS_NOT},
      {"a directory", false, false, -EISDIR, PATH_IS_NOT, PATH_IS_NOT},
      {"a script", false, false, -ENOEXEC, PATH_IS_NOT, PATH_IS_NOT},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    struct executable executable = {0};
    const struct path_answer answer = {.dev = 7,
                                       .inode = 100,
                                       .is_dev_hidden = cases[i].is_dev_hidden,
                                       .canonical = "/bin/x"};
    if (cases[i].is_found)
      executable_store(&executable, &answer);
    static const struct file_id own = {7, 100},
                                others[] = {{7, 101}, {8, 100}, {7, 0}};
    assert_case_int(name, executable_is(&executable, own, cases[i].error),
                    cases[i].own);
    for (size_t o = 0; o < COUNT_OF(others); o++)
      assert_case_int(name,
                      executable_is(&executable, others[o], cases[i].error),
                      cases[i].of_others);
    executable_clear(&executable);
  }
}

/* After an upgrade, processes of the former file still run, but its inode may
 * have been reused. */
static void stays_what_it_was(void **state) {
  (void)state;
  struct executable executable = {0};
  assert_false(executable_has_path(&executable, "/bin/v1"));
  assert_true(find_file(&executable, "/bin/v1", 7, 100));
  assert_false(find_file(&executable, "/bin/v1", 7, 100));
  assert_true(find_file(&executable, "/bin/v1", 7, 101));
  assert_true(find_file(&executable, "/bin/v2", 7, 101));
  assert_true(find_file(&executable, "/bin/v2", 8, 101));
  for (uint64_t inode = 100; inode <= 101; inode++) {
    assert_int_equal(is_file(&executable, 7, inode), PATH_WAS);
    executable_learn(&executable, (struct file_id){7, inode});
    assert_int_equal(is_file(&executable, 7, inode), PATH_WAS);
  }
  assert_int_equal(is_file(&executable, 8, 101), PATH_IS);
  assert_int_equal(is_file(&executable, 8, 100), PATH_IS_NOT);
  assert_true(executable_has_path(&executable, "/bin/v1"));
  assert_true(executable_has_path(&executable, "/bin/v2"));
  assert_false(executable_has_path(&executable, "/bin/v"));
  executable_clear(&executable);
  assert_false(executable_has_path(&executable, "/bin/v2"));
}

static void knows_its_names(void **state) {
  (void)state;
  struct executable executable = {0};
  assert_false(executable_has_name(&executable, "python3.11"));
  find_file(&executable, "/usr/bin/python3.11", 7, 100);
  find_file(&executable, "/usr/bin/prometheus-node-exporter", 7, 101);
  static const struct {
    const char *name;
    bool has;
  } cases[] = {
      {"python3.11", true}, {"python3", false},        {"python3.11x", false},
      {"bin", false},       {"prometheus-node", true}, {"prometheus", false},
      {"", false}};
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_case_int(cases[i].name,
                    executable_has_name(&executable, cases[i].name),
                    cases[i].has);
  executable_clear(&executable);
}

static void keeps_the_last_former_paths(void **state) {
  (void)state;
  struct executable executable = {0};
  for (int i = 0; i <= EXECUTABLE_FORMER; i++) {
    char path[16];
    snprintf(path, sizeof(path), "/v%d", i);
    find_file(&executable, path, 7, 100);
    find_file(&executable, "/current", 7, 100);
  }
  find_file(&executable, "/v1", 7, 100); /* used again, so kept */
  static const struct {
    const char *path;
    bool has;
  } cases[] = {{"/current", true}, {"/v0", false}, {"/v1", true},
               {"/v2", true},      {"/v8", true},  {"/v9", false}};
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_case_int(cases[i].path,
                    executable_has_path(&executable, cases[i].path),
                    cases[i].has);
  executable_clear(&executable);
}

/* Processes in other mount namespaces show other files at the path. */
static void learns_from_processes(void **state) {
  (void)state;
  struct executable executable = {0};
  find_file(&executable, "/bin/nginx", 1, 2);
  for (uint64_t i = 0; i < EXECUTABLE_LEARNED; i++) {
    executable_learn(&executable, (struct file_id){7, 100 + i});
    executable_learn(&executable, (struct file_id){7, 100 + i});
  }
  for (uint64_t i = 0; i < EXECUTABLE_LEARNED + 10; i++)
    assert_int_equal(is_file(&executable, 7, 100 + i),
                     i < EXECUTABLE_LEARNED ? PATH_IS : PATH_IS_NOT);

  /* After files were dropped, the result for any other file is unknown. */
  assert_int_equal(is_file(&executable, 7, 100), PATH_IS); /* used, so kept */
  executable_learn(&executable, (struct file_id){7, 999});
  assert_int_equal(is_file(&executable, 7, 100), PATH_IS);
  assert_int_equal(is_file(&executable, 7, 999), PATH_IS);
  assert_int_equal(is_file(&executable, 7, 101), PATH_IS_UNKNOWN);
  assert_int_equal(is_file(&executable, 7, 1000), PATH_IS_UNKNOWN);
  assert_int_equal(is_file(&executable, 1, 2), PATH_IS);
  executable_clear(&executable);
}

/* A file that a process runs at this path does not prove that another file is
 * not the executable. */
static void proves_nothing_by_what_it_learned(void **state) {
  (void)state;
  struct executable executable = {0};
  executable_learn(&executable, (struct file_id){7, 100});
  assert_int_equal(is_file(&executable, 7, 100), PATH_IS);
  assert_int_equal(is_file(&executable, 7, 101), PATH_IS_UNKNOWN);
  executable_clear(&executable);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(is_the_file_of_its_path),
      cmocka_unit_test(stays_what_it_was),
      cmocka_unit_test(knows_its_names),
      cmocka_unit_test(keeps_the_last_former_paths),
      cmocka_unit_test(learns_from_processes),
      cmocka_unit_test(proves_nothing_by_what_it_learned),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
