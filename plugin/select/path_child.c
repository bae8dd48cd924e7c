/* SPDX-License-Identifier: MIT */
#include "select/path_child.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

struct request {
  enum path_kind kind;
  char path[PATH_MAX];
};

enum {
  SOCKET = 3
}; /* the only descriptor of the child, except for /dev/null */

/* The encoding of a file's device in exit records (new_encode_dev in the
 * kernel). */
static uint64_t kernel_dev(dev_t dev) {
  uint64_t minor_number = minor(dev);
  return (minor_number & 0xff) | (uint64_t)major(dev) << 8 |
         (minor_number & ~UINT64_C(0xff)) << 12;
}

/* Writes "/proc/self/fd/<number>" without snprintf. */
static void name_descriptor(int fd, char name[32]) {
  static const char prefix[] = "/proc/self/fd/";
  char digits[16];
  size_t count = 0;
  memcpy(name, prefix, sizeof(prefix));
  do
    digits[count++] = (char)('0' + fd % 10);
  while ((fd /= 10) > 0);
  char *to = name + sizeof(prefix) - 1;
  while (count > 0)
    *to++ = digits[--count];
  *to = '\0';
}

/* Whether a file is a script, which its interpreter runs; name is the path of
 * its descriptor. */
static bool is_script(const char *name) {
  char start[2];
  int fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0)
    return false;
  bool is = read(fd, start, sizeof(start)) == sizeof(start) &&
            start[0] == '#' && start[1] == '!';
  close(fd);
  return is;
}

/* Returns 0, or the reason why no process can run this file. */
static int check_program(const struct stat *st, const char *name) {
  if (S_ISDIR(st->st_mode))
    return -EISDIR;
  if (!S_ISREG(st->st_mode) || (st->st_mode & 0111) == 0 || is_script(name))
    return -ENOEXEC;
  return 0;
}

static void look_at_executable(const char *path, struct path_answer *answer) {
  int fd = open(path, O_PATH | O_CLOEXEC);
  struct stat st;
  struct statfs fs;
  char name[32];
  if (fd < 0 || fstat(fd, &st) != 0) {
    answer->status = -errno;
    return;
  }
  name_descriptor(fd, name);
  answer->status = check_program(&st, name);
  if (answer->status != 0) {
    close(fd);
    return;
  }
  ssize_t length = readlink(name, answer->canonical, PATH_MAX - 1);
  answer->canonical[length > 0 ? length : 0] = '\0';
  answer->dev = kernel_dev(st.st_dev);
  answer->inode = st.st_ino;
  answer->is_dev_hidden =
      fstatfs(fd, &fs) == 0 && ((uint32_t)fs.f_type == BTRFS_SUPER_MAGIC ||
                                (uint32_t)fs.f_type == OVERLAYFS_SUPER_MAGIC);
  close(fd);
}

/* Marks the end of a truncated text; no pid file contains it. */
enum { CUT = '\1' };

/* Parses a pid, and moves past it. Returns false if there is none. */
static bool take_pid(const char **text, pid_t *pid) {
  enum { PID_MAX_LIMIT = 4194304, DIGITS_MAX = 10 }; /* linux/threads.h */
  const char *at = *text + strspn(*text, " \t\r\n");
  size_t digits = strspn(at, "0123456789");
  if (digits == 0 || digits > DIGITS_MAX ||
      strchr(" \t\r\n", at[digits]) == NULL)
    return false;
  int64_t number = 0;
  for (size_t i = 0; i < digits; i++)
    number = number * 10 + (at[i] - '0');
  if (number == 0 || number > PID_MAX_LIMIT)
    return false;
  *pid = (pid_t)number;
  *text = at + digits;
  return true;
}

/* Adds the pids at the begin of a file. Some programs write more after them:
 * PostgreSQL's postmaster writes a port and a time. */
static int parse_pids(const char *text, struct pid_set *pids) {
  pid_t pid;
  if (!take_pid(&text, &pid))
    return strchr(text, CUT) != NULL ? -E2BIG : -EBADMSG;
  do
    if (!pid_set_add(pids, pid))
      return -E2BIG;
  while (take_pid(&text, &pid));
  return text[strspn(text, " \t\r\n0123456789")] == CUT ? -E2BIG : 0;
}

/* Returns a descriptor or a negative errno. A FIFO has no contents, and opening
 * a device may have side effects, so the type is checked before the file is
 * opened: the directory may belong to the service's user. */
static int open_regular(const char *path) {
  struct stat st;
  char name[32];
  int fd = open(path, O_PATH | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  int status = fstat(fd, &st) != 0    ? -errno
               : S_ISDIR(st.st_mode)  ? -EISDIR
               : !S_ISREG(st.st_mode) ? -EINVAL
                                      : 0;
  int file = -1;
  if (status == 0) {
    name_descriptor(fd, name);
    file = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    /* procfs is not mounted */
    status = file >= 0 ? 0 : errno == ENOENT ? -ENODEV : -errno;
  }
  close(fd);
  return status != 0 ? status : file;
}

/* Adds the pids of a file. Returns its status. */
static int look_at_pid_file(const char *path, struct pid_set *pids) {
  enum { READ_SIZE = 4096 };
  char text[READ_SIZE + 2];
  int fd = open_regular(path);
  if (fd < 0)
    return fd;
  ssize_t size = read(fd, text, READ_SIZE);
  int status = size < 0 ? -errno : size == 0 ? -ENODATA : 0;
  close(fd);
  if (status != 0)
    return status;
  if (size == READ_SIZE)
    text[size++] = CUT;
  text[size] = '\0';
  return parse_pids(text, pids);
}

static bool is_none(int status) {
  return status == -ENOENT || status == -ENOTDIR;
}

static int glob_error; /* the first error in reading a directory */

static int note_glob_error(const char *path, int error) {
  (void)path;
  if (glob_error == 0 && !is_none(-error))
    glob_error = -error;
  return 0;
}

/* Where the part of a path begins that follows all wildcards: "/x.pid" in
 * "/run/[a-z]*" "/x.pid". */
static const char *find_plain_end(const char *path) {
  const char *end = path;
  for (const char *at = path; (at = strpbrk(at, "*?[")) != NULL;)
    at = end = at + strcspn(at, "/");
  return end;
}

/* The part after the wildcards is not passed to glob, which does not report a
 * directory that may not be searched. */
static int look_at_pid_files(const char *path, struct pid_set *pids) {
  char pattern[PATH_MAX], file[2 * PATH_MAX];
  const char *end = find_plain_end(path);
  glob_t found;

  memcpy(pattern, path, (size_t)(end - path));
  pattern[end - path] = '\0';
  glob_error = 0;
  int result = glob(pattern, GLOB_NOESCAPE, note_glob_error, &found);
  if (result == GLOB_NOMATCH)
    return glob_error;
  if (result != 0)
    return -ENOMEM;
  int status = glob_error;
  for (size_t i = 0; i < found.gl_pathc; i++) {
    size_t length = strlen(found.gl_pathv[i]);
    if (length >= PATH_MAX)
      continue;
    memcpy(file, found.gl_pathv[i], length);
    memcpy(file + length, end, strlen(end) + 1);
    int error = look_at_pid_file(file, pids);
    if (status == 0 && !is_none(error))
      status = error;
  }
  globfree(&found);
  return status;
}

static int look_at_pids(const char *path, struct pid_set *pids) {
  return find_plain_end(path) == path ? look_at_pid_file(path, pids)
                                      : look_at_pid_files(path, pids);
}

static void close_others(void) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, SOCKET + 1, ~0U, 0) == 0)
    return;
#endif
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
    for (rlim_t fd = SOCKET + 1; fd < limit.rlim_cur; fd++)
      close((int)fd);
}

static const char title[] = "taskstats paths";

/* Finds the arguments in memory from "pid (comm) state …", fields 48 and 49
 * (proc_pid_stat(5)). Returns false if they are unavailable. */
static bool find_arguments(uintptr_t *start, uintptr_t *end) {
  enum { FIRST_BEHIND_COMM = 3, ARG_START = 48, ARG_END = 49 };
  char text[1024];
  int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
  close(fd);
  text[size > 0 ? size : 0] = '\0';
  const char *field = strrchr(text, ')');
  *start = *end = 0;
  if (field == NULL)
    return false;
  for (int i = FIRST_BEHIND_COMM; i <= ARG_END; i++) {
    field = strchr(field + 1, ' ');
    if (field == NULL)
      return false;
    uintptr_t *to = i == ARG_START ? start : i == ARG_END ? end : NULL;
    for (const char *c = field + 1; to != NULL && *c >= '0' && *c <= '9'; c++)
      *to = *to * 10 + (uintptr_t)(*c - '0');
  }
  return *start != 0 && *end > *start;
}

/* Sets the child's own name and arguments, so that a selector for collectd does
 * not match it; the name comes last, because its event has the listener look at
 * the arguments. read checks that the arguments' memory is mapped, where memset
 * would crash. */
static void take_title(void) {
  uintptr_t start, end;
  int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  if (zero >= 0 && find_arguments(&start, &end)) {
    size_t size = end - start;
    char *arguments = (char *)start; /* NOLINT */
    if (read(zero, arguments, size) == (ssize_t)size)
      memcpy(arguments, title,
             size < sizeof(title) ? size - 1 : sizeof(title) - 1);
  }
  close(zero);
  prctl(PR_SET_NAME, title);
}

/* Gives up everything of collectd's that a hanging child would keep in use:
 * descriptors, the working directory, signal handlers. */
static void leave_collectd(int fd) {
  sigset_t none;
  take_title();
  if (fd != SOCKET)
    dup2(fd, SOCKET);
  close_others();
  int null = open("/dev/null", O_RDWR);
  for (int i = 0; i < SOCKET; i++)
    dup2(null, i);
  close(null);
  for (int number = 1; number < NSIG; number++)
    signal(number, SIG_DFL);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (chdir("/") != 0)
    _exit(EXIT_FAILURE);
}

_Noreturn static void serve(void) {
  struct request request;
  struct path_answer answer;
  for (;;) {
    ssize_t got = recv(SOCKET, &request, sizeof(request), 0);
    if (got < 0 && errno == EINTR)
      continue;
    if (got != sizeof(request))
      _exit(EXIT_SUCCESS);
    memset(&answer, 0, sizeof(answer));
    if (request.kind == PATH_EXECUTABLE)
      look_at_executable(request.path, &answer);
    else
      answer.status = look_at_pids(request.path, &answer.pids);
    if (send(SOCKET, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
      _exit(EXIT_SUCCESS);
  }
}

pid_t path_child_fork(int *fd) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return -errno;
  pid_t pid = fork();
  if (pid == 0) {
    leave_collectd(ends[1]);
    serve();
  }
  int status = pid < 0 ? -errno : 0;
  close(ends[1]);
  if (status != 0) {
    close(ends[0]);
    return status;
  }
  *fd = ends[0];
  return pid;
}

int path_child_ask(int fd, enum path_kind kind, const char *path) {
  struct request request = {.kind = kind};
  size_t length = strlen(path);
  if (length >= sizeof(request.path))
    return -ENAMETOOLONG;
  memcpy(request.path, path, length + 1);
  return send(fd, &request, sizeof(request), MSG_NOSIGNAL | MSG_DONTWAIT) < 0
             ? -errno
             : 0;
}

int path_child_answer(int fd, struct path_answer *answer) {
  ssize_t got = recv(fd, answer, sizeof(*answer), MSG_DONTWAIT);
  if (got == sizeof(*answer))
    return 0;
  return got < 0 && (errno == EAGAIN || errno == EINTR) ? -EAGAIN : -EPIPE;
}
