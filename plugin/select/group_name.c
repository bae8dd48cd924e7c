/* SPDX-License-Identifier: MIT */
#include "select/group_name.h"

#include "select/cgroup_unit.h"
#include "select/kernel_thread.h"
#include "select/text.h"
#include "select/user_cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct placeholder {
  const char *name;
  /* NO: the process lacks the attribute, or hides it. UNKNOWN: not known yet.
   */
  enum selector_match (*put)(struct text *out, struct attributes *a);
};

/* Exactly one of these three is set. */
struct part {
  const char *text; /* points into the template's text */
  size_t length;
  const struct placeholder *placeholder;
  unsigned int capture; /* the number of a capture, from 1 */
};

struct group_name {
  char *text;
  size_t count;
  struct part parts[];
};

static const char none[] = "none";

static void put_string(struct text *out, const char *string) {
  text_put(out, string, strlen(string));
}

/* Placeholders */

/* For a kernel thread, the name of its pool. */
static enum selector_match put_comm(struct text *out, struct attributes *a) {
  size_t length = strlen(a->comm), pool = kernel_thread_pool_length(a->comm);
  bool is_pooled = pool < length && attributes_are_of_kernel_thread(a);
  text_put(out, a->comm, is_pooled ? pool : length);
  return SELECTOR_YES;
}

static enum selector_match put_exe(struct text *out, struct attributes *a) {
  const char *exe = attributes_exe(a);
  if (exe == NULL)
    return SELECTOR_NO;
  const char *slash = strrchr(exe, '/');
  put_string(out, slash != NULL ? slash + 1 : exe);
  return SELECTOR_YES;
}

static enum selector_match put_user(struct text *out, struct attributes *a) {
  uid_t uid;
  if (!attributes_uid(a, &uid))
    return SELECTOR_NO;
  char name[128];
  if (user_cache_name(uid, name, sizeof(name)) != USER_FOUND) {
    a->is_pending = true;
    return SELECTOR_UNKNOWN;
  }
  put_string(out, name);
  return SELECTOR_YES;
}

static enum selector_match put_pid(struct text *out, struct attributes *a) {
  char number[16];
  snprintf(number, sizeof(number), "%d", a->pid);
  put_string(out, number);
  return SELECTOR_YES;
}

static enum selector_match put_unit(struct text *out, struct attributes *a) {
  const char *cgroup = attributes_cgroup(a);
  if (cgroup == NULL)
    return SELECTOR_NO;
  char name[CGROUP_UNIT_SIZE];
  put_string(out, cgroup_unit_name(cgroup, name, sizeof(name)) ? name : none);
  return SELECTOR_YES;
}

static enum selector_match put_cgroup(struct text *out, struct attributes *a) {
  const char *cgroup = attributes_cgroup(a);
  if (cgroup == NULL)
    return SELECTOR_NO;
  put_string(out, cgroup);
  return SELECTOR_YES;
}

static const struct placeholder placeholders[] = {
    {"comm", put_comm}, {"exe", put_exe},   {"user", put_user},
    {"pid", put_pid},   {"unit", put_unit}, {"cgroup", put_cgroup},
};

enum { PLACEHOLDERS = sizeof(placeholders) / sizeof(placeholders[0]) };

/* Parsing */

static int fail_unknown(const char *name, size_t length, char *error,
                        size_t size) {
  char known[128] = "";
  size_t used = 0;
  for (size_t i = 0; i < PLACEHOLDERS && used < sizeof(known); i++)
    used += (size_t)snprintf(known + used, sizeof(known) - used, "%%{%s}, ",
                             placeholders[i].name);
  snprintf(error, size,
           "has the unknown placeholder \"%%{%.*s}\"; known are %sand %%{1} to "
           "%%{%d}",
           (int)length, name, known, CAPTURES);
  return -EINVAL;
}

static int parse_name(struct part *part, const char *name, size_t length,
                      char *error, size_t size) {
  if (length == 1 && name[0] >= '1' && name[0] <= '0' + CAPTURES) {
    part->capture = (unsigned int)(name[0] - '0');
    return 0;
  }
  for (size_t i = 0; i < PLACEHOLDERS; i++)
    if (strlen(placeholders[i].name) == length &&
        memcmp(placeholders[i].name, name, length) == 0) {
      part->placeholder = &placeholders[i];
      return 0;
    }
  return fail_unknown(name, length, error, size);
}

/* Parses what begins with a percent sign, and moves past it. */
static int parse_percent(struct part *part, const char **text, char *error,
                         size_t size) {
  const char *start = *text + 1;
  if (*start == '%') {
    part->text = start;
    part->length = 1;
    *text = start + 1;
    return 0;
  }
  if (*start != '{') {
    snprintf(error, size,
             "has a percent sign that does not begin a placeholder; write "
             "\"%%%%\" for a percent sign, or a placeholder as \"%%{%s}\"",
             placeholders[0].name);
    return -EINVAL;
  }
  const char *end = strchr(++start, '}');
  if (end == NULL) {
    snprintf(error, size,
             "has an unterminated placeholder \"%%{%s\"; add \"}\" after the "
             "name, or write \"%%%%\" for a percent sign",
             start);
    return -EINVAL;
  }
  *text = end + 1;
  return parse_name(part, start, (size_t)(end - start), error, size);
}

static int parse_parts(struct group_name *template, char *error, size_t size) {
  for (const char *text = template->text; *text != '\0';) {
    struct part *part = &template->parts[template->count++];
    if (*text == '%') {
      int status = parse_percent(part, &text, error, size);
      if (status != 0)
        return status;
    } else {
      part->text = text;
      part->length = strcspn(text, "%");
      text += part->length;
    }
  }
  return 0;
}

int group_name_parse(const char *text, struct group_name **result, char *error,
                     size_t size) {
  /* Each part represents at least one byte of the text. */
  struct group_name *template =
      calloc(1, sizeof(*template) + strlen(text) * sizeof(template->parts[0]));
  if (template == NULL || (template->text = strdup(text)) == NULL) {
    free(template);
    snprintf(error, size, "cannot be stored: out of memory");
    return -ENOMEM;
  }
  int status = parse_parts(template, error, size);
  if (status != 0) {
    group_name_destroy(template);
    return status;
  }
  *result = template;
  return 0;
}

void group_name_destroy(struct group_name *template) {
  if (template == NULL)
    return;
  free(template->text);
  free(template);
}

bool group_name_is_fixed(const struct group_name *template) {
  for (size_t i = 0; i < template->count; i++)
    if (template->parts[i].text == NULL)
      return false;
  return true;
}

static bool has_placeholder(const struct group_name *template,
                            enum selector_match (*put)(struct text *out,
                                                       struct attributes *a)) {
  for (size_t i = 0; i < template->count; i++)
    if (template->parts[i].placeholder != NULL &&
        template->parts[i].placeholder->put == put)
      return true;
  return false;
}

bool group_name_wants_user(const struct group_name *template) {
  return has_placeholder(template, put_user);
}

bool group_name_wants_pid(const struct group_name *template) {
  return has_placeholder(template, put_pid);
}

unsigned int group_name_captures(const struct group_name *template) {
  unsigned int highest = 0;
  for (size_t i = 0; i < template->count; i++)
    if (template->parts[i].capture > highest)
      highest = template->parts[i].capture;
  return highest;
}

/* Expansion */

static enum selector_match put_part(struct text *out, const struct part *part,
                                    struct attributes *a,
                                    const struct captures *captures) {
  if (part->placeholder != NULL)
    return part->placeholder->put(out, a);
  if (part->capture != 0)
    text_put(out, captures->part[part->capture - 1].text,
             captures->part[part->capture - 1].length);
  else
    text_put(out, part->text, part->length);
  return SELECTOR_YES;
}

enum selector_match group_name_expand(const struct group_name *template,
                                      struct attributes *a,
                                      const struct captures *captures,
                                      char *name, size_t size) {
  struct text out;
  text_begin(&out, name, size, true);
  for (size_t i = 0; i < template->count; i++) {
    enum selector_match result =
        put_part(&out, &template->parts[i], a, captures);
    if (result == SELECTOR_YES)
      continue;
    if (result == SELECTOR_UNKNOWN || attributes_are_incomplete(a))
      return SELECTOR_UNKNOWN;
    put_string(&out, none);
  }
  if (text_end(&out) == 0)
    snprintf(name, size, "%s", none);
  return SELECTOR_YES;
}
