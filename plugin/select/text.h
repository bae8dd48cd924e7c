/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TEXT_H
#define TASKSTATS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The filter between text that a process or a file can choose, and the stores,
 * messages and logs that receive it. Its output is always valid UTF-8 (RFC
 * 3629) without control characters: each invalid byte, each noncharacter, and
 * each character that could begin a line, control a terminal or reverse the
 * reading direction, becomes "_". Text is truncated only between characters.
 */

/* A text that is filtered piece by piece. The fields are private. */
struct text {
  char *out;
  size_t size, length;
  bool is_name;
  bool is_cut;   /* a piece did not fit */
  uint64_t hash; /* of all input */
};

/* Begins a text of size bytes, at least TEXT_NAME_MIN for a name. In a name,
 * "/", ";" and all spaces except the ASCII space become "_", too: "/" separates
 * the parts of collectd's identities, ";" separates Graphite's tags, and
 * Graphite refuses lines with such spaces (write_graphite replaces the ASCII
 * space itself). out is owned by the caller and in use until text_end; it may
 * be the input itself, because the output is never longer. */
enum { TEXT_NAME_MIN = 16 };
void text_begin(struct text *text, char *out, size_t size, bool is_name);

/* Adds a piece. A character must not continue in the next piece. */
void text_put(struct text *text, const char *piece, size_t length);

/* Terminates the text with a NUL. A truncated name ends with "~" and eight
 * hexadecimal digits, a hash of the whole name, so that names that differ only
 * after the truncation stay different. Returns the length in bytes. */
size_t text_end(struct text *text);

/* The same for a string that is not a name and consists of one piece. */
void text_clean(const char *string, char *out, size_t size);

/* Appends to a string, as far as size permits. */
__attribute__((format(printf, 3, 4))) void
text_append(char *string, size_t size, const char *format, ...);

#endif
