/* SPDX-License-Identifier: MIT */
#include "selector.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct value {
  struct value *next;
  char *text;
  regex_t regex; /* CommandLine, ControlGroup */
  uid_t uid;     /* User */
  pid_t pid;     /* PIDFile: whom it names, or 0 */
};

struct selector {
  struct value *values[SELECTOR_KINDS];
};

/* How many characters of a command name the kernel keeps (TASK_COMM_LEN). */
enum { COMM_LENGTH = 15 };

static int parse_text(struct value *value, char *error, size_t size) {
  if (value->text[0] != '\0')
    return 0;
  snprintf(error, size, "is empty; name at least one character");
  return -EINVAL;
}

static int parse_path(struct value *value, char *error, size_t size) {
  if (value->text[0] == '/')
    return 0;
  snprintf(error, size, "is no absolute path; begin it with \"/\"");
  return -EINVAL;
}

static int parse_regex(struct value *value, char *error, size_t size) {
  int status = regcomp(&value->regex, value->text, REG_EXTENDED | REG_NOSUB);
  if (status == 0)
    return 0;

  char reason[128];
  regerror(status, &value->regex, reason, sizeof(reason));
  snprintf(error, size,
           "is no POSIX extended regular expression (%s); see regex(7)",
           reason);
  return -EINVAL;
}

static int parse_user(struct value *value, char *error, size_t size) {
  char *end;
  errno = 0;
  unsigned long number = strtoul(value->text, &end, 10);
  if (value->text[0] >= '0' && value->text[0] <= '9' && *end == '\0' &&
      errno == 0 && number < UINT32_MAX) {
    value->uid = (uid_t)number;
    return 0;
  }

  char buffer[4096];
  struct passwd entry, *found;
  int status = getpwnam_r(value->text, &entry, buffer, sizeof(buffer), &found);
  if (found != NULL) {
    value->uid = found->pw_uid;
    return 0;
  }
  if (status != 0 && status != ENOENT && status != ESRCH)
    snprintf(error, size, "cannot be looked up (%s); give the user's number",
             strerrordesc_np(status));
  else
    snprintf(error, size,
             "is no user of this system; see \"getent passwd\", or give the "
             "user's number");
  return -EINVAL;
}

static bool match_command(const struct value *value, struct attributes *a) {
  if (strcmp(a->comm, value->text) == 0)
    return true;
  /* A longer name was cut by the kernel. */
  return strlen(a->comm) == COMM_LENGTH &&
         strncmp(a->comm, value->text, COMM_LENGTH) == 0;
}

static bool match_command_line(const struct value *value,
                               struct attributes *a) {
  const char *cmdline = attributes_cmdline(a);
  return cmdline != NULL && regexec(&value->regex, cmdline, 0, NULL, 0) == 0;
}

static bool match_executable(const struct value *value, struct attributes *a) {
  const char *exe = attributes_exe(a);
  if (exe == NULL)
    return false;
  if (strcmp(exe, value->text) == 0)
    return true;

  /* The configured path may lead over symbolic links, as /usr/bin/python3. */
  char resolved[PATH_MAX];
  return realpath(value->text, resolved) != NULL && strcmp(exe, resolved) == 0;
}

static bool match_user(const struct value *value, struct attributes *a) {
  uid_t uid;
  return attributes_uid(a, &uid) && uid == value->uid;
}

static bool match_control_group(const struct value *value,
                                struct attributes *a) {
  const char *cgroup = attributes_cgroup(a);
  return cgroup != NULL && regexec(&value->regex, cgroup, 0, NULL, 0) == 0;
}

static bool match_pid_file(const struct value *value, struct attributes *a) {
  return value->pid == a->pid;
}

static const struct {
  int (*parse)(struct value *value, char *error, size_t size);
  bool (*match)(const struct value *value, struct attributes *a);
  bool has_regex;
} kinds[SELECTOR_KINDS] = {
    [SELECTOR_COMMAND] = {parse_text, match_command, false},
    [SELECTOR_PID_FILE] = {parse_path, match_pid_file, false},
    [SELECTOR_EXECUTABLE] = {parse_path, match_executable, false},
    [SELECTOR_CONTROL_GROUP] = {parse_regex, match_control_group, true},
    [SELECTOR_COMMAND_LINE] = {parse_regex, match_command_line, true},
    [SELECTOR_USER] = {parse_user, match_user, false},
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
      if (kinds[i].has_regex)
        regfree(&v->regex);
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
    free(value->text);
    free(value);
    return status;
  }
  value->next = selector->values[kind];
  selector->values[kind] = value;
  return 0;
}

bool selector_is_empty(const struct selector *selector) {
  for (size_t i = 0; i < SELECTOR_KINDS; i++)
    if (selector->values[i] != NULL)
      return false;
  return true;
}

bool selector_matches(const struct selector *selector, struct attributes *a) {
  for (size_t i = 0; i < SELECTOR_KINDS; i++) {
    const struct value *value = selector->values[i];
    if (value == NULL)
      continue;
    while (value != NULL && !kinds[i].match(value, a))
      value = value->next;
    if (value == NULL)
      return false;
  }
  return true;
}

/* Returns 0 if the file is missing or holds no pid. */
static pid_t read_pid_file(const char *path) {
  /* Not to wait should the path lead to a FIFO. */
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0)
    return 0;

  char text[32];
  ssize_t size = read(fd, text, sizeof(text) - 1);
  close(fd);
  if (size <= 0)
    return 0;
  text[size] = '\0';
  long pid = strtol(text, NULL, 10);
  return pid > 0 && pid <= INT_MAX ? (pid_t)pid : 0;
}

void selector_refresh(struct selector *selector,
                      void (*changed)(void *context, pid_t pid),
                      void *context) {
  for (struct value *v = selector->values[SELECTOR_PID_FILE]; v != NULL;
       v = v->next) {
    pid_t before = v->pid;
    v->pid = read_pid_file(v->text);
    if (v->pid == before)
      continue;
    if (before != 0)
      changed(context, before);
    if (v->pid != 0)
      changed(context, v->pid);
  }
}
