/* SPDX-License-Identifier: MIT */
#include "select/user_cache.h"

#include "support/test.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { ALL_MS = 60000 }; /* never waited for whole */

/* The directory of the users, in whose place the test answers. */
static struct {
  atomic_int lookups;
  atomic_int status;
  const char *_Atomic name;
  _Atomic uid_t uid;
  atomic_bool hangs; /* until the semaphore is posted */
  sem_t answers;
  atomic_int later; /* the seconds that have passed */
} directory;

static int answer(void) {
  directory.lookups++;
  if (directory.hangs)
    sem_wait(&directory.answers);
  return directory.status;
}

static int look_up_name(uid_t uid, char *name, size_t size) {
  int status = answer();
  const char *told = directory.name;
  if (status == 0 && told != NULL)
    snprintf(name, size, "%s", told);
  else if (status == 0)
    snprintf(name, size, "u%u", uid);
  return status;
}

static int look_up_uid(const char *name, uid_t *uid) {
  (void)name;
  int status = answer();
  if (status == 0)
    *uid = directory.uid;
  return status;
}

static const struct user_lookups lookups = {look_up_name, look_up_uid};

int clock_gettime(clockid_t clock, struct timespec *t) {
  int status = (int)syscall(SYS_clock_gettime, clock, t);
  t->tv_sec += directory.later;
  return status;
}

static int set_up(void **state) {
  (void)state;
  directory.lookups = 0;
  directory.status = 0;
  directory.name = NULL;
  directory.hangs = false;
  sem_init(&directory.answers, 0, 0);
  return user_cache_start(&lookups);
}

static int tear_down(void **state) {
  (void)state;
  user_cache_stop();
  directory.later = 0;
  return 0;
}

/* What is known once all lookups are over. Returns how many there were. */
static int expect_name(const char *what, uid_t uid, enum user_known known,
                       const char *name) {
  char got[64];
  directory.lookups = 0;
  user_cache_name(uid, got, sizeof(got));
  user_cache_wait(ALL_MS);
  assert_case_int(what, user_cache_name(uid, got, sizeof(got)), known);
  if (known == USER_FOUND && name != NULL)
    assert_case_string(what, got, name);
  return directory.lookups;
}

static int expect_uid(const char *what, enum user_known known, uid_t uid) {
  uid_t got;
  directory.lookups = 0;
  user_cache_uid("alice", &got);
  user_cache_wait(ALL_MS);
  assert_case_int(what, user_cache_uid("alice", &got), known);
  if (known == USER_FOUND)
    assert_case_int(what, got, uid);
  return directory.lookups;
}

static void names_users(void **state) {
  (void)state;
  assert_int_equal(expect_name("new", 1000, USER_FOUND, "u1000"), 1);
  assert_int_equal(expect_name("known", 1000, USER_FOUND, "u1000"), 0);
  directory.status = -ENOENT;
  assert_int_equal(expect_name("no user", 1001, USER_FOUND, "1001"), 1);
}

static void numbers_users(void **state) {
  (void)state;
  directory.uid = 1000;
  assert_int_equal(expect_uid("new", USER_FOUND, 1000), 1);
  assert_int_equal(expect_uid("known", USER_FOUND, 1000), 0);
  directory.later += 300;
  directory.uid = 1002;
  assert_int_equal(expect_uid("another number", USER_FOUND, 1002), 1);
}

static void finds_who_is_created_later(void **state) {
  (void)state;
  directory.status = -ENOENT;
  directory.uid = 1002;
  assert_int_equal(expect_uid("no user", USER_NONE, 0), 1);
  directory.later += 10;
  directory.status = 0;
  assert_int_equal(expect_uid("created", USER_FOUND, 1002), 1);
}

static void asks_again_after_five_minutes(void **state) {
  (void)state;
  directory.name = "bob";
  expect_name("new", 3000, USER_FOUND, "bob");
  directory.name = "robert";
  directory.later += 290;
  assert_int_equal(expect_name("nearly old", 3000, USER_FOUND, "bob"), 0);
  uint32_t before = user_cache_refresh();
  directory.later += 10;
  assert_int_equal(expect_name("old", 3000, USER_FOUND, "robert"), 1);
  assert_int_not_equal(user_cache_refresh(), before);
  before = user_cache_refresh();
  directory.later += 300;
  user_cache_refresh(); /* asks without a question */
  user_cache_wait(ALL_MS);
  assert_int_equal(directory.lookups, 2);
  assert_int_equal(user_cache_refresh(), before);
}

/* Whoever asks does not wait for a server that hangs. */
static void waits_for_nobody(void **state) {
  (void)state;
  char name[64];
  uid_t uid;
  directory.hangs = true;
  assert_int_equal(user_cache_name(4000, name, sizeof(name)), USER_UNKNOWN);
  assert_int_equal(user_cache_uid("alice", &uid), USER_UNKNOWN);
  user_cache_wait(1);
  assert_int_equal(user_cache_name(4000, name, sizeof(name)), USER_UNKNOWN);

  directory.hangs = false;
  sem_post(&directory.answers);
  user_cache_wait(ALL_MS);
  expect_name("answered", 4000, USER_FOUND, "u4000");
  assert_int_equal(user_cache_uid("alice", &uid), USER_FOUND);
}

/* A server that is down renames nobody, not even where another service
 * answers in its place, which knows no such user (ENOENT). */
static void keeps_what_it_knows(void **state) {
  (void)state;
  static const int statuses[] = {-EAGAIN, -EIO, -ETIMEDOUT, -ENOENT};
  directory.uid = 7;
  for (size_t i = 0; i < COUNT_OF(statuses); i++) {
    directory.status = 0;
    directory.later += 300;
    expect_name("up", 5000, USER_FOUND, "u5000");
    expect_uid("up", USER_FOUND, 7);
    directory.status = statuses[i];
    for (int s = 0; s < 600; s += 10) {
      directory.later += s == 0 ? 300 : 10;
      expect_name("down", 5000, USER_FOUND, "u5000");
      expect_uid("down", USER_FOUND, 7);
    }
  }
}

/* Who could not be looked up has the number after a minute, and for good. */
static void numbers_whom_it_cannot_name(void **state) {
  (void)state;
  directory.status = -EAGAIN;
  expect_name("down", 6000, USER_UNKNOWN, NULL);
  directory.later += 59;
  expect_name("down yet", 6000, USER_UNKNOWN, NULL);
  directory.later += 1;
  expect_name("given up", 6000, USER_FOUND, "6000");
  directory.status = 0;
  directory.later += 1000;
  assert_int_equal(expect_name("up again", 6000, USER_FOUND, "6000"), 0);
  expect_name("another", 6001, USER_FOUND, "u6001");
}

/* So has who had no name at first, which may have been an outage. */
static void keeps_a_number_that_was_used(void **state) {
  (void)state;
  directory.status = -ENOENT;
  expect_name("none", 6100, USER_FOUND, "6100");
  directory.status = 0;
  for (int s = 0; s < 600; s += 10) {
    directory.later += 10;
    user_cache_refresh();
    assert_int_equal(expect_name("found", 6100, USER_FOUND, "6100"), 0);
  }
  expect_name("another", 6101, USER_FOUND, "u6101");
}

/* A server that is slow, but answers, gives everybody the name. */
static void waits_for_a_slow_server(void **state) {
  (void)state;
  enum { USERS = 100 };
  char name[64];
  directory.hangs = true;
  for (uid_t uid = 0; uid < USERS; uid++)
    user_cache_name(20000 + uid, name, sizeof(name));
  for (int i = 0; i < USERS; i++) {
    while (directory.lookups <= i)
      sched_yield();
    directory.later += 2;
    user_cache_refresh();
    sem_post(&directory.answers);
  }
  user_cache_wait(ALL_MS);
  directory.hangs = false;
  for (uid_t uid = 0; uid < USERS; uid++) {
    char expected[16];
    snprintf(expected, sizeof(expected), "u%u", 20000 + uid);
    expect_name("slow", 20000 + uid, USER_FOUND, expected);
  }
}

/* Nor does it make a difference that others can be looked up. */
static void numbers_whom_alone_it_cannot_name(void **state) {
  (void)state;
  for (int s = 0; s < 60; s += 10) {
    directory.status = -EAGAIN;
    expect_name("down", 6200, USER_UNKNOWN, NULL);
    directory.status = 0;
    expect_name("of another server", 6300 + (uid_t)s, USER_FOUND, NULL);
    directory.later += 10;
  }
  directory.status = -EAGAIN;
  expect_name("given up", 6200, USER_FOUND, "6200");
}

static void numbers_who_waits_for_a_server_that_hangs(void **state) {
  (void)state;
  char name[64];
  directory.hangs = true;
  user_cache_name(6400, name, sizeof(name));
  user_cache_name(6401, name, sizeof(name));
  directory.later += 59;
  assert_int_equal(user_cache_name(6401, name, sizeof(name)), USER_UNKNOWN);
  directory.later += 1;
  uint32_t before = user_cache_refresh();
  assert_int_equal(user_cache_name(6401, name, sizeof(name)), USER_FOUND);
  assert_string_equal(name, "6401");
  directory.hangs = false;
  sem_post(&directory.answers);
  user_cache_wait(ALL_MS);
  expect_name("answered at last", 6400, USER_FOUND, "6400");
  assert_int_equal(user_cache_refresh(), before);
}

static void names_whom_it_can_within_a_minute(void **state) {
  (void)state;
  directory.status = -EAGAIN;
  expect_name("down", 6500, USER_UNKNOWN, NULL);
  directory.later += 30;
  directory.status = 0;
  expect_name("up", 6500, USER_FOUND, "u6500");
}

static void expect_change(const char *what, const char *name,
                          enum user_known known, int error) {
  struct user_change change;
  assert_case(what, user_cache_take_change(&change));
  assert_case_string(what, change.name, name);
  if (name[0] != '\0')
    assert_case_int(what, change.known, known);
  assert_case_int(what, change.error, error);
  assert_case(what, !user_cache_take_change(&change));
}

static void tells_each_change_once(void **state) {
  (void)state;
  struct user_change change;
  directory.uid = 9;
  expect_uid("new", USER_FOUND, 9);
  assert_false(user_cache_take_change(&change));
  directory.later += 300;
  directory.status = -ETIMEDOUT;
  expect_uid("down", USER_FOUND, 9);
  expect_change("down", "alice", USER_FOUND, -ETIMEDOUT);
  directory.later += 10;
  expect_uid("down yet", USER_FOUND, 9);
  assert_false(user_cache_take_change(&change));
  directory.later += 10;
  directory.status = -ENOENT;
  expect_uid("removed", USER_FOUND, 9);
  expect_change("removed", "alice", USER_FOUND, -ENOENT);
  directory.later += 60;
  directory.status = 0;
  expect_uid("there again", USER_FOUND, 9);
  expect_change("there again", "alice", USER_FOUND, 0);
}

static void tells_each_change_of_names_once(void **state) {
  (void)state;
  struct user_change change;
  directory.status = -EIO;
  expect_name("down", 7000, USER_UNKNOWN, NULL);
  expect_name("down", 7001, USER_UNKNOWN, NULL);
  expect_change("down", "", USER_UNKNOWN, -EIO);
  directory.later += 10;
  directory.status = 0;
  expect_name("up", 7000, USER_FOUND, "u7000");
  assert_false(user_cache_take_change(&change));
  expect_name("up", 7001, USER_FOUND, "u7001");
  expect_change("up", "", USER_UNKNOWN, 0);

  directory.status = -ENOENT;
  expect_name("no user", 7002, USER_FOUND, "7002");
  assert_false(user_cache_take_change(&change));
  directory.later += 300;
  expect_name("gone", 7000, USER_FOUND, "u7000");
  expect_change("gone", "", USER_UNKNOWN, -ENOENT);
  expect_name("gone", 7001, USER_FOUND, "u7001");
  assert_false(user_cache_take_change(&change));
  directory.status = 0;
  expect_name("there yet", 7003, USER_FOUND, "u7003");
  assert_false(user_cache_take_change(&change));
  directory.later += 10;
  user_cache_refresh();
  user_cache_wait(ALL_MS);
  expect_change("found again", "", USER_UNKNOWN, 0);
}

/* A thread that a server holds is left behind, and frees what it has when it
 * comes back, if it does. */
static void stops_while_a_server_hangs(void **state) {
  (void)state;
  char name[64];
  directory.hangs = true;
  user_cache_name(8000, name, sizeof(name));
  while (directory.lookups == 0)
    sched_yield();
  user_cache_stop();
  assert_int_equal(user_cache_name(8000, name, sizeof(name)), USER_UNKNOWN);
  user_cache_stop();

  directory.hangs = false;
  assert_int_equal(user_cache_start(&lookups), 0);
  expect_name("anew", 8000, USER_FOUND, "u8000");
  sem_post(&directory.answers);
}

static void has_a_limit(void **state) {
  (void)state;
  enum { MOST = 20000 };
  char name[64];
  for (uid_t uid = 100000; uid < 100000 + MOST; uid++)
    user_cache_name(uid, name, sizeof(name));
  assert_int_equal(user_cache_name(5, name, sizeof(name)), USER_FOUND);
  assert_string_equal(name, "5");
  user_cache_name(6, name, sizeof(name));
  user_cache_wait(ALL_MS);
  expect_change("full", "", USER_UNKNOWN, -ENOSPC);
  directory.uid = 4;
  expect_uid("of the configuration", USER_FOUND, 4);
  expect_name("within", 119999, USER_FOUND, "u119999");
}

static void cuts_what_is_too_long(void **state) {
  (void)state;
  char name[4];
  directory.name = "dorothea";
  expect_name("whole", 9000, USER_FOUND, "dorothea");
  user_cache_name(9000, name, sizeof(name));
  assert_string_equal(name, "dor");
}

static void *ask_often(void *context) {
  size_t *wrong = context;
  for (uid_t i = 0; i < 20000; i++) {
    char name[16], expected[16];
    uid_t uid = 600000 + i % 400;
    snprintf(expected, sizeof(expected), "u%u", uid);
    if (user_cache_name(uid, name, sizeof(name)) == USER_FOUND)
      *wrong += strcmp(name, expected) != 0;
    if (i % 100 == 0)
      user_cache_refresh();
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
  user_cache_wait(ALL_MS);
  expect_name("all", 600399, USER_FOUND, "u600399");
}

#define with_cache(test)                                                       \
  cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      with_cache(names_users),
      with_cache(numbers_users),
      with_cache(asks_again_after_five_minutes),
      with_cache(waits_for_nobody),
      with_cache(keeps_what_it_knows),
      with_cache(numbers_whom_it_cannot_name),
      with_cache(finds_who_is_created_later),
      with_cache(keeps_a_number_that_was_used),
      with_cache(waits_for_a_slow_server),
      with_cache(numbers_whom_alone_it_cannot_name),
      with_cache(numbers_who_waits_for_a_server_that_hangs),
      with_cache(names_whom_it_can_within_a_minute),
      with_cache(tells_each_change_once),
      with_cache(tells_each_change_of_names_once),
      with_cache(stops_while_a_server_hangs),
      with_cache(has_a_limit),
      with_cache(cuts_what_is_too_long),
      with_cache(answers_any_thread),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
