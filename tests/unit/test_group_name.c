/* SPDX-License-Identifier: MIT */
#include "select/group_name.h"

#include "support/php_process.h"
#include "support/test.h"
#include "support/users.h"

#include <errno.h>

enum { SIZE = 128, ERROR_SIZE = 256 };

/* What a selector captured of the process. */
static const struct captures captured = {
    .part = {[0] = {"pool www", 4}, [8] = {"www/de, cut", 6}}};

static int set_up(void **state) {
  procfs_set_up(state);
  struct procfs *procfs = *state;
  tree_put(&procfs->tree, "12/status", "Name:\tx\nUid:\t0\t33\t33\t33\n");
  tree_put(&procfs->tree, "12/cgroup",
           "0::/system.slice/php.service/workers\n");
  return 0;
}

static struct group_name *template_of(const char *text) {
  char error[ERROR_SIZE] = "";
  struct group_name *template = NULL;
  if (group_name_parse(text, &template, error, sizeof(error)) != 0)
    fail_msg("\"%s\" %s", text, error);
  return template;
}

/* Expands for the attributes, which it clears, and wants this name, or UNKNOWN
 * if it is NULL. */
static void expect(const char *text, struct attributes *a,
                   const struct captures *captures, size_t size,
                   const char *expected) {
  char name[SIZE];
  struct group_name *template = template_of(text);
  enum selector_match result =
      group_name_expand(template, a, captures, name, size);
  assert_case_int(text, result,
                  expected != NULL ? SELECTOR_YES : SELECTOR_UNKNOWN);
  if (expected != NULL)
    assert_case_string(text, name, expected);
  group_name_destroy(template);
  attributes_clear(a);
}

static void expect_live(const struct procfs *procfs, const char *text,
                        const char *comm, const char *expected) {
  struct attributes a;
  attributes_init(&a, procfs->proc, PROCFS_PID, comm);
  expect(text, &a, &captured, SIZE, expected);
}

static void expands_each_placeholder(void **state) {
  struct procfs *procfs = *state;
  static const struct {
    const char *text, *name;
  } cases[] = {
      {"%{comm}", "php-fpm8.2"},
      {"%{exe}", "php-fpm8.2"},
      {"%{user}", "root"}, /* the real one */
      {"%{pid}", "12"},
      {"%{unit}", "php.service"},
      {"%{cgroup}", "_system.slice_php.service_workers"},
      {"%{1}", "pool"},
      {"%{9}", "www_de"},
      {"%{2}", "none"},
      {"%{2}%{3}", "none"},

      {"web", "web"},
      {"100%%", "100%"},
      {"%%{comm}", "%{comm}"},
      {"%%%{pid}%%", "%12%"},
      {"web-%{pid}", "web-12"},
      {"%{pid}-web", "12-web"},
      {"%{user}: %{comm} (%{pid})", "root: php-fpm8.2 (12)"},
      {"%{pid}%{pid}", "1212"},
      {"a%{2}b", "ab"},
      {"{%{1}}", "{pool}"},
      {"}{", "}{"},
      {"", "none"},

      {"a/b\tc\x7f/%{pid}", "a_b_c__12"},
      {"caf\xc3\xa9 %{1}", "caf\xc3\xa9 pool"},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++)
    expect_live(procfs, cases[i].text, "php-fpm8.2", cases[i].name);
}

static void replaces_what_is_not_allowed(void **state) {
  struct procfs *procfs = *state;
  expect_live(procfs, "%{comm}", "worker/0:1", "worker_0:1");
  expect_live(procfs, "%{comm}", "a\nb\x01\x7f", "a_b__");
  expect_live(procfs, "%{comm}", "", "none");
  expect_live(procfs, "x%{comm}", "", "x");
}

/* Otherwise 128 CPUs would create more groups than permitted. But any user may
 * give a process such a name. */
static void has_one_name_for_a_pool(void **state) {
  struct procfs *procfs = *state;
  enum { KERNEL_THREAD = 0x208040, FORKED = 0x400040 };
  static const struct {
    const char *comm, *pool, *as_program;
  } cases[] = {
      {"kworker/0:1", "kworker", "kworker_0:1"},
      {"kworker/127:1H-kblockd", "kworker", "kworker_127:1H-kblockd"},
      {"kworker/u257:12+flush-254:0", "kworker", "kworker_u257:12+flush-254:0"},
      {"kworker/R-slub_flushwq", "kworker", "kworker_R-slub_flushwq"},
      {"kworker/dying", "kworker", "kworker_dying"},
      {"ksoftirqd/12", "ksoftirqd", "ksoftirqd_12"},
      {"scsi_eh_3", "scsi_eh", "scsi_eh_3"},
      {"irq/24-nvme0q7", "irq", "irq_24-nvme0q7"},
      {"kswapd0", "kswapd0", "kswapd0"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    for (int is_program = 0; is_program < 2; is_program++) {
      const char *name = is_program ? cases[i].as_program : cases[i].pool;
      struct tree_process process = {
          .pid = PROCFS_PID,
          .comm = cases[i].comm,
          .state = 'S',
          .flags = is_program ? FORKED : KERNEL_THREAD,
      };
      tree_put_stat(&procfs->tree, &process);
      expect_live(procfs, "%{comm}", cases[i].comm, name);
      struct attributes a;
      attributes_init_exited(&a, PROCFS_PID, cases[i].comm, 0, 0, 0);
      a.is_kernel_thread = !is_program;
      expect("%{comm}", &a, NULL, SIZE, name);
    }
}

/* A kernel thread, outside of any unit; or one that ends meanwhile. */
static void has_none_for_what_is_missing(void **state) {
  struct procfs *procfs = *state;
  tree_put(&procfs->tree, "12/cgroup", "0::/\n");
  tree_remove(&procfs->tree, "12/exe");
  expect_live(procfs, "%{unit}", "kswapd0", "none");
  expect_live(procfs, "%{cgroup}", "kswapd0", "_");
  expect_live(procfs, "%{exe}", "kswapd0", "none");
  expect_live(procfs, "%{exe} %{comm} %{unit}", "kswapd0", "none kswapd0 none");

  tree_remove(&procfs->tree, "12/cgroup");
  tree_remove(&procfs->tree, "12/status");
  expect_live(procfs, "%{unit} %{cgroup} %{user} %{pid}", "x",
              "none none none 12");
}

/* A user who is pending for another group does not affect this one. */
static void waits_for_its_own_user_only(void **state) {
  struct procfs *procfs = *state;
  struct group_name *template = template_of("%{user}");
  struct attributes a;
  char name[SIZE];
  tree_remove(&procfs->tree, "12/status");
  attributes_init(&a, procfs->proc, PROCFS_PID, "x");
  a.is_pending = true;
  assert_int_equal(group_name_expand(template, &a, NULL, name, sizeof(name)),
                   SELECTOR_YES);
  assert_string_equal(name, "none");
  assert_true(a.is_pending);
  attributes_clear(&a);
  group_name_destroy(template);
}

static void expands_for_the_ended(void **state) {
  (void)state;
  static const struct {
    const char *text, *cgroup, *name; /* name NULL: unknown */
  } cases[] = {
      {"web", NULL, "web"},
      {"%{comm} %{user} %{pid}", NULL, "daemon root 12"},
      {"%{exe}", "/a.service", NULL},
      {"%{comm} %{exe}", "/a.service", NULL},
      {"%{unit}", NULL, NULL},
      {"%{unit}", "/system.slice/a.service", "a.service"},
      {"%{unit}", "/", "none"},
      {"%{cgroup}", NULL, NULL},
      {"%{cgroup}", "/a/b", "_a_b"},
      {"%{pid}%{unit}", NULL, NULL},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct attributes a;
    attributes_init_exited(&a, PROCFS_PID, "daemon", 0, 1, 2);
    attributes_set_cgroup(&a, cases[i].cgroup);
    expect(cases[i].text, &a, NULL, SIZE, cases[i].name);
  }
}

/* test_text.c has the other cases. */
static void filters_names(void **state) {
  struct procfs *procfs = *state;
  static const struct {
    const char *text;
    size_t size;
    const char *name;
  } cases[] = {
      {"%{comm}-%{pid}", 32, "da_em_n-12"},
      {"0123456789%{pid}%{pid}1", 16, "012345678912121"},
      {"0123456789%{pid}%{pid}12", 16, "012345~6b824896"},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct attributes a;
    attributes_init(&a, procfs->proc, PROCFS_PID, "da\nem\xc3n");
    expect(cases[i].text, &a, &captured, cases[i].size, cases[i].name);
  }
}

static void describes_itself(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool is_fixed;
    unsigned int captures;
  } cases[] = {
      {"", true, 0},
      {"web", true, 0},
      {"100%%", true, 0},
      {"%%{unit}", true, 0},
      {"%{comm}", false, 0},
      {"%{pid}", false, 0},
      {"a %{unit}", false, 0},
      {"%{user}%{cgroup}", false, 0},
      {"%{1}", false, 1},
      {"%{3}%{9}%{2}", false, 9},
      {"%{2} %{unit}", false, 2},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *text = cases[i].text;
    struct group_name *template = template_of(text);
    assert_case_int(text, group_name_is_fixed(template), cases[i].is_fixed);
    assert_case_int(text, group_name_captures(template), cases[i].captures);
    group_name_destroy(template);
  }
  group_name_destroy(NULL);
}

/* What is wrong, and what would be correct. */
static void refuses_bad_templates(void **state) {
  (void)state;
  static const char known[] = "%{comm}, %{exe}, %{user}, %{pid}, %{unit}, "
                              "%{cgroup}, and %{1} to %{9}";
  static const struct {
    const char *text, *wrong, *right;
  } cases[] = {
      {"%{name}", "unknown placeholder \"%{name}\"", known},
      {"a %{pid} %{Comm}", "unknown placeholder \"%{Comm}\"", known},
      {"%{}", "unknown placeholder \"%{}\"", known},
      {"%{0}", "unknown placeholder \"%{0}\"", known},
      {"%{10}", "unknown placeholder \"%{10}\"", known},
      {"%{comm }", "unknown placeholder \"%{comm }\"", known},
      {"%{com}", "unknown placeholder \"%{com}\"", known},
      {"%{%{pid}}", "unknown placeholder \"%{%{pid}\"", known},
      {"%{unit", "unterminated placeholder \"%{unit\"", "\"}\""},
      {"%{", "unterminated placeholder \"%{\"", "\"%%\""},
      {"%", "percent sign that does not begin a placeholder", "\"%%\""},
      {"100% sure", "percent sign that does not begin a placeholder", "\"%%\""},
      {"%%%", "percent sign that does not begin a placeholder", "\"%%\""},
      {"%comm", "percent sign that does not begin a placeholder",
       "\"%{comm}\""},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char error[ERROR_SIZE] = "";
    struct group_name *template = NULL;
    assert_case_int(
        cases[i].text,
        group_name_parse(cases[i].text, &template, error, sizeof(error)),
        -EINVAL);
    assert_case(cases[i].text, template == NULL);
    assert_case_says(cases[i].text, error, cases[i].wrong);
    assert_case_says(cases[i].text, error, cases[i].right);
  }
}

#define fake(test)                                                             \
  cmocka_unit_test_setup_teardown(test, set_up, procfs_tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      fake(expands_each_placeholder),
      fake(replaces_what_is_not_allowed),
      fake(has_one_name_for_a_pool),
      fake(has_none_for_what_is_missing),
      fake(waits_for_its_own_user_only),
      cmocka_unit_test(expands_for_the_ended),
      fake(filters_names),
      cmocka_unit_test(describes_itself),
      cmocka_unit_test(refuses_bad_templates),
  };
  users_start();
  int status = cmocka_run_group_tests(tests, NULL, NULL);
  user_cache_stop();
  return status;
}
