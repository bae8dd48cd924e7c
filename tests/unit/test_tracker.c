/* SPDX-License-Identifier: MIT */
#include "track/tracker.h"

#include "support/rules.h"
#include "support/test.h"

/* The number of reads for which a group without members is still reported, as
 * documented. */
enum { LIFE = 10 };

static void age(struct book *book, int reads) {
  for (int i = 0; i < reads; i++)
    tracker_age_groups(book->tracker);
}

static void has_fixed_groups_from_the_start(void **state) {
  (void)state;
  struct book book = {.count = 0};
  book_add_rule(&book, "web", 0);
  book_add_rule(&book, "%{comm}", 0);
  book_add_rule(&book, "a", 0);
  book_add_rule(&book, "db", 0)->descendants = true;
  book_open(&book, 1);
  assert_groups("start", &book, "web a db");
  assert_ptr_equal(group_at(book.tracker, 2)->rule, &book.rules[3]);
  assert_int_equal(book.tracker->rule_count, 4);
  assert_int_equal(book.tracker->named_count, 0);
  assert_true(book.tracker->has_descendants);
  book_close(&book);

  book_open(&book, 1);
  assert_groups("no rule", &book, "");
  assert_false(book.tracker->has_descendants);
  book_close(&book);

  book_add_rule(&book, "%{unit}", 0);
  book_open(&book, 1);
  assert_groups("no fixed group", &book, "");
  book_close(&book);
}

static void makes_groups_by_name(void **state) {
  (void)state;
  struct book book = {.count = 0};
  book_add_rule(&book, "web", 0);
  book_add_rule(&book, "%{comm}", 0);
  book_open(&book, 10);
  struct group *sh = join(&book, 1, "sh");
  struct group *cat = join(&book, 1, "cat");
  assert_groups("two", &book, "web sh cat");
  assert_ptr_equal(sh->rule, &book.rules[1]);
  assert_int_equal(book.tracker->named_count, 2);

  assert_ptr_equal(join(&book, 1, "sh"), sh);
  assert_ptr_equal(join(&book, 1, "cat"), cat);
  assert_ptr_equal(join(&book, 0, "web"), group_at(book.tracker, 0));
  /* A name that already exists, whichever rule created it. */
  assert_ptr_equal(join(&book, 1, "web"), group_at(book.tracker, 0));
  assert_groups("found again", &book, "web sh cat");
  assert_int_equal(book.tracker->named_count, 2);
  book_close(&book);
}

/* The results of the rules for one process, and the groups in which it counts.
 */
static void counts_once_in_a_group(void **state) {
  (void)state;
  static const struct {
    const char *name;
    const char *inherited[RULES], *matches[RULES]; /* by rule; NULL: not */
    const char *groups;
  } cases[] = {
      {"no rule", {0}, {0}, ""},
      {"one", {0}, {"web"}, "web"},
      {"all", {0}, {"web", "sh", "x", "y"}, "web sh x y"},
      {"one name", {0}, {NULL, "sh", "sh"}, "sh"},
      {"all one name", {0}, {"web", "web", "web", "web"}, "web"},
      {"two names", {0}, {NULL, "sh", "x", "sh"}, "sh x"},
      {"inherited", {NULL, "sh"}, {0}, "sh"},
      {"inherited come first", {NULL, "sh", "x"}, {"web"}, "sh x web"},
      {"does not select again", {NULL, "sh"}, {"web", "cat", "x"}, "sh web x"},
      {"selects the same", {NULL, "sh"}, {NULL, "sh"}, "sh"},
      {"another rule has the name", {NULL, "sh"}, {NULL, NULL, "sh"}, "sh"},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    struct book book = {.count = 0};
    book_add_rule(&book, "web", 0);
    for (int n = 1; n < RULES; n++)
      book_add_rule(&book, "%{comm}", 0);
    book_open(&book, 10);
    struct membership inherited[RULES], memberships[RULES];
    struct match matches[RULES];
    size_t inherited_count = 0, match_count = 0;
    for (size_t r = 0; r < RULES; r++) {
      if (cases[i].inherited[r] != NULL)
        inherited[inherited_count++] =
            (struct membership){.rule = &book.rules[r],
                                .group = join(&book, r, cases[i].inherited[r])};
      if (cases[i].matches[r] != NULL)
        matches[match_count++] = match_of(&book, r, cases[i].matches[r]);
    }
    size_t count = tracker_join(book.tracker, inherited, inherited_count,
                                matches, match_count, memberships);

    char groups[256] = "";
    for (size_t m = 0; m < count; m++) {
      if (memberships[m].is_duplicate)
        continue;
      strcat(groups, m > 0 ? " " : "");
      strcat(groups, memberships[m].group->name);
    }
    assert_case_string(name, groups, cases[i].groups);
    for (size_t m = 0; m < inherited_count; m++)
      assert_case(name, memberships[m].rule == inherited[m].rule);
    /* A rule that does not select the process creates no group. */
    assert_case(name, group_named(&book, "cat") == NULL);
    book_close(&book);
  }
}

static void adds_up_the_groups_past_the_limit(void **state) {
  (void)state;
  struct book book = {.count = 0};
  book_add_rule(&book, "web", 0);
  book_add_rule(&book, "%{comm}", 0);
  book_add_rule(&book, "%{user}", 0);
  book_add_rule(&book, "top %{comm}", 5);
  book_open(&book, 2);
  for (int i = 0; i < 3; i++) { /* these do not count */
    char name[16];
    snprintf(name, sizeof(name), "top%d", i);
    join(&book, 3, name);
  }
  join(&book, 1, "sh");
  join(&book, 2, "root");
  assert_groups("at the limit", &book, "web top0 top1 top2 sh root");
  assert_false(book.tracker->is_full);
  assert_null(book.tracker->other);

  struct group *other = join(&book, 1, "cat");
  assert_true(book.tracker->is_full);
  assert_string_equal(other->name, "other");
  assert_ptr_equal(book.tracker->other, other);
  assert_int_equal(other->rule->collect, 2 | 4 | 8); /* what any may have */
  assert_ptr_equal(join(&book, 2, "www-data"), other);
  assert_ptr_equal(tracker_other_group(book.tracker), other);
  /* Those that are there, and those that do not count, are as before. */
  assert_string_equal(join(&book, 1, "sh")->name, "sh");
  assert_string_equal(join(&book, 1, "root")->name, "root");
  assert_string_equal(join(&book, 0, "web")->name, "web");
  assert_string_equal(join(&book, 3, "top3")->name, "top3");
  assert_groups("full", &book, "web top0 top1 top2 sh root other top3");
  assert_int_equal(book.tracker->named_count, 2);

  /* A process that several rules put there counts once. */
  struct match matches[] = {match_of(&book, 1, "ls"), match_of(&book, 2, "me")};
  struct membership memberships[RULES];
  assert_int_equal(tracker_join(book.tracker, NULL, 0, matches, 2, memberships),
                   2);
  for (size_t i = 0; i < 2; i++) {
    assert_ptr_equal(memberships[i].group, other);
    assert_int_equal(memberships[i].is_duplicate, i > 0);
  }
  book_close(&book);
}

static void gives_places_back(void **state) {
  (void)state;
  struct book book = {.count = 0};
  book_add_rule(&book, "%{comm}", 0);
  book_open(&book, 2);
  struct member *cat = enroll(&book, 0, "cat");
  struct member *sh = enroll(&book, 0, "sh");
  struct member *ls = enroll(&book, 0, "ls");
  assert_groups("full", &book, "cat sh other");
  member_destroy(cat);
  member_destroy(ls);
  age(&book, LIFE + 1);
  assert_groups("one is gone", &book, "sh other");
  assert_int_equal(book.tracker->named_count, 1);

  struct member *again = enroll(&book, 0, "ls");
  assert_groups("its place is taken", &book, "sh other ls");
  assert_string_equal(join(&book, 0, "dd")->name, "other");
  assert_int_equal(book.tracker->named_count, 2);
  member_destroy(sh);
  member_destroy(again);
  book_close(&book);
}

static void adds_up_in_a_group_of_that_name(void **state) {
  (void)state;
  struct book book = {.count = 0};
  book_add_rule(&book, "other", 0);
  book_add_rule(&book, "%{comm}", 0);
  book_open(&book, 1);
  join(&book, 1, "sh");
  assert_ptr_equal(join(&book, 1, "cat"), group_at(book.tracker, 0));
  assert_groups("there is but one", &book, "other sh");
  book_close(&book);

  /* A process may have that name. */
  book_add_rule(&book, "%{comm}", 0);
  book_open(&book, 1);
  struct group *named = join(&book, 0, "other");
  assert_ptr_equal(tracker_other_group(book.tracker), named);
  age(&book, LIFE + 1);
  assert_groups("not forgotten", &book, "other");
  book_close(&book);
}

/* Ten reads without a member, and not before. */
static void forgets_groups_without_members(void **state) {
  (void)state;
  struct book book = {.count = 0};
  book_add_rule(&book, "web", 0);
  book_add_rule(&book, "%{comm}", 0);
  book_open(&book, 1);
  struct member *member = enroll(&book, 1, "sh");
  struct member *one_more = enroll(&book, 1, "sh");
  tracker_other_group(book.tracker);
  age(&book, 3 * LIFE);
  assert_groups("has members", &book, "web sh other");
  member_destroy(one_more);
  age(&book, 3 * LIFE);
  assert_groups("has a member", &book, "web sh other");

  member_destroy(member);
  age(&book, LIFE);
  assert_groups("ten reads", &book, "web sh other");
  member = enroll(&book, 1, "sh"); /* just in time */
  age(&book, 1);
  member_destroy(member);
  age(&book, LIFE);
  assert_groups("ten reads again", &book, "web sh other");
  age(&book, 1);
  assert_groups("one more", &book, "web other");
  age(&book, 3 * LIFE);
  assert_groups("those that stay", &book, "web other");
  book_close(&book);
}

/* A group that returns soon continues with its totals, but starts with a value
 * from which a rate can be computed. */
static void remembers_the_forgotten(void **state) {
  (void)state;
  struct book book = {.count = 0};
  book_add_rule(&book, "%{comm}", 0);
  book_open(&book, 1);
  struct group *sh = join(&book, 0, "sh");
  sh->total[COUNTER_EXIT_OK] = 5;
  group_publish(sh, UINT32_MAX);
  group_publish(sh, UINT32_MAX);
  age(&book, LIFE + 1);
  assert_true(sh->is_forgotten);
  assert_int_equal(book.tracker->named_count, 0);

  assert_ptr_equal(join(&book, 0, "sh"), sh);
  assert_false(sh->is_forgotten);
  assert_int_equal(book.tracker->named_count, 1);
  sh->total[COUNTER_EXIT_OK] += 2;
  group_publish(sh, UINT32_MAX);
  assert_int_equal(sh->reported[COUNTER_EXIT_OK], 5);
  group_publish(sh, UINT32_MAX);
  assert_int_equal(sh->reported[COUNTER_EXIT_OK], 7);

  /* Another one may have its place by then. */
  struct member *busy = enroll(&book, 0, "sh");
  member_destroy(busy);
  age(&book, LIFE + 1);
  busy = enroll(&book, 0, "cat");
  assert_string_equal(join(&book, 0, "sh")->name, "other");
  assert_true(sh->is_forgotten);
  age(&book, LIFE);
  assert_int_equal(book.tracker->group_count, 2); /* it is gone for good */
  member_destroy(busy);
  book_close(&book);
}

/* A process that started and ended between two reads was a member, too: a group
 * in which this keeps happening is not discarded, nor is their use. */
static void keeps_groups_of_the_short_lived(void **state) {
  (void)state;
  static const uint32_t tops[] = {0, 1};

  for (size_t i = 0; i < COUNT_OF(tops); i++) {
    struct book book = {.count = 0};
    book_add_rule(&book, "%{comm}", tops[i]);
    book_open(&book, 1);
    for (int read = 0; read < 3 * LIFE; read++) {
      member_destroy(enroll(&book, 0, "cron"));
      join(&book, 0, "cron")->total[COUNTER_EXIT_OK]++;
      age(&book, 1);
      assert_groups("busy", &book, "cron");
    }
    assert_int_equal(group_at(book.tracker, 0)->total[COUNTER_EXIT_OK],
                     3 * LIFE);
    book_close(&book);
  }
}

/* A group that was never reported need not stay for ten reads; it only hands
 * over its use. */
static void forgets_the_unreported_at_once(void **state) {
  (void)state;
  struct book book = {.count = 0};
  book_add_rule(&book, "%{comm}", 2);
  book_open(&book, 1);
  struct member *hidden = enroll(&book, 0, "hidden");
  struct member *shown = enroll(&book, 0, "shown");
  group_publish(group_named(&book, "shown"), UINT32_MAX);
  age(&book, 3 * LIFE);
  assert_groups("members", &book, "hidden shown");
  member_destroy(hidden);
  member_destroy(shown);
  age(&book, 1);
  assert_groups("to hand over", &book, "hidden shown");
  age(&book, 1);
  assert_groups("handed over", &book, "shown");
  age(&book, LIFE - 2);
  assert_groups("ten reads", &book, "shown");
  age(&book, 1);
  assert_groups("one more", &book, "");
  book_close(&book);
}

/* Wherever in the list the removed groups are, the next one is appended. */
static void takes_new_groups_after_any_went(void **state) {
  (void)state;
  enum { GROUPS = 3 };
  static const char *const names[GROUPS] = {"a", "b", "c"};

  for (unsigned int staying = 0; staying < 1U << GROUPS; staying++) {
    struct book book = {.count = 0};
    struct member *members[GROUPS];
    char expected[64] = "";
    book_add_rule(&book, "%{comm}", 0);
    book_open(&book, GROUPS);
    for (size_t i = 0; i < GROUPS; i++)
      members[i] = enroll(&book, 0, names[i]);
    for (size_t i = 0; i < GROUPS; i++) {
      if ((staying & 1U << i) == 0) {
        member_destroy(members[i]);
        members[i] = NULL;
        continue;
      }
      strcat(expected, *expected != '\0' ? " " : "");
      strcat(expected, names[i]);
    }
    age(&book, LIFE + 1);
    assert_groups("went", &book, expected);

    strcat(expected, *expected != '\0' ? " d" : "d");
    members[0] = members[0] != NULL ? members[0] : enroll(&book, 0, "d");
    join(&book, 0, "d");
    if (staying != (1U << GROUPS) - 1) { /* else there is no place */
      assert_groups("came", &book, expected);
      join(&book, 0, "e");
    }
    for (size_t i = 0; i < GROUPS; i++)
      member_destroy(members[i]);
    book_close(&book);
  }
}

/* An excluded process refers to the group, in which it does not count. */
static void keeps_the_group_of_who_is_left_out(void **state) {
  (void)state;
  struct book book = {.count = 0};
  book_add_rule(&book, "%{comm}", 0);
  book_add_rule(&book, "%{user}", 0);
  book_open(&book, 10);
  struct membership inherited = {.rule = &book.rules[0],
                                 .group = join(&book, 0, "sh"),
                                 .is_excluded = true};
  struct match match = match_of(&book, 1, "sh");
  struct membership memberships[RULES];
  struct member *member = member_create(true);
  assert_non_null(member);

  /* It may count there by another rule. */
  assert_int_equal(
      tracker_join(book.tracker, &inherited, 1, &match, 1, memberships), 2);
  assert_true(memberships[0].is_duplicate);
  assert_false(memberships[1].is_duplicate);

  assert_int_equal(
      tracker_join(book.tracker, &inherited, 1, NULL, 0, memberships), 1);
  assert_int_equal(member_set_groups(member, memberships, 1, 1), 0);
  assert_false(member_counts(member));
  assert_int_equal(member->collect, 0);
  struct group *group = group_named(&book, "sh");
  assert_int_equal(group->members, 0);
  age(&book, 3 * LIFE);
  assert_groups("left out", &book, "");
  assert_ptr_equal(group_named(&book, "sh"), group);
  assert_int_equal(book.tracker->named_count, 0);

  inherited.is_excluded = false;
  assert_int_equal(
      tracker_join(book.tracker, &inherited, 1, NULL, 0, memberships), 1);
  assert_false(member_has_groups(member, memberships, 1, 1));
  assert_int_equal(member_set_groups(member, memberships, 1, 1), 0);
  assert_true(member_counts(member));
  assert_groups("not any more", &book, "sh");
  assert_int_equal(group->members, 1);
  assert_int_equal(book.tracker->named_count, 1);
  member_destroy(member);
  age(&book, 3 * LIFE);
  assert_null(group_named(&book, "sh"));
  book_close(&book);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(has_fixed_groups_from_the_start),
      cmocka_unit_test(makes_groups_by_name),
      cmocka_unit_test(counts_once_in_a_group),
      cmocka_unit_test(adds_up_the_groups_past_the_limit),
      cmocka_unit_test(gives_places_back),
      cmocka_unit_test(adds_up_in_a_group_of_that_name),
      cmocka_unit_test(forgets_groups_without_members),
      cmocka_unit_test(remembers_the_forgotten),
      cmocka_unit_test(keeps_groups_of_the_short_lived),
      cmocka_unit_test(forgets_the_unreported_at_once),
      cmocka_unit_test(takes_new_groups_after_any_went),
      cmocka_unit_test(keeps_the_group_of_who_is_left_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
