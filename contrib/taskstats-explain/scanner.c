/* SPDX-License-Identifier: MIT */
#include "scanner.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\b"
/* The characters that an unquoted value can have. */
#define BARE                                                                   \
  "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.:+-[]"

enum bare { BARE_TRUE, BARE_FALSE, BARE_NUMBER, BARE_STRING };

/* The longest match decides; of two equally long ones, the first. */
static const struct {
  const char *regex;
  enum bare kind;
} bare[] = {
    {"^(true|yes|on)", BARE_TRUE},
    {"^(false|no|off)", BARE_FALSE},
    {"^[0-9]{1,3}(\\.[0-9]{1,3}){3}(:[0-9]+)?", BARE_STRING}, /* IPv4 */
    {"^\\[?([0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f.]*\\]?(:[0-9]+)?", BARE_STRING},
    {"^[+-]?[0-9]*\\.[0-9]+([eE][+-][0-9]+)?", BARE_NUMBER},
    {"^0[xX][0-9A-Fa-f]+", BARE_NUMBER},
    {"^[+-]?[0-9]+", BARE_NUMBER},
    {"^[0-9A-Za-z_]+", BARE_STRING},
};

/* The length of the match, or 0. */
static size_t match_length(const char *pattern, const char *text) {
  regex_t regex;
  regmatch_t match;
  if (regcomp(&regex, pattern, REG_EXTENDED) != 0)
    return 0;
  size_t length =
      regexec(&regex, text, 1, &match, 0) == 0 ? (size_t)match.rm_eo : 0;
  regfree(&regex);
  return length;
}

static enum token set_bare_value(struct scanner *scanner, enum bare kind,
                                 char *text, size_t length) {
  oconfig_value_t *value = &scanner->value;
  scanner->at += length;
  text[length] = '\0';
  scanner->is_name = kind == BARE_STRING;
  switch (kind) {
  case BARE_STRING:
    value->type = OCONFIG_TYPE_STRING;
    value->value.string = strdup(text);
    return value->value.string != NULL ? TOKEN_VALUE : TOKEN_MEMORY;
  case BARE_NUMBER:
    value->type = OCONFIG_TYPE_NUMBER;
    value->value.number = strtod(text, NULL);
    return TOKEN_VALUE;
  default:
    value->type = OCONFIG_TYPE_BOOLEAN;
    value->value.boolean = kind == BARE_TRUE;
    return TOKEN_VALUE;
  }
}

/* Takes an unquoted value. Returns TOKEN_END if there is none here. */
static enum token take_bare(struct scanner *scanner) {
  char *text = strndup(scanner->at, strspn(scanner->at, BARE));
  if (text == NULL)
    return TOKEN_MEMORY;
  size_t longest = 0;
  enum bare kind = BARE_STRING;
  for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++) {
    size_t length = match_length(bare[i].regex, text);
    if (length > longest) {
      longest = length;
      kind = bare[i].kind;
    }
  }
  enum token token =
      longest > 0 ? set_bare_value(scanner, kind, text, longest) : TOKEN_END;
  free(text);
  return token;
}

/* The length of a backslash with the end of line after it, or 0. */
static size_t continuation_length(const char *at) {
  if (strncmp(at, "\\\n", 2) == 0)
    return 2;
  return strncmp(at, "\\\r\n", 3) == 0 ? 3 : 0;
}

/* Takes a quoted string. A backslash escapes the next character; before the end
 * of a line, it removes that and the blanks at the begin of the next line.
 * Returns TOKEN_END if the string is not terminated. */
static enum token take_string(struct scanner *scanner) {
  const char *at = scanner->at + 1;
  char *text = malloc(strlen(at) + 1);
  size_t length = 0;
  unsigned int lines = 0;
  if (text == NULL)
    return TOKEN_MEMORY;

  while (*at != '"' && *at != '\0') {
    size_t skip = continuation_length(at);
    lines += skip > 0 || *at == '\n';
    if (skip > 0) {
      at += skip;
      at += strspn(at, BLANKS);
      continue;
    }
    at += at[0] == '\\' && at[1] != '\0';
    text[length++] = *at++;
  }
  if (*at == '\0') {
    free(text);
    return TOKEN_END;
  }
  text[length] = '\0';
  scanner->line += lines;
  scanner->at = at + 1;
  scanner->is_name = false;
  scanner->value.type = OCONFIG_TYPE_STRING;
  scanner->value.value.string = text;
  return TOKEN_VALUE;
}

static void skip_blanks(struct scanner *scanner) {
  for (size_t skip = 1; skip > 0;) {
    scanner->at += strspn(scanner->at, BLANKS "\r");
    if (*scanner->at == '#')
      scanner->at += strcspn(scanner->at, "\n");
    skip = continuation_length(scanner->at);
    scanner->at += skip;
    scanner->line += skip > 0;
  }
}

static enum token take_mark(struct scanner *scanner, enum token token) {
  scanner->at++;
  scanner->line += token == TOKEN_LINE;
  return token;
}

enum token scanner_next(struct scanner *scanner) {
  for (;;) {
    skip_blanks(scanner);
    switch (*scanner->at) {
    case '\0':
      return TOKEN_END;
    case '\n':
      return take_mark(scanner, TOKEN_LINE);
    case '<':
      return take_mark(scanner, TOKEN_OPEN);
    case '>':
      return take_mark(scanner, TOKEN_CLOSE);
    case '/':
      return take_mark(scanner, TOKEN_SLASH);
    default:
      break;
    }
    enum token token =
        *scanner->at == '"' ? take_string(scanner) : take_bare(scanner);
    if (token != TOKEN_END)
      return token;
    scanner->at++; /* collectd skips it, too */
  }
}
