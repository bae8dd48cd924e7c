/* SPDX-License-Identifier: MIT */
#include "select/text.h"

#include "support/test.h"

#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 128 };

static void filter(const char *in, size_t length, char *out, size_t size,
                   bool is_name) {
  struct text text;
  text_begin(&text, out, size, is_name);
  text_put(&text, in, length);
  size_t end = text_end(&text);
  assert_int_equal(end, strlen(out));
  assert_true(end < size);
}

static void replaces_what_is_no_text(void **state) {
  (void)state;
  static const struct {
    const char *in, *message, *name;
  } cases[] = {
      {"", "", ""},
      {"nginx: worker", "nginx: worker", "nginx: worker"},
      {"a/b", "a/b", "a_b"},
      {"a;b=c", "a;b=c", "a_b=c"},
      {"a\nHost: other", "a_Host: other", "a_Host: other"},
      {"\x1b[2J\x07\r\t\x7f", "_[2J____", "_[2J____"},
      {"na\xc3\xafve", "na\xc3\xafve", "na\xc3\xafve"},
      {"\xe2\x82\xac\xf0\x9f\x90\xa7", "\xe2\x82\xac\xf0\x9f\x90\xa7",
       "\xe2\x82\xac\xf0\x9f\x90\xa7"},
      /* As the kernel truncates a name after 15 bytes */
      {"Stra\xc3", "Stra_", "Stra_"},
      {"ab\xe2\x82", "ab__", "ab__"},
      {"ab\xf0\x9f\x90", "ab___", "ab___"},
      /* Bytes that continue nothing, or begin nothing */
      {"\x80\xbf\xff\xfe\xc0\xc1\xf5", "_______", "_______"},
      {"\xc3(", "_(", "_("},
      {"\xe2\x28\xa1", "_(_", "_(_"},
      /* Overlong forms of "/", of NUL, of U+07FF and of U+FFFF */
      {"\xc0\xaf", "__", "__"},
      {"\xe0\x80\xaf", "___", "___"},
      {"\xf0\x80\x80\xaf", "____", "____"},
      {"\xe0\x9f\xbf", "___", "___"},
      {"\xf0\x8f\xbf\xbf", "____", "____"},
      /* Surrogates; beyond Unicode */
      {"\xed\xa0\x80\xed\xbf\xbf", "__", "__"},
      {"\xf4\x90\x80\x80", "____", "____"},
      {"\xf4\x8f\xbf\xbd", "\xf4\x8f\xbf\xbd", "\xf4\x8f\xbf\xbd"},
      /* C1 controls, NEL among them; line separator; direction override */
      {"\xc2\x80\xc2\x85\xc2\x9f", "___", "___"},
      {"a\xe2\x80\xa8\x62\xe2\x80\xae", "a_b_", "a_b_"},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char out[SIZE];
    filter(cases[i].in, strlen(cases[i].in), out, sizeof(out), false);
    assert_case_string(cases[i].in, out, cases[i].message);
    filter(cases[i].in, strlen(cases[i].in), out, sizeof(out), true);
    assert_case_string(cases[i].in, out, cases[i].name);
    text_clean(cases[i].in, out, sizeof(out));
    assert_case_string(cases[i].in, out, cases[i].message);
  }
}

/* Writes a code point in UTF-8, surrogates, too. Returns its size. */
static size_t encode(uint32_t point, char out[4]) {
  static const unsigned char first[] = {[2] = 0xc0, [3] = 0xe0, [4] = 0xf0};
  size_t size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  for (size_t i = size; size > 1 && i-- > 0; point >>= 6)
    out[i] = (char)(i > 0 ? 0x80 | (point & 0x3f) : first[size] | point);
  if (size == 1)
    out[0] = (char)point;
  return size;
}

static bool is_kept(uint32_t point, bool is_name) {
  char in[4], out[SIZE];
  size_t size = encode(point, in);
  filter(in, size, out, sizeof(out), is_name);
  return strlen(out) == size && memcmp(in, out, size) == 0;
}

/* The characters that Unicode has for other purposes than to be shown; and what
 * splits a line of Graphite's protocol (str.split in Python). */
static void replaces_what_is_not_shown(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint32_t first, last;
    bool in_messages, in_names;
  } ranges[] = {
      {"C0", 0, 0x1f, false, false},
      {"ASCII", ' ', '.', true, true},
      {"DEL and C1", 0x7f, 0x9f, false, false},
      {"no-break space", 0xa0, 0xa0, true, false},
      {"Latin 1", 0xa1, 0xff, true, true},
      {"Arabic letter mark", 0x61c, 0x61c, false, false},
      {"Arabic", 0x61d, 0x6ff, true, true},
      {"Ogham space", 0x1680, 0x1680, true, false},
      {"spaces", 0x2000, 0x200a, true, false},
      {"joiners", 0x200b, 0x200d, true, true},
      {"direction marks", 0x200e, 0x200f, false, false},
      {"dashes and quotes", 0x2010, 0x2027, true, true},
      {"separators and directions", 0x2028, 0x202e, false, false},
      {"narrow space", 0x202f, 0x202f, true, false},
      {"mathematical space", 0x205f, 0x205f, true, false},
      {"isolates and obsolete controls", 0x2066, 0x206f, false, false},
      {"ideographic space", 0x3000, 0x3000, true, false},
      {"kana", 0x3041, 0x3096, true, true},
      {"surrogates", 0xd800, 0xdfff, false, false},
      {"noncharacters", 0xfdd0, 0xfdef, false, false},
      {"Arabic ligatures", 0xfdf0, 0xfdff, true, true},
      {"byte order mark", 0xfeff, 0xfeff, false, false},
      {"annotations", 0xfff9, 0xfffb, false, false},
      {"replacement character", 0xfffd, 0xfffd, true, true},
      {"noncharacters of plane 0", 0xfffe, 0xffff, false, false},
      {"noncharacters of plane 1", 0x1fffe, 0x1ffff, false, false},
      {"tags", 0xe0000, 0xe007f, false, false},
      {"noncharacters of plane 16", 0x10fffe, 0x10ffff, false, false},
  };
  for (size_t i = 0; i < COUNT_OF(ranges); i++)
    for (uint32_t c = ranges[i].first; c <= ranges[i].last; c++) {
      assert_case_int(ranges[i].name, is_kept(c, false), ranges[i].in_messages);
      assert_case_int(ranges[i].name, is_kept(c, true), ranges[i].in_names);
    }
}

static void replaces_a_nul(void **state) {
  (void)state;
  char out[SIZE];
  filter("a\0b", 3, out, sizeof(out), true);
  assert_string_equal(out, "a_b");
}

static void cuts_between_characters(void **state) {
  (void)state;
  static const struct {
    const char *in;
    size_t size;
    const char *out;
  } cases[] = {
      {"abcdef", 7, "abcdef"},
      {"abcdef", 6, "abcde"},
      {"abcd\xc3\xa9", 7, "abcd\xc3\xa9"},
      {"abcd\xc3\xa9", 6, "abcd"},
      {"ab\xe2\x82\xac", 6, "ab\xe2\x82\xac"},
      {"ab\xe2\x82\xac", 5, "ab"},
      {"ab\xe2\x82\xac", 3, "ab"},
      {"a\xf0\x9f\x90\xa7z", 6, "a\xf0\x9f\x90\xa7"},
      {"a\xf0\x9f\x90\xa7z", 5, "a"},
      /* Nothing follows what had no room. */
      {"a\xf0\x9f\x90\xa7z", 4, "a"},
      {"abc", 1, ""},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char out[SIZE];
    text_clean(cases[i].in, out, cases[i].size);
    assert_case_string(cases[i].in, out, cases[i].out);
  }
}

/* Fills a name of 200 bytes, each of them the first, but the last one. */
static void make_name(char name[200], char first, char last) {
  memset(name, first, 200);
  name[199] = last;
}

static void keeps_long_names_different(void **state) {
  (void)state;
  char in[200], a[SIZE], b[SIZE], again[SIZE];

  make_name(in, 'n', '1');
  filter(in, sizeof(in), a, sizeof(a), true);
  filter(in, sizeof(in), again, sizeof(again), true);
  make_name(in, 'n', '2');
  filter(in, sizeof(in), b, sizeof(b), true);
  assert_string_equal(a, again);
  assert_string_not_equal(a, b);
  assert_int_equal(strlen(a), SIZE - 1);
  assert_int_equal(strspn(a, "n"), SIZE - 1 - 9);
  assert_int_equal(a[SIZE - 1 - 9], '~');
  assert_int_equal(strspn(a + SIZE - 8 - 1, "0123456789abcdef"), 8);

  /* Also if they differ in what is replaced only. */
  make_name(in, 'n', '\n');
  filter(in, sizeof(in), a, sizeof(a), true);
  make_name(in, 'n', '\t');
  filter(in, sizeof(in), b, sizeof(b), true);
  assert_string_not_equal(a, b);
}

static void hashes_whole_names(void **state) {
  (void)state;
  static const char in[] = "0123456789abcdefghij";
  char whole[TEXT_NAME_MIN], pieces[TEXT_NAME_MIN];
  struct text text;

  filter(in, strlen(in), whole, sizeof(whole), true);
  text_begin(&text, pieces, sizeof(pieces), true);
  for (size_t i = 0; i < strlen(in); i++)
    text_put(&text, in + i, 1);
  text_end(&text);
  assert_string_equal(whole, pieces);
  assert_memory_equal(whole, "012345~", 7);

  /* A character where the hash begins leaves as a whole. */
  filter("01234\xf0\x9f\x90\xa7xxxxxxxxxxx", 20, whole, sizeof(whole), true);
  assert_memory_equal(whole, "01234~", 6);
}

static void filters_in_place(void **state) {
  (void)state;
  char name[] = "a/\xe2\x80\xa8 \xc3\xa9\n";
  filter(name, strlen(name), name, sizeof(name), true);
  assert_string_equal(name, "a__ \xc3\xa9_");
}

static bool is_utf8(const char *text) {
  static char wide[SIZE * 4];
  char *in = (char *)text, *out = wide;
  size_t left = strlen(text), room = sizeof(wide);
  iconv_t converter = iconv_open("UTF-32LE", "UTF-8");
  if (converter == (iconv_t)-1) /* they are files of the system's own */
    skip_if_emulated("conversions of characters");
  assert_true(converter != (iconv_t)-1);
  bool is_valid =
      iconv(converter, &in, &left, &out, &room) != (size_t)-1 && left == 0;
  iconv_close(converter);
  return is_valid;
}

/* The C library decides. */
static void writes_utf8_whatever_it_reads(void **state) {
  (void)state;
  static const char bytes[] =
      "az/~\n\x1b\x7f\x80\x85\x9f\xa8\xac\xbf\xc0\xc2\xc3"
      "\xe0\xe2\xed\xef\xf0\xf4\xf5\xff";
  srand(1);
  for (int round = 0; round < 200000; round++) {
    char in[40], out[SIZE];
    size_t length = (size_t)rand() % sizeof(in);
    size_t size = TEXT_NAME_MIN + (size_t)rand() % 30;
    for (size_t i = 0; i < length; i++)
      in[i] = round % 2 == 0 ? (char)rand()
                             : bytes[(size_t)rand() % (sizeof(bytes) - 1)];
    filter(in, length, out, size, round % 3 == 0);
    assert_true(is_utf8(out));
    for (const char *c = out; *c != '\0'; c++)
      assert_true((unsigned char)*c >= ' ' && *c != 127);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(replaces_what_is_no_text),
      cmocka_unit_test(replaces_what_is_not_shown),
      cmocka_unit_test(replaces_a_nul),
      cmocka_unit_test(cuts_between_characters),
      cmocka_unit_test(keeps_long_names_different),
      cmocka_unit_test(hashes_whole_names),
      cmocka_unit_test(filters_in_place),
      cmocka_unit_test(writes_utf8_whatever_it_reads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
