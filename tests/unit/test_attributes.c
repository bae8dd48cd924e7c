/* SPDX-License-Identifier: MIT */
#include "select/attributes.h"

#include "support/test.h"
#include "support/tree.h"

#include <errno.h>

struct fixture {
  struct tree tree;
  struct procfs *proc;
  struct attributes attributes;
};

enum { PID = 12 };

static int set_up(void **state) {
  struct fixture *fixture = calloc(1, sizeof(*fixture));
  assert_non_null(fixture);
  tree_create(&fixture->tree);
  assert_int_equal(procfs_open(fixture->tree.root, &fixture->proc), 0);
  memset(&fixture->attributes, 0xa5, sizeof(fixture->attributes));
  attributes_init(&fixture->attributes, fixture->proc, PID, "daemon");
  *state = fixture;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *fixture = *state;
  attributes_clear(&fixture->attributes);
  procfs_close(fixture->proc);
  tree_remove(&fixture->tree, "");
  free(fixture);
  return 0;
}

static void put_all(struct fixture *fixture, const char *mark) {
  char text[64];
  snprintf(text, sizeof(text), "/bin/%s", mark);
  tree_link(&fixture->tree, "12/exe", text);
  snprintf(text, sizeof(text), "0::/%s\n", mark);
  tree_put(&fixture->tree, "12/cgroup", text);
  tree_put(&fixture->tree, "12/cmdline", mark);
  tree_put(&fixture->tree, "12/status", "Name:\tx\nUid:\t5\t6\t7\t8\n");
}

/* Each attribute is read once, and keeps the value that it had then. */
static void reads_each_once(void **state) {
  struct fixture *fixture = *state;
  struct attributes *a = &fixture->attributes;

  put_all(fixture, "first");
  for (int i = 0; i < 2; i++) {
    uid_t uid;
    assert_string_equal(attributes_cmdline(a), "first");
    assert_string_equal(attributes_exe(a), "/bin/first");
    assert_string_equal(attributes_cgroup(a), "/first");
    assert_true(attributes_uid(a, &uid));
    assert_int_equal(uid, 5);
    put_all(fixture, "second");
    tree_put(&fixture->tree, "12/status", "Name:\tx\nUid:\t9\t6\t7\t8\n");
  }
  assert_int_equal(a->error, 0);
  assert_false(attributes_lacked_any(a));

  attributes_clear(a);
  attributes_init(a, fixture->proc, PID, "daemon");
  assert_string_equal(attributes_cmdline(a), "second");
}

/* Kernel threads and zombies have no command line. */
static void has_comm_for_an_empty_command_line(void **state) {
  struct fixture *fixture = *state;
  tree_put(&fixture->tree, "12/cmdline", "");
  assert_false(attributes_lacked_any(&fixture->attributes));
  assert_string_equal(attributes_cmdline(&fixture->attributes), "daemon");
  assert_true(attributes_lacked_any(&fixture->attributes));
}

static void says_nothing_of_the_vanished(void **state) {
  struct fixture *fixture = *state;
  struct attributes *a = &fixture->attributes;

  for (int i = 0; i < 2; i++) {
    uid_t uid;
    assert_null(attributes_cmdline(a));
    assert_null(attributes_exe(a));
    assert_null(attributes_cgroup(a));
    assert_false(attributes_uid(a, &uid));
  }
  assert_int_equal(a->error, 0);
}

static bool ask_cmdline(struct attributes *a) {
  return attributes_cmdline(a) != NULL;
}

static bool ask_exe(struct attributes *a) { return attributes_exe(a) != NULL; }

static bool ask_cgroup(struct attributes *a) {
  return attributes_cgroup(a) != NULL;
}

static bool ask_uid(struct attributes *a) {
  uid_t uid;
  return attributes_uid(a, &uid);
}

static void tells_what_cannot_be_read(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *file;
    bool (*ask)(struct attributes *a);
    int error;
  } cases[] = {
      /* Directories, where procfs has files and a link. */
      {"cmdline", ask_cmdline, -EISDIR},
      {"exe", ask_exe, -EINVAL},
      {"cgroup", ask_cgroup, -EISDIR},
      {"status", ask_uid, -EISDIR},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char path[32];
    snprintf(path, sizeof(path), "12/%s", cases[i].file);
    tree_make(&fixture->tree, path);

    struct attributes a;
    attributes_init(&a, fixture->proc, PID, "daemon");
    assert_case(cases[i].file, !cases[i].ask(&a));
    assert_case_int(cases[i].file, a.error, cases[i].error);
    assert_case(cases[i].file, attributes_lacked_any(&a));
    /* It is still missing when it is requested again. */
    assert_case(cases[i].file, !cases[i].ask(&a));
    attributes_clear(&a);
  }
}

/* For a process that has ended, the cgroup is searched once, and only if a
 * selector needs it. */

struct finder {
  struct attributes attributes;
  int cgroups; /* number of searches */
  bool has_any;
};

static void find_cgroup(void *context) {
  struct finder *finder = context;
  finder->cgroups++;
  if (finder->has_any)
    attributes_set_cgroup(&finder->attributes, "/a");
}

static void looks_once_for_what_an_ended_one_was(void **state) {
  (void)state;
  for (int has_any = 0; has_any < 2; has_any++) {
    struct finder finder = {.has_any = has_any};
    struct attributes *a = &finder.attributes;
    attributes_init_exited(a, PID, "daemon", 5, 0, 0);
    a->find_cgroup = find_cgroup;
    a->find_context = &finder;
    assert_int_equal(finder.cgroups, 0);
    for (int i = 0; i < 2; i++) {
      assert_int_equal(attributes_cgroup(a) != NULL, has_any);
      assert_null(attributes_cmdline(a));
      assert_null(attributes_exe(a));
    }
    assert_int_equal(finder.cgroups, 1);
    assert_true(attributes_are_incomplete(a));
    attributes_clear(a);
  }
}

#define fake(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      fake(reads_each_once),
      fake(has_comm_for_an_empty_command_line),
      fake(says_nothing_of_the_vanished),
      fake(tells_what_cannot_be_read),
      cmocka_unit_test(looks_once_for_what_an_ended_one_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
