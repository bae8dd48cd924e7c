/* SPDX-License-Identifier: MIT */
#include "parser.h"

#include "support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { DUMP_SIZE = 2048 };

static void dump_item(const oconfig_item_t *item, char *dump) {
  char *at = dump + strlen(dump);
  size_t room = DUMP_SIZE - strlen(dump);
  int used = snprintf(at, room, "%s", item->key);
  for (int i = 0; i < item->values_num; i++) {
    const oconfig_value_t *value = &item->values[i];
    at += used;
    room -= (size_t)used;
    if (value->type == OCONFIG_TYPE_STRING)
      used = snprintf(at, room, " '%s'", value->value.string);
    else if (value->type == OCONFIG_TYPE_NUMBER)
      used = snprintf(at, room, " %g", value->value.number);
    else
      used = snprintf(at, room, " %s", value->value.boolean ? "T" : "F");
  }
  if (item->children_num > 0)
    strcat(dump, "{");
  for (int i = 0; i < item->children_num; i++) {
    dump_item(&item->children[i], dump);
    strcat(dump, ";");
  }
  if (item->children_num > 0)
    strcat(dump, "}");
}

/* Strings in ', booleans as T and F, what is in a block in braces. What is
 * expected is what collectd 5.12 reads. */
static void reads_what_collectd_reads(void **state) {
  (void)state;
  static const struct {
    const char *text, *expected;
  } cases[] = {
      {"", ""},
      {"\n  \t\n# nothing\n", ""},
      {"Key 1\n", "Key 1;"},
      {"  Key\t1  # comment\r\n", "Key 1;"},
      {"Key 0x10 010 +5 -5 .5 1.5e+3\n", "Key 16 10 5 -5 0.5 1500;"},
      {"Key 1.5e3 1e3 3x\n", "Key 1.5 'e3' '1e3' '3x';"},
      {"Key true yes on false off no\n", "Key T T T F F F;"},
      {"Key True TRUE trueish\n", "Key 'True' 'TRUE' 'trueish';"},
      {"Key \"a\\\"b\" \"c\\\\d\" \"e\\nf\" \"\"\n",
       "Key 'a\"b' 'c\\d' 'enf' '';"},
      {"Key \"a # b\" \"<c>\" \"d\ne\"\n", "Key 'a # b' '<c>' 'd\ne';"},
      {"Key \"two \\\n\t  lines\" 2\n", "Key 'two lines' 2;"},
      {"Key \"two \\\r\n  lines\"\n", "Key 'two lines';"},
      {"Key 1 \\\n  2\n", "Key 1 2;"},
      {"Key 1 \\ 2\n", "Key 1 2;"},
      {"Key 1.2.3.4 1.2.3.4:80\n", "Key '1.2.3.4' '1.2.3.4:80';"},
      {"Key ::1 fe80::1 [::1]:25826\n", "Key '::1' 'fe80::1' '[::1]:25826';"},
      {"Key x-y.z;w a#b\n", "Key 'x' 'y' 'z' 'w' 'a';"},
      {"Key \"not ended\n", "Key 'not' 'ended';"},
      {"<Block>\nKey 1\n</Block>\n", "Block{Key 1;};"},
      {"<Block \"a\" b>\n\n</Block> # end\n", "Block 'a' 'b';"},
      {"<Block>\n</Block>\nKey 1\n", "Key 1;"},
      {"<A>\n<B 1>\nKey 1\n</B>\n Key 2\n</A>\n", "A{B 1{Key 1;};Key 2;};"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char error[256] = "", dump[DUMP_SIZE] = "";
    oconfig_item_t root = {0};
    int status = parser_parse(cases[i].text, &root, error, sizeof(error));
    assert_case_string(cases[i].text, error, "");
    assert_case_int(cases[i].text, status, 0);
    for (int c = 0; c < root.children_num; c++) {
      dump_item(&root.children[c], dump);
      strcat(dump, ";");
    }
    assert_case_string(cases[i].text, dump, cases[i].expected);
    parser_clear(&root);
  }
}

static void refuses_what_collectd_refuses(void **state) {
  (void)state;
  static const struct {
    const char *text, *expected;
  } cases[] = {
      {"Key\n", "line 1: expected a value"},
      {"\nKey # comment\n", "line 2: expected a value"},
      {"Key 1", "line 1: expected the end of the line"},
      {"\"Key\" 1\n", "line 1: expected the name of an option"},
      {"true 1\n", "line 1: expected the name of an option"},
      {"1 1\n", "line 1: expected the name of an option"},
      {"Key a/b\n", "line 1: expected the end of the line"},
      {"Key \"a\nb\" 2 >\n", "line 2: expected the end of the line"},
      {"Key 1 \\\n 2 >\n", "line 2: expected the end of the line"},
      {"<Block\n", "line 1: expected \">\""},
      {"<Block>\nKey 1\n", "line 3: expected the end of a block"},
      {"<Block> Key 1\n</Block>\n", "line 1: expected the end of the line"},
      {"<Block>\n</block>\n", "line 2: </block> does not close <Block>"},
      {"<Block>\n</block \"a\">\n", "line 2: </block> does not close <Block>"},
      {"<Block>\n</Block \"a\">\n", "line 2: expected \">\""},
      {"</Block \"a\">\n", "line 1: expected the beginning of a block"},
      {"<Block>\n</Block>", "line 2: expected the end of the line"},
      {"</Block>\n", "line 1: expected the beginning of a block"},
      {"<>\n", "line 1: expected the name of an option or a block"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char error[256] = "";
    oconfig_item_t root = {0};
    assert_case_int(cases[i].text,
                    parser_parse(cases[i].text, &root, error, sizeof(error)),
                    -EINVAL);
    assert_case_says(cases[i].text, error, cases[i].expected);
    parser_clear(&root);
  }
}

static void refuses_endless_nesting(void **state) {
  (void)state;
  enum { BLOCKS = 10000 };
  static char text[BLOCKS * 4 + 1];
  char error[256] = "";
  oconfig_item_t root = {0};
  for (size_t i = 0; i < BLOCKS; i++)
    memcpy(text + i * 4, "<A>\n", 4);
  assert_int_equal(parser_parse(text, &root, error, sizeof(error)), -EINVAL);
  assert_case_says("nesting", error, "nested too deeply");
  parser_clear(&root);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_what_collectd_reads),
      cmocka_unit_test(refuses_what_collectd_refuses),
      cmocka_unit_test(refuses_endless_nesting),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
