/* SPDX-License-Identifier: MIT */
#include "kernel/procfs.h"

#include "support/child.h"
#include "support/clock.h"
#include "support/test.h"
#include "support/tree.h"

#include <dirent.h>

/* Memory and open files, of real processes and of a procfs of the test's own.
 */

struct fixture {
  struct tree tree;
  struct procfs *real, *own;
};

static int set_up(void **state) {
  struct fixture *fixture = calloc(1, sizeof(*fixture));
  assert_non_null(fixture);
  tree_create(&fixture->tree);
  assert_int_equal(procfs_open(fixture->tree.root, &fixture->own), 0);
  assert_int_equal(procfs_open("/proc", &fixture->real), 0);
  *state = fixture;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *fixture = *state;
  child_reap_all();
  procfs_close(fixture->own);
  procfs_close(fixture->real);
  tree_remove(&fixture->tree, "");
  free(fixture);
  return 0;
}

/* A child with two threads, of which the main one has ended. */
static void start_headless(struct child *child) {
  char path[64], text[256] = "";
  child_start(child);
  child_tell(child, 'o', 5);
  child_tell(child, 't', 0);
  child_order(child, 'l', 0, "");
  snprintf(path, sizeof(path), "/proc/%d/stat", child->pid);
  while (strstr(text, ") Z ") == NULL) {
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
    fclose(file);
  }
}

/* The id of a thread that is not the main one; or 0. */
static pid_t other_thread(pid_t pid) {
  char path[64];
  pid_t tid = 0;
  snprintf(path, sizeof(path), "/proc/%d/task", pid);
  DIR *dir = opendir(path);
  assert_non_null(dir);
  for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
    if (atoi(entry->d_name) != pid && entry->d_name[0] != '.')
      tid = atoi(entry->d_name);
  closedir(dir);
  return tid;
}

/* A line of a thread's status, in bytes; 0 if it is not there. */
static uint64_t status_of(pid_t pid, pid_t tid, const char *key) {
  char path[64], line[256];
  unsigned long long kib, found = 0;
  size_t length = strlen(key);
  snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, tid);
  FILE *file = fopen(path, "re");
  assert_non_null(file);
  while (fgets(line, sizeof(line), file) != NULL)
    if (strncmp(line, key, length) == 0 && line[length] == ':' &&
        sscanf(line + length + 1, "%llu", &kib) == 1)
      found = kib * 1024;
  fclose(file);
  return found;
}

/* The kernel has the same in another file, which it makes of other sums. A
 * thread that has just begun or ended may take or give back memory meanwhile:
 * both are read again then. */
static void assert_memory(const char *name, struct procfs *proc, pid_t pid,
                          pid_t tid) {
  struct procfs_memory memory, after;
  uint64_t vm, data, code;
  do {
    assert_case_int(name, procfs_memory(proc, pid, &memory), 0);
    vm = status_of(pid, tid, "VmSize");
    data = status_of(pid, tid, "VmData") + status_of(pid, tid, "VmStk");
    code = status_of(pid, tid, "VmExe");
    assert_case_int(name, procfs_memory(proc, pid, &after), 0);
  } while (after.vm_bytes != memory.vm_bytes ||
           after.data_bytes != memory.data_bytes);
  assert_case_int(name, memory.vm_bytes, vm);
  assert_case_int(name, memory.data_bytes, data);
  assert_case_int(name, memory.code_bytes, code);
  /* Each CPU may have some pages that it has not added yet. */
  int64_t page = sysconf(_SC_PAGESIZE);
  int64_t slack = 3 * 64 * page * sysconf(_SC_NPROCESSORS_ONLN);
  int64_t rss = (int64_t)status_of(pid, tid, "VmRSS");
  assert_case(name, (int64_t)memory.rss_bytes >= rss - slack &&
                        (int64_t)memory.rss_bytes <= rss + slack);
}

static void reads_the_memory_of_processes(void **state) {
  struct fixture *fixture = *state;
  struct child child, headless;
  struct procfs_memory memory;
  child_start(&child);
  child_settle_all();
  assert_memory("one thread", fixture->real, child.pid, child.pid);
  assert_int_equal(procfs_memory(fixture->real, child.pid, &memory), 0);
  assert_true(memory.rss_bytes >= 65536 && memory.code_bytes > 0);

  start_headless(&headless);
  assert_memory("main thread ended", fixture->real, headless.pid,
                other_thread(headless.pid));
  assert_int_equal(procfs_memory(fixture->real, headless.pid, &memory), 0);
  assert_true(memory.rss_bytes >= 65536);

  child_end(&child);
  memset(&memory, 0xa5, sizeof(memory));
  assert_int_equal(procfs_memory(fixture->real, child.pid, &memory), 0);
  assert_int_equal(memory.vm_bytes, 0);
  assert_int_equal(memory.rss_bytes, 0);
  child_reap(&child);
  assert_true(
      procfs_is_vanished(procfs_memory(fixture->real, child.pid, &memory)));
}

static void takes_statm(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *text;
    int status;
    uint64_t vm, rss, code, data; /* pages */
  } cases[] = {
      {"4 3 2 1 0 5 0\n", 0, 4, 3, 1, 5},
      {"34359738368 20 0 7 0 30000000000 0\n", 0, 34359738368, 20, 7,
       30000000000},
      {"4 3 2 1 0\n", -EBADMSG, 0, 0, 0, 0},
      {"4 3 2 1 0 5", -EBADMSG, 0, 0, 0, 0},
      {"4 3 2 -1 0 5 0\n", -EBADMSG, 0, 0, 0, 0},
      {"", -EBADMSG, 0, 0, 0, 0},
  };
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].text;
    struct procfs_memory memory = {0};
    tree_put(&fixture->tree, "12/statm", name);
    assert_case_int(name, procfs_memory(fixture->own, 12, &memory),
                    cases[i].status);
    assert_case_int(name, memory.vm_bytes, cases[i].vm * page);
    assert_case_int(name, memory.rss_bytes, cases[i].rss * page);
    assert_case_int(name, memory.code_bytes, cases[i].code * page);
    assert_case_int(name, memory.data_bytes, cases[i].data * page);
  }
}

/* How many files this process has open, by asking for each. */
static uint32_t own_files(void) {
  uint32_t count = 0;
  for (int fd = 0; fd < 65536; fd++)
    count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

static uint32_t files_of(const char *name, struct procfs *proc, pid_t pid) {
  uint32_t files = UINT32_MAX;
  assert_case_int(name, procfs_files(proc, pid, &files), 0);
  return files;
}

/* By the size of the directory if the kernel provides it; by its entries if
 * /proc does not show whether it does. */
static void counts_the_files_of_processes(void **state) {
  struct fixture *fixture = *state;
  struct child child, headless;
  child_start(&child);
  start_headless(&headless);
  char link[64], target[64];
  const pid_t pids[] = {child.pid, headless.pid, getpid()};
  for (size_t i = 0; i < COUNT_OF(pids); i++) {
    snprintf(link, sizeof(link), "%d", pids[i]);
    snprintf(target, sizeof(target), "/proc/%d", pids[i]);
    tree_link(&fixture->tree, link, target);
  }
  const struct {
    const char *name;
    struct procfs *proc;
  } ways[] = {{"size", fixture->real}, {"entries", fixture->own}};
  /* A child has what the test had then, without the ends of its pipes that are
   * the test's. */
  uint32_t before = files_of("first", fixture->own, child.pid);
  for (size_t i = 0; i < COUNT_OF(ways); i++) {
    const char *name = ways[i].name;
    struct procfs *proc = ways[i].proc;
    uint32_t now = before + (uint32_t)i * 300;
    assert_case_int(name, files_of(name, proc, child.pid), now);
    child_tell(&child, 'o', 300);
    assert_case_int(name, files_of(name, proc, child.pid), now + 300);
    assert_case_int(name, files_of(name, proc, getpid()), own_files());
  }
  uint32_t left = files_of("size", fixture->real, headless.pid);
  assert_true(left > 5);
  assert_int_equal(files_of("entries", fixture->own, headless.pid), left);

  child_end(&headless);
  child_end(&child);
  for (size_t i = 0; i < COUNT_OF(ways); i++) {
    assert_int_equal(files_of("zombie", ways[i].proc, child.pid), 0);
    assert_int_equal(files_of("zombie", ways[i].proc, headless.pid), 0);
  }
  child_reap(&child);
  for (size_t i = 0; i < COUNT_OF(ways); i++) {
    uint32_t files;
    assert_true(
        procfs_is_vanished(procfs_files(ways[i].proc, child.pid, &files)));
  }
}

static void refuses_what_is_no_directory(void **state) {
  struct fixture *fixture = *state;
  uint32_t files;
  tree_put(&fixture->tree, "12/fd", "");
  assert_int_equal(procfs_files(fixture->own, 12, &files), -ENOTDIR);
}

#define prepared(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      prepared(reads_the_memory_of_processes),
      prepared(takes_statm),
      prepared(counts_the_files_of_processes),
      prepared(refuses_what_is_no_directory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
