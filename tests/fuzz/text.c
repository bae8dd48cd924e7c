/* SPDX-License-Identifier: MIT */
#include "select/text.h"

#include "fuzz/clean.h"

/*
 * The filter for text, as a name or not, with some buffer size. The output is
 * clean, and clean input that fits is unchanged.
 */

enum { ROOM_MAX = 160 };

/* Filters the text into a buffer of exactly this size, which the caller frees.
 */
static char *filter(const char *text, size_t room, bool is_name) {
  struct text filter;
  char *out = malloc(room);
  fuzz_check(out != NULL);
  text_begin(&filter, out, room, is_name);
  text_put(&filter, text, strlen(text));
  size_t length = text_end(&filter);
  fuzz_check(length < room && strlen(out) == length);
  fuzz_check(is_name ? clean_is_name(out) : clean_is_text(out));
  return out;
}

/* Filtering the output again changes nothing. */
static void check_in_place(const char *text, const char *whole, bool is_name) {
  size_t length = strlen(text);
  struct text filter;
  char *out = fuzz_copy(text, length + 1);
  text_begin(&filter, out, length + 1, is_name);
  text_put(&filter, out, length);
  text_end(&filter);
  fuzz_check(strcmp(out, whole) == 0);
  free(out);
}

static void check(const char *text, size_t room, bool is_name) {
  size_t enough = strlen(text) + TEXT_NAME_MIN;
  char *out = filter(text, room, is_name);
  char *whole = filter(text, enough, is_name);

  fuzz_check(strlen(whole) <= strlen(text));
  if (strlen(whole) < room) {
    fuzz_check(strcmp(out, whole) == 0);
  } else if (is_name) { /* a hash distinguishes it */
    size_t length = strlen(out);
    fuzz_check(length >= 9 && out[length - 9] == '~');
    fuzz_check(strspn(out + length - 8, "0123456789abcdef") == 8);
    fuzz_check(strncmp(out, whole, length - 9) == 0);
    fuzz_check(length + 4 >= room); /* less than a character of room is left */
  } else {
    fuzz_check(strncmp(out, whole, strlen(out)) == 0);
    fuzz_check(strlen(out) + 4 >= room);
  }

  char *again = filter(whole, enough, is_name);
  fuzz_check(strcmp(again, whole) == 0);
  free(again);
  check_in_place(text, whole, is_name);
  free(whole);
  free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, size};
  size_t room =
      TEXT_NAME_MIN + fuzz_take_u8(&input) % (ROOM_MAX - TEXT_NAME_MIN);
  char *text = fuzz_take_string(&input);
  check(text, room, false);
  check(text, room, true);
  free(text);
  return 0;
}
