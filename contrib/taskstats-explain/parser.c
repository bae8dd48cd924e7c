/* SPDX-License-Identifier: MIT */
#include "parser.h"

#include "scanner.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 64 }; /* nesting depth of blocks */

struct parser {
  struct scanner scanner;
  enum token token; /* the next one */
  char *error;
  size_t size;
  int depth;
};

__attribute__((format(printf, 2, 3))) static int
fail_at_line(struct parser *parser, const char *format, ...) {
  va_list arguments;
  /* The end of a line belongs to that line. */
  unsigned int line = parser->scanner.line - (parser->token == TOKEN_LINE);
  int used = snprintf(parser->error, parser->size, "line %u: ", line);
  va_start(arguments, format);
  vsnprintf(parser->error + used, parser->size - (size_t)used, format,
            arguments);
  va_end(arguments);
  return -EINVAL;
}

static int fail_memory(struct parser *parser) {
  snprintf(parser->error, parser->size, "out of memory");
  return -ENOMEM;
}

static void clear_value(oconfig_value_t *value) {
  if (value->type == OCONFIG_TYPE_STRING)
    free(value->value.string);
}

void parser_clear(oconfig_item_t *item) {
  for (int i = 0; i < item->children_num; i++)
    parser_clear(&item->children[i]);
  for (int i = 0; i < item->values_num; i++)
    clear_value(&item->values[i]);
  free(item->children);
  free(item->values);
  free(item->key);
  *item = (oconfig_item_t){0};
}

int parser_append(oconfig_item_t *parent, const oconfig_item_t *child) {
  oconfig_item_t *children = reallocarray(
      parent->children, (size_t)parent->children_num + 1, sizeof(*children));
  if (children == NULL)
    return -ENOMEM;
  children[parent->children_num++] = *child;
  parent->children = children;
  return 0;
}

static int append_value(oconfig_item_t *item, const oconfig_value_t *value) {
  oconfig_value_t *values =
      reallocarray(item->values, (size_t)item->values_num + 1, sizeof(*values));
  if (values == NULL)
    return -ENOMEM;
  values[item->values_num++] = *value;
  item->values = values;
  return 0;
}

static void step(struct parser *parser) {
  parser->token = scanner_next(&parser->scanner);
}

static int fail_token(struct parser *parser, const char *wanted) {
  if (parser->token == TOKEN_MEMORY)
    return fail_memory(parser);
  return fail_at_line(parser, "expected %s", wanted);
}

static int take(struct parser *parser, enum token token, const char *wanted) {
  if (parser->token != token)
    return fail_token(parser, wanted);
  step(parser);
  return 0;
}

static int take_name(struct parser *parser, char **name) {
  if (parser->token != TOKEN_VALUE || !parser->scanner.is_name)
    return fail_token(parser, "the name of an option or a block");
  *name = parser->scanner.value.value.string;
  step(parser);
  return 0;
}

static int take_values(struct parser *parser, oconfig_item_t *item) {
  while (parser->token == TOKEN_VALUE) {
    if (append_value(item, &parser->scanner.value) != 0)
      return fail_memory(parser);
    step(parser);
  }
  return 0;
}

static int take_option(struct parser *parser, oconfig_item_t *item) {
  int status = take_name(parser, &item->key);
  if (status == 0)
    status = take_values(parser, item);
  if (status == 0 && item->values_num == 0)
    status = fail_token(parser, "a value");
  return status == 0 ? take(parser, TOKEN_LINE, "the end of the line") : status;
}

static int take_statements(struct parser *parser, oconfig_item_t *parent);

/* Parses the rest of an end tag, after "</". */
static int take_end_of_block(struct parser *parser,
                             const oconfig_item_t *item) {
  char *name = NULL;
  int status = take_name(parser, &name);
  if (status != 0)
    return status;
  if (strcmp(name, item->key) != 0)
    status = fail_at_line(parser, "</%s> does not close <%s>", name, item->key);
  free(name);
  if (status == 0)
    status = take(parser, TOKEN_CLOSE, "\">\"");
  return status == 0 ? take(parser, TOKEN_LINE, "the end of the line") : status;
}

/* Parses the rest of a block, after "<". */
static int take_block(struct parser *parser, oconfig_item_t *item) {
  if (++parser->depth > DEPTH_MAX)
    return fail_at_line(parser, "blocks are nested too deeply");
  int status = take_name(parser, &item->key);
  if (status == 0)
    status = take_values(parser, item);
  if (status == 0)
    status = take(parser, TOKEN_CLOSE, "\">\"");
  if (status == 0)
    status = take(parser, TOKEN_LINE, "the end of the line");
  if (status == 0)
    status = take_statements(parser, item);
  if (status == 0)
    status = take(parser, TOKEN_SLASH, "the end of a block");
  if (status == 0)
    status = take_end_of_block(parser, item);
  parser->depth--;
  return status;
}

/* Adds an item unless it is empty, as collectd does. */
static int keep_item(struct parser *parser, oconfig_item_t *parent,
                     oconfig_item_t *item, int status) {
  bool is_empty = item->values_num == 0 && item->children_num == 0;
  if (status == 0 && !is_empty && parser_append(parent, item) != 0)
    status = fail_memory(parser);
  if (status != 0 || is_empty)
    parser_clear(item);
  return status;
}

/* Ends at the end of the text, or after the "<" of "</". */
static int take_statements(struct parser *parser, oconfig_item_t *parent) {
  for (;;) {
    oconfig_item_t item = {0};
    int status;
    switch (parser->token) {
    case TOKEN_LINE:
      step(parser);
      continue;
    case TOKEN_END:
      return 0;
    case TOKEN_OPEN:
      step(parser);
      if (parser->token == TOKEN_SLASH)
        return 0;
      status = take_block(parser, &item);
      break;
    default:
      status = take_option(parser, &item);
      break;
    }
    status = keep_item(parser, parent, &item, status);
    if (status != 0)
      return status;
  }
}

int parser_parse(const char *text, oconfig_item_t *root, char *error,
                 size_t size) {
  struct parser parser = {
      .scanner = {.at = text, .line = 1}, .error = error, .size = size};
  step(&parser);
  int status = take_statements(&parser, root);
  if (status == 0)
    status = take(&parser, TOKEN_END, "the beginning of a block");
  if (status != 0 && parser.token == TOKEN_VALUE)
    clear_value(&parser.scanner.value); /* it was not used */
  return status;
}
