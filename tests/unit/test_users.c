/* SPDX-License-Identifier: MIT */
#include "users.h"

#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The C library's, in whose place the test answers. */

static struct {
  atomic_int lookups;
  int status;       /* what a lookup returns */
  const char *name; /* whom it finds, or NULL */
  time_t later;     /* the seconds that have passed */
} fake;

int getpwuid_r(uid_t uid, struct passwd *passwd, char *buffer, size_t size,
               struct passwd **result) {
  fake.lookups++;
  memset(passwd, 0, sizeof(*passwd));
  *result = NULL;
  if (fake.status != 0 || fake.name == NULL)
    return fake.status;
  snprintf(buffer, size, "%s", fake.name);
  passwd->pw_uid = uid;
  passwd->pw_name = buffer;
  *result = passwd;
  return 0;
}

int clock_gettime(clockid_t clock, struct timespec *t) {
  int status = (int)syscall(SYS_clock_gettime, clock, t);
  t->tv_sec += fake.later;
  return status;
}

/* Each test has users of its own, since what is known is kept. */

static int set_up(void **state) {
  (void)state;
  fake.lookups = 0;
  fake.status = 0;
  fake.name = NULL;
  return 0;
}

static void expect(const char *what, uid_t uid, const char *name, int lookups) {
  char got[64];
  fake.lookups = 0;
  user_name(uid, got, sizeof(got));
  assert_case_string(what, got, name);
  assert_case_int(what, fake.lookups, lookups);
}

static void names_users(void **state) {
  (void)state;
  fake.name = "root";
  expect("the first", 0, "root", 1);
  fake.name = "alice";
  expect("another", 1000, "alice", 1);
  fake.name = NULL;
  expect("nobody's", 4294967294, "4294967294", 1);
}

static void has_numbers_for_names(void **state) {
  (void)state;
  static const int statuses[] = {0, ENOENT, ESRCH, EIO, ERANGE};
  for (size_t i = 0; i < COUNT_OF(statuses); i++) {
    char number[16];
    snprintf(number, sizeof(number), "%zu", 2000 + i);
    fake.status = statuses[i];
    expect(strerror(statuses[i]), (uid_t)(2000 + i), number, 1);
    expect(strerror(statuses[i]), (uid_t)(2000 + i), number, 0);
  }
}

static void asks_again_after_five_minutes(void **state) {
  (void)state;
  fake.name = "bob";
  expect("new", 3000, "bob", 1);
  fake.name = "robert";
  expect("known", 3000, "bob", 0);
  fake.later += 290;
  expect("nearly old", 3000, "bob", 0);
  fake.later += 10;
  expect("old", 3000, "robert", 1);
  expect("known again", 3000, "robert", 0);

  fake.later += 300;
  fake.name = NULL;
  expect("removed", 3000, "3000", 1);
}

/* Where users are kept on another machine, which may fail. */
static void keeps_a_name_while_lookups_fail(void **state) {
  (void)state;
  fake.name = "carol";
  expect("new", 4000, "carol", 1);
  fake.later += 300;
  fake.status = EIO;
  expect("failed", 4000, "carol", 1);
  expect("not asked each time", 4000, "carol", 0);
  fake.later += 300;
  fake.status = ENOENT;
  expect("removed", 4000, "4000", 1);
}

/* Many more than there are places for. */
static void tells_users_apart(void **state) {
  (void)state;
  for (uid_t uid = 100000; uid < 102000; uid++) {
    char name[16];
    snprintf(name, sizeof(name), "u%u", uid);
    fake.name = name;
    expect("one of many", uid, name, 1);
  }
  fake.name = NULL;
  fake.status = EIO;
  expect("in another's place", 100000, "100000", 1);
}

static void keeps_those_of_containers(void **state) {
  (void)state;
  fake.name = "www-data";
  for (uid_t i = 0; i < 20; i++)
    expect("new", 200033 + i * 65536, "www-data", 1);
  for (uid_t i = 0; i < 20; i++)
    expect("known", 200033 + i * 65536, "www-data", 0);
}

static void cuts_what_is_too_long(void **state) {
  (void)state;
  char name[4];
  fake.name = "dorothea";
  user_name(5000, name, sizeof(name));
  assert_string_equal(name, "dor");
  expect("whole", 5000, "dorothea", 0);
}

static void *ask_often(void *context) {
  size_t *wrong = context;
  for (uid_t i = 0; i < 20000; i++) {
    char name[16], expected[16];
    uid_t uid = 600000 + i % 400;
    snprintf(expected, sizeof(expected), "%u", uid);
    user_name(uid, name, sizeof(name));
    *wrong += strcmp(name, expected) != 0;
  }
  return NULL;
}

static void answers_any_thread(void **state) {
  (void)state;
  enum { THREADS = 4 };
  pthread_t threads[THREADS];
  size_t wrong[THREADS] = {0};
  for (size_t i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &wrong[i]),
                     0);
  for (size_t i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    assert_int_equal(wrong[i], 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(names_users, set_up),
      cmocka_unit_test_setup(has_numbers_for_names, set_up),
      cmocka_unit_test_setup(asks_again_after_five_minutes, set_up),
      cmocka_unit_test_setup(keeps_a_name_while_lookups_fail, set_up),
      cmocka_unit_test_setup(tells_users_apart, set_up),
      cmocka_unit_test_setup(keeps_those_of_containers, set_up),
      cmocka_unit_test_setup(cuts_what_is_too_long, set_up),
      cmocka_unit_test_setup(answers_any_thread, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
