/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_RULES_H
#define TASKSTATS_RULES_H

#include "support/groups.h"
#include "support/test.h"
#include "track/member.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A tracker to which the test adds processes directly: its rules match
 * nothing by themselves.
 */

enum { RULES = 4 };

struct book {
  struct rule rules[RULES];
  size_t count;
  struct tracker *tracker;
};

/* A name with a percent sign is a template. */
static inline struct rule *book_add_rule(struct book *book, const char *name,
                                         uint32_t top) {
  char error[256];
  assert_true(book->count < RULES);
  struct rule *rule = &book->rules[book->count];
  *rule = (struct rule){.name = strdup(name),
                        .selector = selector_create(),
                        .collect = 1U << book->count,
                        .top = top};
  assert_non_null(rule->selector);
  if (strchr(name, '%') != NULL)
    assert_int_equal(
        group_name_parse(name, &rule->template, error, sizeof(error)), 0);
  if (book->count++ > 0)
    rule[-1].next = rule;
  return rule;
}

static inline void book_open(struct book *book, uint32_t max_groups) {
  book->tracker =
      tracker_create(book->count > 0 ? book->rules : NULL, max_groups, 0);
  assert_non_null(book->tracker);
}

static inline void book_close(struct book *book) {
  tracker_destroy(book->tracker);
  for (size_t i = 0; i < book->count; i++) {
    selector_destroy(book->rules[i].selector);
    group_name_destroy(book->rules[i].template);
    free(book->rules[i].name);
  }
  *book = (struct book){.count = 0};
}

static inline struct match match_of(const struct book *book, size_t rule,
                                    const char *name) {
  return (struct match){.rule = &book->rules[rule], .name = name};
}

/* Returns the group of a process that the rule selects. */
static inline struct group *join(struct book *book, size_t rule,
                                 const char *name) {
  struct match match = match_of(book, rule, name);
  struct membership membership = {.rule = NULL};
  assert_case_int(
      name, tracker_join(book->tracker, NULL, 0, &match, 1, &membership), 1);
  assert_case(name, membership.rule == &book->rules[rule]);
  return membership.group;
}

/* Returns a member that is in the group until it is destroyed. */
static inline struct member *enroll(struct book *book, size_t rule,
                                    const char *name) {
  struct membership membership = {.rule = &book->rules[rule],
                                  .group = join(book, rule, name)};
  struct member *member = member_create(true);
  assert_non_null(member);
  assert_int_equal(member_set_groups(member, &membership, 1, 0), 0);
  return member;
}

/* NULL if there is none. */
static inline struct group *group_named(const struct book *book,
                                        const char *name) {
  struct group *group = book->tracker->groups;
  while (group != NULL && strcmp(group->name, name) != 0)
    group = group->next;
  return group;
}

/* Asserts that the groups that still exist, in the order of their creation,
 * have these names. */
static inline void assert_groups(const char *name, const struct book *book,
                                 const char *names) {
  char got[1024] = "";
  size_t count = 0;
  for (struct group *g = book->tracker->groups; g != NULL; g = g->next) {
    size_t used = strlen(got);
    count++;
    if (!g->is_forgotten)
      snprintf(got + used, sizeof(got) - used, "%s%s", used > 0 ? " " : "",
               g->name);
  }
  assert_case_string(name, got, names);
  assert_case_int(name, book->tracker->group_count, count);
}

#endif
