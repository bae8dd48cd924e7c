/* SPDX-License-Identifier: MIT */
#include "view.h"

#include "support/test.h"

#include <string.h>

/* Each case begins anew, sorted by name. "E" is Esc, "D" deletes, "\n" Enter;
 * the columns 1, and 5 and above but for the last, are hidden. */
static void takes_keys(void **state) {
  (void)state;
  static const struct {
    const char *keys;
    int sort;
    const char *filter;
    bool is_typing, quits;
  } cases[] = {
      {"", TABLE_BY_NAME, "", false, false},
      {">", 0, "", false, false},
      {">>", 2, "", false, false},
      {">>>>>", COLUMNS - 1, "", false, false},
      {">>>>>>", TABLE_BY_NAME, "", false, false},
      {"<", COLUMNS - 1, "", false, false},
      {"<<", 4, "", false, false},
      {"<>", TABLE_BY_NAME, "", false, false},
      {"q", TABLE_BY_NAME, "", false, true},
      {"x \n", TABLE_BY_NAME, "", false, false},
      {"/", TABLE_BY_NAME, "", true, false},
      {"/ab", TABLE_BY_NAME, "ab", true, false},
      {"/q<>/", TABLE_BY_NAME, "q<>/", true, false},
      {"/abDc", TABLE_BY_NAME, "ac", true, false},
      {"/aDDDb", TABLE_BY_NAME, "b", true, false},
      {"/ab\n", TABLE_BY_NAME, "ab", false, false},
      {"/ab\n>", 0, "ab", false, false},
      {"/ab\nE", TABLE_BY_NAME, "", false, false},
      {"/abE", TABLE_BY_NAME, "", false, false},
      {"/ab\n/", TABLE_BY_NAME, "", true, false},
      {"/a\x01\x80\xff", TABLE_BY_NAME, "a", true, false},
      {"/ab\nq", TABLE_BY_NAME, "ab", false, true},
  };
  bool shown[COLUMNS] = {true, false, true, true, true};
  shown[COLUMNS - 1] = true;
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].keys;
    struct view view = {.sort = TABLE_BY_NAME};
    bool goes_on = true;
    for (const char *key = name; *key != '\0'; key++)
      goes_on = view_take_key(&view,
                              *key == 'E'   ? VIEW_KEY_ESCAPE
                              : *key == 'D' ? 0x7f
                                            : (unsigned char)*key,
                              shown);
    assert_case_int(name, goes_on, !cases[i].quits);
    assert_case_int(name, view.sort, cases[i].sort);
    assert_case_string(name, view.filter, cases[i].filter);
    assert_case_int(name, view.is_typing, cases[i].is_typing);
  }
}

static void keeps_a_long_filter_within_its_room(void **state) {
  (void)state;
  const bool shown[COLUMNS] = {true};
  struct view view = {.sort = TABLE_BY_NAME};
  char line[256];
  view_take_key(&view, '/', shown);
  for (int i = 0; i < 1000; i++)
    view_take_key(&view, 'a', shown);
  assert_int_equal(strlen(view.filter), VIEW_FILTER_SIZE - 1);
  view_describe(&view, line, sizeof(line));
  assert_non_null(strstr(line, "aaa_   Enter: keep it   Esc: clear it"));
}

/* No column is shown: the groups' names stay. */
static void sorts_by_name_without_columns(void **state) {
  (void)state;
  const bool shown[COLUMNS] = {false};
  struct view view = {.sort = TABLE_BY_NAME};
  assert_true(view_take_key(&view, '>', shown));
  assert_int_equal(view.sort, TABLE_BY_NAME);
  assert_true(view_take_key(&view, '<', shown));
  assert_int_equal(view.sort, TABLE_BY_NAME);
}

static void describes_itself(void **state) {
  (void)state;
  static const struct {
    struct view view;
    const char *line;
  } cases[] = {
      {{.sort = TABLE_BY_NAME}, "< > sort: group   / filter: none   q: quit"},
      {{.sort = 0}, "< > sort: processes   / filter: none   q: quit"},
      {{.sort = 0, .filter = "web"},
       "< > sort: processes   / filter: web   Esc: clear it   q: quit"},
      {{.sort = 0, .filter = "we", .is_typing = true},
       "filter: we_   Enter: keep it   Esc: clear it"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char line[256];
    view_describe(&cases[i].view, line, sizeof(line));
    assert_case_string(cases[i].line, line, cases[i].line);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_keys),
      cmocka_unit_test(keeps_a_long_filter_within_its_room),
      cmocka_unit_test(sorts_by_name_without_columns),
      cmocka_unit_test(describes_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
