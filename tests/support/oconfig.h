/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TEST_OCONFIG_H
#define TASKSTATS_TEST_OCONFIG_H

#include "collectd/api.h"
#include "support/test.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * Parses configurations in tests: one option per line, with lines "<Key value>"
 * and "</Key>" around the contents of a block.
 */

static inline void oconfig_skip_blanks(const char **at) {
  while (**at == ' ' || **at == '\t')
    ++*at;
}

static inline char *oconfig_take_word(const char **at) {
  size_t length = strcspn(*at, " \t\n>");
  char *word = strndup(*at, length);
  assert_non_null(word);
  *at += length;
  return word;
}

static inline char *oconfig_take_quoted(const char **at) {
  char *text = calloc(1, strlen(*at) + 1);
  assert_non_null(text);
  for (char *to = text; *++*at != '"'; to++) {
    if (**at == '\\')
      ++*at;
    assert_true(**at != '\0');
    *to = **at;
  }
  ++*at;
  return text;
}

/* As collectd's scanner: only quoted values are certainly strings. */
static inline oconfig_value_t oconfig_take_value(const char **at) {
  if (**at == '"')
    return (oconfig_value_t){.type = OCONFIG_TYPE_STRING,
                             .value.string = oconfig_take_quoted(at)};

  char *word = oconfig_take_word(at), *end;
  oconfig_value_t value = {.type = OCONFIG_TYPE_STRING, .value.string = word};
  double number = strtod(word, &end);
  if (*word != '\0' && *end == '\0')
    value =
        (oconfig_value_t){.type = OCONFIG_TYPE_NUMBER, .value.number = number};
  else if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0)
    value = (oconfig_value_t){.type = OCONFIG_TYPE_BOOLEAN,
                              .value.boolean = *word == 't'};
  if (value.type != OCONFIG_TYPE_STRING)
    free(word);
  return value;
}

static inline void oconfig_take_values(oconfig_item_t *item, const char **at) {
  for (oconfig_skip_blanks(at); **at != '\n' && **at != '>' && **at != '\0';
       oconfig_skip_blanks(at)) {
    item->values = realloc(item->values, (size_t)(item->values_num + 1) *
                                             sizeof(item->values[0]));
    assert_non_null(item->values);
    item->values[item->values_num++] = oconfig_take_value(at);
  }
}

/* Takes options up to the end of the block, or of the text. */
static inline void oconfig_take_children(oconfig_item_t *parent,
                                         const char **at) {
  for (;;) {
    *at += strspn(*at, " \t\n");
    if (**at == '\0')
      return;
    if (strncmp(*at, "</", 2) == 0) {
      *at += strcspn(*at, "\n");
      return;
    }
    bool is_block = **at == '<';
    *at += is_block;
    parent->children =
        realloc(parent->children, (size_t)(parent->children_num + 1) *
                                      sizeof(parent->children[0]));
    assert_non_null(parent->children);
    oconfig_item_t item = {.key = oconfig_take_word(at), .parent = parent};
    oconfig_take_values(&item, at);
    if (is_block) {
      assert_int_equal(**at, '>');
      ++*at;
      oconfig_take_children(&item, at);
    }
    parent->children[parent->children_num++] = item;
  }
}

static inline void oconfig_clear(oconfig_item_t *item) {
  for (int i = 0; i < item->children_num; i++)
    oconfig_clear(&item->children[i]);
  for (int i = 0; i < item->values_num; i++)
    if (item->values[i].type == OCONFIG_TYPE_STRING)
      free(item->values[i].value.string);
  free(item->children);
  free(item->values);
  free(item->key);
}

/* The contents of a <Plugin> block. */
static inline oconfig_item_t oconfig_block(const char *text) {
  oconfig_item_t block = {.key = strdup("Plugin")};
  assert_non_null(block.key);
  oconfig_take_children(&block, &text);
  return block;
}

#endif
