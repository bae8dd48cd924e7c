/* SPDX-License-Identifier: MIT */
#include "select/selector.h"

#include "support/paths.h"
#include "support/php_process.h"
#include "support/test.h"
#include "support/users.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { ERROR_SIZE = 256 };

static struct selector *selector_of(enum selector_kind kind,
                                    const char *value) {
  char error[ERROR_SIZE] = "";
  struct selector *selector = selector_create();
  assert_non_null(selector);
  if (selector_add(selector, kind, value, error, sizeof(error)) != 0)
    fail_msg("\"%s\" %s", value, error);
  return selector;
}

static void add(struct selector *selector, enum selector_kind kind,
                const char *value) {
  char error[ERROR_SIZE];
  assert_case_int(value,
                  selector_add(selector, kind, value, error, sizeof(error)), 0);
}

/* Whether it matches the process, which has that name. */
static bool matches(const struct procfs *procfs,
                    const struct selector *selector, const char *comm) {
  struct attributes a;
  attributes_init(&a, procfs->proc, PROCFS_PID, comm);
  bool does = selector_match(selector, &a, NULL) == SELECTOR_YES;
  attributes_clear(&a);
  return does;
}

static void matches_by_each_kind(void **state) {
  struct procfs *procfs = *state;
  static const struct {
    enum selector_kind kind;
    const char *value;
    bool matches;
  } cases[] = {
      {SELECTOR_COMMAND, "php-fpm8.2", true},
      {SELECTOR_COMMAND, "php-fpm8", false},
      {SELECTOR_COMMAND, "php-fpm8.22", false},
      {SELECTOR_COMMAND, "PHP-FPM8.2", false},
      {SELECTOR_COMMAND, "php.*", false},

      {SELECTOR_COMMAND_LINE, "^php-fpm: pool www --nodaemonize$", true},
      {SELECTOR_COMMAND_LINE, "pool", true},
      {SELECTOR_COMMAND_LINE, "pool (ftp|www)", true},
      {SELECTOR_COMMAND_LINE, "pool (ftp|mail)", false},
      {SELECTOR_COMMAND_LINE, "^pool", false},
      {SELECTOR_COMMAND_LINE, "w{3}", true},
      {SELECTOR_COMMAND_LINE, "php-fpm8.2", false},

      {SELECTOR_EXECUTABLE, "/usr/sbin/php-fpm8.2", true},
      {SELECTOR_EXECUTABLE, "/usr/sbin/php-fpm", false},
      {SELECTOR_EXECUTABLE, "/usr/sbin", false},

      {SELECTOR_USER, "33", true},
      {SELECTOR_USER, "0", false}, /* the effective one */
      {SELECTOR_USER, "root", false},

      {SELECTOR_CONTROL_GROUP, "^/system\\.slice/php\\.service$", true},
      {SELECTOR_CONTROL_GROUP, "^/system\\.slice/", true},
      {SELECTOR_CONTROL_GROUP, "^/user\\.slice/", false},
      {SELECTOR_CONTROL_GROUP, "0::", false},

      {SELECTOR_UNIT, "php.service", true},
      {SELECTOR_UNIT, "php*", true},
      {SELECTOR_UNIT, "[a-p]h?.service", true},
      {SELECTOR_UNIT, "*", true},
      {SELECTOR_UNIT, "php", false},
      {SELECTOR_UNIT, "php.", false},
      {SELECTOR_UNIT, "php.s.*", false}, /* not a regular expression */
      {SELECTOR_UNIT, "system.slice", false},
      {SELECTOR_UNIT, "none", false},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct selector *selector = selector_of(cases[i].kind, cases[i].value);
    assert_case_int(cases[i].value, matches(procfs, selector, "php-fpm8.2"),
                    cases[i].matches);
    selector_destroy(selector);
  }
}

/* As %{unit} names it: the container, the user's unit, the machine. */
static void matches_the_unit(void **state) {
  struct procfs *procfs = *state;
#define ID "4f1c9e0b7a2d4f1c9e0b7a2d4f1c9e0b7a2d4f1c9e0b7a2d4f1c9e0b7a2d0123"
  static const struct {
    const char *cgroup, *value;
    bool matches;
  } cases[] = {
      {"0::/system.slice/docker-" ID ".scope\n", "4f1c9e0b7a2d", true},
      {"0::/system.slice/docker-" ID ".scope\n", "docker-*", false},
      {"1:name=systemd:/docker/" ID "\n0::/system.slice/docker.service\n",
       "4f1c*", true},
      {"1:name=systemd:/docker/" ID "\n0::/system.slice/docker.service\n",
       "docker.service", false},
      {"0::/system.slice/dbus.service\n", "dbus.service", true},
      {"0::/user.slice/user-1000.slice/user@1000.service/dbus.service\n",
       "dbus.service", false},
      {"0::/user.slice/user-1000.slice/user@1000.service/dbus.service\n",
       "user-*-dbus.service", true},
      {"0::/machine.slice/machine-a\\x2db.scope/payload/x.service\n",
       "machine-a\\x2db.scope", true},
      {"0::/machine.slice/machine-a\\x2db.scope/payload/x.service\n",
       "x.service", false},
      {"0::/\n", "*", false},
      {"0::/\n", "none", false},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct selector *selector = selector_of(SELECTOR_UNIT, cases[i].value);
    tree_put(&procfs->tree, "12/cgroup", cases[i].cgroup);
    assert_case_int(cases[i].value, matches(procfs, selector, "x"),
                    cases[i].matches);
    selector_destroy(selector);
  }
}

/* The kernel keeps 15 characters of a name. */
static void knows_that_names_are_cut(void **state) {
  struct procfs *procfs = *state;
  static const struct {
    const char *value, *comm;
    bool matches;
  } cases[] = {
      {"systemd-journald", "systemd-journal", true},
      {"systemd-journal", "systemd-journal", true},
      {"systemd-journalx", "systemd-journal", true},
      {"systemd-journey", "systemd-journal", false},
      {"systemd-journ", "systemd-journal", false},
      {"systemd-journald", "systemd-journ", false},
      /* Those of kernel workers are longer. */
      {"kworker/0:1-events", "kworker/0:1-events", true},
      {"kworker/0:1-events_long", "kworker/0:1-events", false},
      {"kworker/0:1-eve", "kworker/0:1-events", false},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct selector *selector = selector_of(SELECTOR_COMMAND, cases[i].value);
    assert_case_int(cases[i].value, matches(procfs, selector, cases[i].comm),
                    cases[i].matches);
    selector_destroy(selector);
  }
}

/* Different kinds must all match; the values of one kind are alternatives. */
static void combines(void **state) {
  struct procfs *procfs = *state;
  enum { VALUES = 5 };
  static const struct {
    const char *name;
    struct {
      enum selector_kind kind;
      const char *value;
    } values[VALUES];
    bool matches;
  } cases[] = {
      {"first alternative",
       {{SELECTOR_COMMAND, "php-fpm8.2"}, {SELECTOR_COMMAND, "nginx"}},
       true},
      {"last alternative",
       {{SELECTOR_COMMAND, "nginx"}, {SELECTOR_COMMAND, "php-fpm8.2"}},
       true},
      {"no alternative",
       {{SELECTOR_COMMAND, "nginx"}, {SELECTOR_COMMAND, "httpd"}},
       false},
      {"both kinds",
       {{SELECTOR_COMMAND, "php-fpm8.2"}, {SELECTOR_USER, "33"}},
       true},
      {"first kind only",
       {{SELECTOR_COMMAND, "php-fpm8.2"}, {SELECTOR_USER, "34"}},
       false},
      {"last kind only",
       {{SELECTOR_COMMAND, "nginx"}, {SELECTOR_USER, "33"}},
       false},
      {"kinds with alternatives",
       {{SELECTOR_COMMAND, "nginx"},
        {SELECTOR_COMMAND_LINE, "pool"},
        {SELECTOR_COMMAND, "php-fpm8.2"},
        {SELECTOR_COMMAND_LINE, "master"}},
       true},
      {"all kinds but a pid file",
       {{SELECTOR_COMMAND, "php-fpm8.2"},
        {SELECTOR_COMMAND_LINE, "pool"},
        {SELECTOR_EXECUTABLE, "/usr/sbin/php-fpm8.2"},
        {SELECTOR_USER, "33"},
        {SELECTOR_CONTROL_GROUP, "php"}},
       true},
      {"one of five fails",
       {{SELECTOR_COMMAND, "php-fpm8.2"},
        {SELECTOR_COMMAND_LINE, "pool"},
        {SELECTOR_EXECUTABLE, "/usr/sbin/php-fpm8.2"},
        {SELECTOR_USER, "33"},
        {SELECTOR_CONTROL_GROUP, "nginx"}},
       false},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct selector *selector = selector_create();
    assert_true(selector_is_empty(selector));
    for (size_t v = 0; v < VALUES && cases[i].values[v].value != NULL; v++)
      add(selector, cases[i].values[v].kind, cases[i].values[v].value);
    assert_case(cases[i].name, !selector_is_empty(selector));
    assert_case_int(cases[i].name, matches(procfs, selector, "php-fpm8.2"),
                    cases[i].matches);
    selector_destroy(selector);
  }
  selector_destroy(NULL);
}

/* The configured path may lead over links, as /usr/bin/python3 does. */
static void follows_links_to_the_executable(void **state) {
  struct procfs *procfs = *state;
  char real[TREE_PATH_SIZE], link[TREE_PATH_SIZE], other[TREE_PATH_SIZE];
  tree_put_program(&procfs->tree, "bin/python3.11", "");
  tree_link(&procfs->tree, "bin/python3", "python3.11");
  tree_put_program(&procfs->tree, "bin/perl", "");
  tree_path(&procfs->tree, "bin/python3.11", real);
  tree_path(&procfs->tree, "bin/python3", link);
  tree_path(&procfs->tree, "bin/perl", other);
  tree_link(&procfs->tree, "12/exe", real);

  const struct {
    const char *value;
    bool matches;
  } cases[] = {{real, true}, {link, true}, {other, false}, {"/nowhere", false}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct selector *selector =
        selector_of(SELECTOR_EXECUTABLE, cases[i].value);
    paths_look();
    assert_case_int(cases[i].value, matches(procfs, selector, "python3"),
                    cases[i].matches);
    selector_destroy(selector);
  }

  /* A file that was replaced while it runs still matches. */
  char deleted[TREE_PATH_SIZE + 16];
  snprintf(deleted, sizeof(deleted), "%s (deleted)", real);
  tree_link(&procfs->tree, "12/exe", deleted);
  struct selector *selector = selector_of(SELECTOR_EXECUTABLE, link);
  paths_look();
  assert_true(matches(procfs, selector, "python3"));
  selector_destroy(selector);
}

/* Its inode may be reused once no process runs it any more. */
static void takes_no_other_file_for_a_replaced_executable(void **state) {
  struct procfs *procfs = *state;
  static const struct {
    const char *comm;
    enum selector_match match;
  } cases[] = {{"nginx", SELECTOR_YES}, {"git", SELECTOR_UNKNOWN}};
  char path[TREE_PATH_SIZE];
  struct stat st;
  struct attributes a;
  tree_put_program(&procfs->tree, "bin/nginx", "old");
  tree_path(&procfs->tree, "bin/nginx", path);
  struct selector *selector = selector_of(SELECTOR_EXECUTABLE, path);
  paths_look();
  assert_int_equal(stat(path, &st), 0);
  uint64_t dev = (uint64_t)major(st.st_dev) << 8 | (minor(st.st_dev) & 0xff) |
                 (uint64_t)(minor(st.st_dev) & ~0xffU) << 12;
  attributes_init_exited(&a, 7, "git", 0, dev, st.st_ino);
  assert_int_equal(selector_match(selector, &a, NULL), SELECTOR_YES);
  assert_int_equal(unlink(path), 0);
  paths_look();
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    attributes_init_exited(&a, 7, cases[i].comm, 0, dev, st.st_ino);
    assert_case_int(cases[i].comm, selector_match(selector, &a, NULL),
                    cases[i].match);
  }
  selector_destroy(selector);
}

static void knows_users_by_name(void **state) {
  struct procfs *procfs = *state;
  static const char *const values[] = {"root", "0"};

  tree_put(&procfs->tree, "12/status", "Name:\tx\nUid:\t0\t33\t33\t33\n");
  for (size_t i = 0; i < COUNT_OF(values); i++) {
    struct selector *selector = selector_of(SELECTOR_USER, values[i]);
    assert_case(values[i], matches(procfs, selector, "x"));
    selector_destroy(selector);
  }
}

/* What is wrong, and what would be correct. */
static void refuses_bad_values(void **state) {
  (void)state;
  static const struct {
    enum selector_kind kind;
    const char *value, *wrong, *right;
  } cases[] = {
      {SELECTOR_COMMAND, "", "is empty", "at least one character"},
      {SELECTOR_EXECUTABLE, "nginx", "not an absolute path", "\"/\""},
      {SELECTOR_EXECUTABLE, "", "not an absolute path", "\"/\""},
      {SELECTOR_PID_FILE, "run/x.pid", "not an absolute path", "\"/\""},
      {SELECTOR_COMMAND_LINE, "a(b", "missing closing parenthesis",
       "pcre2syntax(3)"},
      {SELECTOR_COMMAND_LINE, "[z-a]", "range out of order", "pcre2syntax(3)"},
      {SELECTOR_CONTROL_GROUP, "[a", "missing terminating ]", "pcre2syntax(3)"},
      {SELECTOR_CONTROL_GROUP, "*{", "quantifier does not follow",
       "pcre2syntax(3)"},
      {SELECTOR_UNIT, "", "is empty", "at least one character"},
      {SELECTOR_UNIT, "a/b.service", "is not a unit name", "ControlGroup"},
      {SELECTOR_USER, "no user", "is not a user", "number"},
      {SELECTOR_USER, "", "is not a user", "getent passwd"},
      {SELECTOR_USER, "-1", "is not a user", "number"},
      {SELECTOR_USER, "4294967295", "is not a user", "4294967294"},
      {SELECTOR_USER, "99999999999999999999", "is not a user", "number"},
      {SELECTOR_USER, "a:b", "is not a user", "number"},
      {SELECTOR_USER, " 33", "is not a user", "number"},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char error[ERROR_SIZE] = "";
    struct selector *selector = selector_create();
    assert_case_int(cases[i].value,
                    selector_add(selector, cases[i].kind, cases[i].value, error,
                                 sizeof(error)),
                    -EINVAL);
    assert_case_says(cases[i].value, error, cases[i].wrong);
    assert_case_says(cases[i].value, error, cases[i].right);
    /* It is as it was. */
    assert_case(cases[i].value, selector_is_empty(selector));
    selector_destroy(selector);
  }
}

/* A kernel thread has no command line, and no executable. */
static void selects_kernel_threads_by_name(void **state) {
  struct procfs *procfs = *state;
  tree_put(&procfs->tree, "12/cmdline", "");
  tree_remove(&procfs->tree, "12/exe");

  struct selector *by_line = selector_of(SELECTOR_COMMAND_LINE, "^kswapd0$");
  assert_true(matches(procfs, by_line, "kswapd0"));
  assert_false(matches(procfs, by_line, "kswapd1"));
  selector_destroy(by_line);
  struct selector *by_exe = selector_of(SELECTOR_EXECUTABLE, "/bin/kswapd0");
  assert_false(matches(procfs, by_exe, "kswapd0"));
  selector_destroy(by_exe);
}

static void tells_what_cannot_be_read(void **state) {
  struct procfs *procfs = *state;
  tree_remove(&procfs->tree, "12/exe");
  tree_make(&procfs->tree, "12/exe");
  struct selector *selector = selector_of(SELECTOR_EXECUTABLE, "/bin/x");
  add(selector, SELECTOR_COMMAND, "php-fpm8.2");

  struct attributes a;
  attributes_init(&a, procfs->proc, PROCFS_PID, "php-fpm8.2");
  assert_int_equal(selector_match(selector, &a, NULL), SELECTOR_NO);
  assert_int_equal(a.error, -EINVAL);
  attributes_clear(&a);

  /* It is not read if the name already decides. */
  attributes_init(&a, procfs->proc, PROCFS_PID, "nginx");
  assert_int_equal(selector_match(selector, &a, NULL), SELECTOR_NO);
  assert_int_equal(a.error, 0);
  attributes_clear(&a);
  selector_destroy(selector);
}

/* What is unknown, or takes too long to match, does not matter where another
 * condition excludes the process. */

enum { UID = 33, HOPELESS_SIZE = 100000 };

struct condition {
  enum selector_kind kind;
  const char *value;
};

static struct selector *selector_of_all(const char *name,
                                        const struct condition *conditions,
                                        size_t count) {
  char error[ERROR_SIZE];
  struct selector *selector = selector_create();
  assert_non_null(selector);
  for (size_t i = 0; i < count && conditions[i].value != NULL; i++)
    assert_case_int(name,
                    selector_add(selector, conditions[i].kind,
                                 conditions[i].value, error, sizeof(error)),
                    0);
  return selector;
}

static void decides_what_another_condition_excludes(void **state) {
  (void)state;
  enum { CONDITIONS = 3 };
  static const struct {
    const char *name, *cgroup;
    struct condition conditions[CONDITIONS];
    enum selector_match match;
    bool is_pending;
  } cases[] = {
      {"no command line",
       "/a",
       {{SELECTOR_COMMAND_LINE, "x"}},
       SELECTOR_UNKNOWN,
       false},
      {"another name",
       "/a",
       {{SELECTOR_COMMAND_LINE, "x"}, {SELECTOR_COMMAND, "nginx"}},
       SELECTOR_NO,
       false},
      {"another user",
       "/a",
       {{SELECTOR_COMMAND_LINE, "x"}, {SELECTOR_USER, "34"}},
       SELECTOR_NO,
       false},
      {"another cgroup",
       "/a",
       {{SELECTOR_COMMAND_LINE, "x"}, {SELECTOR_CONTROL_GROUP, "b"}},
       SELECTOR_NO,
       false},
      {"no cgroup",
       NULL,
       {{SELECTOR_COMMAND_LINE, "x"}, {SELECTOR_CONTROL_GROUP, "b"}},
       SELECTOR_UNKNOWN,
       false},
      {"another unit",
       "/a",
       {{SELECTOR_COMMAND_LINE, "x"}, {SELECTOR_UNIT, "b.service"}},
       SELECTOR_NO,
       false},
      {"no unit", NULL, {{SELECTOR_UNIT, "*"}}, SELECTOR_UNKNOWN, false},
      {"no executable, another cgroup",
       "/a",
       {{SELECTOR_EXECUTABLE, "/bin/x"}, {SELECTOR_CONTROL_GROUP, "b"}},
       SELECTOR_NO,
       false},
      {"no executable, a stranger, another cgroup",
       "/a",
       {{SELECTOR_EXECUTABLE, "/bin/x"},
        {SELECTOR_USER, "stranger-1"},
        {SELECTOR_CONTROL_GROUP, "b"}},
       SELECTOR_NO,
       false},
      {"a stranger",
       "/a",
       {{SELECTOR_USER, "stranger-2"}, {SELECTOR_CONTROL_GROUP, "a"}},
       SELECTOR_UNKNOWN,
       true},
      {"a stranger or the user",
       "/a",
       {{SELECTOR_USER, "stranger-3"}, {SELECTOR_USER, "33"}},
       SELECTOR_YES,
       false},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++)
    for (int was_pending = 0; was_pending < 2 - cases[i].is_pending;
         was_pending++) {
      const char *name = cases[i].name;
      struct selector *selector =
          selector_of_all(name, cases[i].conditions, CONDITIONS);
      struct attributes a;
      attributes_init_exited(&a, PROCFS_PID, "php", UID, 0, 0);
      attributes_set_cgroup(&a, cases[i].cgroup);
      a.is_pending = was_pending != 0; /* for another selector */
      assert_case_int(name, selector_match(selector, &a, NULL), cases[i].match);
      assert_case_int(name, a.is_pending, was_pending || cases[i].is_pending);
      attributes_clear(&a);
      selector_destroy(selector);
    }
}

/* Takes longer to match with "celery( .*)?worker" than any match may. */
static char *hopeless_text(void) {
  char *text = calloc(1, HOPELESS_SIZE + 1);
  assert_non_null(text);
  for (size_t i = 0; i < HOPELESS_SIZE; i++)
    text[i] = "celery "[i % 7];
  text[HOPELESS_SIZE - 1] = 'r';
  return text;
}

static void spends_no_work_on_the_excluded(void **state) {
  struct procfs *procfs = *state;
  static const char hopeless[] = "celery( .*)?worker";
  enum { CONDITIONS = 3 };
  const struct {
    const char *name;
    struct condition conditions[CONDITIONS];
    enum selector_match match;
    bool works;
  } cases[] = {
      {"alone", {{SELECTOR_COMMAND_LINE, hopeless}}, SELECTOR_UNKNOWN, true},
      {"of the user",
       {{SELECTOR_COMMAND_LINE, hopeless}, {SELECTOR_USER, "33"}},
       SELECTOR_UNKNOWN,
       true},
      {"of another user",
       {{SELECTOR_COMMAND_LINE, hopeless}, {SELECTOR_USER, "34"}},
       SELECTOR_NO,
       false},
      {"or a cheap one",
       {{SELECTOR_COMMAND_LINE, hopeless}, {SELECTOR_COMMAND_LINE, "^celery"}},
       SELECTOR_YES,
       false},
      {"or a cheap one, of another user",
       {{SELECTOR_COMMAND_LINE, hopeless},
        {SELECTOR_COMMAND_LINE, "^celery"},
        {SELECTOR_USER, "34"}},
       SELECTOR_NO,
       false},
  };
  char *text = hopeless_text();
  tree_put(&procfs->tree, "12/cmdline", text);

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    struct selector *selector =
        selector_of_all(name, cases[i].conditions, CONDITIONS);
    struct attributes a;
    struct pattern_work work = {0};
    pattern_work_fill(&work, 1);
    attributes_init(&a, procfs->proc, PROCFS_PID, "celery");
    a.work = &work;
    assert_case_int(name, selector_match(selector, &a, NULL), cases[i].match);
    assert_case_int(name, work.left < PATTERN_MOST_LEFT, cases[i].works);
    bool is_undecided = cases[i].match == SELECTOR_UNKNOWN;
    assert_case_int(name, a.undecided != NULL, is_undecided);
    if (is_undecided) {
      assert_case_string(name, a.undecided, hopeless);
      assert_case_int(name, a.limit, PATTERN_STEPS);
    }
    attributes_clear(&a);
    selector_destroy(selector);
  }
  free(text);
}

/* If the limit on all matching is exhausted, cheap expressions are still
 * matched. */
static void matches_what_is_cheap_without_work(void **state) {
  struct procfs *procfs = *state;
  static const struct {
    const char *value;
    enum selector_match match;
  } cases[] = {{"celery( .*)?worker", SELECTOR_UNKNOWN},
               {"^celery", SELECTOR_YES},
               {"^worker", SELECTOR_NO}};
  char *text = hopeless_text();
  tree_put(&procfs->tree, "12/cmdline", text);

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct selector *selector =
        selector_of(SELECTOR_COMMAND_LINE, cases[i].value);
    struct pattern_work work = {.filled_ns = 1};
    struct attributes a;
    attributes_init(&a, procfs->proc, PROCFS_PID, "celery");
    a.work = &work;
    assert_case_int(cases[i].value, selector_match(selector, &a, NULL),
                    cases[i].match);
    if (cases[i].match == SELECTOR_UNKNOWN) {
      assert_string_equal(a.undecided, cases[i].value);
      assert_int_equal(a.limit, PATTERN_BUSY);
    }
    attributes_clear(&a);
    selector_destroy(selector);
  }
  free(text);
}

/* Captures */

/* The captures as text, "-" for one that is not set. */
static void write_captures(const struct captures *captures, char *text,
                           size_t size) {
  size_t used = 0;
  for (size_t i = 0; i < CAPTURES; i++)
    if (captures->part[i].text == NULL) {
      assert_int_equal(captures->part[i].length, 0);
      used += (size_t)snprintf(text + used, size - used, "-|");
    } else {
      used += (size_t)snprintf(text + used, size - used, "%.*s|",
                               (int)captures->part[i].length,
                               captures->part[i].text);
    }
  assert_true(used < size);
}

/* Numbered in the order of addition, whichever is matched first. */
static void captures_what_matches(void **state) {
  struct procfs *procfs = *state;
  enum { VALUES = 3 };
  static const struct {
    struct {
      enum selector_kind kind;
      const char *value;
    } values[VALUES];
    unsigned int count;
    const char *captures;
  } cases[] = {
      {{{SELECTOR_COMMAND, "php"}}, 0, "-|-|-|-|-|-|-|-|-|"},
      {{{SELECTOR_COMMAND_LINE, "pool"}}, 0, "-|-|-|-|-|-|-|-|-|"},
      {{{SELECTOR_COMMAND_LINE, "pool ([a-z]+)"}}, 1, "www|-|-|-|-|-|-|-|-|"},
      {{{SELECTOR_COMMAND_LINE, "((p)ool) ([a-z]+)"}},
       3,
       "pool|p|www|-|-|-|-|-|-|"},
      {{{SELECTOR_COMMAND_LINE, "pool (ftp)?(www)"}},
       2,
       "-|www|-|-|-|-|-|-|-|"},
      {{{SELECTOR_COMMAND_LINE, "pool (x*)www"}}, 1, "|-|-|-|-|-|-|-|-|"},
      {{{SELECTOR_COMMAND_LINE, "pool (.*) "},
        {SELECTOR_CONTROL_GROUP, "/([a-z]+)\\.service"}},
       2,
       "www|php|-|-|-|-|-|-|-|"},
      {{{SELECTOR_CONTROL_GROUP, "/([a-z]+)\\.service"},
        {SELECTOR_COMMAND, "php"},
        {SELECTOR_COMMAND_LINE, "pool (.*) "}},
       2,
       "php|www|-|-|-|-|-|-|-|"},
      /* Alternatives: the first that matches */
      {{{SELECTOR_COMMAND_LINE, "worker ([0-9]+)"},
        {SELECTOR_COMMAND_LINE, "pool (.*) "}},
       2,
       "-|www|-|-|-|-|-|-|-|"},
      {{{SELECTOR_COMMAND_LINE, "(pool)"},
        {SELECTOR_COMMAND_LINE, "pool (.*) "}},
       2,
       "pool|-|-|-|-|-|-|-|-|"},
      /* More than nine */
      {{{SELECTOR_COMMAND_LINE, "^(p)(h)(p)(-)(f)(p)(m)(:)( )(p)(o)"}},
       11,
       "p|h|p|-|f|p|m|:| |"},
      {{{SELECTOR_COMMAND_LINE, "^(p)(h)(p)(-)(f)(p)(m)(:)"},
        {SELECTOR_CONTROL_GROUP, "(system)\\.(slice)/(php)"}},
       11,
       "p|h|p|-|f|p|m|:|system|"},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].captures;
    struct selector *selector = selector_create();
    for (size_t v = 0; v < VALUES && cases[i].values[v].value != NULL; v++)
      add(selector, cases[i].values[v].kind, cases[i].values[v].value);
    assert_case_int(name, selector_captures(selector), cases[i].count);

    struct attributes a;
    struct captures captures;
    memset(&captures, 0xa5, sizeof(captures));
    attributes_init(&a, procfs->proc, PROCFS_PID, "php");
    assert_case_int(name, selector_match(selector, &a, &captures),
                    SELECTOR_YES);
    char text[64];
    write_captures(&captures, text, sizeof(text));
    assert_case_string(name, text, name);
    attributes_clear(&a);
    assert_case(name, matches(procfs, selector, "php"));
    selector_destroy(selector);
  }
}

/* A rejected value has no effect. */
static void counts_what_it_has(void **state) {
  (void)state;
  char error[ERROR_SIZE];
  struct selector *selector = selector_create();
  assert_int_equal(selector_captures(selector), 0);
  assert_int_equal(selector_add(selector, SELECTOR_CONTROL_GROUP, "(a)(b",
                                error, sizeof(error)),
                   -EINVAL);
  assert_int_equal(selector_captures(selector), 0);
  add(selector, SELECTOR_COMMAND_LINE, "(a)(b)");
  add(selector, SELECTOR_CONTROL_GROUP, "(a)");
  assert_int_equal(selector_captures(selector), 3);
  selector_destroy(selector);
}

/* Pid files */

enum { CHANGES = 8, TOLD = 3 };

struct changes {
  pid_t pids[CHANGES];
  size_t count;
};

static void note_change(void *context, pid_t pid) {
  struct changes *changes = context;
  assert_true(changes->count < CHANGES);
  changes->pids[changes->count++] = pid;
}

/* Refreshes, and asserts that these pids were reported, in any order; 0: none.
 */
static void expect_told(struct selector *selector, const char *name,
                        const pid_t told[TOLD]) {
  struct changes changes = {.count = 0};
  paths_look();
  selector_refresh(selector, note_change, &changes);
  size_t expected = 0;
  for (size_t t = 0; t < TOLD && told[t] != 0; t++, expected++) {
    size_t count = 0;
    for (size_t i = 0; i < changes.count; i++)
      count += changes.pids[i] == told[t];
    assert_case_int(name, count, 1);
  }
  assert_case_int(name, changes.count, expected);
}

static void refresh(struct selector *selector, const char *name, pid_t first,
                    pid_t second) {
  expect_told(selector, name, (pid_t[TOLD]){first, second});
}

static void follows_a_pid_file(void **state) {
  struct procfs *procfs = *state;
  static const struct {
    const char *name, *text; /* NULL: the file does not exist */
    bool matches;
    pid_t told[TOLD];
  } steps[] = {
      {"none yet", NULL, false, {0}},
      {"appears", "12\n", true, {12}},
      {"stays", "12\n", true, {0}},
      {"changes", "13\n", false, {12, 13}},
      {"changes back, without end of line", "12", true, {12, 13}},
      {"vanishes", NULL, false, {12}},
      {"appears again, indented", "  12 \nmore\n", true, {12}},
      /* A file that cannot be parsed is not treated as empty. */
      {"emptied", "", true, {0}},
      {"garbage", "nginx\n", true, {0}},
      {"negative", "-12\n", true, {0}},
      {"zero", "0\n", true, {0}},
      {"too large", "4294967308\n", true, {0}}, /* 12, cut to 32 bits */
      {"much too large", "99999999999999999999999\n", true, {0}},
      {"right again", "12\n", true, {0}},
      {"garbage again", "x12\n", true, {0}},
      {"a shell's variable", "PID=13\n", true, {0}},
      {"with a suffix", "13x\n", true, {0}},
      {"another, too", "13 12\n", true, {13}},
      {"a postmaster's",
       "12\n/var/lib/postgresql/15/main\n1700000000\n5432\n",
       true,
       {13}},
      {"one a line", "7\n12\n13\n", true, {7, 13}},
      {"one twice, and a time", "12\n12\n1700000000\n14\n", true, {7, 13}},
      {"without the process", "7\n13", false, {7, 13, 12}},
  };
  char path[TREE_PATH_SIZE];
  tree_path(&procfs->tree, "run/x.pid", path);
  struct selector *selector = selector_of(SELECTOR_PID_FILE, path);
  assert_false(matches(procfs, selector, "x"));

  for (size_t i = 0; i < COUNT_OF(steps); i++) {
    if (steps[i].text != NULL)
      tree_put(&procfs->tree, "run/x.pid", steps[i].text);
    else
      unlink(path);
    expect_told(selector, steps[i].name, steps[i].told);
    assert_case_int(steps[i].name, matches(procfs, selector, "x"),
                    steps[i].matches);
  }
  selector_destroy(selector);
}

static void follows_several_pid_files(void **state) {
  struct procfs *procfs = *state;
  char path[TREE_PATH_SIZE];
  tree_path(&procfs->tree, "a.pid", path);
  struct selector *selector = selector_of(SELECTOR_PID_FILE, path);
  tree_path(&procfs->tree, "b.pid", path);
  add(selector, SELECTOR_PID_FILE, path);

  tree_put(&procfs->tree, "a.pid", "7\n");
  tree_put(&procfs->tree, "b.pid", "12\n");
  refresh(selector, "both", 7, 12);
  assert_true(matches(procfs, selector, "x"));
  tree_put(&procfs->tree, "b.pid", "8\n");
  refresh(selector, "one", 8, 12);
  assert_false(matches(procfs, selector, "x"));
  selector_destroy(selector);
}

/* A file that is not regular must not delay the read. */
static void does_not_wait_for_a_pid_file(void **state) {
  struct procfs *procfs = *state;
  char path[TREE_PATH_SIZE];
  tree_path(&procfs->tree, "fifo", path);
  assert_int_equal(mkfifo(path, 0600), 0);
  struct selector *selector = selector_of(SELECTOR_PID_FILE, path);
  alarm(10);
  refresh(selector, "FIFO without writer", 0, 0);

  int fd = open(path, O_RDWR | O_CLOEXEC);
  assert_true(fd >= 0);
  refresh(selector, "FIFO with a silent writer", 0, 0);
  close(fd);
  alarm(0);
  selector_destroy(selector);

  tree_make(&procfs->tree, "directory");
  tree_path(&procfs->tree, "directory", path);
  selector = selector_of(SELECTOR_PID_FILE, path);
  refresh(selector, "directory", 0, 0);
  selector_destroy(selector);
}

/* Without a pid in a file, no process is selected: not even pid 0. */
static void selects_nobody_without_a_pid_file(void **state) {
  struct procfs *procfs = *state;
  struct selector *selector = selector_of(SELECTOR_PID_FILE, "/nowhere/x.pid");
  refresh(selector, "none", 0, 0);
  assert_false(matches(procfs, selector, "x"));
  selector_destroy(selector);
}

#define fake(test)                                                             \
  cmocka_unit_test_setup_teardown(test, procfs_set_up, procfs_tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      fake(matches_by_each_kind),
      fake(matches_the_unit),
      fake(knows_that_names_are_cut),
      fake(combines),
      fake(follows_links_to_the_executable),
      fake(takes_no_other_file_for_a_replaced_executable),
      fake(knows_users_by_name),
      cmocka_unit_test(refuses_bad_values),
      fake(selects_kernel_threads_by_name),
      fake(tells_what_cannot_be_read),
      cmocka_unit_test(decides_what_another_condition_excludes),
      fake(spends_no_work_on_the_excluded),
      fake(matches_what_is_cheap_without_work),
      fake(captures_what_matches),
      cmocka_unit_test(counts_what_it_has),
      fake(follows_a_pid_file),
      fake(follows_several_pid_files),
      fake(does_not_wait_for_a_pid_file),
      fake(selects_nobody_without_a_pid_file),
  };
  users_start();
  int status = cmocka_run_group_tests(tests, NULL, NULL);
  user_cache_stop();
  return status;
}
