/* SPDX-License-Identifier: MIT */
#include "pressure.h"

#include "support/test.h"
#include "support/tree.h"

static void shows_what_the_kernel_tells(void **state) {
  (void)state;
  static const struct {
    const char *name, *cpu, *io, *memory, *line; /* NULL: no file, no line */
  } cases[] = {
      {"all",
       "some avg10=1.25 avg60=0.50 avg300=0.10 total=1\n"
       "full avg10=9.99 avg60=0.00 avg300=0.00 total=0\n",
       "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
       "some avg10=100.00 avg60=0.00 avg300=0.00 total=0\n",
       "pressure, some, 10 s:  cpu 1.25 %  io 0.00 %  memory 100.00 %"},
      {"one", NULL, "some avg10=2.50 avg60=0.00 avg300=0.00 total=0\n", "",
       "pressure, some, 10 s:  io 2.50 %"},
      {"none", NULL, NULL, NULL, NULL},
      {"other contents", "full avg10=2.50\n", "some avg10=\n", "x", NULL},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct tree tree;
    char line[256] = "";
    tree_create(&tree);
    if (cases[i].cpu != NULL)
      tree_put(&tree, "cpu", cases[i].cpu);
    if (cases[i].io != NULL)
      tree_put(&tree, "io", cases[i].io);
    if (cases[i].memory != NULL)
      tree_put(&tree, "memory", cases[i].memory);
    assert_case_int(cases[i].name, pressure_line(tree.root, line, sizeof(line)),
                    cases[i].line != NULL);
    if (cases[i].line != NULL)
      assert_case_string(cases[i].name, line, cases[i].line);
    tree_remove(&tree, "");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shows_what_the_kernel_tells),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
