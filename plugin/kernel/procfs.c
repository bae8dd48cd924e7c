/* SPDX-License-Identifier: MIT */
#include "kernel/procfs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum {
  NAME_SIZE = 32, /* "<pid>/cmdline" and shorter */
  /* 13 hierarchies of version 1, each with a path of up to PATH_MAX */
  CGROUPS_SIZE = 65536,
};

struct procfs {
  DIR *dir;
  int fd; /* of dir, and owned by it */
  uint64_t page_size;
  struct hang_guard guard;
  char *cmdline; /* what was read last, and its room */
  size_t cmdline_size;
  char cgroups[CGROUPS_SIZE]; /* of the process at hand */
};

/* Of a task's flags (include/linux/sched.h), which <pid>/stat shows. */
#define PF_EXITING 0x4U
#define PF_FORKNOEXEC 0x40U

bool procfs_is_vanished(int status) {
  return status == -ENOENT || status == -ESRCH;
}

/* Takes over the descriptor of /proc, which may be a negative errno. */
static int open_directory(int fd, struct procfs **proc) {
  if (fd < 0)
    return fd;
  struct procfs *p = calloc(1, sizeof(*p));
  DIR *dir = p != NULL ? fdopendir(fd) : NULL;
  if (dir == NULL) {
    int status = p != NULL ? -errno : -ENOMEM;
    free(p);
    close(fd);
    return status;
  }
  p->dir = dir;
  p->fd = fd;
  p->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
  *proc = p;
  return 0;
}

/* Returns a descriptor or a negative errno. */
static int open_root(int at, const char *root) {
  int fd = openat(at, root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return fd >= 0 ? fd : -errno;
}

int procfs_open(const char *root, struct procfs **proc) {
  return open_directory(open_root(AT_FDCWD, root), proc);
}

int procfs_reopen(const struct procfs *proc, struct procfs **again) {
  return open_directory(open_root(proc->fd, "."), again);
}

void procfs_close(struct procfs *proc) {
  if (proc == NULL)
    return;
  closedir(proc->dir);
  free(proc->cmdline);
  free(proc);
}

uint64_t procfs_call(const struct procfs *proc) {
  return hang_guard_call(&proc->guard);
}

pid_t procfs_call_pid(uint64_t call) { return hang_guard_pid(call); }

bool procfs_abandon(struct procfs *proc, uint64_t call) {
  return hang_guard_abandon(&proc->guard, call);
}

bool procfs_has_returned(const struct procfs *proc) {
  return hang_guard_has_returned(&proc->guard);
}

void procfs_rewind(struct procfs *proc) { rewinddir(proc->dir); }

/* Returns 0 for a name that is no pid. */
static pid_t pid_of_name(const char *name) {
  pid_t pid = 0;
  for (; isdigit((unsigned char)*name); name++) {
    if (pid > (INT_MAX - 9) / 10)
      return 0;
    pid = pid * 10 + (*name - '0');
  }
  return *name == '\0' ? pid : 0;
}

int procfs_next(struct procfs *proc, pid_t *pid, uint32_t *inode) {
  for (;;) {
    errno = 0;
    const struct dirent *entry = readdir(proc->dir);
    if (entry == NULL)
      return -errno;
    *pid = pid_of_name(entry->d_name);
    if (*pid != 0) {
      *inode = (uint32_t)entry->d_ino;
      return 1;
    }
  }
}

int procfs_inode(struct procfs *proc, pid_t pid, uint32_t *inode) {
  char name[NAME_SIZE];
  struct stat st;

  snprintf(name, sizeof(name), "%d", pid);
  if (fstatat(proc->fd, name, &st, 0) != 0)
    return -errno;
  *inode = (uint32_t)st.st_ino;
  return 0;
}

static int open_file(struct procfs *proc, pid_t pid, const char *file,
                     int flags) {
  char name[NAME_SIZE];

  snprintf(name, sizeof(name), "%d/%s", pid, file);
  int fd = openat(proc->fd, name, flags | O_CLOEXEC);
  return fd >= 0 ? fd : -errno;
}

/* A directory has a link for each thread's, "." and ".." (proc_task_getattr);
 * without threads its process is gone. */
static int count_threads(const struct stat *st, uint32_t *threads) {
  if (st->st_nlink <= 2)
    return -ESRCH;
  *threads = (uint32_t)st->st_nlink - 2;
  return 0;
}

int procfs_threads(struct procfs *proc, pid_t pid, uint32_t *threads) {
  char name[NAME_SIZE];
  struct stat st;

  snprintf(name, sizeof(name), "%d/task", pid);
  if (fstatat(proc->fd, name, &st, 0) != 0)
    return -errno;
  return count_threads(&st, threads);
}

int procfs_task_open(struct procfs *proc, pid_t pid) {
  return open_file(proc, pid, "task", O_PATH);
}

int procfs_task_threads(int fd, uint32_t *threads) {
  struct stat st;
  return fstat(fd, &st) == 0 ? count_threads(&st, threads) : -errno;
}

/* Reads what fits into size - 1 bytes and ends it with a NUL. Returns the
 * number of bytes or a negative errno. The buffer is the thread's own. */
static ssize_t read_file(struct procfs *proc, pid_t pid, const char *file,
                         char *buffer, size_t size) {
  hang_guard_enter(&proc->guard, pid);
  int fd = open_file(proc, pid, file, O_RDONLY);
  size_t used = 0;
  ssize_t got = 0;
  while (fd >= 0 && used < size - 1) {
    got = read(fd, buffer + used, size - 1 - used);
    if (got > 0)
      used += (size_t)got;
    else if (got == 0 || errno != EINTR)
      break;
  }
  int status = fd < 0 ? fd : got < 0 ? -errno : 0;
  if (fd >= 0)
    close(fd);
  hang_guard_leave(&proc->guard);
  buffer[used] = '\0';
  return status != 0 ? status : (ssize_t)used;
}

/* Takes a number in digits, and moves behind it. (What strtoull and sscanf do
 * for locales and bases costs more than the read of the file.) */
static bool take_number(const char **at, uint64_t *number) {
  const char *digit = *at;

  *number = 0;
  for (; isdigit((unsigned char)*digit); digit++)
    *number = *number * 10 + (uint64_t)(*digit - '0');
  bool has_digits = digit != *at;
  *at = digit;
  return has_digits;
}

/* The fields of <pid>/stat, by their numbers in proc(5). */
enum {
  STAT_PPID = 4,
  STAT_FLAGS = 9,
  STAT_MINFLT = 10,
  STAT_CMINFLT = 11,
  STAT_MAJFLT = 12,
  STAT_CMAJFLT = 13,
  STAT_UTIME = 14,
  STAT_STIME = 15,
  STAT_NUM_THREADS = 20,
  STAT_STARTTIME = 22,
  STAT_VSIZE = 23,
  STAT_RSS = 24,
  STAT_FIELDS
};

/* Takes the numbers behind the state, without the signs of a few that nobody
 * asks for. */
static bool take_fields(const char *at, uint64_t fields[STAT_FIELDS]) {
  for (size_t i = STAT_PPID; i < STAT_FIELDS; i++) {
    if (*at++ != ' ')
      return false;
    at += *at == '-';
    if (!take_number(&at, &fields[i]))
      return false;
  }
  return true;
}

int procfs_stat(struct procfs *proc, pid_t pid, struct procfs_stat *stat) {
  char text[1024];
  ssize_t size = read_file(proc, pid, "stat", text, sizeof(text));
  if (size < 0)
    return (int)size;

  /* The name may itself hold spaces and parentheses: the last one ends it. */
  const char *name = strchr(text, '(');
  const char *end = strrchr(text, ')');
  uint64_t fields[STAT_FIELDS];
  if (name == NULL || end == NULL || end < name || end[1] != ' ' ||
      end[2] == '\0' || !take_fields(end + 3, fields))
    return -EBADMSG;

  size_t length = (size_t)(end - name - 1);
  if (length >= sizeof(stat->comm))
    length = sizeof(stat->comm) - 1;
  *stat = (struct procfs_stat){
      .state = end[2],
      .ppid = (pid_t)fields[STAT_PPID],
      .is_exiting = (fields[STAT_FLAGS] & PF_EXITING) != 0 || end[2] == 'Z' ||
                    end[2] == 'X',
      .is_forked = (fields[STAT_FLAGS] & PF_FORKNOEXEC) != 0,
      .faults_minor = fields[STAT_MINFLT],
      .faults_major = fields[STAT_MAJFLT],
      .children_faults = fields[STAT_CMINFLT] + fields[STAT_CMAJFLT],
      .user_ticks = fields[STAT_UTIME],
      .system_ticks = fields[STAT_STIME],
      .threads = (uint32_t)fields[STAT_NUM_THREADS],
      .start_ticks = fields[STAT_STARTTIME],
      .vm_bytes = fields[STAT_VSIZE],
      .rss_bytes = fields[STAT_RSS] * proc->page_size,
  };
  memcpy(stat->comm, name + 1, length);
  return 0;
}

bool procfs_stat_has_ended(const struct procfs_stat *stat) {
  return (stat->state == 'Z' || stat->state == 'X') && stat->threads <= 1;
}

int procfs_io_open(struct procfs *proc, pid_t pid) {
  return open_file(proc, pid, "io", O_RDONLY);
}

/* Takes what an io file says. */
static int take_io(const char *text, struct procfs_io *io) {
  uint64_t *const values[] = {&io->read_chars, &io->write_chars,
                              &io->read_calls, &io->write_calls,
                              &io->read_bytes, &io->write_bytes};
  /* A line each, in this order since they exist: "rchar: 323934931". */
  const char *at = text;
  for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
    at = strchr(at, ':');
    if (at == NULL || at[1] != ' ')
      return -EBADMSG;
    at += 2;
    if (!take_number(&at, values[i]) || *at != '\n')
      return -EBADMSG;
  }
  return 0;
}

enum { IO_SIZE = 512 }; /* of an io file, and more */

/* Reads an io file, which the caller guards. */
static int read_io(int fd, char text[IO_SIZE]) {
  ssize_t size = pread(fd, text, IO_SIZE - 1, 0);
  if (size < 0)
    return -errno;
  text[size] = '\0';
  return 0;
}

int procfs_io_read(struct procfs *proc, pid_t pid, int fd,
                   struct procfs_io *io) {
  char text[IO_SIZE];

  hang_guard_enter(&proc->guard, pid);
  int opened = fd < 0 ? procfs_io_open(proc, pid) : -1;
  int status =
      fd < 0 && opened < 0 ? opened : read_io(fd < 0 ? opened : fd, text);
  if (opened >= 0)
    close(opened);
  hang_guard_leave(&proc->guard);
  return status == 0 ? take_io(text, io) : status;
}

static void add_io(struct procfs_io *sum, const struct procfs_io *io) {
  sum->read_chars += io->read_chars;
  sum->write_chars += io->write_chars;
  sum->read_calls += io->read_calls;
  sum->write_calls += io->write_calls;
  sum->read_bytes += io->read_bytes;
  sum->write_bytes += io->write_bytes;
}

/* Calls visit for each thread in <pid>/task, with the directory and the
 * thread's name there, until it returns an error. */
static int each_thread(struct procfs *proc, pid_t pid,
                       int (*visit)(void *context, int task_fd,
                                    const char *tid),
                       void *context) {
  int fd = open_file(proc, pid, "task", O_RDONLY);
  DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
  if (dir == NULL) {
    int status = fd >= 0 ? -errno : fd;
    if (fd >= 0)
      close(fd);
    return status;
  }

  int status = 0;
  const struct dirent *entry;
  while (status == 0 && (entry = readdir(dir)) != NULL)
    if (pid_of_name(entry->d_name) != 0)
      status = visit(context, fd, entry->d_name);
  closedir(dir);
  return status;
}

/* A thread that ends meanwhile is none. */
static int add_io_of_thread(void *context, int task_fd, const char *tid) {
  char name[NAME_SIZE + 256], text[IO_SIZE];
  struct procfs_io io;

  snprintf(name, sizeof(name), "%s/io", tid);
  int fd = openat(task_fd, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return errno == ENOENT ? 0 : -errno;
  int status = read_io(fd, text);
  close(fd);
  if (status == 0)
    status = take_io(text, &io);
  if (status == 0)
    add_io(context, &io);
  return status == -ESRCH ? 0 : status;
}

int procfs_io_of_threads(struct procfs *proc, pid_t pid, struct procfs_io *io) {
  struct procfs_io sum = {0};

  hang_guard_enter(&proc->guard, pid);
  int status = each_thread(proc, pid, add_io_of_thread, &sum);
  hang_guard_leave(&proc->guard);
  *io = sum;
  return status;
}

struct tid_list {
  uint32_t *tids;
  size_t size, count;
};

static int add_tid(void *context, int task_fd, const char *tid) {
  struct tid_list *list = context;
  (void)task_fd;
  if (list->count < list->size)
    list->tids[list->count++] = (uint32_t)pid_of_name(tid);
  return 0;
}

int procfs_tids(struct procfs *proc, pid_t pid, uint32_t *tids, size_t size,
                size_t *count) {
  struct tid_list list = {.tids = tids, .size = size};
  int status = each_thread(proc, pid, add_tid, &list);
  *count = list.count;
  return status;
}

/* Arguments are separated and ended by NULs; programs that write their title
 * there leave more of them, or spaces, at the end. */
static void join_arguments(char *cmdline, size_t size) {
  while (size > 0 && (cmdline[size - 1] == '\0' || cmdline[size - 1] == ' '))
    size--;
  for (size_t i = 0; i < size; i++)
    if (cmdline[i] == '\0')
      cmdline[i] = ' ';
  cmdline[size] = '\0';
}

/* Makes room for a command line. */
static int grow_cmdline(struct procfs *proc, size_t size) {
  if (size <= proc->cmdline_size)
    return 0;
  char *larger = realloc(proc->cmdline, size);
  if (larger == NULL)
    return -ENOMEM;
  proc->cmdline = larger;
  proc->cmdline_size = size;
  return 0;
}

int procfs_cmdline(struct procfs *proc, pid_t pid, char **cmdline) {
  ssize_t used;

  /* A process may change its arguments at any time, so a buffer that was too
   * small is filled anew from the start. It may also let them point to
   * gigabytes of its memory (PR_SET_MM_MAP), so there is a limit. */
  for (size_t size = 1024;;
       size = size < PROCFS_CMDLINE_SIZE / 4 ? size * 4 : PROCFS_CMDLINE_SIZE) {
    int status = grow_cmdline(proc, size);
    if (status != 0)
      return status;
    used = read_file(proc, pid, "cmdline", proc->cmdline, size);
    if (used < 0)
      return (int)used;
    if ((size_t)used < size - 1 || size == PROCFS_CMDLINE_SIZE)
      break;
  }
  join_arguments(proc->cmdline, (size_t)used);
  *cmdline = strdup(proc->cmdline);
  return *cmdline != NULL ? 0 : -ENOMEM;
}

/* What is gone has this behind its path. */
static void cut_deleted(char *path) {
  static const char deleted[] = " (deleted)";
  size_t length = strlen(path), suffix = sizeof(deleted) - 1;

  if (length > suffix && strcmp(path + length - suffix, deleted) == 0)
    path[length - suffix] = '\0';
}

int procfs_exe(struct procfs *proc, pid_t pid, char *path, size_t size) {
  char name[NAME_SIZE];

  snprintf(name, sizeof(name), "%d/exe", pid);
  hang_guard_enter(&proc->guard, pid);
  ssize_t length = readlinkat(proc->fd, name, path, size - 1);
  int status = length < 0 ? -errno : 0;
  hang_guard_leave(&proc->guard);
  if (status != 0)
    return status;
  path[length] = '\0';
  cut_deleted(path);
  return 0;
}

int procfs_uid(struct procfs *proc, pid_t pid, uid_t *uid) {
  char text[4096]; /* "Uid:" stands in the first lines */
  ssize_t size = read_file(proc, pid, "status", text, sizeof(text));
  if (size < 0)
    return (int)size;

  const char *line = strstr(text, "\nUid:");
  if (line == NULL || sscanf(line, "\nUid: %u", uid) != 1)
    return -EBADMSG;
  return 0;
}

/* The path in the line of /proc/<pid>/cgroup that has this prefix. */
static bool cgroup_line(const char *text, const char *prefix, const char **path,
                        size_t *length) {
  for (const char *line = text; *line != '\0';) {
    size_t width = strcspn(line, "\n");
    const char *rest = line + strspn(line, "0123456789");
    if (strncmp(rest, prefix, strlen(prefix)) == 0) {
      *path = rest + strlen(prefix);
      *length = width - (size_t)(*path - line);
      return true;
    }
    line += width + (line[width] == '\n');
  }
  return false;
}

/* Whether a cgroup is outside of the cgroup namespace of who asks. */
static bool is_outside(const char *path, size_t length) {
  return strncmp(path, "/..", 3) == 0 && (length == 3 || path[3] == '/');
}

int procfs_cgroup(struct procfs *proc, pid_t pid, char *path, size_t size) {
  const char *text = proc->cgroups;
  ssize_t used = read_file(proc, pid, "cgroup", proc->cgroups, CGROUPS_SIZE);
  if (used < 0)
    return (int)used;
  if (used == CGROUPS_SIZE - 1)
    return -ENAMETOOLONG;

  const char *v2, *systemd;
  size_t v2_length, systemd_length;
  bool has_v2 = cgroup_line(text, "::", &v2, &v2_length);
  bool has_systemd =
      cgroup_line(text, ":name=systemd:", &systemd, &systemd_length);
  if (!has_v2 && !has_systemd)
    return -ENOENT;
  /* Where version 1 is in use, version 2's tree may be there and empty. */
  if (!has_v2 || (has_systemd && v2_length <= 1)) {
    v2 = systemd;
    v2_length = systemd_length;
  }
  if (is_outside(v2, v2_length))
    return -EXDEV;
  if (v2_length >= size)
    return -ENAMETOOLONG;
  memcpy(path, v2, v2_length);
  path[v2_length] = '\0';
  cut_deleted(path); /* a zombie's may be gone already */
  return 0;
}

/* Reads a file that has room in the buffer. Returns how much, 0 for an error.
 */
static size_t read_small(const struct procfs *proc, const char *file,
                         char *buffer, size_t size) {
  int fd = openat(proc->fd, file, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  ssize_t used = read(fd, buffer, size);
  close(fd);
  return used > 0 ? (size_t)used : 0;
}

bool procfs_shifts_clocks(struct procfs *proc) {
  char text[256];
  long long monotonic[2] = {0}, boottime[2] = {0};

  text[read_small(proc, "self/timens_offsets", text, sizeof(text) - 1)] = '\0';
  int count = sscanf(text, "monotonic %lld %lld boottime %lld %lld",
                     &monotonic[0], &monotonic[1], &boottime[0], &boottime[1]);
  return count == 4 && (monotonic[0] != 0 || monotonic[1] != 0 ||
                        boottime[0] != 0 || boottime[1] != 0);
}

static const char delay_accounting[] = "sys/kernel/task_delayacct";

/* Whether a kernel without the switch counts all kinds: not if it could have
 * one (since 5.14), nor if its command line forbids it. */
static bool counts_without_switch(struct procfs *proc) {
  struct utsname system;
  unsigned int major = 0, minor = 0;
  char line[4096];

  uname(&system);
  sscanf(system.release, "%u.%u", &major, &minor);
  line[read_small(proc, "cmdline", line, sizeof(line) - 1)] = '\0';
  return (major < 5 || (major == 5 && minor < 14)) &&
         strstr(line, "nodelayacct") == NULL;
}

int procfs_delay_accounting(struct procfs *proc, bool *on) {
  int fd = openat(proc->fd, delay_accounting, O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT &&
      faccessat(proc->fd, "sys/kernel", F_OK, 0) == 0) {
    *on = true;
    return counts_without_switch(proc) ? 0 : -EOPNOTSUPP;
  }
  if (fd < 0)
    return -errno;

  char value;
  ssize_t size = read(fd, &value, 1);
  int status = size < 0 ? -errno : 0;
  close(fd);
  if (size == 1)
    *on = value != '0';
  return status;
}

int procfs_enable_delay_accounting(struct procfs *proc) {
  int fd = openat(proc->fd, delay_accounting, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;

  int status = write(fd, "1\n", 2) < 0 ? -errno : 0;
  close(fd);
  return status;
}

bool procfs_call_runs(const struct procfs *proc) {
  char name[sizeof("self/task/") + NAME_SIZE], text[256];

  snprintf(name, sizeof(name), "self/task/%d/stat",
           atomic_load(&proc->guard.tid));
  text[read_small(proc, name, text, sizeof(text) - 1)] = '\0';
  const char *end = strrchr(text, ')');
  return end != NULL && end[1] == ' ' && end[2] == 'R';
}

bool procfs_may_be_zombie(pid_t pid) {
  int fd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0)
    return errno != ESRCH;

  /* It is readable once all threads have ended. */
  struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
  bool has_ended = poll(&poll_fd, 1, 0) != 0;
  close(fd);
  return has_ended;
}

int procfs_cpu_clock(pid_t pid, uint64_t *ns) {
  /* What clock_getcpuclockid(3) gives, without its system call to check the
   * pid, which clock_gettime does anyway (MAKE_PROCESS_CPUCLOCK, CPUCLOCK_SCHED
   * in the kernel's posix-timers_types.h). */
  clockid_t clock = (clockid_t)((~(unsigned int)pid << 3) | 2);
  struct timespec time;

  if (clock_gettime(clock, &time) != 0)
    return errno == EINVAL ? -ESRCH : -errno;
  *ns = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
  return 0;
}
