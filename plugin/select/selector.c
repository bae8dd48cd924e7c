/* SPDX-License-Identifier: MIT */
#include "select/selector.h"

#include "select/condition.h"
#include "select/path_watch.h"
#include "select/user_cache.h"

#include <stdlib.h>
#include <string.h>

struct selector {
  struct condition *values[SELECTOR_KINDS];
  unsigned int captures;
};

struct selector *selector_create(void) {
  return calloc(1, sizeof(struct selector));
}

void selector_destroy(struct selector *selector) {
  if (selector == NULL)
    return;

  for (size_t i = 0; i < SELECTOR_KINDS; i++) {
    struct condition *next;
    for (struct condition *v = selector->values[i]; v != NULL; v = next) {
      next = v->next;
      condition_destroy(v);
    }
  }
  free(selector);
}

int selector_add(struct selector *selector, enum selector_kind kind,
                 const char *text, char *error, size_t size) {
  struct condition *value;
  int status = condition_create(kind, text, &value, error, size);
  if (status != 0)
    return status;
  value->first_capture = selector->captures;
  if (value->pattern != NULL)
    selector->captures += pattern_captures(value->pattern);

  struct condition **end = &selector->values[kind];
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

/* One of the alternatives must match. */
static enum selector_match match_any(enum selector_kind kind,
                                     const struct condition *value,
                                     struct matching *matching,
                                     struct captures *captures) {
  enum selector_match result = SELECTOR_NO;
  for (; value != NULL; value = value->next) {
    enum selector_match match =
        condition_match(kind, value, matching, captures);
    if (match == SELECTOR_YES)
      return SELECTOR_YES;
    if (match == SELECTOR_UNKNOWN)
      result = SELECTOR_UNKNOWN;
  }
  return result;
}

/* The order in which the kinds are evaluated: cheap ones first. For a process
 * that has ended, the user is known. */
static const enum selector_kind order_living[SELECTOR_KINDS] = {
    SELECTOR_COMMAND,       SELECTOR_PID_FILE, SELECTOR_EXECUTABLE,
    SELECTOR_CONTROL_GROUP, SELECTOR_UNIT,     SELECTOR_COMMAND_LINE,
    SELECTOR_USER};
static const enum selector_kind order_ended[SELECTOR_KINDS] = {
    SELECTOR_COMMAND,     SELECTOR_USER,          SELECTOR_PID_FILE,
    SELECTOR_EXECUTABLE,  SELECTOR_CONTROL_GROUP, SELECTOR_UNIT,
    SELECTOR_COMMAND_LINE};

/* All kinds must match: one that does not match decides, even if others are
 * unknown. */
static enum selector_match match_all(const struct selector *selector,
                                     struct matching *matching,
                                     struct captures *captures) {
  const enum selector_kind *order =
      matching->a->proc != NULL ? order_living : order_ended;
  enum selector_match result = SELECTOR_YES;
  if (captures != NULL)
    memset(captures, 0, sizeof(*captures));
  for (size_t i = 0; i < SELECTOR_KINDS; i++) {
    const struct condition *values = selector->values[order[i]];
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

const char *selector_value(const struct selector *selector,
                           enum selector_kind kind, size_t number) {
  const struct condition *value = selector->values[kind];
  for (; value != NULL && number > 0; number--)
    value = value->next;
  return value != NULL ? value->text : NULL;
}

enum selector_match selector_match_kind(const struct selector *selector,
                                        enum selector_kind kind,
                                        struct attributes *a) {
  struct matching matching = {.a = a};
  return match_any(kind, selector->values[kind], &matching, NULL);
}

bool selector_wants_pid(const struct selector *selector) {
  return selector->values[SELECTOR_PID_FILE] != NULL;
}

bool selector_wants_name(const struct selector *selector) {
  return selector->values[SELECTOR_COMMAND] != NULL;
}

bool selector_names_pid(const struct selector *selector, pid_t pid) {
  for (const struct condition *v = selector->values[SELECTOR_PID_FILE];
       v != NULL; v = v->next)
    if (path_watch_has_pid(v->path, pid))
      return true;
  return false;
}

bool selector_look_up_users(const struct selector *selector) {
  bool has_names = false;
  uid_t uid;
  for (const struct condition *v = selector->values[SELECTOR_USER]; v != NULL;
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
  for (struct condition *v = selector->values[SELECTOR_PID_FILE]; v != NULL;
       v = v->next) {
    struct pid_set before = v->pids;
    path_watch_pids(v->path, &v->pids);
    pid_set_compare(&before, &v->pids, changed, context);
  }
}
