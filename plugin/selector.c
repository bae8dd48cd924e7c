/* SPDX-License-Identifier: MIT */
#include "selector.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <regex.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct value {
  struct value *next;
  char *text;
  regex_t regex;              /* CommandLine, ControlGroup */
  unsigned int first_capture; /* the number of its first part, from 0 */
  uid_t uid;                  /* User */

  /* What the last refresh found, which another thread may ask for. */
  atomic_int pid;                          /* PIDFile: whom it names, or 0 */
  atomic_uint_fast64_t exe_dev, exe_inode; /* Executable: of the file, or 0 */
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

static int parse_path(struct value *value, char *error, size_t size) {
  if (value->text[0] == '/')
    return 0;
  snprintf(error, size, "is no absolute path; begin it with \"/\"");
  return -EINVAL;
}

static int parse_regex(struct value *value, char *error, size_t size) {
  if (parse_text(value, error, size) != 0)
    return -EINVAL;
  int status = regcomp(&value->regex, value->text, REG_EXTENDED);
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

static enum selector_match yes_or_no(bool yes) {
  return yes ? SELECTOR_YES : SELECTOR_NO;
}

/* For what cannot be had: of a process that has ended, it may have been. */
static enum selector_match no_or_unknown(const struct attributes *a) {
  return a->proc == NULL ? SELECTOR_UNKNOWN : SELECTOR_NO;
}

static enum selector_match match_command(const struct value *value,
                                         struct attributes *a) {
  if (strcmp(a->comm, value->text) == 0)
    return SELECTOR_YES;
  /* A longer name was cut by the kernel. */
  return yes_or_no(strlen(a->comm) == COMM_LENGTH &&
                   strncmp(a->comm, value->text, COMM_LENGTH) == 0);
}

static void take_captures(const struct value *value, const char *text,
                          const regmatch_t matches[CAPTURES + 1],
                          struct captures *captures) {
  unsigned int to = value->first_capture;
  for (size_t i = 1; i <= value->regex.re_nsub && to < CAPTURES; i++, to++) {
    if (matches[i].rm_so < 0)
      continue;
    captures->part[to].text = text + matches[i].rm_so;
    captures->part[to].length = (size_t)(matches[i].rm_eo - matches[i].rm_so);
  }
}

static enum selector_match match_regex(const struct value *value,
                                       const struct attributes *a,
                                       const char *text,
                                       struct captures *captures) {
  if (text == NULL)
    return no_or_unknown(a);
  bool has_parts = captures != NULL && value->regex.re_nsub > 0;
  regmatch_t matches[CAPTURES + 1];
  if (regexec(&value->regex, text, has_parts ? CAPTURES + 1 : 0, matches, 0) !=
      0)
    return SELECTOR_NO;
  if (has_parts)
    take_captures(value, text, matches, captures);
  return SELECTOR_YES;
}

static enum selector_match match_executable(const struct value *value,
                                            struct attributes *a) {
  if (a->proc == NULL) {
    if (a->exe_inode == 0)
      return SELECTOR_UNKNOWN;
    return yes_or_no(a->exe_inode == value->exe_inode &&
                     a->exe_dev == value->exe_dev);
  }
  const char *exe = attributes_exe(a);
  if (exe == NULL)
    return SELECTOR_NO;
  if (strcmp(exe, value->text) == 0)
    return SELECTOR_YES;

  /* The configured path may lead over symbolic links, as /usr/bin/python3. */
  char resolved[PATH_MAX];
  return yes_or_no(realpath(value->text, resolved) != NULL &&
                   strcmp(exe, resolved) == 0);
}

static enum selector_match match_user(const struct value *value,
                                      struct attributes *a) {
  uid_t uid;
  return yes_or_no(attributes_uid(a, &uid) && uid == value->uid);
}

static enum selector_match match_pid_file(const struct value *value,
                                          struct attributes *a) {
  return yes_or_no(value->pid == a->pid);
}

static const struct {
  int (*parse)(struct value *value, char *error, size_t size);
  enum selector_match (*match)(const struct value *value, struct attributes *a);
  const char *(*text)(struct attributes *a); /* what a regex is matched with */
} kinds[SELECTOR_KINDS] = {
    [SELECTOR_COMMAND] = {parse_text, match_command, NULL},
    [SELECTOR_PID_FILE] = {parse_path, match_pid_file, NULL},
    [SELECTOR_EXECUTABLE] = {parse_path, match_executable, NULL},
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
      if (kinds[i].text != NULL)
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
  value->first_capture = selector->captures;
  selector->captures += (unsigned int)value->regex.re_nsub;

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

static enum selector_match match_one(unsigned int kind,
                                     const struct value *value,
                                     struct attributes *a,
                                     struct captures *captures) {
  if (kinds[kind].text != NULL)
    return match_regex(value, a, kinds[kind].text(a), captures);
  return kinds[kind].match(value, a);
}

/* One of the alternatives has to match. */
static enum selector_match match_any(unsigned int kind,
                                     const struct value *value,
                                     struct attributes *a,
                                     struct captures *captures) {
  enum selector_match result = SELECTOR_NO;
  for (; value != NULL; value = value->next) {
    enum selector_match match = match_one(kind, value, a, captures);
    if (match == SELECTOR_YES)
      return SELECTOR_YES;
    if (match == SELECTOR_UNKNOWN)
      result = SELECTOR_UNKNOWN;
  }
  return result;
}

enum selector_match selector_match(const struct selector *selector,
                                   struct attributes *a,
                                   struct captures *captures) {
  enum selector_match result = SELECTOR_YES;
  if (captures != NULL)
    memset(captures, 0, sizeof(*captures));
  for (unsigned int kind = 0; kind < SELECTOR_KINDS; kind++) {
    if (selector->values[kind] == NULL)
      continue;
    enum selector_match match =
        match_any(kind, selector->values[kind], a, captures);
    if (match == SELECTOR_NO)
      return SELECTOR_NO;
    if (match == SELECTOR_UNKNOWN)
      result = SELECTOR_UNKNOWN;
  }
  return result;
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

/* As exit records have a file's device (new_encode_dev in the kernel). */
static uint64_t kernel_dev(dev_t dev) {
  uint64_t minor_number = minor(dev);
  return (minor_number & 0xff) | (uint64_t)major(dev) << 8 |
         (minor_number & ~UINT64_C(0xff)) << 12;
}

static void refresh_executables(struct value *value) {
  for (struct value *v = value; v != NULL; v = v->next) {
    struct stat st;
    bool is_there = stat(v->text, &st) == 0;
    v->exe_dev = is_there ? kernel_dev(st.st_dev) : 0;
    v->exe_inode = is_there ? st.st_ino : 0;
  }
}

void selector_refresh(struct selector *selector,
                      void (*changed)(void *context, pid_t pid),
                      void *context) {
  refresh_executables(selector->values[SELECTOR_EXECUTABLE]);
  for (struct value *v = selector->values[SELECTOR_PID_FILE]; v != NULL;
       v = v->next) {
    pid_t before = v->pid;
    pid_t now = read_pid_file(v->text);
    v->pid = now;
    if (now == before)
      continue;
    if (before != 0)
      changed(context, before);
    if (now != 0)
      changed(context, now);
  }
}
