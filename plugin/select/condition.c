/* SPDX-License-Identifier: MIT */
#include "select/condition.h"

#include "select/cgroup_unit.h"
#include "select/path_watch.h"
#include "select/user_cache.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The length to which the kernel truncates a command name (TASK_COMM_LEN). */
enum { COMM_LENGTH = 15 };

static int parse_text(struct condition *condition, char *error, size_t size) {
  if (condition->text[0] != '\0')
    return 0;
  snprintf(error, size, "is empty; give it at least one character");
  return -EINVAL;
}

static int parse_path(struct condition *condition, enum path_kind kind,
                      char *error, size_t size) {
  if (condition->text[0] != '/' || strlen(condition->text) >= PATH_MAX) {
    snprintf(error, size, "is not an absolute path; begin it with \"/\"");
    return -EINVAL;
  }
  condition->path = path_watch_create(kind, condition->text);
  if (condition->path != NULL)
    return 0;
  snprintf(error, size, "cannot be watched: out of memory");
  return -ENOMEM;
}

static int parse_executable(struct condition *condition, char *error,
                            size_t size) {
  return parse_path(condition, PATH_EXECUTABLE, error, size);
}

static int parse_pid_file(struct condition *condition, char *error,
                          size_t size) {
  return parse_path(condition, PATH_PID_FILE, error, size);
}

static int parse_regex(struct condition *condition, char *error, size_t size) {
  if (parse_text(condition, error, size) != 0)
    return -EINVAL;
  return pattern_compile(condition->text, &condition->pattern, error, size);
}

static int parse_unit(struct condition *condition, char *error, size_t size) {
  if (strchr(condition->text, '/') == NULL)
    return parse_text(condition, error, size);
  snprintf(error, size,
           "is not a unit name; give the name alone, such as "
           "\"nginx.service\", or match the path by ControlGroup");
  return -EINVAL;
}

/* A number, or a name that the user cache looks up, because users may be added
 * and removed. */
static int parse_user(struct condition *condition, char *error, size_t size) {
  enum { NAME_MAX_LENGTH = 127 };
  char *end;
  errno = 0;
  unsigned long number = strtoul(condition->text, &end, 10);
  if (condition->text[0] >= '0' && condition->text[0] <= '9' && *end == '\0' &&
      errno == 0 && number < UINT32_MAX) {
    condition->uid = (uid_t)number;
    condition->is_number = true;
    return 0;
  }
  size_t length = strlen(condition->text);
  bool has_letters = strspn(condition->text, "0123456789.") < length;
  if (length > 0 && length <= NAME_MAX_LENGTH && has_letters &&
      strpbrk(condition->text, ":/\n ") == NULL && condition->text[0] != '-')
    return 0;
  snprintf(error, size,
           "is not a user; give a user name (see \"getent passwd\") or a "
           "number up to %" PRIu32,
           UINT32_MAX - 1);
  return -EINVAL;
}

static enum selector_match yes_or_no(bool yes) {
  return yes ? SELECTOR_YES : SELECTOR_NO;
}

/* The answer if an attribute is unavailable. */
static enum selector_match no_or_unknown(const struct attributes *a) {
  return attributes_are_incomplete(a) ? SELECTOR_UNKNOWN : SELECTOR_NO;
}

static enum selector_match match_command(const struct condition *condition,
                                         struct matching *matching) {
  const struct attributes *a = matching->a;
  if (strcmp(a->comm, condition->text) == 0)
    return SELECTOR_YES;
  /* The kernel truncated a longer name. */
  return yes_or_no(strlen(a->comm) == COMM_LENGTH &&
                   strncmp(a->comm, condition->text, COMM_LENGTH) == 0);
}

static enum selector_match match_regex(const struct condition *condition,
                                       struct matching *matching,
                                       const char *text,
                                       struct captures *captures) {
  if (text == NULL)
    return no_or_unknown(matching->a);
  struct captures found = {0};
  enum pattern_result result =
      matching_match(matching, condition->pattern, text, &found);
  if (result == PATTERN_NO)
    return SELECTOR_NO;
  if (result != PATTERN_YES) {
    matching->undecided = condition->text;
    matching->limit = result;
    return SELECTOR_UNKNOWN;
  }
  size_t room = captures != NULL && condition->first_capture < CAPTURES
                    ? CAPTURES - condition->first_capture
                    : 0;
  size_t count = pattern_captures(condition->pattern);
  if (room > 0)
    memcpy(&captures->part[condition->first_capture], found.part,
           (count < room ? count : room) * sizeof(found.part[0]));
  return SELECTOR_YES;
}

static enum selector_match
match_exited_executable(const struct condition *condition,
                        const struct attributes *a) {
  if (a->exe_inode == 0)
    return no_or_unknown(a);
  switch (path_watch_is(condition->path, a->exe_dev, a->exe_inode)) {
  case PATH_IS:
    return SELECTOR_YES;
  case PATH_WAS: /* or another file that has the same inode now */
    return path_watch_has_name(condition->path, a->comm) ? SELECTOR_YES
                                                         : SELECTOR_UNKNOWN;
  case PATH_IS_NOT:
    return SELECTOR_NO;
  default:
    return SELECTOR_UNKNOWN;
  }
}

static enum selector_match match_executable(const struct condition *condition,
                                            struct matching *matching) {
  struct attributes *a = matching->a;
  if (a->proc == NULL)
    return match_exited_executable(condition, a);
  const char *exe = attributes_exe(a);
  if (exe == NULL || !path_watch_has_path(condition->path, exe))
    return SELECTOR_NO;
  a->executable = condition->path;
  return SELECTOR_YES;
}

static enum selector_match match_user(const struct condition *condition,
                                      struct matching *matching) {
  struct attributes *a = matching->a;
  uid_t uid, wanted = condition->uid;
  if (!attributes_uid(a, &uid))
    return SELECTOR_NO;
  if (condition->is_number)
    return yes_or_no(uid == wanted);
  switch (user_cache_uid(condition->text, &wanted)) {
  case USER_FOUND:
    return yes_or_no(uid == wanted);
  case USER_UNKNOWN:
    matching->is_pending = true;
    return SELECTOR_UNKNOWN;
  default:
    return SELECTOR_NO;
  }
}

/* Unit names may contain backslashes. They are matched as systemctl shows them,
 * which also takes backslashes literally. */
static enum selector_match match_unit(const struct condition *condition,
                                      struct matching *matching) {
  const char *cgroup = attributes_cgroup(matching->a);
  char name[CGROUP_UNIT_SIZE];
  if (cgroup == NULL)
    return no_or_unknown(matching->a);
  return yes_or_no(cgroup_unit_name(cgroup, name, sizeof(name)) &&
                   fnmatch(condition->text, name, FNM_NOESCAPE) == 0);
}

static enum selector_match match_pid_file(const struct condition *condition,
                                          struct matching *matching) {
  const struct attributes *a = matching->a;
  return yes_or_no(path_watch_has_pid(condition->path, a->pid));
}

static const struct {
  int (*parse)(struct condition *condition, char *error, size_t size);
  enum selector_match (*match)(const struct condition *condition,
                               struct matching *matching);
  /* the text that a regular expression is matched against */
  const char *(*text)(struct attributes *a);
} kinds[SELECTOR_KINDS] = {
    [SELECTOR_COMMAND] = {parse_text, match_command, NULL},
    [SELECTOR_PID_FILE] = {parse_pid_file, match_pid_file, NULL},
    [SELECTOR_EXECUTABLE] = {parse_executable, match_executable, NULL},
    [SELECTOR_CONTROL_GROUP] = {parse_regex, NULL, attributes_cgroup},
    [SELECTOR_UNIT] = {parse_unit, match_unit, NULL},
    [SELECTOR_COMMAND_LINE] = {parse_regex, NULL, attributes_cmdline},
    [SELECTOR_USER] = {parse_user, match_user, NULL},
};

int condition_create(enum selector_kind kind, const char *text,
                     struct condition **result, char *error, size_t size) {
  struct condition *condition = calloc(1, sizeof(*condition));
  if (condition == NULL || (condition->text = strdup(text)) == NULL) {
    free(condition);
    snprintf(error, size, "cannot be stored: out of memory");
    return -ENOMEM;
  }
  int status = kinds[kind].parse(condition, error, size);
  if (status != 0) {
    condition_destroy(condition);
    return status;
  }
  *result = condition;
  return 0;
}

void condition_destroy(struct condition *condition) {
  if (condition == NULL)
    return;
  pattern_destroy(condition->pattern);
  path_watch_destroy(condition->path);
  free(condition->text);
  free(condition);
}

enum selector_match condition_match(enum selector_kind kind,
                                    const struct condition *condition,
                                    struct matching *matching,
                                    struct captures *captures) {
  if (kinds[kind].text == NULL)
    return kinds[kind].match(condition, matching);
  const char *text = kinds[kind].text(matching->a);
  return match_regex(condition, matching, text, captures);
}
