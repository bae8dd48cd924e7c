/* SPDX-License-Identifier: MIT */
#include "select/selector.h"

#include "select/matching.h"
#include "select/path_watch.h"
#include "select/user_cache.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct value {
  struct value *next;
  char *text;
  struct pattern *pattern;    /* CommandLine, ControlGroup */
  unsigned int first_capture; /* the number of its first part, from 0 */
  uid_t uid;                  /* User, if that is a number */
  bool is_number;

  struct path_watch *path; /* Executable, PIDFile */
  pid_t pid; /* PIDFile: whom it named at the last refresh, or 0 */
};

struct selector {
  struct value *values[SELECTOR_KINDS];
  unsigned int captures;
};

/* How many characters of a command name the kernel keeps (TASK_COMM_LEN). */
enum { COMM_LENGTH = 15 };

static int parse_text(struct value *value, char *error, size_t size) {
  if (value->text[0] != '\0')
    return 0;
  snprintf(error, size, "is empty; give it at least one character");
  return -EINVAL;
}

static int parse_path(struct value *value, enum path_kind kind, char *error,
                      size_t size) {
  if (value->text[0] != '/' || strlen(value->text) >= PATH_MAX) {
    snprintf(error, size, "is no absolute path; begin it with \"/\"");
    return -EINVAL;
  }
  value->path = path_watch_create(kind, value->text);
  if (value->path != NULL)
    return 0;
  snprintf(error, size, "cannot be watched: out of memory");
  return -ENOMEM;
}

static int parse_executable(struct value *value, char *error, size_t size) {
  return parse_path(value, PATH_EXECUTABLE, error, size);
}

static int parse_pid_file(struct value *value, char *error, size_t size) {
  return parse_path(value, PATH_PID_FILE, error, size);
}

static int parse_regex(struct value *value, char *error, size_t size) {
  if (parse_text(value, error, size) != 0)
    return -EINVAL;
  return pattern_compile(value->text, &value->pattern, error, size);
}

/* A number, or a name that the user cache looks up, since a user may come and
 * go. */
static int parse_user(struct value *value, char *error, size_t size) {
  enum { NAME_MAX_LENGTH = 127 };
  char *end;
  errno = 0;
  unsigned long number = strtoul(value->text, &end, 10);
  if (value->text[0] >= '0' && value->text[0] <= '9' && *end == '\0' &&
      errno == 0 && number < UINT32_MAX) {
    value->uid = (uid_t)number;
    value->is_number = true;
    return 0;
  }
  size_t length = strlen(value->text);
  bool has_letters = strspn(value->text, "0123456789.") < length;
  if (length > 0 && length <= NAME_MAX_LENGTH && has_letters &&
      strpbrk(value->text, ":/\n ") == NULL && value->text[0] != '-')
    return 0;
  snprintf(error, size,
           "cannot be a user; give the name of one, see \"getent passwd\", or "
           "a number up to %" PRIu32,
           UINT32_MAX - 1);
  return -EINVAL;
}

static enum selector_match yes_or_no(bool yes) {
  return yes ? SELECTOR_YES : SELECTOR_NO;
}

/* For what cannot be had. */
static enum selector_match no_or_unknown(const struct attributes *a) {
  return attributes_are_incomplete(a) ? SELECTOR_UNKNOWN : SELECTOR_NO;
}

static enum selector_match match_command(const struct value *value,
                                         struct matching *matching) {
  const struct attributes *a = matching->a;
  if (strcmp(a->comm, value->text) == 0)
    return SELECTOR_YES;
  /* A longer name was cut by the kernel. */
  return yes_or_no(strlen(a->comm) == COMM_LENGTH &&
                   strncmp(a->comm, value->text, COMM_LENGTH) == 0);
}

static enum selector_match match_regex(const struct value *value,
                                       struct matching *matching,
                                       const char *text,
                                       struct captures *captures) {
  if (text == NULL)
    return no_or_unknown(matching->a);
  struct captures found = {0};
  enum pattern_result result =
      matching_match(matching, value->pattern, text, &found);
  if (result == PATTERN_NO)
    return SELECTOR_NO;
  if (result != PATTERN_YES) {
    matching->undecided = value->text;
    matching->limit = result;
    return SELECTOR_UNKNOWN;
  }
  size_t room = captures != NULL && value->first_capture < CAPTURES
                    ? CAPTURES - value->first_capture
                    : 0;
  size_t count = pattern_captures(value->pattern);
  if (room > 0)
    memcpy(&captures->part[value->first_capture], found.part,
           (count < room ? count : room) * sizeof(found.part[0]));
  return SELECTOR_YES;
}

static enum selector_match match_exited_executable(const struct value *value,
                                                   const struct attributes *a) {
  if (a->exe_inode == 0)
    return no_or_unknown(a);
  switch (path_watch_is(value->path, a->exe_dev, a->exe_inode)) {
  case PATH_IS:
    return SELECTOR_YES;
  case PATH_WAS: /* or another file, which has the inode now */
    return path_watch_has_name(value->path, a->comm) ? SELECTOR_YES
                                                     : SELECTOR_UNKNOWN;
  case PATH_IS_NOT:
    return SELECTOR_NO;
  default:
    return SELECTOR_UNKNOWN;
  }
}

static enum selector_match match_executable(const struct value *value,
                                            struct matching *matching) {
  struct attributes *a = matching->a;
  if (a->proc == NULL)
    return match_exited_executable(value, a);
  const char *exe = attributes_exe(a);
  if (exe == NULL || !path_watch_has_path(value->path, exe))
    return SELECTOR_NO;
  a->executable = value->path;
  return SELECTOR_YES;
}

static enum selector_match match_user(const struct value *value,
                                      struct matching *matching) {
  struct attributes *a = matching->a;
  uid_t uid, wanted = value->uid;
  if (!attributes_uid(a, &uid))
    return SELECTOR_NO;
  if (value->is_number)
    return yes_or_no(uid == wanted);
  switch (user_cache_uid(value->text, &wanted)) {
  case USER_FOUND:
    return yes_or_no(uid == wanted);
  case USER_UNKNOWN:
    matching->is_pending = true;
    return SELECTOR_UNKNOWN;
  default:
    return SELECTOR_NO;
  }
}

static enum selector_match match_pid_file(const struct value *value,
                                          struct matching *matching) {
  const struct attributes *a = matching->a;
  return yes_or_no(path_watch_pid(value->path) == a->pid);
}

static const struct {
  int (*parse)(struct value *value, char *error, size_t size);
  enum selector_match (*match)(const struct value *value,
                               struct matching *matching);
  const char *(*text)(struct attributes *a); /* what a regex is matched with */
} kinds[SELECTOR_KINDS] = {
    [SELECTOR_COMMAND] = {parse_text, match_command, NULL},
    [SELECTOR_PID_FILE] = {parse_pid_file, match_pid_file, NULL},
    [SELECTOR_EXECUTABLE] = {parse_executable, match_executable, NULL},
    [SELECTOR_CONTROL_GROUP] = {parse_regex, NULL, attributes_cgroup},
    [SELECTOR_COMMAND_LINE] = {parse_regex, NULL, attributes_cmdline},
    [SELECTOR_USER] = {parse_user, match_user, NULL},
};

struct selector *selector_create(void) {
  return calloc(1, sizeof(struct selector));
}

void selector_destroy(struct selector *selector) {
  if (selector == NULL)
    return;

  for (size_t i = 0; i < SELECTOR_KINDS; i++) {
    struct value *next;
    for (struct value *v = selector->values[i]; v != NULL; v = next) {
      next = v->next;
      pattern_destroy(v->pattern);
      path_watch_destroy(v->path);
      free(v->text);
      free(v);
    }
  }
  free(selector);
}

int selector_add(struct selector *selector, enum selector_kind kind,
                 const char *text, char *error, size_t size) {
  struct value *value = calloc(1, sizeof(*value));
  if (value == NULL || (value->text = strdup(text)) == NULL) {
    free(value);
    snprintf(error, size, "finds no memory");
    return -ENOMEM;
  }
  int status = kinds[kind].parse(value, error, size);
  if (status != 0) {
    pattern_destroy(value->pattern);
    path_watch_destroy(value->path);
    free(value->text);
    free(value);
    return status;
  }
  value->first_capture = selector->captures;
  if (value->pattern != NULL)
    selector->captures += pattern_captures(value->pattern);

  struct value **end = &selector->values[kind];
  while (*end != NULL)
    end = &(*end)->next;
  *end = value;
  return 0;
}

bool selector_is_empty(const struct selector *selector) {
  for (size_t i = 0; i < SELECTOR_KINDS; i++)
    if (selector->values[i] != NULL)
      return false;
  return true;
}

unsigned int selector_captures(const struct selector *selector) {
  return selector->captures;
}

static enum selector_match match_one(enum selector_kind kind,
                                     const struct value *value,
                                     struct matching *matching,
                                     struct captures *captures) {
  if (kinds[kind].text == NULL)
    return kinds[kind].match(value, matching);
  const char *text = kinds[kind].text(matching->a);
  return match_regex(value, matching, text, captures);
}

/* One of the alternatives has to match. */
static enum selector_match match_any(enum selector_kind kind,
                                     const struct value *value,
                                     struct matching *matching,
                                     struct captures *captures) {
  enum selector_match result = SELECTOR_NO;
  for (; value != NULL; value = value->next) {
    enum selector_match match = match_one(kind, value, matching, captures);
    if (match == SELECTOR_YES)
      return SELECTOR_YES;
    if (match == SELECTOR_UNKNOWN)
      result = SELECTOR_UNKNOWN;
  }
  return result;
}

/* In which order the kinds are asked: cheap ones first. Of a process that has
 * ended, the user is known. */
static const enum selector_kind order_living[SELECTOR_KINDS] = {
    SELECTOR_COMMAND,       SELECTOR_PID_FILE,     SELECTOR_EXECUTABLE,
    SELECTOR_CONTROL_GROUP, SELECTOR_COMMAND_LINE, SELECTOR_USER};
static const enum selector_kind order_ended[SELECTOR_KINDS] = {
    SELECTOR_COMMAND,    SELECTOR_USER,          SELECTOR_PID_FILE,
    SELECTOR_EXECUTABLE, SELECTOR_CONTROL_GROUP, SELECTOR_COMMAND_LINE};

/* All of the kinds have to match: one that does not decides, whatever is
 * unknown of others. */
static enum selector_match match_all(const struct selector *selector,
                                     struct matching *matching,
                                     struct captures *captures) {
  const enum selector_kind *order =
      matching->a->proc != NULL ? order_living : order_ended;
  enum selector_match result = SELECTOR_YES;
  if (captures != NULL)
    memset(captures, 0, sizeof(*captures));
  for (size_t i = 0; i < SELECTOR_KINDS; i++) {
    const struct value *values = selector->values[order[i]];
    if (values == NULL)
      continue;
    enum selector_match match = match_any(order[i], values, matching, captures);
    if (match == SELECTOR_NO)
      return SELECTOR_NO;
    if (match == SELECTOR_UNKNOWN)
      result = SELECTOR_UNKNOWN;
  }
  return result;
}

enum selector_match selector_match(const struct selector *selector,
                                   struct attributes *a,
                                   struct captures *captures) {
  struct matching matching = {.a = a};
  enum selector_match result;
  do
    result = match_all(selector, &matching, captures);
  while (result == SELECTOR_UNKNOWN && matching_begin_work(&matching));
  /* Otherwise, another condition has decided. */
  bool is_unknown = result == SELECTOR_UNKNOWN;
  a->undecided = is_unknown ? matching.undecided : NULL;
  a->limit = matching.limit;
  a->is_pending |= is_unknown && matching.is_pending;
  return result;
}

bool selector_wants_pid(const struct selector *selector) {
  return selector->values[SELECTOR_PID_FILE] != NULL;
}

bool selector_look_up_users(const struct selector *selector) {
  bool has_names = false;
  uid_t uid;
  for (const struct value *v = selector->values[SELECTOR_USER]; v != NULL;
       v = v->next)
    if (!v->is_number) {
      has_names = true;
      user_cache_uid(v->text, &uid);
    }
  return has_names;
}

void selector_refresh(struct selector *selector,
                      void (*changed)(void *context, pid_t pid),
                      void *context) {
  for (struct value *v = selector->values[SELECTOR_PID_FILE]; v != NULL;
       v = v->next) {
    pid_t before = v->pid;
    pid_t now = path_watch_pid(v->path);
    v->pid = now;
    if (now == before)
      continue;
    if (before != 0)
      changed(context, before);
    if (now != 0)
      changed(context, now);
  }
}
