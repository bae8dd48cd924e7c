/* SPDX-License-Identifier: MIT */
#include "select/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { HASH_LENGTH = 9 }; /* "~" and the digits */

static const char replacement = '_';

/* The code points that a character of this many bytes may have (RFC 3629). */
static const struct {
  uint32_t first, last;
} valid[] = {
    [1] = {0, 0x7f},
    [2] = {0x80, 0x7ff},
    [3] = {0x800, 0xffff},
    [4] = {0x10000, 0x10ffff},
};

struct range {
  uint32_t first, last;
};

/* Code points that are characters, but must not be passed on. */
static const struct range forbidden[] = {
    {0, 0x1f},        /* C0: newline, escape and others */
    {0x7f, 0x9f},     /* DEL and C1 */
    {0x61c, 0x61c},   /* mark of the reading direction */
    {0x200e, 0x200f}, /* marks of the reading direction */
    {0x2028, 0x202e}, /* line and paragraph separator, reading direction */
    {0x2066,
     0x206f}, /* isolates and obsolete controls of the reading direction */
    {0xd800, 0xdfff},   /* surrogates, which are invalid in UTF-8 */
    {0xfdd0, 0xfdef},   /* noncharacters, like the last two of each plane */
    {0xfeff, 0xfeff},   /* byte order mark */
    {0xfff9, 0xfffb},   /* interlinear annotations */
    {0xe0000, 0xe007f}, /* tags */
};

/* Also forbidden in a name: */
static const struct range separators[] = {
    {'/', '/'},   /* separates the parts of a path: a process could add parts */
    {';', ';'},   /* separates Graphite's tags, likewise */
    {0xa0, 0xa0}, /* spaces at which Graphite splits a line */
    {0x1680, 0x1680}, /* (str.split in Python) */
    {0x2000, 0x200a}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
};

/* The length of a character that begins with this byte; 0 if there is none. */
static size_t size_of_character(unsigned char first) {
  if (first < 0x80)
    return 1;
  if (first >= 0xc2 && first < 0xe0)
    return 2;
  if ((first & 0xf0) == 0xe0)
    return 3;
  return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/* Decodes the first character of the bytes. Returns its size, or 0 if it is
 * invalid. */
static size_t decode(const unsigned char *bytes, size_t length,
                     uint32_t *point) {
  size_t size = size_of_character(bytes[0]);
  if (size == 0 || size > length)
    return 0;

  *point = size == 1 ? bytes[0] : bytes[0] & (0x7fU >> size);
  for (size_t i = 1; i < size; i++) {
    if ((bytes[i] & 0xc0) != 0x80)
      return 0;
    *point = *point << 6 | (bytes[i] & 0x3f);
  }
  return *point >= valid[size].first && *point <= valid[size].last ? size : 0;
}

static bool is_in(const struct range *ranges, size_t count, uint32_t point) {
  for (size_t i = 0; i < count; i++)
    if (point >= ranges[i].first && point <= ranges[i].last)
      return true;
  return false;
}

static bool is_allowed(uint32_t point, bool is_name) {
  bool is_noncharacter = (point & 0xfffe) == 0xfffe;
  return !is_noncharacter &&
         !is_in(forbidden, sizeof(forbidden) / sizeof(forbidden[0]), point) &&
         !(is_name && is_in(separators,
                            sizeof(separators) / sizeof(separators[0]), point));
}

static void append(struct text *text, const char *bytes, size_t size) {
  if (text->is_cut || text->length + size >= text->size) {
    text->is_cut = true;
    return;
  }
  memmove(text->out + text->length, bytes, size);
  text->length += size;
}

/* FNV-1a */
static void add_to_hash(struct text *text, const char *bytes, size_t size) {
  for (size_t i = 0; i < size; i++)
    text->hash = (text->hash ^ (unsigned char)bytes[i]) * 0x100000001b3;
}

void text_begin(struct text *text, char *out, size_t size, bool is_name) {
  *text = (struct text){
      .out = out, .size = size, .is_name = is_name, .hash = 0xcbf29ce484222325};
}

void text_put(struct text *text, const char *piece, size_t length) {
  if (text->is_name)
    add_to_hash(text, piece, length);
  while (length > 0 && !text->is_cut) {
    uint32_t point = 0;
    size_t size = decode((const unsigned char *)piece, length, &point);
    if (size > 0 && is_allowed(point, text->is_name))
      append(text, piece, size);
    else
      append(text, &replacement, 1);
    size += size == 0;
    piece += size;
    length -= size;
  }
}

/* Removes the last characters until size bytes are free. */
static void make_room(struct text *text, size_t size) {
  while (text->length + size >= text->size) {
    do
      text->length--;
    while (((unsigned char)text->out[text->length] & 0xc0) == 0x80);
  }
}

size_t text_end(struct text *text) {
  if (text->is_cut && text->is_name) {
    make_room(text, HASH_LENGTH);
    snprintf(text->out + text->length, HASH_LENGTH + 1, "~%08" PRIx32,
             (uint32_t)(text->hash ^ text->hash >> 32));
    text->length += HASH_LENGTH;
  }
  text->out[text->length] = '\0';
  return text->length;
}

void text_clean(const char *string, char *out, size_t size) {
  struct text text;
  text_begin(&text, out, size, false);
  text_put(&text, string, strlen(string));
  text_end(&text);
}

void text_append(char *string, size_t size, const char *format, ...) {
  size_t used = strlen(string);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(string + used, size - used, format, arguments);
  va_end(arguments);
}
