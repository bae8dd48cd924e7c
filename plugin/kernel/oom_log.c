/* SPDX-License-Identifier: MIT */
#include "kernel/oom_log.h"

#include "kernel/memory_cgroup.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMM_SIZE = 16 }; /* TASK_COMM_LEN in the kernel */

/* The prefix of a record: "6,1293,39340407036,-[,key=value];". */
struct head {
  uint64_t time_us;
  bool is_continuation;
  const char *text;
};

/* Returns false unless the kernel itself wrote the record: processes that may
 * write to the log can neither choose its facility, 0, nor leave out the
 * prefix. */
static bool parse_head(const char *record, struct head *head) {
  unsigned int priority;
  char flag;
  int length = 0;

  if (sscanf(record, "%u,%*u,%" SCNu64 ",%c%n", &priority, &head->time_us,
             &flag, &length) != 3 ||
      priority > 7)
    return false;
  head->text = strchr(record + length, ';');
  if (head->text == NULL)
    return false;
  head->text++;
  head->is_continuation = flag == 'c' || flag == '+';
  return true;
}

/* The length of a record's text; the following lines describe its origin. */
static size_t text_length(const char *text) { return strcspn(text, "\n"); }

/* Reverses the escapes of /dev/kmsg for unprintable bytes: "\x20". In place. */
static void unescape(char *text) {
  char *to = text;
  for (const char *from = text; *from != '\0'; to++) {
    unsigned int byte;
    if (from[0] == '\\' && from[1] == 'x' && isxdigit((unsigned char)from[2]) &&
        isxdigit((unsigned char)from[3]) &&
        sscanf(from + 2, "%2x", &byte) == 1 && byte != 0) {
      *to = (char)byte;
      from += 4;
    } else {
      *to = *from++;
    }
  }
  *to = '\0';
}

/* Finds the last occurrence. */
static char *find_last(char *text, const char *wanted) {
  char *last = NULL;
  for (char *found = text; (found = strstr(found, wanted)) != NULL; found++)
    last = found;
  return last;
}

/* Cuts ",key=N" off the end. Returns false if it is not there. */
static bool cut_number(char *line, const char *key, long *number) {
  char *end, *at = find_last(line, key);
  if (at == NULL || !isdigit((unsigned char)at[strlen(key)]))
    return false;
  *number = strtol(at + strlen(key), &end, 10);
  *at = '\0';
  return *end == '\0';
}

/* The next place where the task's name may begin, from here on: it may contain
 * anything, but is short. NULL if there is none. */
static char *find_comm(char *line) {
  static const char key[] = ",task=";
  char *at = line;
  while ((at = strstr(at, key)) != NULL &&
         strlen(at + strlen(key)) >= COMM_SIZE)
    at++;
  return at;
}

/* Adds the lengths that the cgroup's path at begin may have, in a line that
 * ends with the task's cgroup, which is within it. length is 0 before the first
 * one. Returns false if there are several. */
static bool find_length(const char *begin, size_t *length) {
  static const char of_task[] = ",task_memcg=";
  for (const char *end = begin; (end = strstr(end, of_task)) != NULL; end++) {
    size_t found = (size_t)(end - begin);
    if (!memory_cgroup_is_within(end + strlen(of_task), begin, found))
      continue;
    if (*length != 0 && *length != found)
      return false;
    *length = found;
  }
  return true;
}

/*
 * Finds the cgroup whose limit was reached, in a line that ends with the task's
 * name. A name of a cgroup, or the task's, may look like the rest of the line:
 * if this is ambiguous, no cgroup is used. (The cpuset's name, which precedes
 * them, has no slash.)
 */
static void find_cgroup(char *line, char path[OOM_LOG_PATH_SIZE]) {
  static const char key[] = ",oom_memcg=/";
  const char *begin = strstr(line, key);
  size_t length = 0;

  path[0] = '\0';
  if (begin == NULL)
    return;
  begin += strlen(key) - 1;
  for (char *comm = find_comm(line); comm != NULL; comm = find_comm(comm + 1)) {
    *comm = '\0';
    bool is_clear = find_length(begin, &length);
    *comm = ',';
    if (!is_clear)
      return;
  }
  if (length == 0 || length >= OOM_LOG_PATH_SIZE)
    return;
  memcpy(path, begin, length);
  path[length] = '\0';
}

static bool begins_with(const char *text, const char *prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Parses a complete "oom-kill:…", from its right end. */
static void take_cause(struct oom_log *log) {
  static const char begin[] = "oom-kill:constraint=";
  char line[sizeof(log->line)];
  long pid, uid;

  strcpy(line, log->line);
  unescape(line);
  if (!cut_number(line, ",uid=", &uid) || !cut_number(line, ",pid=", &pid) ||
      find_comm(line) == NULL)
    return;
  log->line[0] = '\0';
  log->pid = (pid_t)pid;
  log->kills_all = false;
  log->limit = OOM_LIMIT_MACHINE;
  log->cgroup[0] = '\0';
  if (!begins_with(line + strlen(begin), "CONSTRAINT_MEMCG,"))
    return;
  log->limit = OOM_LIMIT_CGROUP;
  find_cgroup(line, log->cgroup);
}

/* "Tasks in PATH are going to be killed due to memory.oom.group set" */
static bool is_group(const char *text) {
  return begins_with(text, "Tasks in ") &&
         strstr(text, " are going to be killed due to memory.oom.group set") !=
             NULL;
}

/* The text before "Killed process": none before Linux 5.3; each may be followed
 * by words in parentheses. */
static bool parse_prefix(const char *text, size_t length,
                         enum oom_limit *limit) {
  static const struct {
    const char *text;
    enum oom_limit limit;
  } prefixes[] = {{"Memory cgroup out of memory", OOM_LIMIT_CGROUP},
                  {"Out of memory", OOM_LIMIT_MACHINE}};

  *limit = OOM_LIMIT_UNKNOWN;
  for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
    if (begins_with(text, prefixes[i].text)) {
      *limit = prefixes[i].limit;
      return length > 2 && memcmp(text + length - 2, ": ", 2) == 0;
    }
  return length == 0;
}

/* "Memory cgroup out of memory: Killed process 7 (name) …" */
static bool parse_victim(const struct head *head, struct oom_kill *kill) {
  static const char key[] = "Killed process ";
  const char *at = strstr(head->text, key);
  if (at == NULL ||
      !parse_prefix(head->text, (size_t)(at - head->text), &kill->limit))
    return false;
  char *end;
  const char *number = at + strlen(key);
  kill->pid = (pid_t)strtol(number, &end, 10);
  kill->time_us = head->time_us;
  kill->cgroup[0] = '\0';
  return isdigit((unsigned char)number[0]) && begins_with(end, " (");
}

/* Adds to a kill what earlier lines contained. */
static void add_cause(struct oom_log *log, struct oom_kill *kill) {
  bool is_meant = log->pid == kill->pid || log->kills_all;
  kill->is_of_group = log->pid != kill->pid;
  if (is_meant && kill->limit == OOM_LIMIT_UNKNOWN)
    kill->limit = log->limit;
  if (is_meant && kill->limit == OOM_LIMIT_CGROUP &&
      log->limit == OOM_LIMIT_CGROUP)
    memcpy(kill->cgroup, log->cgroup, sizeof(kill->cgroup));
  if (is_meant)
    return;
  log->pid = 0;
  log->limit = OOM_LIMIT_UNKNOWN;
  log->cgroup[0] = '\0';
}

/* Takes "oom-kill:…", or its continuation. Returns false if it is neither. */
static bool take_part_of_cause(struct oom_log *log, const struct head *head) {
  size_t used = strlen(log->line);
  if (begins_with(head->text, "oom-kill:constraint="))
    used = 0;
  else if (!head->is_continuation || used == 0)
    return false;
  snprintf(log->line + used, sizeof(log->line) - used, "%.*s",
           (int)text_length(head->text), head->text);
  take_cause(log);
  return true;
}

bool oom_log_take(struct oom_log *log, const char *record,
                  struct oom_kill *kill) {
  struct head head;
  if (!parse_head(record, &head) || take_part_of_cause(log, &head))
    return false;
  if (parse_victim(&head, kill)) {
    add_cause(log, kill);
    return true;
  }
  log->kills_all |= is_group(head.text);
  return false;
}
