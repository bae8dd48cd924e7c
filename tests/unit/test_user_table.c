/* SPDX-License-Identifier: MIT */
#include "select/user_table.h"

#include "support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The user directory, for which the test answers, at the test's time. */
static struct user_table table;
static struct {
  int status;
  const char *name; /* NULL: one for each number */
  uid_t uid;
  time_t now;
} directory;

static int set_up(void **state) {
  (void)state;
  user_table_init(&table);
  directory.status = 0;
  directory.name = NULL;
  directory.uid = 0;
  directory.now = 1000000;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  user_table_clear(&table);
  return 0;
}

static void answer(struct user *user) {
  char name[32];
  snprintf(name, sizeof(name), "u%u", user->uid);
  user_table_store(&table, user, directory.status,
                   user->is_by_name ? directory.uid : user->uid,
                   directory.name != NULL ? directory.name : name,
                   directory.now);
}

/* Returns how many lookups there were. */
static int answer_all(void) {
  struct user *user;
  int count = 0;
  for (; (user = user_table_take_wanted(&table)) != NULL; count++)
    answer(user);
  return count;
}

static const struct user *ask_name(uid_t uid) {
  return user_table_ask(&table, NULL, uid, directory.now);
}

/* What is known once all lookups are over. Returns how many there were. */
static int expect_name(const char *what, uid_t uid, enum user_known known,
                       const char *name) {
  const struct user *user = ask_name(uid);
  int lookups = answer_all();
  assert_case(what, !user_table_is_waiting(&table));
  assert_case_int(what, user->known, known);
  if (known == USER_FOUND && name != NULL)
    assert_case_string(what, user->name, name);
  return lookups;
}

static int expect_uid(const char *what, enum user_known known, uid_t uid) {
  const struct user *user = user_table_ask(&table, "alice", 0, directory.now);
  int lookups = answer_all();
  assert_case_int(what, user->known, known);
  if (known == USER_FOUND)
    assert_case_int(what, user->uid, uid);
  return lookups;
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
  directory.now += 300;
  directory.uid = 1002;
  assert_int_equal(expect_uid("another number", USER_FOUND, 1002), 1);
}

static void finds_who_is_created_later(void **state) {
  (void)state;
  directory.status = -ENOENT;
  directory.uid = 1002;
  assert_int_equal(expect_uid("no user", USER_NONE, 0), 1);
  directory.now += 10;
  directory.status = 0;
  assert_int_equal(expect_uid("created", USER_FOUND, 1002), 1);
}

static void asks_again_after_five_minutes(void **state) {
  (void)state;
  directory.name = "bob";
  expect_name("new", 3000, USER_FOUND, "bob");
  directory.name = "robert";
  directory.now += 299;
  assert_int_equal(expect_name("nearly old", 3000, USER_FOUND, "bob"), 0);
  uint32_t before = table.changes;
  directory.now += 1;
  assert_int_equal(expect_name("old", 3000, USER_FOUND, "robert"), 1);
  assert_int_not_equal(table.changes, before);
  before = table.changes;
  directory.now += 300;
  user_table_refresh(&table, directory.now); /* asks without a lookup */
  assert_int_equal(answer_all(), 1);
  assert_int_equal(table.changes, before);
}

/* No user is looked up twice at a time. */
static void waits_for_each_once(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    assert_int_equal(ask_name(4000)->known, USER_UNKNOWN);
    user_table_refresh(&table, directory.now);
  }
  struct user *user = user_table_take_wanted(&table);
  assert_null(user_table_take_wanted(&table));
  ask_name(4000);
  assert_null(user_table_take_wanted(&table));
  assert_true(user_table_is_waiting(&table));
  answer(user);
  assert_false(user_table_is_waiting(&table));
}

/* A server that is down renames no user, not even if another service answers
 * instead that the user does not exist (ENOENT). */
static void keeps_what_it_knows(void **state) {
  (void)state;
  static const int statuses[] = {-EAGAIN, -EIO, -ETIMEDOUT, -ENOENT};
  directory.uid = 7;
  for (size_t i = 0; i < COUNT_OF(statuses); i++) {
    directory.status = 0;
    directory.now += 300;
    expect_name("up", 5000, USER_FOUND, "u5000");
    expect_uid("up", USER_FOUND, 7);
    directory.status = statuses[i];
    for (int s = 0; s < 600; s += 10) {
      directory.now += s == 0 ? 300 : 10;
      assert_int_equal(expect_name("down", 5000, USER_FOUND, "u5000"), 1);
      assert_int_equal(expect_uid("down", USER_FOUND, 7), 1);
    }
  }
}

/* A user who could not be looked up has the number after a minute, permanently.
 */
static void numbers_whom_it_cannot_name(void **state) {
  (void)state;
  directory.status = -EAGAIN;
  expect_name("down", 6000, USER_UNKNOWN, NULL);
  directory.now += 59;
  expect_name("down yet", 6000, USER_UNKNOWN, NULL);
  directory.now += 1;
  expect_name("given up", 6000, USER_FOUND, "6000");
  directory.status = 0;
  directory.now += 1000;
  assert_int_equal(expect_name("up again", 6000, USER_FOUND, "6000"), 0);
  expect_name("another", 6001, USER_FOUND, "u6001");
}

/* So has a user who had no name at first, which may have been an outage. */
static void keeps_a_number_that_was_used(void **state) {
  (void)state;
  directory.status = -ENOENT;
  expect_name("none", 6100, USER_FOUND, "6100");
  directory.status = 0;
  for (int s = 0; s < 600; s += 10) {
    directory.now += 10;
    user_table_refresh(&table, directory.now);
    assert_int_equal(expect_name("found", 6100, USER_FOUND, "6100"), 0);
  }
  expect_name("another", 6101, USER_FOUND, "u6101");
}

/* With a server that is slow but answers, all users get their names. */
static void waits_for_a_slow_server(void **state) {
  (void)state;
  enum { USERS = 100 };
  struct user *user;
  for (uid_t uid = 0; uid < USERS; uid++)
    ask_name(20000 + uid);
  while ((user = user_table_take_wanted(&table)) != NULL) {
    directory.now += 2;
    user_table_refresh(&table, directory.now);
    answer(user);
  }
  for (uid_t uid = 0; uid < USERS; uid++) {
    char expected[16];
    snprintf(expected, sizeof(expected), "u%u", 20000 + uid);
    expect_name("slow", 20000 + uid, USER_FOUND, expected);
  }
}

/* It makes no difference that others can be looked up. */
static void numbers_whom_alone_it_cannot_name(void **state) {
  (void)state;
  for (int s = 0; s < 60; s += 10) {
    directory.status = -EAGAIN;
    expect_name("down", 6200, USER_UNKNOWN, NULL);
    directory.status = 0;
    expect_name("of another server", 6300 + (uid_t)s, USER_FOUND, NULL);
    directory.now += 10;
  }
  directory.status = -EAGAIN;
  expect_name("given up", 6200, USER_FOUND, "6200");
}

static void numbers_who_waits_for_a_server_that_hangs(void **state) {
  (void)state;
  ask_name(6400);
  ask_name(6401);
  struct user *hangs = user_table_take_wanted(&table);
  directory.now += 59;
  assert_int_equal(ask_name(6401)->known, USER_UNKNOWN);
  directory.now += 1;
  user_table_refresh(&table, directory.now);
  assert_int_equal(ask_name(6401)->known, USER_FOUND);
  assert_string_equal(ask_name(6401)->name, "6401");
  uint32_t before = table.changes;
  answer(hangs);
  answer_all();
  expect_name("answered at last", 6400, USER_FOUND, "6400");
  assert_int_equal(table.changes, before);
}

static void names_whom_it_can_within_a_minute(void **state) {
  (void)state;
  directory.status = -EAGAIN;
  expect_name("down", 6500, USER_UNKNOWN, NULL);
  directory.now += 30;
  directory.status = 0;
  expect_name("up", 6500, USER_FOUND, "u6500");
}

static void expect_no_change(const char *what) {
  struct user_change change;
  assert_case(what, !user_table_take_change(&table, &change));
}

static void expect_change(const char *what, const char *name,
                          enum user_known known, int error) {
  struct user_change change;
  assert_case(what, user_table_take_change(&table, &change));
  assert_case_string(what, change.name, name);
  if (name[0] != '\0')
    assert_case_int(what, change.known, known);
  assert_case_int(what, change.error, error);
  expect_no_change(what);
}

static void tells_each_change_once(void **state) {
  (void)state;
  directory.uid = 9;
  expect_uid("new", USER_FOUND, 9);
  expect_no_change("new");
  directory.now += 300;
  directory.status = -ETIMEDOUT;
  expect_uid("down", USER_FOUND, 9);
  expect_change("down", "alice", USER_FOUND, -ETIMEDOUT);
  directory.now += 10;
  expect_uid("down yet", USER_FOUND, 9);
  expect_no_change("down yet");
  directory.now += 10;
  directory.status = -ENOENT;
  expect_uid("removed", USER_FOUND, 9);
  expect_change("removed", "alice", USER_FOUND, -ENOENT);
  directory.now += 60;
  directory.status = 0;
  expect_uid("there again", USER_FOUND, 9);
  expect_change("there again", "alice", USER_FOUND, 0);
}

static void tells_each_change_of_names_once(void **state) {
  (void)state;
  directory.status = -EIO;
  expect_name("down", 7000, USER_UNKNOWN, NULL);
  expect_name("down", 7001, USER_UNKNOWN, NULL);
  expect_change("down", "", USER_UNKNOWN, -EIO);
  directory.now += 10;
  directory.status = 0;
  user_table_ask(&table, NULL, 7000, directory.now);
  answer(user_table_take_wanted(&table));
  expect_no_change("one of two is up");
  expect_name("up", 7001, USER_FOUND, "u7001");
  expect_change("up", "", USER_UNKNOWN, 0);

  directory.status = -ENOENT;
  expect_name("no user", 7002, USER_FOUND, "7002");
  expect_no_change("no user");
  directory.now += 300;
  expect_name("gone", 7000, USER_FOUND, "u7000");
  expect_change("gone", "", USER_UNKNOWN, -ENOENT);
  expect_name("gone", 7001, USER_FOUND, "u7001");
  expect_no_change("another is gone");
  directory.status = 0;
  expect_name("there yet", 7003, USER_FOUND, "u7003");
  expect_no_change("there yet");
  directory.now += 10;
  user_table_refresh(&table, directory.now);
  answer_all();
  expect_change("found again", "", USER_UNKNOWN, 0);
}

static void has_a_limit(void **state) {
  (void)state;
  enum { MOST = 20000 };
  for (uid_t uid = 100000; uid < 100000 + MOST; uid++)
    assert_non_null(ask_name(uid));
  assert_null(ask_name(5));
  assert_null(ask_name(6));
  answer_all();
  expect_change("full", "", USER_UNKNOWN, -ENOSPC);
  directory.uid = 4;
  expect_uid("of the configuration", USER_FOUND, 4);
  expect_name("within", 119999, USER_FOUND, "u119999");
}

#define prepared(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      prepared(names_users),
      prepared(numbers_users),
      prepared(finds_who_is_created_later),
      prepared(asks_again_after_five_minutes),
      prepared(waits_for_each_once),
      prepared(keeps_what_it_knows),
      prepared(numbers_whom_it_cannot_name),
      prepared(keeps_a_number_that_was_used),
      prepared(waits_for_a_slow_server),
      prepared(numbers_whom_alone_it_cannot_name),
      prepared(numbers_who_waits_for_a_server_that_hangs),
      prepared(names_whom_it_can_within_a_minute),
      prepared(tells_each_change_once),
      prepared(tells_each_change_of_names_once),
      prepared(has_a_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
