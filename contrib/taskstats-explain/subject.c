/* SPDX-License-Identifier: MIT */
#include "subject.h"

#include "kernel/procfs_file.h"
#include "select/group_name.h"
#include "select/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Uses group_name.h, so that the result is the same as in groups' names.
 * Returns false if it is empty. */
static bool expand(struct subject *subject, const char *placeholder, char *text,
                   size_t size) {
  struct group_name *template;
  char error[256];
  if (group_name_parse(placeholder, &template, error, sizeof(error)) != 0)
    return false;
  bool is_there = group_name_expand(template, &subject->attributes, NULL, text,
                                    size) == SELECTOR_YES &&
                  strcmp(text, "none") != 0;
  group_name_destroy(template);
  return is_there;
}

static bool copy(const char *from, char *text, size_t size) {
  if (from != NULL)
    snprintf(text, size, "%s", from);
  return from != NULL;
}

static bool put_name(struct subject *subject, char *text, size_t size) {
  return copy(subject->attributes.comm, text, size);
}

static bool put_command_line(struct subject *subject, char *text, size_t size) {
  return copy(attributes_cmdline(&subject->attributes), text, size);
}

static bool put_executable(struct subject *subject, char *text, size_t size) {
  return copy(attributes_exe(&subject->attributes), text, size);
}

static bool put_cgroup(struct subject *subject, char *text, size_t size) {
  return copy(attributes_cgroup(&subject->attributes), text, size);
}

static bool put_unit(struct subject *subject, char *text, size_t size) {
  return expand(subject, "%{unit}", text, size);
}

static bool put_user(struct subject *subject, char *text, size_t size) {
  uid_t uid;
  char name[128];
  if (!attributes_uid(&subject->attributes, &uid))
    return false;
  if (expand(subject, "%{user}", name, sizeof(name)))
    snprintf(text, size, "%s (%u)", name, uid);
  else
    snprintf(text, size, "%u", uid);
  return true;
}

static bool put_pid(struct subject *subject, char *text, size_t size) {
  snprintf(text, size, "%d", subject->attributes.pid);
  return true;
}

static const struct {
  const char *name;
  bool (*put)(struct subject *subject, char *text, size_t size);
} facts[FACTS] = {
    [FACT_NAME] = {"name", put_name},
    [FACT_COMMAND_LINE] = {"command line", put_command_line},
    [FACT_EXECUTABLE] = {"executable", put_executable},
    [FACT_CGROUP] = {"cgroup", put_cgroup},
    [FACT_UNIT] = {"unit", put_unit},
    [FACT_USER] = {"user", put_user},
    [FACT_PID] = {"pid", put_pid},
};

const char *subject_fact_name(enum fact fact) { return facts[fact].name; }

bool subject_fact(struct subject *subject, enum fact fact, char *text,
                  size_t size) {
  char raw[8192];
  if (!facts[fact].put(subject, raw, sizeof(raw)))
    return false;
  text_clean(raw, text, size);
  return true;
}

/* Attributes are read one by one, so that each error belongs to one fact. */
static void read_facts(struct subject *subject) {
  char text[16];
  for (int fact = 0; fact < FACTS; fact++) {
    subject->attributes.error = 0;
    subject_fact(subject, (enum fact)fact, text, sizeof(text));
    subject->errors[fact] = subject->attributes.error;
  }
  subject->errors[FACT_UNIT] = subject->errors[FACT_CGROUP];
}

int subject_read(struct subject *subject, struct procfs *proc, pid_t pid) {
  subject->proc = proc;
  int status = procfs_stat(proc, pid, &subject->stat);
  if (status != 0)
    return procfs_is_vanished(status) ? -ENOENT : status;
  attributes_init(&subject->attributes, proc, pid, subject->stat.comm);
  read_facts(subject);
  if (subject_is_there(subject))
    return 0;
  subject_clear(subject);
  return -ENOENT;
}

pid_t subject_process_of(struct procfs *proc, pid_t tid) {
  static const char key[] = "\nTgid:";
  char status[4096];
  if (procfs_file_read(proc, tid, "status", status, sizeof(status)) < 0)
    return 0;
  const char *line = strstr(status, key);
  return line != NULL ? (pid_t)strtol(line + sizeof(key) - 1, NULL, 10) : 0;
}

void subject_clear(struct subject *subject) {
  attributes_clear(&subject->attributes);
}

bool subject_is_there(const struct subject *subject) {
  struct procfs_stat now;
  return procfs_stat(subject->proc, subject->attributes.pid, &now) == 0 &&
         now.start_ticks == subject->stat.start_ticks;
}
