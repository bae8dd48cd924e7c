/* SPDX-License-Identifier: MIT */
#include "select/rule.h"

#include <stdlib.h>

void rule_destroy(struct rule *rule) {
  if (rule == NULL)
    return;
  while (rule->exclusions != NULL) {
    struct exclusion *exclusion = rule->exclusions;
    rule->exclusions = exclusion->next;
    selector_destroy(exclusion->selector);
    free(exclusion);
  }
  selector_destroy(rule->selector);
  group_name_destroy(rule->template);
  free(rule->name);
  free(rule);
}

struct exclusion *rule_exclude(struct rule *rule) {
  struct exclusion *exclusion = calloc(1, sizeof(*exclusion));
  if (exclusion == NULL || (exclusion->selector = selector_create()) == NULL) {
    free(exclusion);
    return NULL;
  }
  exclusion->next = rule->exclusions;
  rule->exclusions = exclusion;
  return exclusion;
}

void rule_refresh(const struct rule *rule,
                  void (*changed)(void *context, pid_t pid), void *context) {
  selector_refresh(rule->selector, changed, context);
  for (const struct exclusion *e = rule->exclusions; e != NULL; e = e->next)
    selector_refresh(e->selector, changed, context);
}

bool rule_looks_up_users(const struct rule *rule) {
  bool has_users = selector_look_up_users(rule->selector);
  for (const struct exclusion *e = rule->exclusions; e != NULL; e = e->next)
    has_users |= selector_look_up_users(e->selector);
  return has_users ||
         (rule->template != NULL && group_name_wants_user(rule->template));
}

uint32_t rule_reads(const struct rule *rule) {
  static const uint32_t reads[TOP_ORDERS] = {
      [TOP_IO] = COLLECT_IO, [TOP_RSS] = COLLECT_MEMORY};
  return rule->collect | (rule->top > 0 ? reads[rule->top_order] : 0);
}

bool rule_wants_pid(const struct rule *rule) {
  return selector_wants_pid(rule->selector) || rule_excludes_by_pid(rule) ||
         (rule->template != NULL && group_name_wants_pid(rule->template));
}

static bool excludes_by(const struct rule *rule,
                        bool (*wants)(const struct selector *selector)) {
  for (const struct exclusion *e = rule->exclusions; e != NULL; e = e->next)
    if (wants(e->selector))
      return true;
  return false;
}

bool rule_excludes_by_name(const struct rule *rule) {
  return excludes_by(rule, selector_wants_name);
}

bool rule_excludes_by_pid(const struct rule *rule) {
  return excludes_by(rule, selector_wants_pid);
}

bool rule_excludes_pid(const struct rule *rule, pid_t pid) {
  for (const struct exclusion *e = rule->exclusions; e != NULL; e = e->next)
    if (selector_names_pid(e->selector, pid))
      return true;
  return false;
}

/* What matching a selector stores in the attributes. */
struct doubt {
  const char *undecided;
  enum pattern_result limit;
  bool is_pending;
};

static struct doubt take_doubt(struct attributes *a) {
  struct doubt doubt = {a->undecided, a->limit, a->is_pending};
  a->undecided = NULL;
  return doubt;
}

static void set_doubt(struct attributes *a, const struct doubt *doubt) {
  a->undecided = doubt->undecided;
  a->limit = doubt->limit;
  a->is_pending = doubt->is_pending;
}

/* Whether the rule excludes a process: one of its exclusions does. Doubts about
 * the others then do not matter. */
static enum selector_match match_exclusions(const struct rule *rule,
                                            struct attributes *a) {
  struct doubt before = take_doubt(a), unknown = before;
  enum selector_match result = SELECTOR_NO;
  for (const struct exclusion *e = rule->exclusions; e != NULL; e = e->next)
    switch (selector_match(e->selector, a, NULL)) {
    case SELECTOR_YES:
      set_doubt(a, &before);
      a->undecided = NULL;
      return SELECTOR_YES;
    case SELECTOR_UNKNOWN:
      result = SELECTOR_UNKNOWN;
      unknown = take_doubt(a);
      break;
    default:
      break;
    }
  bool is_undecided = result == SELECTOR_UNKNOWN && unknown.undecided != NULL;
  a->undecided = is_undecided ? unknown.undecided : before.undecided;
  a->limit = is_undecided ? unknown.limit : before.limit;
  return result;
}

/* Whether the rule's conditions select a process, regardless of exclusions. */
static enum selector_match match_conditions(const struct rule *rule,
                                            struct attributes *a,
                                            struct captures *captures) {
  if (rule->template != NULL && selector_is_empty(rule->selector) &&
      attributes_are_of_kernel_thread(a))
    return SELECTOR_NO;
  bool wants_captures =
      rule->template != NULL && group_name_captures(rule->template) > 0;
  return selector_match(rule->selector, a, wants_captures ? captures : NULL);
}

static enum selector_match match_process(const struct rule *rule,
                                         struct attributes *a,
                                         struct captures *captures,
                                         struct match *match) {
  bool was_pending = a->is_pending;
  enum selector_match result = match_conditions(rule, a, captures);
  match->is_excluded = SELECTOR_NO;
  if (rule->exclusions == NULL || (result == SELECTOR_NO && !rule->descendants))
    return result;
  match->is_excluded = match_exclusions(rule, a);
  if (match->is_excluded == SELECTOR_YES) {
    a->is_pending = was_pending; /* does not matter */
    return SELECTOR_NO;
  }
  return result == SELECTOR_YES && match->is_excluded == SELECTOR_UNKNOWN
             ? SELECTOR_UNKNOWN
             : result;
}

enum selector_match rule_match(const struct rule *rule, struct attributes *a,
                               struct match *match) {
  struct captures captures;
  enum selector_match result = match_process(rule, a, &captures, match);
  if (result != SELECTOR_YES)
    return result;

  match->rule = rule;
  match->name = rule->name;
  if (rule->template == NULL)
    return SELECTOR_YES;
  match->name = match->expanded;
  return group_name_expand(rule->template, a, &captures, match->expanded,
                           sizeof(match->expanded));
}
