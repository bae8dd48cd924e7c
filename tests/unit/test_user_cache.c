/* SPDX-License-Identifier: MIT */
#include "select/user_cache.h"

#include "support/clock.h"
#include "support/test.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { ALL_MS = 60000 }; /* never waited for whole */

/* The user directory, for which the test answers. How its answers are used is
 * tested in test_user_table.c. */
static struct {
  atomic_int lookups;
  atomic_int status;
  _Atomic uid_t uid;
  atomic_bool hangs; /* until the semaphore is posted */
  sem_t answers;
} directory;

static int answer(void) {
  directory.lookups++;
  if (directory.hangs)
    sem_wait(&directory.answers);
  return directory.status;
}

static int look_up_name(uid_t uid, char *name, size_t size) {
  snprintf(name, size, "u%u", uid);
  return answer();
}

static int look_up_uid(const char *name, uid_t *uid) {
  (void)name;
  *uid = directory.uid;
  return answer();
}

static const struct user_lookups lookups = {look_up_name, look_up_uid};

static int set_up(void **state) {
  (void)state;
  directory.lookups = 0;
  directory.status = 0;
  directory.hangs = false;
  return user_cache_start(&lookups);
}

static int tear_down(void **state) {
  (void)state;
  user_cache_stop();
  return 0;
}

static void expect_name(const char *what, uid_t uid, const char *name) {
  char got[64];
  user_cache_name(uid, got, sizeof(got));
  user_cache_wait(ALL_MS);
  assert_case_int(what, user_cache_name(uid, got, sizeof(got)), USER_FOUND);
  assert_case_string(what, got, name);
}

static void looks_users_up(void **state) {
  (void)state;
  char name[4];
  uid_t uid;
  uint32_t before = user_cache_refresh();
  expect_name("new", 1000, "u1000");
  assert_int_not_equal(user_cache_refresh(), before);
  expect_name("known", 1000, "u1000");
  assert_int_equal(directory.lookups, 1);
  user_cache_name(1000, name, sizeof(name));
  assert_string_equal(name, "u10"); /* truncated */

  directory.uid = 1002;
  user_cache_uid("alice", &uid);
  user_cache_wait(ALL_MS);
  assert_int_equal(user_cache_uid("alice", &uid), USER_FOUND);
  assert_int_equal(uid, 1002);
  assert_int_equal(directory.lookups, 2);
}

static void tells_what_it_cannot_look_up(void **state) {
  (void)state;
  struct user_change change;
  uid_t uid;
  directory.status = -EIO;
  user_cache_uid("alice", &uid);
  user_cache_wait(ALL_MS);
  assert_int_equal(user_cache_uid("alice", &uid), USER_UNKNOWN);
  assert_true(user_cache_take_change(&change));
  assert_string_equal(change.name, "alice");
  assert_int_equal(change.error, -EIO);
  assert_false(user_cache_take_change(&change));
}

/* Callers do not wait for a server that hangs. */
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
  expect_name("answered", 4000, "u4000");
  assert_int_equal(user_cache_uid("alice", &uid), USER_FOUND);
}

/* A thread that waits for a server is abandoned, and frees its memory if it
 * returns. */
static void stops_while_a_server_hangs(void **state) {
  (void)state;
  char name[64];
  directory.hangs = true;
  user_cache_name(8000, name, sizeof(name));
  await(directory.lookups > 0);
  user_cache_stop();
  assert_int_equal(user_cache_name(8000, name, sizeof(name)), USER_UNKNOWN);
  user_cache_stop();

  directory.hangs = false;
  assert_int_equal(user_cache_start(&lookups), 0);
  expect_name("anew", 8000, "u8000");
  sem_post(&directory.answers);
}

/* Users beyond the limit have their numbers. */
static void has_a_limit(void **state) {
  (void)state;
  enum { MOST = 20000 };
  char name[64];
  for (uid_t uid = 100000; uid < 100000 + MOST; uid++)
    user_cache_name(uid, name, sizeof(name));
  assert_int_equal(user_cache_name(5, name, sizeof(name)), USER_FOUND);
  assert_string_equal(name, "5");
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
  expect_name("all", 600399, "u600399");
}

#define with_cache(test)                                                       \
  cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      with_cache(looks_users_up),   with_cache(tells_what_it_cannot_look_up),
      with_cache(waits_for_nobody), with_cache(stops_while_a_server_hangs),
      with_cache(has_a_limit),      with_cache(answers_any_thread),
  };
  sem_init(&directory.answers, 0, 0);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
