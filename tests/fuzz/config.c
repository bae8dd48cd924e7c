/* SPDX-License-Identifier: MIT */
#include "collectd/config.h"

#include "fuzz/clean.h"
#include "support/oconfig.h"

#include <errno.h>

/*
 * The contents of a <Plugin taskstats> block as text. Malformed input also
 * yields a tree, so that any tree that collectd can produce is possible.
 */

enum { DEPTH_MAX = 6, ERROR_SIZE = 1024 };

/* A string in quotes, up to the next one or the end. */
static char *take_quoted(const char **at) {
  char *text = calloc(1, strlen(*at) + 1), *to = text;
  fuzz_check(text != NULL);
  for (++*at; **at != '\0' && **at != '"'; ++*at) {
    if ((*at)[0] == '\\' && (*at)[1] != '\0')
      ++*at;
    *to++ = **at;
  }
  *at += **at == '"';
  return text;
}

static char *take_word(const char **at) {
  size_t length = strcspn(*at, " \t\n>");
  char *word = strndup(*at, length);
  fuzz_check(word != NULL);
  *at += length;
  return word;
}

static oconfig_value_t take_value(const char **at) {
  bool is_quoted = **at == '"';
  char *text = is_quoted ? take_quoted(at) : take_word(at), *end;
  oconfig_value_t value = {.type = OCONFIG_TYPE_STRING, .value.string = text};
  double number = strtod(text, &end);
  if (!is_quoted && text[0] != '\0' && *end == '\0')
    value =
        (oconfig_value_t){.type = OCONFIG_TYPE_NUMBER, .value.number = number};
  else if (!is_quoted &&
           (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
    value = (oconfig_value_t){.type = OCONFIG_TYPE_BOOLEAN,
                              .value.boolean = text[0] == 't'};
  if (value.type != OCONFIG_TYPE_STRING)
    free(text);
  return value;
}

static void *grow(void *array, int count, size_t size) {
  void *larger = realloc(array, (size_t)(count + 1) * size);
  fuzz_check(larger != NULL);
  return larger;
}

static void take_values(oconfig_item_t *item, const char **at) {
  for (*at += strspn(*at, " \t"); **at != '\n' && **at != '>' && **at != '\0';
       *at += strspn(*at, " \t")) {
    item->values =
        grow(item->values, item->values_num, sizeof(item->values[0]));
    item->values[item->values_num++] = take_value(at);
  }
}

/* Takes options up to the end of the block, or of the text. */
static void take_children(oconfig_item_t *parent, const char **at, int depth) {
  for (*at += strspn(*at, " \t\n>"); **at != '\0';
       *at += strspn(*at, " \t\n>")) {
    bool is_end = strncmp(*at, "</", 2) == 0;
    if (is_end || **at == '#') {
      *at += strcspn(*at, "\n");
      if (is_end && depth > 0)
        return;
      continue;
    }
    bool is_block = **at == '<';
    *at += is_block;
    oconfig_item_t item = {.key = take_word(at), .parent = parent};
    take_values(&item, at);
    if (is_block && depth < DEPTH_MAX)
      take_children(&item, at, depth + 1);
    parent->children =
        grow(parent->children, parent->children_num, sizeof(item));
    parent->children[parent->children_num++] = item;
  }
}

static void check_rules(const struct settings *settings) {
  for (const struct rule *r = settings->rules; r != NULL; r = r->next) {
    fuzz_check(r->name[0] != '\0' && strlen(r->name) < GROUP_NAME_SIZE);
    if (r->template == NULL)
      fuzz_check(clean_is_name(r->name));
    else
      fuzz_check(!group_name_is_fixed(r->template));
    for (const struct rule *other = r->next; other != NULL; other = other->next)
      fuzz_check(strcmp(r->name, other->name) != 0);
  }
}

/* Parses a configuration; error says why that failed. */
static int configure(const oconfig_item_t *block, char *error) {
  struct settings settings;
  memset(error, 'x', ERROR_SIZE);
  error[0] = '\0';

  config_init(&settings);
  int status = config_add_block(&settings, block, error, ERROR_SIZE);
  fuzz_check(status == 0 || status == -EINVAL);
  fuzz_check(memchr(error, '\0', ERROR_SIZE) != NULL);
  if (status == 0) {
    fuzz_check(error[0] == '\0');
    config_finish(&settings);
    check_rules(&settings);
    fuzz_check(settings.watch_buffer >= 4096);
    fuzz_check(settings.notify_rate >= 1 && settings.max_groups >= 1);
    fuzz_check(settings.watches || settings.watch_cpus == NULL);
  } else { /* it names the option */
    fuzz_check(strstr(error, "option ") != NULL);
  }
  config_clear(&settings);
  return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static char error[ERROR_SIZE], again[ERROR_SIZE];
  struct fuzz_input input = {data, size};
  char *text = fuzz_take_string(&input);
  const char *at = text;
  oconfig_item_t block = {.key = NULL};

  take_children(&block, &at, 0);
  int status = configure(&block, error);
  fuzz_check(configure(&block, again) == status);
  fuzz_check(strcmp(error, again) == 0);
  oconfig_clear(&block);
  free(text);
  return 0;
}
