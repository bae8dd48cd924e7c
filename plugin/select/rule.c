/* SPDX-License-Identifier: MIT */
#include "select/rule.h"

#include <stdlib.h>

void rule_destroy(struct rule *rule) {
  if (rule == NULL)
    return;
  selector_destroy(rule->selector);
  group_name_destroy(rule->template);
  free(rule->name);
  free(rule);
}

bool rule_looks_up_users(const struct rule *rule) {
  bool has_users = selector_look_up_users(rule->selector);
  return has_users ||
         (rule->template != NULL && group_name_wants_user(rule->template));
}

uint32_t rule_reads(const struct rule *rule) {
  static const uint32_t reads[TOP_ORDERS] = {
      [TOP_IO] = COLLECT_IO, [TOP_RSS] = COLLECT_MEMORY};
  return rule->collect | (rule->top > 0 ? reads[rule->top_order] : 0);
}

bool rule_wants_pid(const struct rule *rule) {
  return selector_wants_pid(rule->selector) ||
         (rule->template != NULL && group_name_wants_pid(rule->template));
}

enum selector_match rule_match(const struct rule *rule, struct attributes *a,
                               struct match *match) {
  struct captures captures;
  if (rule->template != NULL && selector_is_empty(rule->selector) &&
      attributes_are_of_kernel_thread(a))
    return SELECTOR_NO;
  bool wants_captures =
      rule->template != NULL && group_name_captures(rule->template) > 0;
  enum selector_match result =
      selector_match(rule->selector, a, wants_captures ? &captures : NULL);
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
