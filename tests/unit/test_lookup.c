/* SPDX-License-Identifier: MIT */
#include "report/lookup.h"

#include "support/test.h"

#include <errno.h>
#include <string.h>

enum { NEEDLES = 3, LINE_SIZE = 512 };

/* Asserts that the line contains all of these. */
static void expect_line(bool is_warning, const char *line, int error,
                        const char *const says[NEEDLES]) {
  assert_case_int(line, is_warning, error != 0);
  for (size_t n = 0; n < NEEDLES && says[n] != NULL; n++)
    assert_case_says("a lookup", line, says[n]);
  assert_case(line, line[strlen(line) - 1] == '.');
}

/* Each names the option, the path, the cause and the remedy. */
static void describes_paths(void **state) {
  (void)state;
  static const struct {
    enum path_kind kind;
    int error;
    const char *says[NEEDLES];
  } cases[] = {
      {PATH_PID_FILE, 0, {"PIDFile \"/run/x\" can be read again"}},
      {PATH_EXECUTABLE, 0, {"Executable \"/run/x\" can be read again"}},
      {PATH_PID_FILE,
       -ETIMEDOUT,
       {"Cannot read PIDFile \"/run/x\" (Connection timed out)", "server",
        "named before stay selected"}},
      {PATH_PID_FILE, -EACCES, {"(Permission denied)", "CAP_DAC_READ_SEARCH"}},
      {PATH_PID_FILE, -EISDIR, {"(Is a directory)", "name a file"}},
      {PATH_PID_FILE, -EBADMSG, {"(no process id)", "begin with process ids"}},
      {PATH_PID_FILE, -ENODATA, {"(it is empty)", "restart the service"}},
      {PATH_PID_FILE, -EINVAL, {"(not a regular file)", "name the file"}},
      {PATH_PID_FILE, -EIO, {"(Input/output error)", "tried again"}},
      {PATH_EXECUTABLE,
       -ENOENT,
       {"Cannot read Executable \"/run/x\" (No such file",
        "install the program", "as written"}},
      {PATH_PID_FILE, -E2BIG, {"(too many process ids)", "by Unit"}},
      {PATH_EXECUTABLE, -EISDIR, {"(Is a directory)", "name a file"}},
      {PATH_EXECUTABLE,
       -ENOEXEC,
       {"(not a program, or a script)", "name the program itself",
        "CommandLine"}},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const struct path_change change = {
        .kind = cases[i].kind, .path = "/run/x", .error = cases[i].error};
    char line[LINE_SIZE];
    expect_line(lookup_describe_path(&change, line, sizeof(line)), line,
                cases[i].error, cases[i].says);
  }
}

static void describes_users(void **state) {
  (void)state;
  static const struct {
    const char *name;
    enum user_known known;
    int error;
    const char *says[NEEDLES];
  } cases[] = {
      {"bob", USER_FOUND, 0, {"User \"bob\" exists now: 33"}},
      {"bob", USER_NONE, -ENOENT, {"User \"bob\" does not exist"}},
      {"bob",
       USER_FOUND,
       -ENOENT,
       {"Cannot find user \"bob\" any more", "33 stays in use",
        "getent passwd bob"}},
      {"bob",
       USER_UNKNOWN,
       -EAGAIN,
       {"Cannot look up user \"bob\"", "no processes of this user"}},
      {"bob",
       USER_FOUND,
       -EIO,
       {"Input/output error", "found before stays in use", "needs no lookup"}},
      {"", USER_UNKNOWN, 0, {"Users can be looked up again"}},
      {"",
       USER_UNKNOWN,
       -ENOSPC,
       {"20,000 users", "%{user} is the user's number"}},
      {"", USER_UNKNOWN, -ENOENT, {"Cannot find user 33 any more"}},
      {"",
       USER_UNKNOWN,
       -EIO,
       {"Cannot look up the name of user 33", "after a minute",
        "getent passwd 33"}},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct user_change change = {
        .uid = 33, .known = cases[i].known, .error = cases[i].error};
    strcpy(change.name, cases[i].name);
    char line[LINE_SIZE];
    expect_line(lookup_describe_user(&change, line, sizeof(line)), line,
                cases[i].error, cases[i].says);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(describes_paths),
      cmocka_unit_test(describes_users),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
