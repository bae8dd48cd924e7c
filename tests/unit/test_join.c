/* SPDX-License-Identifier: MIT */
#include "track/join.h"

#include "support/rules.h"

enum { PARENT = 7 };

/* Asserts that a child of the parent inherits the groups with these names. */
static void assert_inherited(const char *name, struct book *book,
                             const char *names) {
  struct join join;
  char got[64] = "";
  assert_int_equal(join_init(&join, book->tracker), 0);
  join.match_count = 0;
  join_work_out(&join, NULL, PARENT, UINT64_MAX);
  for (size_t i = 0; i < join.count; i++)
    strcat(got, join.memberships[i].group->name);
  assert_case_string(name, got, names);
  assert_case_int(name, join.inherited_count, join.count);
  join_clear(&join);
}

/* A member of the groups of these rules, a digit each; NULL for none. */
static struct member *member_of(struct book *book, const char *rules) {
  if (*rules == '\0')
    return NULL;
  struct membership memberships[RULES];
  size_t count = 0;
  for (; *rules != '\0'; rules++) {
    size_t rule = (size_t)(*rules - '0');
    memberships[count++] = (struct membership){
        .rule = &book->rules[rule], .group = group_at(book->tracker, rule)};
  }
  struct member *member = member_create(true);
  assert_non_null(member);
  assert_int_equal(member_set_groups(member, memberships, count, 0), 0);
  return member;
}

static void inherits_what_wants_descendants(void **state) {
  (void)state;
  static const struct {
    const char *of;    /* the parent's groups */
    const char *rules; /* those that want descendants */
    const char *inherited;
  } cases[] = {
      {"", "0123", ""},    {"0", "", ""},        {"0", "0", "0"},
      {"0", "1", ""},      {"01", "1", "1"},     {"012", "02", "02"},
      {"210", "02", "20"}, {"03", "0123", "03"}, {"0123", "0123", "0123"},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct book book = {.count = 0};
    static const char *const names[RULES] = {"0", "1", "2", "3"};
    for (size_t r = 0; r < RULES; r++)
      book_add_rule(&book, names[r], 0);
    for (const char *r = cases[i].rules; *r != '\0'; r++)
      book.rules[*r - '0'].descendants = true;
    book_open(&book, 10);
    struct process *parent = process_table_add(book.tracker->table, PARENT);
    assert_non_null(parent);
    parent->member = member_of(&book, cases[i].of);
    assert_inherited(cases[i].of, &book, cases[i].inherited);
    book_close(&book);
  }
}

/* Although it counts only once, the rule with Descendants is found. */
static void bequeaths_a_shared_group(void **state) {
  (void)state;
  static const struct {
    const char *name;
    size_t descendants; /* the rule that wants descendants */
    uint32_t max_groups;
    const char *names[RULES]; /* that the rules give */
  } cases[] = {
      {"the first of one name", 0, 10, {"web", "web"}},
      {"the second of one name", 1, 10, {"web", "web"}},
      {"the first of two past the limit", 1, 1, {NULL, "sh", "root"}},
      {"the second of two past the limit", 2, 1, {NULL, "sh", "root"}},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct book book = {.count = 0};
    book_add_rule(&book, "web", 0);
    book_add_rule(&book, "%{comm}", 0);
    book_add_rule(&book, "%{user}", 0);
    book.rules[cases[i].descendants].descendants = true;
    book_open(&book, cases[i].max_groups);
    join(&book, 1, "init"); /* takes a place */
    struct match matches[RULES];
    struct membership memberships[RULES];
    size_t match_count = 0;
    for (size_t r = 0; r < book.count; r++)
      if (cases[i].names[r] != NULL)
        matches[match_count++] = match_of(&book, r, cases[i].names[r]);
    size_t count =
        tracker_join(book.tracker, NULL, 0, matches, match_count, memberships);
    struct process *parent = process_table_add(book.tracker->table, PARENT);
    assert_non_null(parent);
    parent->member = member_create(true);
    assert_int_equal(member_set_groups(parent->member, memberships, count, 0),
                     0);
    assert_case_int(cases[i].name, memberships[0].group->members, 1);
    assert_inherited(cases[i].name, &book, memberships[0].group->name);
    book_close(&book);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(inherits_what_wants_descendants),
      cmocka_unit_test(bequeaths_a_shared_group),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
