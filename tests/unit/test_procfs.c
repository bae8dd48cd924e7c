/* SPDX-License-Identifier: MIT */
#include "kernel/process_clock.h"
#include "kernel/procfs.h"

#include "support/child.h"
#include "support/clock.h"
#include "support/test.h"
#include "support/tree.h"

#include <sys/utsname.h>

/* A fake procfs for each test. */
struct fixture {
  struct tree tree;
  struct procfs *proc;
};

static int set_up(void **state) {
  struct fixture *fixture = calloc(1, sizeof(*fixture));
  assert_non_null(fixture);
  tree_create(&fixture->tree);
  assert_int_equal(procfs_open(fixture->tree.root, &fixture->proc), 0);
  *state = fixture;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *fixture = *state;
  child_reap_all();
  procfs_close(fixture->proc);
  tree_remove(&fixture->tree, "");
  free(fixture);
  return 0;
}

static struct procfs *open_real(void) {
  struct procfs *proc;
  assert_int_equal(procfs_open("/proc", &proc), 0);
  return proc;
}

static void opens(void **state) {
  struct fixture *fixture = *state;
  struct procfs *proc;
  char path[TREE_PATH_SIZE];

  tree_put(&fixture->tree, "file", "");
  tree_path(&fixture->tree, "file", path);
  assert_int_equal(procfs_open(path, &proc), -ENOTDIR);
  tree_path(&fixture->tree, "none", path);
  assert_int_equal(procfs_open(path, &proc), -ENOENT);
  procfs_close(NULL);
}

static void lists_processes_only(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    pid_t pid; /* 0 if it is none */
  } cases[] = {
      {"1", 1},
      {"300", 300},
      {"4194304", 4194304},
      {"self", 0},
      {"12a", 0},
      {"a12", 0},
      {"-7", 0},
      {"0", 0},
      {"+8", 0},
      {"1.5", 0},
      {"4294967297", 0}, /* 1, cut to 32 bits */
      {"99999999999999999999", 0},
      {"18446744073709551617", 0},
  };
  tree_remove(&fixture->tree, "1");
  tree_remove(&fixture->tree, "sys");
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    tree_make(&fixture->tree, cases[i].name);

  for (int round = 0; round < 2; round++) {
    size_t found[COUNT_OF(cases)] = {0};
    pid_t pid;
    uint32_t inode;
    int status;

    procfs_rewind(fixture->proc);
    while ((status = procfs_next(fixture->proc, &pid, &inode)) > 0) {
      size_t i = 0;
      while (i < COUNT_OF(cases) && cases[i].pid != pid)
        i++;
      if (i == COUNT_OF(cases))
        fail_msg("%d is no process", pid);
      found[i]++;

      char path[TREE_PATH_SIZE];
      struct stat st;
      tree_path(&fixture->tree, cases[i].name, path);
      assert_int_equal(stat(path, &st), 0);
      assert_int_equal(inode, (uint32_t)st.st_ino);
      uint32_t by_name;
      assert_int_equal(procfs_inode(fixture->proc, pid, &by_name), 0);
      assert_int_equal(by_name, inode);
    }
    assert_int_equal(status, 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
      assert_case_int(cases[i].name, found[i], cases[i].pid != 0);
  }
  uint32_t inode;
  assert_int_equal(procfs_inode(fixture->proc, 2, &inode), -ENOENT);
}

static void tells_that_listing_fails(void **state) {
  struct fixture *fixture = *state;
  pid_t pid;
  uint32_t inode;

  tree_break(&fixture->tree);
  procfs_rewind(fixture->proc);
  assert_int_equal(procfs_next(fixture->proc, &pid, &inode), -ENOTDIR);
}

/* The fields of "stat" behind the name, one number each. */
#define STAT_REST                                                              \
  "7 70 71 72 -1 4194560 111 112 222 223 333 444 115 116 20 0 55 0 666 "       \
  "777000 888 18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 3 0 0 0 0 "   \
  "0 0 0 0 0 0 0 0 0\n"

static void reads_stat(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *text, *comm;
    char state;
  } cases[] = {
      {"12 (sshd) S " STAT_REST, "sshd", 'S'},
      {"12 (a b) R " STAT_REST, "a b", 'R'},
      {"12 (a) b) D " STAT_REST, "a) b", 'D'},
      {"12 ((sd-pam)) S " STAT_REST, "(sd-pam)", 'S'},
      {"12 () Z " STAT_REST, "", 'Z'},
      {"12 ()) R 1 2 3) S " STAT_REST, ")) R 1 2 3", 'S'},
      {"12 (a\nb) S " STAT_REST, "a\nb", 'S'},
      {"12 (kworker/u4:0-events_unbound_and_a_long_name) I " STAT_REST,
       "kworker/u4:0-events_unbound_and_a_long_name", 'I'},
      {"12 (0123456789012345678901234567890123456789012345678901234567890123"
       "456) I " STAT_REST,
       "0123456789012345678901234567890123456789012345678901234567890123", 'I'},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct procfs_stat stat;
    const char *name = cases[i].text;
    tree_put(&fixture->tree, "12/stat", cases[i].text);
    memset(&stat, 0xa5, sizeof(stat));
    assert_case_int(name, procfs_stat(fixture->proc, 12, &stat), 0);
    assert_case_string(name, stat.comm, cases[i].comm);
    assert_case_int(name, stat.state, cases[i].state);
    assert_case_int(name, stat.ppid, 7);
    assert_case_int(name, stat.faults_minor, 111);
    assert_case_int(name, stat.faults_major, 222);
    assert_case_int(name, stat.user_ticks, 333);
    assert_case_int(name, stat.system_ticks, 444);
    assert_case_int(name, stat.threads, 55);
    assert_case_int(name, stat.start_ticks, 666);
  }
}

static void finds_the_files_of_any_pid(void **state) {
  struct fixture *fixture = *state;
  static const int pids[] = {1, 10, 4194304, INT_MAX};

  for (size_t i = 0; i < COUNT_OF(pids); i++) {
    char name[64], text[256];
    struct procfs_stat stat;
    uint32_t inode;
    snprintf(name, sizeof(name), "%d/stat", pids[i]);
    snprintf(text, sizeof(text), "%d (pid %d) S " STAT_REST, pids[i], pids[i]);
    tree_put(&fixture->tree, name, text);
    assert_case_int(name, procfs_stat(fixture->proc, pids[i], &stat), 0);
    snprintf(text, sizeof(text), "pid %d", pids[i]);
    assert_case_string(name, stat.comm, text);
    assert_case_int(name, procfs_inode(fixture->proc, pids[i], &inode), 0);
  }
}

static void reads_the_flags(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    unsigned int flags;
    bool is_exiting, is_forked, is_kernel_thread;
  } cases[] = {
      {"a program", 0x400100, false, false, false},
      {"that ends", 0x400104, true, false, false},
      {"that never called exec", 0x400040, false, true, false},
      {"a kernel thread", 0x208040, false, true, true},
      {"that ends", 0x208044, true, true, true},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct tree_process process = {
        .pid = 12, .comm = "x", .state = 'R', .flags = cases[i].flags};
    struct procfs_stat stat;
    const char *name = cases[i].name;
    tree_put_stat(&fixture->tree, &process);
    assert_case_int(name, procfs_stat(fixture->proc, 12, &stat), 0);
    assert_case_int(name, stat.is_exiting, cases[i].is_exiting);
    assert_case_int(name, stat.is_forked, cases[i].is_forked);
    assert_case_int(name, stat.is_kernel_thread, cases[i].is_kernel_thread);
  }
}

static void refuses_bad_stat(void **state) {
  struct fixture *fixture = *state;
  static const char *const cases[] = {
      "",
      "12",
      "12 sshd S 1 2 3",
      "12 (sshd",
      "12 sshd) S (" STAT_REST,
      "12 (sshd)",
      "12 (sshd) S",
      "12 (sshd) S x" STAT_REST,
      /* The start time is missing. */
      "12 (sshd) S 7 70 71 72 -1 4 111 112 222 223 333 444 115 116 20 0 55 0",
  };
  struct procfs_stat stat;

  assert_int_equal(procfs_stat(fixture->proc, 12, &stat), -ENOENT);
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    tree_put(&fixture->tree, "12/stat", cases[i]);
    assert_case_int(cases[i], procfs_stat(fixture->proc, 12, &stat), -EBADMSG);
  }
}

static void knows_what_has_ended(void **state) {
  (void)state;
  static const struct {
    const char *name;
    char state;
    uint32_t threads;
    bool has_ended;
  } cases[] = {
      {"running", 'R', 1, false},
      {"sleeping", 'S', 1, false},
      {"kernel thread", 'I', 1, false},
      {"zombie", 'Z', 1, true},
      {"zombie without thread", 'Z', 0, true},
      {"dead", 'X', 1, true},
      {"main thread has ended", 'Z', 2, false},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct procfs_stat stat = {.state = cases[i].state,
                               .threads = cases[i].threads};
    assert_case_int(cases[i].name, procfs_stat_has_ended(&stat),
                    cases[i].has_ended);
  }
}

static int read_io(struct fixture *fixture, struct procfs_io *io) {
  int fd = procfs_io_open(fixture->proc, 12);
  if (fd < 0)
    return fd;
  assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  int status = procfs_io_read(fixture->proc, 12, fd, io);
  struct procfs_io again; /* from the beginning */
  assert_int_equal(procfs_io_read(fixture->proc, 12, fd, &again), status);
  close(fd);
  return status;
}

static void reads_io(void **state) {
  struct fixture *fixture = *state;
  struct procfs_io io;

  assert_int_equal(read_io(fixture, &io), -ENOENT);
  tree_put(&fixture->tree, "12/io",
           "rchar: 1\nwchar: 22\nsyscr: 333\nsyscw: 4444\n"
           "read_bytes: 55555\nwrite_bytes: 18446744073709551615\n"
           "cancelled_write_bytes: 7\n");
  assert_int_equal(read_io(fixture, &io), 0);
  assert_int_equal(io.read_chars, 1);
  assert_int_equal(io.write_chars, 22);
  assert_int_equal(io.read_calls, 333);
  assert_int_equal(io.write_calls, 4444);
  assert_int_equal(io.read_bytes, 55555);
  assert_true(io.write_bytes == UINT64_MAX);
}

static void refuses_bad_io(void **state) {
  struct fixture *fixture = *state;
  static const char *const cases[] = {
      "",
      "rchar: 1\n",
      "rchar: 1\nwchar: 22\nsyscr: 333\nsyscw: 4444\nread_bytes: 55555\n",
      "rchar: 1\nwchar: 22\nsyscr: 333\nsyscw: 4444\nread_bytes: 55555\n"
      "write_bytes: 6",
      "rchar: x\nwchar: 22\nsyscr: 333\nsyscw: 4444\nread_bytes: 55555\n"
      "write_bytes: 6\n",
      "rchar: 1\nwchar: 22\nsyscr: 3x\nsyscw: 4444\nread_bytes: 55555\n"
      "write_bytes: 6\n",
      "rchar: 1\nwchar:\nsyscr: 333\nsyscw: 4444\nread_bytes: 55555\n"
      "write_bytes: 6\n",
      "1\n22\n333\n4444\n55555\n6\n",
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct procfs_io io;
    tree_put(&fixture->tree, "12/io", cases[i]);
    assert_case_int(cases[i], read_io(fixture, &io), -EBADMSG);
  }
}

static void joins_the_command_line(void **state) {
  struct fixture *fixture = *state;
#define BYTES(text) text, sizeof(text) - 1
  static const struct {
    const char *bytes;
    size_t size;
    const char *text;
  } cases[] = {
      {BYTES("sleep\0"
             "60\0"),
       "sleep 60"},
      {BYTES("sleep\0"), "sleep"},
      {BYTES("sleep"), "sleep"},
      {BYTES("a\0\0b\0"), "a  b"},
      {BYTES("a b\0c\0"), "a b c"},
      {BYTES("sshd: root@pts/0   \0\0\0\0\0\0"), "sshd: root@pts/0"},
      {BYTES("a\0 \0 \0"), "a"},
      {BYTES("a\nb\0"), "a\nb"},
      {BYTES(""), ""},
      {BYTES("\0"), ""},
      {BYTES(" \0\0 \0"), ""},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char *cmdline;
    tree_put_bytes(&fixture->tree, "12/cmdline", cases[i].bytes, cases[i].size);
    assert_case_int(cases[i].text, procfs_cmdline(fixture->proc, 12, &cmdline),
                    0);
    assert_case_string(cases[i].text, cmdline, cases[i].text);
    free(cmdline);
  }
  char *cmdline;
  assert_int_equal(procfs_cmdline(fixture->proc, 13, &cmdline), -ENOENT);
}

/* Of any length, including the sizes of the buffers; but truncated to the
 * limit. */
static void reads_long_command_lines(void **state) {
  struct fixture *fixture = *state;
  static const size_t sizes[] = {1022,   1023,   1024,   1025,   4095,  4096,
                                 16383,  16384,  65535,  65536,  65537, 131071,
                                 131072, 131073, 300001, 5000000};

  for (size_t i = 0; i < COUNT_OF(sizes); i++) {
    size_t size = sizes[i];
    char *bytes = calloc(1, size + 1), *cmdline;
    assert_non_null(bytes);
    for (size_t at = 0; at < size; at++)
      if (at % 10 != 9 || at == size - 1)
        bytes[at] = (char)('a' + at % 23);
    tree_put_bytes(&fixture->tree, "12/cmdline", bytes, size);
    assert_int_equal(procfs_cmdline(fixture->proc, 12, &cmdline), 0);
    for (size_t at = 0; at < size; at++)
      if (bytes[at] == '\0')
        bytes[at] = ' ';
    size_t read = size < PROCFS_CMDLINE_SIZE ? size : PROCFS_CMDLINE_SIZE - 1;
    assert_int_equal(strlen(cmdline), read);
    assert_memory_equal(cmdline, bytes, read);
    free(cmdline);
    free(bytes);
  }
}

static void reads_the_executable(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *target, *path;
  } cases[] = {
      {"/usr/sbin/sshd", "/usr/sbin/sshd"},
      {"/usr/sbin/sshd (deleted)", "/usr/sbin/sshd"},
      {"/a (deleted)b", "/a (deleted)b"},
      {"/a (deleted) (deleted)", "/a (deleted)"},
      {" (deleted)", " (deleted)"},
      {"/x", "/x"},
  };
  char path[4096];

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    tree_link(&fixture->tree, "12/exe", cases[i].target);
    memset(path, 0xa5, sizeof(path));
    assert_case_int(cases[i].target,
                    procfs_exe(fixture->proc, 12, path, sizeof(path)), 0);
    assert_case_string(cases[i].target, path, cases[i].path);
  }
  assert_int_equal(procfs_exe(fixture->proc, 13, path, sizeof(path)), -ENOENT);
}

static void reads_the_real_user(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *text;
    int status;
    uid_t uid;
  } cases[] = {
      {"Name:\tsshd\nUmask:\t0022\nUid:\t33\t34\t35\t36\nGid:\t1\t1\t1\t1\n", 0,
       33},
      {"Name:\tsshd\nUid:\t0\t1\t2\t3\n", 0, 0},
      {"Name:\tsshd\nUid:\t4294967294\t1\t2\t3\n", 0, 4294967294},
      {"Name:\tUid:\t7\nUid:\t8\t1\t2\t3\n", 0, 8},
      {"Name:\tsshd\nGid:\t1\t1\t1\t1\n", -EBADMSG, 0},
      {"Name:\tsshd\nUid:\tx\n", -EBADMSG, 0},
      {"", -EBADMSG, 0},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    uid_t uid = 4711;
    tree_put(&fixture->tree, "12/status", cases[i].text);
    assert_case_int(cases[i].text, procfs_uid(fixture->proc, 12, &uid),
                    cases[i].status);
    if (cases[i].status == 0)
      assert_case_int(cases[i].text, uid, cases[i].uid);
  }
  uid_t uid;
  assert_int_equal(procfs_uid(fixture->proc, 13, &uid), -ENOENT);
}

static void reads_the_cgroup(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name, *text;
    int status;
    const char *path;
  } cases[] = {
      {"version 2", "0::/system.slice/ssh.service\n", 0,
       "/system.slice/ssh.service"},
      {"the root", "0::/\n", 0, "/"},
      {"no end of line", "0::/a", 0, "/a"},
      {"with a colon", "0::/a:b::c\n", 0, "/a:b::c"},
      {"version 1",
       "12:cpu,cpuacct:/x\n2:memory:/y\n1:name=systemd:/system.slice/a.service"
       "\n",
       0, "/system.slice/a.service"},
      {"hybrid, version 2 not in use", "3:cpu:/x\n1:name=systemd:/s/a\n0::/\n",
       0, "/s/a"},
      {"hybrid, both in use", "3:cpu:/x\n1:name=systemd:/s/a\n0::/s/b\n", 0,
       "/s/b"},
      {"controllers of version 1 under version 2", "2:net_cls:/x\n0::/s/b\n", 0,
       "/s/b"},
      {"another hierarchy", "1:name=elogind:/x\n", -ENOENT, NULL},
      {"controllers only", "2:memory:/y\n1:cpu:/z\n", -ENOENT, NULL},
      {"systemd in a path", "2:memory:/1:name=systemd:/y\n", -ENOENT, NULL},
      {"none", "", -ENOENT, NULL},
      {"outside of the namespace", "0::/../ssh.service\n", -EXDEV, NULL},
      {"the namespace's parent", "0::/..\n", -EXDEV, NULL},
      {"outside, version 1", "1:name=systemd:/../a\n0::/\n", -EXDEV, NULL},
      {"a name that begins so", "0::/..a/b\n", 0, "/..a/b"},
  };
  char path[4096];

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    tree_put(&fixture->tree, "12/cgroup", cases[i].text);
    assert_case_int(name,
                    procfs_cgroup(fixture->proc, 12, NULL, path, sizeof(path)),
                    cases[i].status);
    if (cases[i].status == 0)
      assert_case_string(name, path, cases[i].path);
  }
  assert_int_equal(procfs_cgroup(fixture->proc, 13, NULL, path, sizeof(path)),
                   -ENOENT);
}

/* For an exiting process, the kernel shows the root, except in version 2. */
static void knows_that_a_cgroup_is_not_shown(void **state) {
  struct fixture *fixture = *state;
  enum { SHOWN = 4194560, EXITING = SHOWN | 4, GONE = 0 };
  static const struct {
    const char *name, *text;
    unsigned int flags;
    int status;
    const char *path;
  } cases[] = {
      {"version 1, lives", "1:name=systemd:/\n", SHOWN, 0, "/"},
      {"version 1, exiting", "1:name=systemd:/\n", EXITING, -ESRCH, NULL},
      {"version 1, gone", "1:name=systemd:/\n", GONE, -ESRCH, NULL},
      {"version 1, exits only now", "1:name=systemd:/a\n", EXITING, 0, "/a"},
      {"hybrid, lives", "1:name=systemd:/\n0::/\n", SHOWN, 0, "/"},
      {"hybrid, exiting", "1:name=systemd:/\n0::/\n", EXITING, -ESRCH, NULL},
      {"hybrid, both in use, exiting", "1:name=systemd:/\n0::/s/b\n", EXITING,
       0, "/s/b"},
      {"version 2, exiting", "0::/\n", EXITING, 0, "/"},
      {"version 2, below the root, exiting", "0::/s/b\n", EXITING, 0, "/s/b"},
  };
  char path[4096];

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    struct tree_process process = {
        .pid = 12, .comm = "x", .state = 'R', .flags = cases[i].flags};
    tree_put(&fixture->tree, "12/cgroup", cases[i].text);
    tree_remove(&fixture->tree, "12/stat");
    if (cases[i].flags != GONE)
      tree_put_stat(&fixture->tree, &process);
    assert_case_int(name,
                    procfs_cgroup(fixture->proc, 12, NULL, path, sizeof(path)),
                    cases[i].status);
    if (cases[i].status == 0)
      assert_case_string(name, path, cases[i].path);
  }
}

/* If memory is in version 1, it has another hierarchy. */
static void reads_both_cgroups(void **state) {
  struct fixture *fixture = *state;
  enum { SHOWN = 4194560, EXITING = SHOWN | 4 };
  static const struct {
    const char *name, *text;
    unsigned int flags;
    int status;
    const char *unit, *memory;
  } cases[] = {
      {"version 2", "0::/s/a.service\n", SHOWN, 0, "/s/a.service",
       "/s/a.service"},
      {"version 2, exiting", "0::/s/a\n", EXITING, 0, "/s/a", "/s/a"},
      {"version 1", "4:memory:/m\n1:name=systemd:/s/a\n", SHOWN, 0, "/s/a",
       "/m"},
      {"version 1, exiting", "4:memory:/\n1:name=systemd:/\n", EXITING, -ESRCH,
       "", ""},
      {"hybrid", "4:memory:/m\n1:name=systemd:/s/a\n0::/s/b\n", SHOWN, 0,
       "/s/b", "/m"},
      {"hybrid, exiting", "4:memory:/\n1:name=systemd:/\n0::/s/b\n", EXITING, 0,
       "/s/b", ""},
      {"memory alone", "4:memory:/m\n", SHOWN, 0, "", "/m"},
      {"neither", "4:cpu:/m\n", SHOWN, -ENOENT, "", ""},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    static struct procfs_cgroups cgroups;
    struct tree_process process = {
        .pid = 12, .comm = "x", .state = 'R', .flags = cases[i].flags};
    tree_put(&fixture->tree, "12/cgroup", cases[i].text);
    tree_put_stat(&fixture->tree, &process);
    assert_case_int(cases[i].name,
                    procfs_cgroups(fixture->proc, 12, NULL, &cgroups),
                    cases[i].status);
    assert_case_string(cases[i].name, cgroups.unit, cases[i].unit);
    assert_case_string(cases[i].name, cgroups.memory, cases[i].memory);
  }
}

static void limits_the_cgroup(void **state) {
  struct fixture *fixture = *state;
  char path[8];

  tree_put(&fixture->tree, "12/cgroup", "0::/345678\n");
  assert_int_equal(procfs_cgroup(fixture->proc, 12, NULL, path, sizeof(path)),
                   0);
  assert_string_equal(path, "/345678");
  tree_put(&fixture->tree, "12/cgroup", "0::/3456789\n");
  assert_int_equal(procfs_cgroup(fixture->proc, 12, NULL, path, sizeof(path)),
                   -ENAMETOOLONG);
}

/* If systemd uses both versions, version 2's path may be that of the runtime of
 * a container that only version 1 shows. */
static void knows_that_a_container_is_not_shown(void **state) {
  struct fixture *fixture = *state;
  static const char text[] =
      "4:cpu:/\n1:name=systemd:/\n0::/s/docker.service\n";
  struct tree_process process = {
      .pid = 12, .comm = "x", .state = 'R', .flags = 4194564};
  char own[64], path[4096];
  tree_put_stat(&fixture->tree, &process);
  tree_put(&fixture->tree, "12/cgroup", text);
  snprintf(own, sizeof(own), "%d/cgroup", getpid());
  tree_put(&fixture->tree, own, "1:name=systemd:/\n0::/s/collectd.service\n");
  assert_int_equal(procfs_cgroup(fixture->proc, 12, NULL, path, sizeof(path)),
                   0);
  tree_put(&fixture->tree, own,
           "1:name=systemd:/s/collectd.service\n0::/s/collectd.service\n");
  assert_int_equal(procfs_cgroup(fixture->proc, 12, NULL, path, sizeof(path)),
                   -ESRCH);
}

static bool ends_with_x(const char *path, size_t length) {
  return path[length - 1] == 'x';
}

static void prefers_a_cgroup(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *text;
    int status;
    const char *path;
  } cases[] = {
      {"2:cpu:/a\n1:name=systemd:/b\n0::/c\n", 0, "/c"},
      {"2:cpu:/x\n1:name=systemd:/b\n0::/c\n", 0, "/x"},
      {"3:cpu:/a\n2:memory:/x\n1:name=systemd:/b\n0::/c\n", 0, "/x"},
      {"2:cpu:/ax\n1:name=systemd:/bx\n0::/c\n", 0, "/bx"},
      {"2:cpu:/ax\n1:name=systemd:/bx\n0::/cx\n", 0, "/cx"},
      {"0::/cx\n1:name=systemd:/bx\n2:cpu:/ax\n", 0, "/cx"},
      {"2:cpu:/ax (deleted)\n0::/c\n", 0, "/ax"},
      {"2:cpu:/../ax\n0::/c\n", 0, "/c"},
      {"2:cpu:/x\n", 0, "/x"},
      {"2:cpu:/a\n", -ENOENT, NULL},
      {"2:cpu\nx\n:\n\n2::/a:x", 0, "/a:x"},
  };
  char path[4096];
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    tree_put(&fixture->tree, "12/cgroup", cases[i].text);
    assert_case_int(
        cases[i].text,
        procfs_cgroup(fixture->proc, 12, ends_with_x, path, sizeof(path)),
        cases[i].status);
    if (cases[i].status == 0)
      assert_case_string(cases[i].text, path, cases[i].path);
  }
}

/* Every hierarchy of version 1, with paths as long as the kernel allows. */
static void reads_long_cgroups(void **state) {
  struct fixture *fixture = *state;
  enum { HIERARCHIES = 12, LENGTH = 4090, ROOM = 100000 };
  static const char last[] = "1:name=systemd:/system.slice/a.service\n0::/\n";
  char path[4096], *text = calloc(1, ROOM);
  assert_non_null(text);

  for (int i = 0; i < HIERARCHIES; i++) {
    size_t used = strlen(text);
    used += (size_t)snprintf(text + used, ROOM - used, "%d:c%d:/", i + 2, i);
    memset(text + used, 'x', LENGTH);
    text[used + LENGTH] = '\n';
  }
  strcat(text, last);
  tree_put(&fixture->tree, "12/cgroup", text);
  assert_int_equal(procfs_cgroup(fixture->proc, 12, NULL, path, sizeof(path)),
                   0);
  assert_string_equal(path, "/system.slice/a.service");

  /* A path that does not fit is not treated as missing. */
  memset(text, 'x', ROOM - 1);
  tree_put(&fixture->tree, "12/cgroup", text);
  assert_int_equal(procfs_cgroup(fixture->proc, 12, NULL, path, sizeof(path)),
                   -ENAMETOOLONG);
  free(text);
}

static void switches_delay_accounting(void **state) {
  struct fixture *fixture = *state;
  static const char file[] = "sys/kernel/task_delayacct";
  bool on = false;

  /* Kernels before 5.14 have no switch and count. */
  struct utsname kernel;
  unsigned int major, minor;
  assert_int_equal(uname(&kernel), 0);
  assert_int_equal(sscanf(kernel.release, "%u.%u", &major, &minor), 2);
  bool is_old = major < 5 || (major == 5 && minor < 14);
  tree_remove(&fixture->tree, file);
  assert_int_equal(procfs_delay_accounting(fixture->proc, &on),
                   is_old ? 0 : -EOPNOTSUPP);
  assert_int_equal(procfs_enable_delay_accounting(fixture->proc), -ENOENT);
  tree_put(&fixture->tree, "cmdline", "quiet nodelayacct\n");
  assert_int_equal(procfs_delay_accounting(fixture->proc, &on), -EOPNOTSUPP);

  /* A hidden setting is not treated as on. */
  tree_remove(&fixture->tree, "sys");
  assert_int_equal(procfs_delay_accounting(fixture->proc, &on), -ENOENT);
  assert_int_equal(procfs_enable_delay_accounting(fixture->proc), -ENOENT);

  tree_put(&fixture->tree, file, "0\n");
  assert_int_equal(procfs_delay_accounting(fixture->proc, &on), 0);
  assert_false(on);
  assert_int_equal(procfs_enable_delay_accounting(fixture->proc), 0);
  assert_int_equal(procfs_delay_accounting(fixture->proc, &on), 0);
  assert_true(on);

  char path[TREE_PATH_SIZE], text[8] = "";
  tree_path(&fixture->tree, file, path);
  FILE *written = fopen(path, "r");
  assert_non_null(written);
  assert_non_null(fgets(text, sizeof(text), written));
  fclose(written);
  assert_string_equal(text, "1\n");
}

static void knows_a_time_namespace(void **state) {
  static const struct {
    const char *name, *offsets;
    bool is_shifted;
  } cases[] = {
      {"none",
       "monotonic           0         0\nboottime            0         0\n",
       false},
      {"by days",
       "monotonic      -86400         0\nboottime            0         0\n",
       true},
      {"by nanoseconds",
       "monotonic           0         0\nboottime            0         7\n",
       true},
  };
  struct fixture *fixture = *state;

  assert_false(procfs_shifts_clocks(fixture->proc)); /* a kernel before 5.6 */
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    tree_put(&fixture->tree, "self/timens_offsets", cases[i].offsets);
    assert_case(cases[i].name,
                procfs_shifts_clocks(fixture->proc) == cases[i].is_shifted);
  }
}

/* The real procfs */

static uint64_t own_clock(void) { return clock_ns(CLOCK_PROCESS_CPUTIME_ID); }

static void reads_cpu_clocks(void **state) {
  (void)state;
  uint64_t before = own_clock(), ns, again;
  assert_int_equal(process_clock_ns(getpid(), &ns), 0);
  assert_in_range(ns, before, own_clock());

  struct child child;
  child_start(&child);
  assert_int_equal(process_clock_ns(child.pid, &ns), 0);
  child_tell(&child, 'b', 20);
  assert_int_equal(process_clock_ns(child.pid, &again), 0);
  assert_in_range(again - ns, 20000000, 10000000000);
  /* Threads that have ended count, and so do zombies. */
  child_tell(&child, 'B', 20);
  assert_int_equal(process_clock_ns(child.pid, &ns), 0);
  assert_in_range(ns - again, 20000000, 10000000000);
  child_end(&child);
  assert_int_equal(process_clock_ns(child.pid, &again), 0);
  assert_true(again >= ns);

  uint64_t used = child_reap(&child);
  assert_in_range(used, again - 2000, again + 2000); /* cut to µs */
  assert_int_equal(process_clock_ns(child.pid, &ns), -ESRCH);
}

static void finds_itself(void **state) {
  (void)state;
  skip_if_emulated("a process that sees itself");
  struct procfs *proc = open_real();
  pid_t pid;
  uint32_t inode, own = 0;
  int status;

  while ((status = procfs_next(proc, &pid, &inode)) > 0)
    if (pid == getpid())
      own = inode;
  assert_int_equal(status, 0);
  assert_true(own != 0);
  assert_int_equal(procfs_inode(proc, getpid(), &inode), 0);
  assert_int_equal(inode, own);

  struct procfs_stat stat;
  assert_int_equal(procfs_stat(proc, getpid(), &stat), 0);
  char name[16]; /* as much as the kernel keeps */
  assert_true(
      snprintf(name, sizeof(name), "%s", program_invocation_short_name) > 0);
  assert_string_equal(stat.comm, name);
  assert_int_equal(stat.state, 'R');
  assert_int_equal(stat.ppid, getppid());
  assert_int_equal(stat.threads, 1);

  uid_t uid;
  assert_int_equal(procfs_uid(proc, getpid(), &uid), 0);
  assert_int_equal(uid, getuid());

  char path[4096], expected[4096] = "", *cmdline;
  assert_int_equal(procfs_exe(proc, getpid(), path, sizeof(path)), 0);
  assert_true(readlink("/proc/self/exe", expected, sizeof(expected) - 1) > 0);
  assert_string_equal(path, expected);
  assert_int_equal(procfs_cmdline(proc, getpid(), &cmdline), 0);
  assert_memory_equal(cmdline, program_invocation_name,
                      strlen(program_invocation_name));
  free(cmdline);
  procfs_close(proc);
}

static void counts_threads(void **state) {
  (void)state;
  struct procfs *proc = open_real();
  struct child child;
  uint32_t threads;
  child_start(&child);

  for (uint32_t expected = 1; expected <= 4; expected++) {
    assert_int_equal(procfs_threads(proc, child.pid, &threads), 0);
    assert_int_equal(threads, expected + EMULATOR_THREADS);
    child_tell(&child, 't', 0);
  }
  child_reap(&child);
  assert_int_equal(procfs_threads(proc, child.pid, &threads), -ENOENT);
  procfs_close(proc);
}

/* The pids of another namespace's /proc are not this process's. */
static void tells_whose_pids_it_has(void **state) {
  struct fixture *fixture = *state;
  char pid[16];
  struct procfs *proc = open_real();
  assert_false(procfs_has_other_pids(proc));
  procfs_close(proc);

  assert_false(procfs_has_other_pids(fixture->proc)); /* has none */
  snprintf(pid, sizeof(pid), "%d", getpid());
  tree_make(&fixture->tree, pid);
  tree_link(&fixture->tree, "self", pid);
  assert_false(procfs_has_other_pids(fixture->proc));
  snprintf(pid, sizeof(pid), "%d", getpid() + 1);
  tree_link(&fixture->tree, "self", pid);
  assert_true(procfs_has_other_pids(fixture->proc));
}

static void reads_real_io(void **state) {
  (void)state;
  struct procfs *proc = open_real();
  struct child child;
  struct procfs_io before, after;
  child_start(&child);
  int fd = procfs_io_open(proc, child.pid);
  if (fd == -ENOENT) {
    child_reap(&child);
    procfs_close(proc);
    skip(); /* a kernel without CONFIG_TASK_IO_ACCOUNTING */
  }
  assert_true(fd >= 0);

  assert_int_equal(procfs_io_read(proc, child.pid, fd, &before), 0);
  child_tell(&child, 'w', 1000000);
  assert_int_equal(procfs_io_read(proc, child.pid, fd, &after), 0);
  /* It also answers, by one byte, and reads its orders. */
  assert_in_range(after.write_chars - before.write_chars, 1000000, 1000002);
  assert_in_range(after.write_calls - before.write_calls, 16, 18);
  assert_in_range(after.read_chars - before.read_chars, 1, 200);

  /* A zombie keeps its values; a descriptor that outlives it reports ESRCH. */
  child_end(&child);
  assert_int_equal(procfs_io_read(proc, child.pid, fd, &before), 0);
  assert_in_range(before.write_chars - after.write_chars, 0, 1);
  child_reap(&child);
  assert_int_equal(procfs_io_read(proc, child.pid, fd, &after), -ESRCH);
  close(fd);
  procfs_close(proc);
}

static void finds_vanished_processes_gone(void **state) {
  (void)state;
  struct procfs *proc = open_real();
  struct child child;
  child_start(&child);
  child_reap(&child);

  struct procfs_stat stat;
  char *cmdline, path[4096];
  uid_t uid;
  uint32_t inode;
  assert_int_equal(procfs_stat(proc, child.pid, &stat), -ENOENT);
  assert_int_equal(procfs_cmdline(proc, child.pid, &cmdline), -ENOENT);
  assert_int_equal(procfs_exe(proc, child.pid, path, sizeof(path)), -ENOENT);
  assert_int_equal(procfs_uid(proc, child.pid, &uid), -ENOENT);
  assert_int_equal(procfs_cgroup(proc, child.pid, NULL, path, sizeof(path)),
                   -ENOENT);
  assert_int_equal(procfs_io_open(proc, child.pid), -ENOENT);
  assert_int_equal(procfs_inode(proc, child.pid, &inode), -ENOENT);
  procfs_close(proc);
}

static void reads_zombies(void **state) {
  (void)state;
  struct procfs *proc = open_real();
  struct child child;
  struct procfs_stat stat;
  child_start(&child);
  assert_int_equal(procfs_stat(proc, child.pid, &stat), 0);
  assert_false(procfs_stat_has_ended(&stat));
  assert_false(process_clock_may_be_final(child.pid));
  child_end(&child);
  assert_int_equal(procfs_stat(proc, child.pid, &stat), 0);
  assert_true(procfs_stat_has_ended(&stat));
  assert_true(process_clock_may_be_final(child.pid));

  char *cmdline, path[4096];
  assert_int_equal(procfs_cmdline(proc, child.pid, &cmdline), 0);
  assert_string_equal(cmdline, "");
  free(cmdline);
  assert_int_equal(procfs_exe(proc, child.pid, path, sizeof(path)), -ENOENT);
  child_reap(&child);
  assert_false(process_clock_may_be_final(child.pid));
  procfs_close(proc);
}

/* A main thread that ends before the others is a zombie, but its process is
 * not. */
static void sees_that_threads_run_yet(void **state) {
  (void)state;
  struct procfs *proc = open_real();
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    pthread_t thread;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pthread_create(&thread, NULL, child_sleep_thread, NULL);
    syscall(SYS_exit, 0);
  }
  struct procfs_stat stat;
  do
    assert_int_equal(procfs_stat(proc, pid, &stat), 0);
  while (stat.state != 'Z');
  assert_int_equal(stat.threads, 2 + EMULATOR_THREADS);
  assert_false(procfs_stat_has_ended(&stat));
  assert_false(process_clock_may_be_final(pid));

  kill(pid, SIGKILL);
  assert_int_equal(waitpid(pid, NULL, 0), pid);
  procfs_close(proc);
}

#define prepared(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      prepared(opens),
      prepared(lists_processes_only),
      prepared(tells_that_listing_fails),
      prepared(reads_stat),
      prepared(finds_the_files_of_any_pid),
      prepared(reads_the_flags),
      prepared(refuses_bad_stat),
      cmocka_unit_test(knows_what_has_ended),
      prepared(reads_io),
      prepared(refuses_bad_io),
      prepared(joins_the_command_line),
      prepared(reads_long_command_lines),
      prepared(reads_the_executable),
      prepared(reads_the_real_user),
      prepared(reads_the_cgroup),
      prepared(knows_that_a_cgroup_is_not_shown),
      prepared(reads_both_cgroups),
      prepared(knows_that_a_container_is_not_shown),
      prepared(prefers_a_cgroup),
      prepared(limits_the_cgroup),
      prepared(reads_long_cgroups),
      prepared(switches_delay_accounting),
      prepared(knows_a_time_namespace),
      prepared(reads_cpu_clocks),
      prepared(finds_itself),
      prepared(counts_threads),
      prepared(reads_real_io),
      prepared(tells_whose_pids_it_has),
      prepared(finds_vanished_processes_gone),
      prepared(reads_zombies),
      prepared(sees_that_threads_run_yet),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
