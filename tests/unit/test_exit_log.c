/* SPDX-License-Identifier: MIT */
#include "report/exit_log.h"
#include "report/exit_log_line.h"

#include "support/clock.h"
#include "support/test.h"
#include "support/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <yajl/yajl_tree.h>

enum { LONG_MS = 60000 };

static const uint64_t used[COUNTERS], longest_ns[DELAY_KINDS];

static const struct exit_event plain = {
    .time_ms = UINT64_C(1764195330007),
    .comm = "nginx",
    .pid = 4711,
    .ppid = 1,
    .uid = 33,
    .elapsed_us = 1500000,
    .used = used,
    .longest_ns = longest_ns,
    .oom.is_known = true,
};

/* A file system that hangs: writers wait while it is held. */
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool is_writing;

ssize_t write(int fd, const void *buffer, size_t size) {
  atomic_store(&is_writing, true);
  pthread_mutex_lock(&held);
  pthread_mutex_unlock(&held);
  return syscall(SYS_write, fd, buffer, size);
}

struct fixture {
  struct tree tree;
  char path[TREE_PATH_SIZE];
  struct exit_log *log;
};

static int set_up(void **state) {
  struct fixture *fixture = calloc(1, sizeof(*fixture));
  assert_non_null(fixture);
  signal(SIGPIPE, SIG_IGN); /* as collectd */
  tree_create(&fixture->tree);
  tree_path(&fixture->tree, "exits", fixture->path);
  *state = fixture;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *fixture = *state;
  exit_log_stop(fixture->log, LONG_MS);
  tree_remove(&fixture->tree, "");
  free(fixture);
  return 0;
}

static void start(struct fixture *fixture) {
  assert_int_equal(exit_log_start(fixture->path, "host", &fixture->log), 0);
}

/* The tracker's lock is not needed here. */
static void put(struct fixture *fixture, uint32_t pid) UNCHECKED {
  struct exit_event event = plain;
  event.pid = pid;
  exit_log_put(fixture->log, &event);
}

static uint64_t stop(struct fixture *fixture) {
  uint64_t dropped = exit_log_stop(fixture->log, LONG_MS);
  fixture->log = NULL;
  return dropped;
}

/* Reads a file, all of whose lines must be JSON. Returns their number, and the
 * pid in the last one. */
static unsigned int read_lines(const char *path, long long *last) {
  static const char *pid_of[] = {"pid", NULL};
  unsigned int count = 0;
  char *line = NULL, error[256];
  size_t size = 0;
  FILE *file = fopen(path, "re");
  if (file == NULL)
    return 0;
  while (getline(&line, &size, file) > 0) {
    assert_non_null(strchr(line, '\n'));
    yajl_val json = yajl_tree_parse(line, error, sizeof(error));
    if (json == NULL)
      fail_msg("%s: %s", line, error);
    yajl_val pid = yajl_tree_get(json, pid_of, yajl_t_number);
    assert_true(YAJL_IS_INTEGER(pid));
    *last = YAJL_GET_INTEGER(pid);
    yajl_tree_free(json);
    count++;
  }
  free(line);
  fclose(file);
  return count;
}

static uint64_t count_dropped(struct fixture *fixture) {
  struct exit_log_status status;
  exit_log_status(fixture->log, &status);
  return status.dropped;
}

static int error_of(struct fixture *fixture) {
  struct exit_log_status status;
  exit_log_status(fixture->log, &status);
  return status.error;
}

static void writes_lines(void **state) {
  struct fixture *fixture = *state;
  long long pid = 0;
  struct stat found;
  start(fixture);
  for (uint32_t i = 1; i <= 100; i++)
    put(fixture, i);
  assert_int_equal(stop(fixture), 0);
  assert_int_equal(read_lines(fixture->path, &pid), 100);
  assert_int_equal(pid, 100);
  assert_int_equal(stat(fixture->path, &found), 0);
  assert_int_equal(found.st_mode & 0137, 0); /* for others: commands' names */

  /* And adds to what is there. */
  start(fixture);
  put(fixture, 101);
  assert_int_equal(stop(fixture), 0);
  assert_int_equal(read_lines(fixture->path, &pid), 101);
}

static void reopens_what_was_moved(void **state) {
  struct fixture *fixture = *state;
  char moved[TREE_PATH_SIZE];
  long long pid = 0;
  tree_path(&fixture->tree, "exits.1", moved);
  start(fixture);
  put(fixture, 1);
  await(read_lines(fixture->path, &pid) == 1);
  assert_int_equal(rename(fixture->path, moved), 0);
  put(fixture, 2);
  await(read_lines(fixture->path, &pid) == 1);
  assert_int_equal(pid, 2);
  assert_int_equal(unlink(fixture->path), 0);
  put(fixture, 3);
  await(read_lines(fixture->path, &pid) == 1);
  assert_int_equal(pid, 3);
  assert_int_equal(read_lines(moved, &pid), 1);
  assert_int_equal(pid, 1);
  assert_int_equal(stop(fixture), 0);
}

static void drops_what_cannot_be_written(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *path;
    int error;
  } cases[] = {
      {"/dev/full", -ENOSPC}, {"/nowhere/exits", -ENOENT}, {"/proc", -EISDIR}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    snprintf(fixture->path, sizeof(fixture->path), "%s", cases[i].path);
    start(fixture);
    put(fixture, 1);
    put(fixture, 2);
    await(count_dropped(fixture) == 2);
    assert_case_int(cases[i].path, error_of(fixture), cases[i].error);
    assert_case_int(cases[i].path, stop(fixture), 2);
  }
}

static void waits_for_no_reader(void **state) {
  struct fixture *fixture = *state;
  char text[4096];
  assert_int_equal(mkfifo(fixture->path, 0600), 0);
  start(fixture);
  put(fixture, 1);
  await(count_dropped(fixture) == 1);
  assert_int_equal(error_of(fixture), -ENXIO);

  int reader = open(fixture->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  assert_true(reader >= 0);
  put(fixture, 2);
  ssize_t size = 0;
  await(size > 0 || (size = read(reader, text, sizeof(text))) > 0);
  await(error_of(fixture) == 0);
  /* One that reads nothing: the pipe has 64 KiB. */
  for (uint32_t i = 0; i < 900; i++)
    put(fixture, i);
  await(error_of(fixture) == -EAGAIN);
  close(reader);
  put(fixture, 3);
  await(error_of(fixture) == -EPIPE || error_of(fixture) == -ENXIO);
  stop(fixture);
}

/* If the queue is full, exits are dropped and counted, and no caller waits. */
static void holds_nobody_up(void **state) {
  struct fixture *fixture = *state;
  enum { MORE = 100 };
  long long pid = 0;
  start(fixture);
  atomic_store(&is_writing, false);
  pthread_mutex_lock(&held);
  put(fixture, 1);
  await(atomic_load(&is_writing));
  for (uint32_t i = 0; i < EXIT_LOG_QUEUE + MORE; i++)
    put(fixture, i + 2);
  assert_int_equal(count_dropped(fixture), MORE);
  await(error_of(fixture) == -ETIMEDOUT);
  pthread_mutex_unlock(&held);
  assert_int_equal(stop(fixture), MORE);
  assert_int_equal(read_lines(fixture->path, &pid), EXIT_LOG_QUEUE + 1);
  assert_int_equal(pid, EXIT_LOG_QUEUE + 1);
}

static size_t count_threads(void) {
  size_t count = 0;
  DIR *dir = opendir("/proc/self/task");
  assert_non_null(dir);
  while (readdir(dir) != NULL)
    count++;
  closedir(dir);
  return count;
}

/* Its thread ends by itself. */
static void leaves_a_hung_thread_behind(void **state) {
  struct fixture *fixture = *state;
  size_t threads = count_threads();
  start(fixture);
  atomic_store(&is_writing, false);
  pthread_mutex_lock(&held);
  put(fixture, 1);
  await(atomic_load(&is_writing));
  put(fixture, 2);
  uint64_t dropped = exit_log_stop(fixture->log, 1);
  fixture->log = NULL;
  pthread_mutex_unlock(&held);
  assert_int_equal(dropped, 2);
  /* That of the test before may have ended, too. */
  await(count_threads() <= threads);
}

static const char *text_of(yajl_val json, const char *name) {
  const char *path[] = {name, NULL};
  return YAJL_GET_STRING(yajl_tree_get(json, path, yajl_t_string));
}

static yajl_val parse(const struct exit_event *event, const char *groups,
                      size_t count) {
  char *line, error[256];
  size_t length = exit_log_line(event, "host\xff", groups, count, &line);
  assert_true(length > 0);
  assert_int_equal(line[length - 1], '\n');
  line[length - 1] = '\0';
  assert_int_equal(strlen(line), length - 1);
  assert_null(strchr(line, '\n'));
  yajl_val json = yajl_tree_parse(line, error, sizeof(error));
  if (json == NULL)
    fail_msg("%s: %s", line, error);
  free(line);
  return json;
}

static void says_all(void **state) {
  (void)state;
  struct exit_event event = plain;
  uint64_t use[COUNTERS] = {
      [COUNTER_CPU_USER] = 100000000, [COUNTER_READ_CHARS] = INT64_MAX};
  uint64_t longest[DELAY_KINDS] = {[DELAY_BLKIO] = 1500000000};
  event.used = use;
  event.longest_ns = longest;
  event.known = UINT64_C(1) << (COUNTER_DELAY + DELAY_BLKIO);
  event.has_longest = 1 << DELAY_BLKIO;
  event.exit_code = SIGKILL;
  event.peak_rss = 4096;
  event.cgroup = "/s/web.service";
  event.unit = "web.service";
  event.oom = (struct exit_oom){true, true, false, OOM_LIMIT_CGROUP, "/s"};
  yajl_val json = parse(&event, "one\0two", 2);
  static const struct {
    const char *name, *value;
  } texts[] = {
      {"time", "2025-11-26T22:15:30.007Z"},
      {"host", "host_"},
      {"severity", "failure"},
      {"message",
       "nginx (pid 4711, uid 33) was probably killed by the OOM killer (limit "
       "of /s) after 1.500 s; used 0.100 s CPU; peak memory 4.0 KiB; longest "
       "wait 1.500 s for blkio; read 8388608 TiB, wrote 0 bytes"},
      {"command", "nginx"},
      {"cgroup", "/s/web.service"},
      {"unit", "web.service"},
      {"signal_name", "SIGKILL"},
      {"oom_cgroup", "/s"},
  };
  for (size_t i = 0; i < COUNT_OF(texts); i++)
    assert_case_string(texts[i].name, text_of(json, texts[i].name),
                       texts[i].value);
  static const struct {
    const char *name;
    double value;
  } numbers[] = {{"pid", 4711},      {"ppid", 1},
                 {"uid", 33},        {"signal", SIGKILL},
                 {"elapsed", 1.5},   {"cpu_user", 0.1},
                 {"delay_blkio", 0}, {"delay_blkio_max", 1.5},
                 {"peak_rss", 4096}, {"read_chars", (double)INT64_MAX}};
  for (size_t i = 0; i < COUNT_OF(numbers); i++) {
    const char *path[] = {numbers[i].name, NULL};
    yajl_val number = yajl_tree_get(json, path, yajl_t_number);
    assert_case(numbers[i].name, number != NULL);
    assert_case(numbers[i].name, YAJL_GET_DOUBLE(number) == numbers[i].value);
  }
  const char *groups[] = {"groups", NULL}, *killed[] = {"oom_killed", NULL};
  const char *probable[] = {"oom_probable", NULL};
  yajl_val list = yajl_tree_get(json, groups, yajl_t_array);
  assert_int_equal(YAJL_GET_ARRAY(list)->len, 2);
  assert_string_equal(YAJL_GET_STRING(YAJL_GET_ARRAY(list)->values[1]), "two");
  assert_true(YAJL_IS_TRUE(yajl_tree_get(json, killed, yajl_t_any)));
  assert_true(YAJL_IS_TRUE(yajl_tree_get(json, probable, yajl_t_any)));
  yajl_tree_free(json);
}

/* What is unknown is left out. */
static void leaves_out(void **state) {
  (void)state;
  struct exit_event event = plain;
  event.oom.is_known = false;
  yajl_val json = parse(&event, "one", 1);
  static const char *const names[] = {"cgroup",     "unit",         "signal",
                                      "oom_killed", "oom_cgroup",   "peak_rss",
                                      "delay_cpu",  "delay_cpu_max"};
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    const char *path[] = {names[i], NULL};
    assert_case(names[i], yajl_tree_get(json, path, yajl_t_any) == NULL);
  }
  assert_string_equal(text_of(json, "severity"), "okay");
  yajl_tree_free(json);
}

/* Texts are filtered before (select/text.h), but not for what JSON escapes. */
static void is_json_whatever_names_say(void **state) {
  (void)state;
  static const char *const names[] = {"\"",
                                      "\\",
                                      "\\\"}",
                                      "</script>",
                                      "a\",\"pid\":1,\"b\":\"",
                                      "%n%s",
                                      "caf\xc3\xa9",
                                      "\xf0\x9f\x92\xa9",
                                      "{\"x\":[",
                                      ""};
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    struct exit_event event = plain;
    event.comm = event.cgroup = event.unit = names[i];
    yajl_val json = parse(&event, names[i], 1);
    assert_case_string(names[i], text_of(json, "command"), names[i]);
    assert_case_string(names[i], text_of(json, "cgroup"), names[i]);
    const char *path[] = {"pid", NULL};
    assert_case_int(names[i],
                    YAJL_GET_INTEGER(yajl_tree_get(json, path, yajl_t_number)),
                    4711);
    yajl_tree_free(json);
  }
}

int main(void) {
#define prepared(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      prepared(writes_lines),
      prepared(reopens_what_was_moved),
      prepared(drops_what_cannot_be_written),
      prepared(waits_for_no_reader),
      prepared(holds_nobody_up),
      prepared(leaves_a_hung_thread_behind),
      cmocka_unit_test(says_all),
      cmocka_unit_test(leaves_out),
      cmocka_unit_test(is_json_whatever_names_say),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
