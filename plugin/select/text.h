/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TEXT_H
#define TASKSTATS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The filter between text that a process or a file can choose and the stores,
 * messages and logs that receive it. What it writes is always valid UTF-8
 * (RFC 3629) without control characters: each invalid byte, each noncharacter,
 * and each character that could begin a line, steer a terminal or reverse the
 * reading direction, becomes "_". Text is cut between characters only.
 */

/* A text that is filtered piece by piece. The fields are private. */
struct text {
  char *out;
  size_t size, length;
  bool is_name;
  bool is_cut;   /* something had no room */
  uint64_t hash; /* of all that was put, as it was put */
};

/* Begins a text of size bytes, at least TEXT_NAME_MIN for a name. In a name
 * "/",
 * ";" and all spaces but that of ASCII become "_", too: collectd separates the
 * parts of an identity by the first, Graphite tags by the second, and it
 * refuses lines with a third (write_graphite replaces the space of ASCII
 * itself). out stays the caller's and is in use until text_end; it may be the
 * text that is put, which never becomes longer. */
enum { TEXT_NAME_MIN = 16 };
void text_begin(struct text *text, char *out, size_t size, bool is_name);

/* Adds a piece. No character may continue in the next piece. */
void text_put(struct text *text, const char *piece, size_t length);

/* Ends the text with a NUL. A name that had to be cut ends with "~" and eight
 * hexadecimal digits, a hash of the whole name, so that names which differ only
 * behind the cut stay different. Returns the length in bytes. */
size_t text_end(struct text *text);

/* The same for a string that is no name and is in one piece. */
void text_clean(const char *string, char *out, size_t size);

/* Adds to a string, as far as size has room. */
__attribute__((format(printf, 3, 4))) void
text_append(char *string, size_t size, const char *format, ...);

#endif
