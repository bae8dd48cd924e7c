/* SPDX-License-Identifier: MIT */
#include "verdict.h"

#include "select/text.h"
#include "select/user_cache.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { USER_WAIT_MS = 2000, DEPTH_MAX = 1000 };

/* The name of each kind of selector, and the fact that it uses. */
static const struct {
  const char *option;
  enum fact fact;
} selectors[] = {
    [SELECTOR_COMMAND] = {"Command", FACT_NAME},
    [SELECTOR_PID_FILE] = {"PIDFile", FACT_PID},
    [SELECTOR_EXECUTABLE] = {"Executable", FACT_EXECUTABLE},
    [SELECTOR_CONTROL_GROUP] = {"ControlGroup", FACT_CGROUP},
    [SELECTOR_UNIT] = {"Unit", FACT_UNIT},
    [SELECTOR_COMMAND_LINE] = {"CommandLine", FACT_COMMAND_LINE},
    [SELECTOR_USER] = {"User", FACT_USER},
};

_Static_assert(sizeof(selectors) / sizeof(selectors[0]) == SELECTOR_KINDS,
               "a line for each kind");

/* Writes a condition as in the configuration; many values are truncated. */
static void append_condition(const struct selector *selector,
                             enum selector_kind kind, char *text, size_t size) {
  enum { ENOUGH = 200 };
  const char *value;
  text_append(text, size, "%s", selectors[kind].option);
  for (size_t i = 0; (value = selector_value(selector, kind, i)) != NULL; i++) {
    char clean[256];
    if (strlen(text) > ENOUGH) {
      text_append(text, size, " ...");
      return;
    }
    text_clean(value, clean, sizeof(clean));
    text_append(text, size, " \"%s\"", clean);
  }
}

static void append_fact(struct subject *subject, enum fact fact, char *text,
                        size_t size) {
  const char *name = subject_fact_name(fact);
  char has[256];
  if (subject->errors[fact] != 0)
    text_append(text, size, "its %s cannot be read: %s", name,
                strerror(-subject->errors[fact]));
  else if (subject_fact(subject, fact, has, sizeof(has)))
    text_append(text, size, "its %s is \"%s\"", name, has);
  else
    text_append(text, size, "it has no %s", name);
}

/* The first kind of condition with that result. Returns false if there is none.
 */
static bool find_condition(const struct selector *selector,
                           enum selector_match result, struct subject *subject,
                           enum selector_kind *found) {
  for (int k = 0; k < SELECTOR_KINDS; k++) {
    enum selector_kind kind = (enum selector_kind)k;
    *found = kind;
    if (selector_value(selector, kind, 0) != NULL &&
        selector_match_kind(selector, kind, &subject->attributes) == result)
      return true;
  }
  return false;
}

/* Finds the exclusion that excludes the process. */
static void find_exclusion(const struct rule *rule, struct subject *subject,
                           struct verdict *verdict) {
  for (const struct exclusion *e = rule->exclusions; e != NULL; e = e->next) {
    if (selector_match(e->selector, &subject->attributes, NULL) != SELECTOR_YES)
      continue;
    const char *separator = "<Exclude> ";
    for (int k = 0; k < SELECTOR_KINDS; k++) {
      if (selector_value(e->selector, (enum selector_kind)k, 0) == NULL)
        continue;
      text_append(verdict->why, sizeof(verdict->why), "%s", separator);
      append_condition(e->selector, (enum selector_kind)k, verdict->why,
                       sizeof(verdict->why));
      text_append(verdict->why, sizeof(verdict->why), ": ");
      append_fact(subject, selectors[k].fact, verdict->why,
                  sizeof(verdict->why));
      separator = "; ";
    }
    return;
  }
}

static void find_reason(const struct rule *rule, struct subject *subject,
                        struct verdict *verdict) {
  char *why = verdict->why;
  size_t size = sizeof(verdict->why);
  enum selector_kind kind;
  if (find_condition(rule->selector, verdict->result, subject, &kind)) {
    append_condition(rule->selector, kind, why, size);
    text_append(why, size,
                verdict->result == SELECTOR_UNKNOWN ? ": undecided; " : ": ");
    append_fact(subject, selectors[kind].fact, why, size);
  } else if (selector_is_empty(rule->selector) &&
             attributes_are_of_kernel_thread(&subject->attributes)) {
    text_append(why, size,
                "it is a kernel thread; only groups with a selector contain "
                "kernel threads");
  }
}

/* Waits for the thread that looks up users. */
static enum selector_match match_rule(const struct rule *rule,
                                      struct subject *subject,
                                      struct match *match) {
  struct attributes *attributes = &subject->attributes;
  attributes->is_pending = false;
  enum selector_match result = rule_match(rule, attributes, match);
  if (result != SELECTOR_UNKNOWN || !attributes->is_pending)
    return result;
  user_cache_wait(USER_WAIT_MS);
  return rule_match(rule, attributes, match);
}

static void set_group(struct verdict *verdict, const struct match *match) {
  verdict->result = SELECTOR_YES;
  snprintf(verdict->group, sizeof(verdict->group), "%s", match->name);
}

/* Descendants inherit an ancestor's group, which has precedence over their own
 * match: the oldest ancestor decides. unread is set to an ancestor that cannot
 * be read, or 0. */
static bool find_ancestor(const struct rule *rule, struct subject *subject,
                          struct verdict *verdict, pid_t *unread) {
  struct subject ancestor;
  struct match match;
  pid_t pid = subject->stat.ppid;
  for (int depth = 0; pid > 0 && depth < DEPTH_MAX; depth++) {
    if (subject_read(&ancestor, subject->proc, pid) != 0)
      break;
    if (match_rule(rule, &ancestor, &match) == SELECTOR_YES) {
      set_group(verdict, &match);
      verdict->ancestor.pid = pid;
      memcpy(verdict->ancestor.comm, ancestor.stat.comm,
             sizeof(verdict->ancestor.comm));
    }
    pid = ancestor.stat.ppid;
    subject_clear(&ancestor);
  }
  *unread = pid;
  return verdict->ancestor.pid != 0;
}

void verdict_find(const struct rule *rule, struct subject *subject,
                  struct verdict *verdict) {
  struct match match;
  pid_t unread = 0;
  *verdict = (struct verdict){.result = SELECTOR_NO};
  enum selector_match own = match_rule(rule, subject, &match);
  if (rule->descendants && match.is_excluded == SELECTOR_NO &&
      find_ancestor(rule, subject, verdict, &unread))
    return;
  verdict->result = own;
  if (verdict->result == SELECTOR_YES)
    set_group(verdict, &match);
  else if (match.is_excluded == SELECTOR_YES)
    find_exclusion(rule, subject, verdict);
  else
    find_reason(rule, subject, verdict);
  if (verdict->result != SELECTOR_YES && unread > 0)
    text_append(verdict->why, sizeof(verdict->why),
                "; its ancestor %d cannot be read", unread);
}
