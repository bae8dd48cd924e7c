/* SPDX-License-Identifier: MIT */
#include "conf_file.h"

#include "parser.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <wordexp.h>

enum { DEPTH_MAX = 8, LINE_SIZE = 2 * PATH_MAX, FILTERED = -ENOMSG };

struct conf {
  void (*note)(const char *line);
  char *error;
  size_t size;
};

/* What to read. filter applies to the names of files; NULL: none. */
struct source {
  const char *path;
  const char *filter;
  int depth;
};

__attribute__((format(printf, 2, 3))) static int
fail_reading(const struct conf *conf, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(conf->error, conf->size, format, arguments);
  va_end(arguments);
  return -EINVAL;
}

__attribute__((format(printf, 2, 3))) static void
note_passed_over(const struct conf *conf, const char *format, ...) {
  char line[LINE_SIZE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  conf->note(line);
}

static int read_source(const struct conf *conf, const struct source *source,
                       oconfig_item_t *root);

/* Reads a file into text, which the caller frees. */
static int read_text(const char *path, char **text) {
  size_t length = 0;
  *text = NULL;
  FILE *file = fopen(path, "re");
  if (file == NULL)
    return -errno;
  errno = 0;
  ssize_t status = getdelim(text, &length, '\0', file);
  int error = status < 0 && ferror(file) ? -errno : 0;
  fclose(file);
  if (status < 0 && error == 0) { /* an empty file */
    free(*text);
    *text = strdup("");
  }
  return *text == NULL ? -ENOMEM : error;
}

static const char *filter_of(const struct conf *conf,
                             const oconfig_item_t *include) {
  const char *filter = NULL;
  for (int i = 0; i < include->children_num; i++) {
    const oconfig_item_t *child = &include->children[i];
    if (strcasecmp(child->key, "Filter") != 0)
      note_passed_over(conf, "%s: not allowed in <Include>", child->key);
    else if (child->values_num == 1 &&
             child->values[0].type == OCONFIG_TYPE_STRING)
      filter = child->values[0].value.string;
  }
  return filter;
}

/* Adds an item of a file, taking ownership of it; or the items that it
 * includes. */
static int add_item(const struct conf *conf, oconfig_item_t *item, int depth,
                    oconfig_item_t *root) {
  oconfig_item_t taken = *item;
  *item = (oconfig_item_t){0};
  if (strcasecmp(taken.key, "Include") != 0) {
    if (parser_append(root, &taken) == 0)
      return 0;
    parser_clear(&taken);
    return fail_reading(conf, "out of memory");
  }

  int status = 0;
  if (taken.values_num != 1 || taken.values[0].type != OCONFIG_TYPE_STRING) {
    note_passed_over(conf, "Include needs exactly one string");
  } else {
    const struct source included = {.path = taken.values[0].value.string,
                                    .filter = filter_of(conf, &taken),
                                    .depth = depth + 1};
    status = read_source(conf, &included, root);
  }
  parser_clear(&taken);
  return status;
}

static int read_file(const struct conf *conf, const struct source *source,
                     const char *path, oconfig_item_t *root) {
  const char *slash = strrchr(path, '/');
  if (source->filter != NULL &&
      fnmatch(source->filter, slash != NULL ? slash + 1 : path, 0) != 0) {
    fail_reading(conf, "%s: Filter \"%s\" does not match", path,
                 source->filter);
    return FILTERED;
  }
  char *text, error[512];
  int status = read_text(path, &text);
  if (status != 0) {
    free(text);
    return fail_reading(conf, "%s: %s", path, strerror(-status));
  }
  oconfig_item_t file = {0};
  status = parser_parse(text, &file, error, sizeof(error));
  free(text);
  if (status != 0)
    status = fail_reading(conf, "%s: %s", path, error);
  for (int i = 0; i < file.children_num && status == 0; i++)
    status = add_item(conf, &file.children[i], source->depth, root);
  parser_clear(&file);
  return status;
}

static int is_shown(const struct dirent *entry) {
  return entry->d_name[0] != '.';
}

static int compare_names(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

/* A file with an error is skipped completely. The filter applies here. */
static void read_entry(const struct conf *conf, const struct source *source,
                       const char *path, oconfig_item_t *root) {
  const struct source entry = {
      .path = path, .filter = source->filter, .depth = source->depth};
  oconfig_item_t found = {0};
  int status = read_source(conf, &entry, &found);
  if (status != 0 && status != FILTERED)
    note_passed_over(conf, "collectd skips %s", conf->error);
  for (int i = 0; i < found.children_num && status == 0; i++)
    if (parser_append(root, &found.children[i]) == 0)
      found.children[i] = (oconfig_item_t){0};
  conf->error[0] = '\0';
  parser_clear(&found);
}

static int read_directory(const struct conf *conf, const struct source *source,
                          const char *path, oconfig_item_t *root) {
  struct dirent **entries;
  int count = scandir(path, &entries, is_shown, compare_names);
  if (count < 0)
    return fail_reading(conf, "%s: %s", path, strerror(errno));
  for (int i = 0; i < count; i++) {
    char entry[PATH_MAX];
    if ((size_t)snprintf(entry, sizeof(entry), "%s/%s", path,
                         entries[i]->d_name) < sizeof(entry))
      read_entry(conf, source, entry, root);
    free(entries[i]);
  }
  free(entries);
  return 0;
}

static int read_path(const struct conf *conf, const struct source *source,
                     const char *path, oconfig_item_t *root) {
  struct stat st;
  if (stat(path, &st) != 0) {
    note_passed_over(conf, "collectd skips %s: %s", path, strerror(errno));
    return 0;
  }
  if (S_ISREG(st.st_mode))
    return read_file(conf, source, path, root);
  if (S_ISDIR(st.st_mode))
    return read_directory(conf, source, path, root);
  note_passed_over(conf, "collectd skips %s: neither a file nor a directory",
                   path);
  return 0;
}

static int compare_words(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_source(const struct conf *conf, const struct source *source,
                       oconfig_item_t *root) {
  wordexp_t words;
  if (source->depth >= DEPTH_MAX)
    return fail_reading(conf, "Include \"%s\": nested more than %d files deep",
                        source->path, DEPTH_MAX);
  if (wordexp(source->path, &words, WRDE_NOCMD) != 0)
    return fail_reading(conf, "Include \"%s\": the shell cannot expand it",
                        source->path);
  int status = 0;
  qsort(words.we_wordv, words.we_wordc, sizeof(words.we_wordv[0]),
        compare_words);
  for (size_t i = 0; i < words.we_wordc && status == 0; i++)
    status = read_path(conf, source, words.we_wordv[i], root);
  wordfree(&words);
  return status;
}

int conf_file_read(const char *path, oconfig_item_t *root,
                   void (*note)(const char *line), char *error, size_t size) {
  const struct conf conf = {.note = note, .error = error, .size = size};
  const struct source source = {.path = path};
  return read_source(&conf, &source, root);
}
