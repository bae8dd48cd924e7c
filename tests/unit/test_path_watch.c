/* SPDX-License-Identifier: MIT */
#include "select/path_watch.h"

#include "support/clock.h"
#include "support/paths.h"
#include "support/tree.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

enum { ALL_MS = 60000 };

static int set_up(void **state) {
  static struct tree tree;
  tree_create(&tree);
  *state = &tree;
  return 0;
}

static int tear_down(void **state) {
  path_watch_stop();
  tree_remove(*state, "");
  return 0;
}

static struct path_watch *watch_in(const struct tree *tree, enum path_kind kind,
                                   const char *name) {
  char path[TREE_PATH_SIZE];
  tree_path(tree, name, path);
  struct path_watch *watch = path_watch_create(kind, path);
  assert_non_null(watch);
  return watch;
}

/* Whether these are the processes that pid files name, one after the other. */
static bool names(struct path_watch *watch, const char *wanted) {
  struct pid_set pids;
  char text[64] = "";
  path_watch_pids(watch, &pids);
  for (size_t i = 0; i < pids.count; i++) {
    size_t used = strlen(text);
    snprintf(text + used, sizeof(text) - used, "%s%d", i > 0 ? " " : "",
             pids.pids[i]);
    assert_true(path_watch_has_pid(watch, pids.pids[i]));
  }
  assert_false(path_watch_has_pid(watch, 0));
  return strcmp(text, wanted) == 0;
}

static void expect_change(const char *what, const char *path_end, int error) {
  struct path_change change;
  assert_case(what, path_watch_take_change(&change));
  assert_case_says(what, change.path, path_end);
  assert_case_int(what, change.error, error);
  assert_case(what, !path_watch_take_change(&change));
}

/* Device and inode of a file, as exit records have them. */
static void identify(const struct tree *tree, const char *name, uint64_t *dev,
                     uint64_t *inode) {
  char path[TREE_PATH_SIZE];
  struct stat st;
  tree_path(tree, name, path);
  assert_int_equal(stat(path, &st), 0);
  *dev = (uint64_t)major(st.st_dev) << 8 | (minor(st.st_dev) & 0xff) |
         (uint64_t)(minor(st.st_dev) & ~0xffU) << 12;
  *inode = st.st_ino;
}

/* How executable.h uses this is tested in test_executable.c. */
static void identifies_an_executable(void **state) {
  const struct tree *tree = *state;
  char path[TREE_PATH_SIZE];
  uint64_t dev, inode, new_dev, new_inode;
  tree_put_program(tree, "python3.11", "old");
  tree_link(tree, "python3", "python3.11");
  struct path_watch *watch = watch_in(tree, PATH_EXECUTABLE, "python3");
  identify(tree, "python3", &dev, &inode);
  assert_int_equal(path_watch_is(watch, dev, inode), PATH_IS_UNKNOWN);
  uint32_t before = path_watch_note_read();
  paths_look();
  assert_int_not_equal(path_watch_note_read(), before);
  assert_int_equal(path_watch_is(watch, dev, inode), PATH_IS);

  tree_put_program(tree, "python3.12", "new");
  tree_link(tree, "python3", "python3.12");
  identify(tree, "python3", &new_dev, &new_inode);
  before = path_watch_note_read();
  paths_look();
  assert_int_not_equal(path_watch_note_read(), before);
  assert_int_equal(path_watch_is(watch, dev, inode), PATH_WAS);
  assert_int_equal(path_watch_is(watch, new_dev, new_inode), PATH_IS);
  static const struct {
    const char *name;
    bool has;
  } cases[] = {{"python3", true}, /* the configured path */
               {"python3.11", true},
               {"python3.12", true},
               {"python3.13", false}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    tree_path(tree, cases[i].name, path);
    assert_case_int(cases[i].name, path_watch_has_path(watch, path),
                    cases[i].has);
    assert_case_int(cases[i].name, path_watch_has_name(watch, cases[i].name),
                    cases[i].has);
  }
  before = path_watch_note_read();
  paths_look();
  assert_int_equal(path_watch_note_read(), before);

  path_watch_learn(watch, 7, 100);
  path_watch_learn(watch, 7, 0); /* not known */
  assert_int_equal(path_watch_is(watch, 7, 100), PATH_IS);
  assert_int_not_equal(path_watch_is(watch, 7, 0), PATH_IS);
  path_watch_destroy(watch);
}

static void tells_what_cannot_be_read(void **state) {
  const struct tree *tree = *state;
  char path[TREE_PATH_SIZE];
  struct path_change change;
  struct path_watch *exe = watch_in(tree, PATH_EXECUTABLE, "nginx");
  struct path_watch *file = watch_in(tree, PATH_PID_FILE, "x.pid");
  paths_look();
  expect_change("no program", "nginx", -ENOENT);
  assert_int_equal(path_watch_is(exe, 1, 2), PATH_IS_NOT);
  tree_put_program(tree, "nginx", "x");
  tree_put(tree, "x.pid", "PID=7\n");
  paths_look();
  assert_true(path_watch_take_change(&change));
  assert_true(path_watch_take_change(&change));
  assert_false(path_watch_take_change(&change));

  tree_put(tree, "x.pid", "7\n");
  paths_look();
  expect_change("right", "x.pid", 0);
  assert_true(names(file, "7"));
  paths_look();
  assert_false(path_watch_take_change(&change));

  tree_path(tree, "x.pid", path);
  assert_int_equal(unlink(path), 0);
  tree_make(tree, "x.pid");
  paths_look();
  expect_change("a directory", "x.pid", -EISDIR);
  assert_true(names(file, "7"));
  assert_int_equal(rmdir(path), 0);
  paths_look(); /* a service that does not run */
  expect_change("gone", "x.pid", 0);
  assert_true(names(file, ""));
  paths_look();
  assert_false(path_watch_take_change(&change));
  path_watch_destroy(exe);
  path_watch_destroy(file);
}

/* As far as it is read, the start of a number. */
static void put_long(const struct tree *tree) {
  enum { READ = 4096 };
  char text[READ + 16];
  memset(text, ' ', READ - 3);
  snprintf(text + READ - 3, sizeof(text) - (READ - 3), "1234567\n");
  tree_put(tree, "x.pid", text);
}

/* Creates a pid file that exists but cannot be read. */
static void put_bad(const struct tree *tree, const char *path,
                    const char *how) {
  if (strcmp(how, "fifo") == 0)
    assert_int_equal(mkfifo(path, 0600), 0);
  else if (strcmp(how, "socket") == 0)
    assert_int_equal(mknod(path, S_IFSOCK | 0600, 0), 0);
  else if (strcmp(how, "long") == 0)
    put_long(tree);
  else
    tree_put(tree, "x.pid", strcmp(how, "empty") == 0 ? "" : how);
}

static void keeps_the_pid_of_a_bad_file(void **state) {
  const struct tree *tree = *state;
  static const struct {
    const char *how;
    int error;
  } cases[] = {
      {"empty", -ENODATA}, {"\n", -EBADMSG},    {"zeros", -EBADMSG},
      {"fifo", -EINVAL},   {"socket", -EINVAL}, {"0\n", -EBADMSG},
      {"x", -EBADMSG},     {"long", -E2BIG},    {"1700000000\n", -EBADMSG}};
  char path[TREE_PATH_SIZE];
  tree_path(tree, "x.pid", path);
  struct path_watch *file = watch_in(tree, PATH_PID_FILE, "x.pid");
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *how = cases[i].how;
    tree_put(tree, "x.pid", "7\n");
    paths_look();
    assert_case(how, names(file, "7"));
    if (i > 0)
      expect_change(how, "x.pid", 0);
    assert_int_equal(unlink(path), 0);
    put_bad(tree, path, how);
    if (strcmp(how, "zeros") == 0)
      assert_int_equal(truncate(path, 0) + truncate(path, 5), 0);
    paths_look();
    expect_change(how, "x.pid", cases[i].error);
    assert_case(how, names(file, "7"));
    assert_int_equal(unlink(path), 0);
  }
  path_watch_destroy(file);
}

static void keeps_to_a_limit(void **state) {
  const struct tree *tree = *state;
  char text[PID_SET_MAX * 8 + 16] = "";
  struct pid_set pids;
  struct path_watch *file = watch_in(tree, PATH_PID_FILE, "x.pid");
  for (int i = 0; i < PID_SET_MAX; i++)
    sprintf(text + strlen(text), "%d\n", 1000 + i);
  tree_put(tree, "x.pid", text);
  paths_look();
  path_watch_pids(file, &pids);
  assert_int_equal(pids.count, PID_SET_MAX);
  strcat(text, "7\n");
  tree_put(tree, "x.pid", text);
  paths_look();
  expect_change("one more", "x.pid", -E2BIG);
  path_watch_pids(file, &pids);
  assert_int_equal(pids.count, PID_SET_MAX);
  path_watch_destroy(file);
}

static void looks_for_what_wildcards_stand_for(void **state) {
  const struct tree *tree = *state;
  char path[TREE_PATH_SIZE];
  tree_make(tree, "a");
  tree_make(tree, "b");
  tree_put(tree, "c", "a file");
  struct path_watch *in = watch_in(tree, PATH_PID_FILE, "a/*.pid");
  struct path_watch *below = watch_in(tree, PATH_PID_FILE, "[a-c]/x.pid");
  struct path_watch *deep = watch_in(tree, PATH_PID_FILE, "?/*-[12].pid");
  paths_look();
  assert_true(names(in, "") && names(below, "") && names(deep, ""));
  struct path_change change;
  assert_false(path_watch_take_change(&change));

  tree_put(tree, "a/x.pid", "7\n");
  tree_put(tree, "a/y-1.pid", "8 9\n");
  tree_put(tree, "b/x.pid", "10\n");
  tree_put(tree, "b/y-2.pid", "11\n");
  tree_put(tree, "b/y-3.pid", "12\n");
  tree_put(tree, "b/.y-1.pid", "13\n"); /* hidden, as for a shell */
  paths_look();
  assert_true(names(in, "7 8 9"));
  assert_true(names(below, "7 10"));
  assert_true(names(deep, "8 9 11"));
  assert_false(path_watch_take_change(&change));

  /* While a file cannot be parsed, its processes stay selected, and other files
   * are still read. */
  tree_put(tree, "a/x.pid", "");
  tree_put(tree, "b/x.pid", "14\n");
  paths_look();
  assert_true(names(below, "7 10 14"));
  assert_true(path_watch_take_change(&change));
  assert_int_equal(change.error, -ENODATA);
  assert_true(path_watch_take_change(&change));
  assert_false(path_watch_take_change(&change));
  tree_path(tree, "a/x.pid", path);
  assert_int_equal(unlink(path), 0);
  paths_look();
  assert_true(names(below, "14"));
  path_watch_destroy(in);
  path_watch_destroy(below);
  path_watch_destroy(deep);
}

static void tells_what_is_no_program(void **state) {
  const struct tree *tree = *state;
  char path[TREE_PATH_SIZE];
  struct path_watch *watch = watch_in(tree, PATH_EXECUTABLE, "app");
  tree_path(tree, "app", path);
  tree_make(tree, "app");
  paths_look();
  expect_change("a directory", "app", -EISDIR);
  assert_int_equal(path_watch_is(watch, 1, 2), PATH_IS_NOT);
  assert_int_equal(rmdir(path), 0);
  assert_int_equal(mkfifo(path, 0700), 0);
  paths_look();
  expect_change("a FIFO", "app", -ENOEXEC);
  assert_int_equal(unlink(path), 0);
  tree_put(tree, "app", "#!/bin/sh\n");
  assert_int_equal(chmod(path, 0700), 0);
  paths_look();
  assert_int_equal(path_watch_is(watch, 1, 2), PATH_IS_NOT);
  tree_put_program(tree, "app", "ELF");
  paths_look();
  expect_change("a program", "app", 0);
  assert_int_equal(chmod(path, 0600), 0);
  paths_look();
  expect_change("not to be executed", "app", -ENOEXEC);
  path_watch_destroy(watch);
}

/* The child that looks at the paths; 0 if there is none. One that was killed
 * may not be reaped yet. */
static pid_t find_child(void) {
  pid_t found = 0;
  const struct dirent *entry;
  DIR *proc = opendir("/proc");
  assert_non_null(proc);
  while ((entry = readdir(proc)) != NULL) {
    char path[300], comm[64] = "", process_state;
    int ppid = 0;
    snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
      continue;
    if (fscanf(file, "%*d (%63[^)]) %c %d", comm, &process_state, &ppid) == 3 &&
        ppid == getpid() && process_state != 'Z' &&
        strcmp(comm, "taskstats paths") == 0)
      found = (pid_t)atoi(entry->d_name);
    fclose(file);
  }
  closedir(proc);
  return found;
}

static bool has_other_child(pid_t than) {
  pid_t child = find_child();
  return child != 0 && child != than;
}

static void lets_a_child_look(void **state) {
  skip_if_emulated("a process that sees itself");
  const struct tree *tree = *state;
  int own = open("/dev/zero", O_RDONLY); /* what collectd has open */
  assert_true(own > 0);
  tree_put(tree, "x.pid", "12\n");
  struct path_watch *watch = watch_in(tree, PATH_PID_FILE, "x.pid");
  assert_int_equal(path_watch_start(), 0);
  path_watch_wait(ALL_MS);
  await(has_other_child(0));
  pid_t child = find_child();

  /* The child keeps no descriptor of collectd's, and has another name. */
  char path[64], target[256];
  snprintf(path, sizeof(path), "/proc/%d/cmdline", child);
  int fd = open(path, O_RDONLY);
  ssize_t length = read(fd, target, sizeof(target));
  close(fd);
  assert_true(length >= 15);
  for (ssize_t i = 0; i < length; i++)
    assert_int_equal(target[i], i < 15 ? "taskstats paths"[i] : 0);
  size_t count = 0;
  for (fd = 0; fd < 256; fd++) {
    snprintf(path, sizeof(path), "/proc/%d/fd/%d", child, fd);
    length = readlink(path, target, sizeof(target) - 1);
    if (length < 0)
      continue;
    target[length] = '\0';
    count++;
    if (strcmp(target, "/dev/null") != 0 &&
        strncmp(target, "socket:", 7) != 0 && strstr(target, "x.pid") == NULL)
      fail_msg("the child has %s open", target);
  }
  assert_in_range(count, 4, 5);

  /* If the child is killed, another one replaces it. */
  assert_int_equal(kill(child, SIGKILL), 0);
  await(has_other_child(child));
  tree_put(tree, "x.pid", "13\n");
  path_watch_wait(ALL_MS);
  path_watch_wait(ALL_MS);
  assert_true(names(watch, "13"));

  path_watch_stop();
  await(find_child() == 0); /* it was killed, and may still be ending */
  path_watch_destroy(watch);
  close(own);
}

static void has_no_thread_without_paths(void **state) {
  (void)state;
  assert_int_equal(path_watch_start(), 0);
  path_watch_wait(ALL_MS);
  assert_int_equal(find_child(), 0);
  path_watch_stop();
}

#define with_tree(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      with_tree(identifies_an_executable),
      with_tree(tells_what_cannot_be_read),
      with_tree(keeps_the_pid_of_a_bad_file),
      with_tree(keeps_to_a_limit),
      with_tree(looks_for_what_wildcards_stand_for),
      with_tree(tells_what_is_no_program),
      with_tree(lets_a_child_look),
      with_tree(has_no_thread_without_paths),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
