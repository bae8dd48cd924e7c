/* SPDX-License-Identifier: MIT */
#include "select/rule.h"

#include "support/php_process.h"
#include "support/test.h"
#include "support/users.h"

enum { CONDITIONS = 2, ERROR_SIZE = 256 };

struct condition {
  enum selector_kind kind;
  const char *value; /* NULL: none */
};

/* As the configuration makes it. */
static struct rule *rule_of(const char *name,
                            const struct condition conditions[CONDITIONS]) {
  char error[ERROR_SIZE];
  struct rule *rule = calloc(1, sizeof(*rule));
  assert_non_null(rule);
  rule->name = strdup(name);
  rule->selector = selector_create();
  assert_non_null(rule->selector);
  for (size_t i = 0; i < CONDITIONS && conditions[i].value != NULL; i++)
    assert_case_int(name,
                    selector_add(rule->selector, conditions[i].kind,
                                 conditions[i].value, error, sizeof(error)),
                    0);
  assert_case_int(
      name, group_name_parse(name, &rule->template, error, sizeof(error)), 0);
  if (group_name_is_fixed(rule->template)) {
    group_name_destroy(rule->template);
    rule->template = NULL;
  }
  return rule;
}

static void exclude(struct rule *rule,
                    const struct condition conditions[CONDITIONS]) {
  char error[ERROR_SIZE];
  if (conditions[0].value == NULL)
    return;
  struct exclusion *exclusion = rule_exclude(rule);
  assert_non_null(exclusion);
  for (size_t i = 0; i < CONDITIONS && conditions[i].value != NULL; i++)
    assert_int_equal(selector_add(exclusion->selector, conditions[i].kind,
                                  conditions[i].value, error, sizeof(error)),
                     0);
}

/* Matches with the attributes, which it clears. */
static void expect(const char *name,
                   const struct condition conditions[CONDITIONS],
                   struct attributes *a, enum selector_match result,
                   const char *group) {
  struct rule *rule = rule_of(name, conditions);
  struct match match;
  assert_case_int(name, rule_match(rule, a, &match), result);
  if (result == SELECTOR_YES) {
    assert_case(name, match.rule == rule);
    assert_case_string(name, match.name, group);
  }
  attributes_clear(a);
  rule_destroy(rule);
}

#define LONG                                                                   \
  "a very long name that says what it is for, who has asked for it, and who "  \
  "is to be called in the middle of the night"

static void names_the_group_of_the_living(void **state) {
  struct procfs *procfs = *state;
  static const struct {
    const char *name;
    struct condition conditions[CONDITIONS];
    const char *group; /* NULL: none */
  } cases[] = {
      {"web", {{SELECTOR_COMMAND, "php-fpm8.2"}}, "web"},
      {"web", {{SELECTOR_COMMAND, "nginx"}}, NULL},
      {"web", {{SELECTOR_COMMAND_LINE, "(pool) (www)"}}, "web"},
      {"%{comm}", {{SELECTOR_COMMAND, "php-fpm8.2"}}, "php-fpm8.2"},
      {"%{comm}", {{SELECTOR_COMMAND, "nginx"}}, NULL},
      {"%{comm}", {{SELECTOR_COMMAND, NULL}}, "php-fpm8.2"}, /* everybody */
      {"%{comm}", {{SELECTOR_COMMAND_LINE, "(pool) (www)"}}, "php-fpm8.2"},
      {"%{unit}", {{SELECTOR_CONTROL_GROUP, "^/system"}}, "php.service"},
      {"%{unit}", {{SELECTOR_CONTROL_GROUP, "^/user"}}, NULL},
      {"pool %{1}", {{SELECTOR_COMMAND_LINE, "pool ([a-z]*)"}}, "pool www"},
      {"%{2}-%{1}",
       {{SELECTOR_COMMAND_LINE, "pool ([a-z]*)"},
        {SELECTOR_CONTROL_GROUP, "/([a-z]*)\\.service"}},
       "php-www"},
      {"%{1}%{2}", /* of alternatives, the one that matched */
       {{SELECTOR_COMMAND_LINE, "no pool (.*)"},
        {SELECTOR_COMMAND_LINE, "pool ([a-z]*)"}},
       "www"},
      {"%{1}", {{SELECTOR_COMMAND_LINE, "pool(x)?"}}, "none"},
      {LONG " %{pid}", {{SELECTOR_COMMAND, "php-fpm8.2"}}, LONG " 12"},
      {LONG " %{comm} %{comm}",
       {{SELECTOR_COMMAND, "php-fpm8.2"}},
       LONG " ph~05aee1e1"}, /* cut */
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct attributes a;
    attributes_init(&a, procfs->proc, PROCFS_PID, "php-fpm8.2");
    expect(cases[i].name, cases[i].conditions, &a,
           cases[i].group != NULL ? SELECTOR_YES : SELECTOR_NO, cases[i].group);
  }
}

/* What its exit record lacks is unknown: in the selector, or in the name. */
static void names_the_group_of_the_dead(void **state) {
  (void)state;
  static const struct {
    const char *name;
    struct condition conditions[CONDITIONS];
    const char *cgroup; /* NULL: unavailable */
    enum selector_match result;
    const char *group;
  } cases[] = {
      {"web", {{SELECTOR_COMMAND, "php"}}, NULL, SELECTOR_YES, "web"},
      {"web", {{SELECTOR_COMMAND, "nginx"}}, NULL, SELECTOR_NO, NULL},
      {"web", {{SELECTOR_COMMAND_LINE, "php"}}, NULL, SELECTOR_UNKNOWN, NULL},
      {"%{comm}", {{SELECTOR_COMMAND, "php"}}, NULL, SELECTOR_YES, "php"},
      {"%{user}", {{SELECTOR_COMMAND, "php"}}, NULL, SELECTOR_YES, "root"},
      {"%{pid}", {{SELECTOR_COMMAND, "php"}}, NULL, SELECTOR_YES, "12"},
      {"%{exe}", {{SELECTOR_COMMAND, "php"}}, NULL, SELECTOR_UNKNOWN, NULL},
      {"%{exe}", {{SELECTOR_COMMAND, "nginx"}}, NULL, SELECTOR_NO, NULL},
      {"%{1}", {{SELECTOR_COMMAND_LINE, "(p)"}}, NULL, SELECTOR_UNKNOWN, NULL},
      {"%{unit}", {{SELECTOR_COMMAND, "php"}}, NULL, SELECTOR_UNKNOWN, NULL},
      {"%{unit}",
       {{SELECTOR_COMMAND, "php"}},
       "/a/b.service",
       SELECTOR_YES,
       "b.service"},
      {"%{unit}", {{SELECTOR_COMMAND, "php"}}, "/a", SELECTOR_YES, "none"},
      {"%{1}",
       {{SELECTOR_CONTROL_GROUP, "^/(.*)/"}},
       "/a/b.service",
       SELECTOR_YES,
       "a"},
      {"%{1}",
       {{SELECTOR_CONTROL_GROUP, "^/(.*)/"}},
       NULL,
       SELECTOR_UNKNOWN,
       NULL},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct attributes a;
    attributes_init_exited(&a, PROCFS_PID, "php", 0, 0, 0);
    if (cases[i].cgroup != NULL)
      attributes_set_cgroup(&a, cases[i].cgroup);
    expect(cases[i].name, cases[i].conditions, &a, cases[i].result,
           cases[i].group);
  }
}

/* They are in a group only if a condition selects them, and nothing about them
 * is unknown. */
static void selects_kernel_threads(void **state) {
  struct procfs *procfs = *state;
  static const struct {
    const char *name;
    struct condition conditions[CONDITIONS];
    const char *group; /* NULL: none */
  } cases[] = {
      {"%{comm}", {{SELECTOR_COMMAND, NULL}}, NULL},
      {"%{pid}", {{SELECTOR_COMMAND, NULL}}, NULL},
      {"%{comm}", {{SELECTOR_COMMAND, "kswapd0"}}, "kswapd0"},
      {"%{comm}", {{SELECTOR_COMMAND, "kswapd1"}}, NULL},
      {"%{1}", {{SELECTOR_COMMAND_LINE, "^(k.*d)0"}}, "kswapd"},
      {"web", {{SELECTOR_COMMAND_LINE, "nginx"}}, NULL},
      {"web", {{SELECTOR_EXECUTABLE, "/usr/sbin/nginx"}}, NULL},
      {"exe-%{exe}", {{SELECTOR_USER, "0"}}, "exe-none"},
      {"%{unit}", {{SELECTOR_CONTROL_GROUP, "^/$"}}, "none"},
      {"%{unit}", {{SELECTOR_CONTROL_GROUP, "^/a"}}, NULL},
  };
  const struct tree_process process = {
      .pid = PROCFS_PID, .comm = "kswapd0", .state = 'S', .flags = 0x208040};
  tree_put_stat(&procfs->tree, &process);
  tree_put(&procfs->tree, "12/cmdline", "");
  tree_put(&procfs->tree, "12/status", "Name:\tkswapd0\nUid:\t0\t0\t0\t0\n");
  tree_put(&procfs->tree, "12/cgroup", "0::/\n");
  tree_remove(&procfs->tree, "12/exe");

  for (size_t i = 0; i < COUNT_OF(cases); i++)
    for (int is_exited = 0; is_exited < 2; is_exited++) {
      struct attributes a;
      attributes_init(&a, procfs->proc, PROCFS_PID, "kswapd0");
      if (is_exited) {
        attributes_init_exited(&a, PROCFS_PID, "kswapd0", 0, 0, 0);
        attributes_set_cgroup(&a, "/");
        a.is_kernel_thread = true;
      }
      expect(cases[i].name, cases[i].conditions, &a,
             cases[i].group != NULL ? SELECTOR_YES : SELECTOR_NO,
             cases[i].group);
    }
}

/* Yes, no, or undecided, as what the rule selects. */
static void leaves_processes_out(void **state) {
  struct procfs *procfs = *state;
  static const struct {
    const char *name;
    bool has_exited;
    struct condition conditions[CONDITIONS], one[CONDITIONS], other[CONDITIONS];
    enum selector_match result;
    bool is_pending;
  } cases[] = {
      {"none of it",
       false,
       {{SELECTOR_USER, "33"}},
       {{SELECTOR_COMMAND, "nginx"}},
       {{SELECTOR_COMMAND, NULL}},
       SELECTOR_YES,
       false},
      {"all of it",
       false,
       {{SELECTOR_USER, "33"}},
       {{SELECTOR_COMMAND, "nginx"}, {SELECTOR_COMMAND, "php"}},
       {{SELECTOR_COMMAND, NULL}},
       SELECTOR_NO,
       false},
      {"a part of it",
       false,
       {{SELECTOR_USER, "33"}},
       {{SELECTOR_COMMAND, "php"}, {SELECTOR_USER, "34"}},
       {{SELECTOR_COMMAND, NULL}},
       SELECTOR_YES,
       false},
      {"the other",
       false,
       {{SELECTOR_USER, "33"}},
       {{SELECTOR_COMMAND, "nginx"}},
       {{SELECTOR_UNIT, "php.*"}},
       SELECTOR_NO,
       false},
      {"not selected",
       false,
       {{SELECTOR_USER, "34"}},
       {{SELECTOR_COMMAND, "nginx"}},
       {{SELECTOR_COMMAND, NULL}},
       SELECTOR_NO,
       false},
      {"%{comm}", /* everybody else */
       false,
       {{SELECTOR_COMMAND, NULL}},
       {{SELECTOR_CONTROL_GROUP, "php"}},
       {{SELECTOR_COMMAND, NULL}},
       SELECTOR_NO,
       false},
      {"%{1}", /* is of what it selects */
       false,
       {{SELECTOR_COMMAND_LINE, "(www)"}},
       {{SELECTOR_COMMAND_LINE, "(x)"}},
       {{SELECTOR_COMMAND, NULL}},
       SELECTOR_YES,
       false},

      {"unknown",
       true,
       {{SELECTOR_USER, "33"}},
       {{SELECTOR_COMMAND_LINE, "x"}},
       {{SELECTOR_COMMAND, NULL}},
       SELECTOR_UNKNOWN,
       false},
      {"unknown, but for the other",
       true,
       {{SELECTOR_USER, "33"}},
       {{SELECTOR_COMMAND_LINE, "x"}},
       {{SELECTOR_COMMAND, "php"}},
       SELECTOR_NO,
       false},
      {"unknown, but not selected",
       true,
       {{SELECTOR_USER, "34"}},
       {{SELECTOR_COMMAND_LINE, "x"}},
       {{SELECTOR_COMMAND, NULL}},
       SELECTOR_NO,
       false},
      {"perhaps selected",
       true,
       {{SELECTOR_COMMAND_LINE, "x"}},
       {{SELECTOR_USER, "33"}},
       {{SELECTOR_COMMAND, NULL}},
       SELECTOR_NO,
       false},
      {"perhaps selected, and not left out",
       true,
       {{SELECTOR_COMMAND_LINE, "x"}},
       {{SELECTOR_USER, "34"}},
       {{SELECTOR_COMMAND, NULL}},
       SELECTOR_UNKNOWN,
       false},
      {"a stranger",
       true,
       {{SELECTOR_COMMAND, "php"}},
       {{SELECTOR_USER, "stranger-4"}},
       {{SELECTOR_COMMAND, NULL}},
       SELECTOR_UNKNOWN,
       true},
      {"a stranger, or the name",
       true,
       {{SELECTOR_COMMAND, "php"}},
       {{SELECTOR_USER, "stranger-5"}},
       {{SELECTOR_COMMAND, "php"}},
       SELECTOR_NO,
       false},
      {"selected by a stranger, but left out",
       true,
       {{SELECTOR_USER, "stranger-6"}},
       {{SELECTOR_COMMAND, "php"}},
       {{SELECTOR_COMMAND, NULL}},
       SELECTOR_NO,
       false},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    struct rule *rule = rule_of(name, cases[i].conditions);
    exclude(rule, cases[i].one);
    exclude(rule, cases[i].other);
    struct attributes a;
    struct match match;
    attributes_init(&a, procfs->proc, PROCFS_PID, "php");
    if (cases[i].has_exited)
      attributes_init_exited(&a, PROCFS_PID, "php", 33, 0, 0);
    assert_case_int(name, rule_match(rule, &a, &match), cases[i].result);
    assert_case_int(name, a.is_pending, cases[i].is_pending);
    attributes_clear(&a);
    rule_destroy(rule);
  }
}

/* A rule with Descendants also reports it for processes that it does not
 * select. */
static void leaves_descendants_out(void **state) {
  (void)state;
  static const struct {
    const char *name;
    struct condition conditions[CONDITIONS], exclusion[CONDITIONS];
    bool descendants;
    enum selector_match result, is_excluded;
  } cases[] = {
      {"selected",
       {{SELECTOR_COMMAND, "php"}},
       {{SELECTOR_COMMAND, "php"}},
       true,
       SELECTOR_NO,
       SELECTOR_YES},
      {"not selected",
       {{SELECTOR_COMMAND, "make"}},
       {{SELECTOR_COMMAND, "php"}},
       true,
       SELECTOR_NO,
       SELECTOR_YES},
      {"unknown",
       {{SELECTOR_COMMAND, "make"}},
       {{SELECTOR_COMMAND_LINE, "php"}},
       true,
       SELECTOR_NO,
       SELECTOR_UNKNOWN},
      {"not left out",
       {{SELECTOR_COMMAND, "make"}},
       {{SELECTOR_COMMAND, "nginx"}},
       true,
       SELECTOR_NO,
       SELECTOR_NO},
      {"no matter",
       {{SELECTOR_COMMAND, "make"}},
       {{SELECTOR_COMMAND, "php"}},
       false,
       SELECTOR_NO,
       SELECTOR_NO},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    struct rule *rule = rule_of(name, cases[i].conditions);
    exclude(rule, cases[i].exclusion);
    rule->descendants = cases[i].descendants;
    struct attributes a;
    struct match match;
    attributes_init_exited(&a, PROCFS_PID, "php", 33, 0, 0);
    assert_case_int(name, rule_match(rule, &a, &match), cases[i].result);
    assert_case_int(name, match.is_excluded, cases[i].is_excluded);
    attributes_clear(&a);
    rule_destroy(rule);
  }
}

static void destroys_what_is_half_made(void **state) {
  (void)state;
  rule_destroy(NULL);
  rule_destroy(calloc(1, sizeof(struct rule)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(names_the_group_of_the_living,
                                      procfs_set_up, procfs_tear_down),
      cmocka_unit_test(names_the_group_of_the_dead),
      cmocka_unit_test_setup_teardown(selects_kernel_threads, procfs_set_up,
                                      procfs_tear_down),
      cmocka_unit_test_setup_teardown(leaves_processes_out, procfs_set_up,
                                      procfs_tear_down),
      cmocka_unit_test(leaves_descendants_out),
      cmocka_unit_test(destroys_what_is_half_made),
  };
  users_start();
  int status = cmocka_run_group_tests(tests, NULL, NULL);
  user_cache_stop();
  return status;
}
