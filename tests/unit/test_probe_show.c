/* SPDX-License-Identifier: MIT */
#include "show.h"

#include "support/test.h"

#include <string.h>

/* A process may choose a name that controls the terminal on which it is shown.
 */
static void names_in_json_steer_nothing(void **state) {
  (void)state;
  static const struct {
    const char *name, *json;
  } cases[] = {
      {"nginx", "\"nginx\""},
      {"say \"x\"", "\"say \\\"x\\\"\""},
      {"k\xc3\xa4se", "\"k\\u00E4se\""},
      {"\x1b[2J", "\"?[2J\""},
      {"a\nb\x7f", "\"a?b?\""},
      {"a\xc2\x9b"
       "31m",
       "\"a??31m\""}, /* CSI of C1 */
      {"nel\xc2\x85", "\"nel??\""},
      {"\xc2\xa0", "\"\\u00A0\""},
      {"Stra\xc3", "\"Stra?\""},           /* cut by the kernel */
      {"\xe2\x80\xaexe", "\"\\u202Exe\""}, /* a reversed reading direction */
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct stats stats = {.known[FIELD_ac_comm] = true};
    strcpy(stats.comm, cases[i].name);
    json_t *array = json_array();
    json_array_append_new(array, show_json(&stats, FIELD_ac_comm));
    json_array_append_new(array, show_json_text(cases[i].name));

    char *line = NULL, expected[100];
    size_t size = 0;
    FILE *before = stdout;
    stdout = open_memstream(&line, &size);
    show_json_line(array);
    fclose(stdout);
    stdout = before;
    snprintf(expected, sizeof(expected), "[%s,%s]\n", cases[i].json,
             cases[i].json);
    assert_case_string(cases[i].name, line, expected);
    free(line);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_in_json_steer_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
