/* SPDX-License-Identifier: MIT */
#include "track/publication.h"

#include "support/rules.h"
#include "support/test.h"

#include <pthread.h>
#include <stdatomic.h>

/* The names of the groups of a publication, in the order of their creation. */
static void assert_published(const char *name, struct book *book,
                             const char *names) {
  char got[1024] = "";
  struct group copy;
  publication_begin(book->tracker, UINT32_MAX);
  for (const struct group *g = publication_next(book->tracker, NULL, &copy);
       g != NULL; g = publication_next(book->tracker, g, &copy)) {
    size_t used = strlen(got);
    snprintf(got + used, sizeof(got) - used, "%s%s", used > 0 ? " " : "",
             copy.name);
    assert_case(name, copy.publications > 0);
  }
  assert_case_string(name, got, names);
}

static void leaves_out_the_hidden_and_the_forgotten(void **state) {
  (void)state;
  struct book book = {.count = 0};
  book_add_rule(&book, "%{comm}", 1);
  book_add_rule(&book, "web", 0);
  book_open(&book, 1);
  assert_published("a fixed one", &book, "web");
  join(&book, 0, "a");
  struct member *b = enroll(&book, 0, "b");
  assert_published("one of two", &book, "web b other");
  member_destroy(b);
  struct member *a = enroll(&book, 0, "a");
  assert_published("the other", &book, "web a other");
  member_destroy(a);
  for (int read = 0; read < 12; read++)
    tracker_age_groups(book.tracker);
  assert_published("forgotten", &book, "web other");
  book_close(&book);
}

/* Groups created after the begin belong to the next publication. */
static void leaves_out_what_is_added_meanwhile(void **state) {
  (void)state;
  struct book book = {.count = 0};
  struct group copy;
  book_add_rule(&book, "%{comm}", 0);
  book_open(&book, 10);
  join(&book, 0, "a");
  publication_begin(book.tracker, UINT32_MAX);
  const struct group *a = publication_next(book.tracker, NULL, &copy);
  assert_string_equal(copy.name, "a");
  join(&book, 0, "b");
  assert_null(publication_next(book.tracker, a, &copy));
  assert_published("next", &book, "a b");
  book_close(&book);
}

/* For ThreadSanitizer: the listener adds, revives and changes groups, while the
 * reader forgets, publishes and copies them. */

enum { NAMES = 8, ROUNDS = 3000 };

struct race {
  struct book book;
  atomic_bool must_end;
};

static const char *name_of(unsigned int i) {
  static const char *const names[NAMES] = {"a", "b", "c", "d",
                                           "e", "f", "g", "h"};
  return names[i % NAMES];
}

static void *join_on(void *arg) {
  struct race *race = arg;
  int64_t delta[COUNTERS];
  for (unsigned int i = 0; i < COUNTERS; i++)
    delta[i] = 1;
  for (unsigned int i = 0; !race->must_end; i++) {
    tracker_lock(race->book.tracker);
    group_add(join(&race->book, i % 2, name_of(i / 2)), delta);
    tracker_unlock(race->book.tracker);
  }
  return NULL;
}

static void publishes_while_groups_come(void **state) {
  (void)state;
  struct race race = {.must_end = false};
  struct group copy;
  pthread_t thread;
  book_add_rule(&race.book, "%{comm}", 0);
  book_add_rule(&race.book, "%{user}", 2);
  book_open(&race.book, NAMES);
  assert_int_equal(pthread_create(&thread, NULL, join_on, &race), 0);
  for (int round = 0; round < ROUNDS; round++) {
    tracker_lock(race.book.tracker);
    tracker_age_groups(race.book.tracker);
    tracker_unlock(race.book.tracker);
    publication_begin(race.book.tracker, UINT32_MAX);
    for (const struct group *g =
             publication_next(race.book.tracker, NULL, &copy);
         g != NULL; g = publication_next(race.book.tracker, g, &copy)) {
      assert_true(copy.publications > 0 && !copy.is_forgotten);
      assert_true(copy.name[0] != '\0');
    }
  }
  race.must_end = true;
  pthread_join(thread, NULL);
  book_close(&race.book);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(leaves_out_the_hidden_and_the_forgotten),
      cmocka_unit_test(leaves_out_what_is_added_meanwhile),
      cmocka_unit_test(publishes_while_groups_come),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
