/* SPDX-License-Identifier: MIT */
#include "faults/inject.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <pcre2.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <search.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <yajl/yajl_gen.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

/* Used by all threads of the plugin. */
static struct inject faults;
static atomic_bool is_armed;
static atomic_uint calls;
static atomic_uint ways;
static char what[64];
static atomic_long back_s;

void inject_begin(const struct inject *inject) {
  faults = *inject;
  calls = ways = 0;
  what[0] = '\0';
  is_armed = true;
}

bool inject_end(void) {
  is_armed = false;
  return ways > 0;
}

void inject_set_back(long seconds) { back_s = seconds; }

unsigned int inject_ways(void) { return ways; }

const char *inject_what(void) { return what; }

static void note_first(const char *name, unsigned int call, int error,
                       unsigned int count) {
  snprintf(what, sizeof(what), "%s, call %u: %s", name, call,
           strerrorname_np(error));
  ways = count;
#ifdef __SANITIZE_ADDRESS__
  if (getenv("FAULTS_TRACE") != NULL) {
    fprintf(stderr, "# %s\n", what);
    __sanitizer_print_stack_trace();
  }
#endif
}

/* Returns the error of a call that is to fail, or 0. errors ends with 0. */
static int next(enum inject_kind kind, const char *name, const int *errors) {
  bool is_of_kind = kind == faults.kind ||
                    (faults.kind == INJECT_CALLS && kind == INJECT_SOCKETS);
  if (!is_armed || !is_of_kind)
    return 0;
  unsigned int call = atomic_fetch_add(&calls, 1) + 1, count = 0;
  if (call < faults.first || call - faults.first >= faults.count)
    return 0;
  while (errors[count] != 0)
    count++;
  int error = faults.error != 0 ? faults.error : errors[faults.way % count];
  if (call == faults.first)
    note_first(name, call, error, count);
  return error;
}

/* ERRORS in parentheses, without the last 0. */
#define LIST(...) __VA_ARGS__
#define INJECT(kind, type, name, parameters, arguments, failure, errors)       \
  type inject_##name parameters;                                               \
  type inject_##name parameters {                                              \
    static const int list[] = {LIST errors, 0};                                \
    int error = next(kind, #name, list);                                       \
    if (error == 0)                                                            \
      return name arguments;                                                   \
    errno = error;                                                             \
    return failure;                                                            \
  }

#define ALLOCATION(type, name, parameters, arguments)                          \
  INJECT(INJECT_ALLOCATIONS, type, name, parameters, arguments, NULL, (ENOMEM))
#define CALL(type, name, parameters, arguments, errors)                        \
  INJECT(INJECT_CALLS, type, name, parameters, arguments, -1, errors)
#define SOCKET(type, name, parameters, arguments, errors)                      \
  INJECT(INJECT_SOCKETS, type, name, parameters, arguments, -1, errors)

ALLOCATION(void *, malloc, (size_t size), (size))
ALLOCATION(void *, calloc, (size_t count, size_t size), (count, size))
ALLOCATION(void *, realloc, (void *block, size_t size), (block, size))
INJECT(INJECT_ALLOCATIONS, void *, mmap,
       (void *at, size_t size, int protection, int flags, int fd, off_t offset),
       (at, size, protection, flags, fd, offset), MAP_FAILED, (ENOMEM))
ALLOCATION(char *, strdup, (const char *text), (text))
ALLOCATION(void *, tsearch,
           (const void *key, void **root,
            int (*compare)(const void *, const void *)),
           (key, root, compare))
ALLOCATION(FILE *, setmntent, (const char *path, const char *mode),
           (path, mode))
ALLOCATION(yajl_gen, yajl_gen_alloc, (const yajl_alloc_funcs *functions),
           (functions))
ALLOCATION(pcre2_match_data_8 *, pcre2_match_data_create_from_pattern_8,
           (const pcre2_code_8 *code, pcre2_general_context_8 *context),
           (code, context))
ALLOCATION(pcre2_match_context_8 *, pcre2_match_context_create_8,
           (pcre2_general_context_8 * context), (context))
ALLOCATION(pcre2_jit_stack_8 *, pcre2_jit_stack_create_8,
           (PCRE2_SIZE first, PCRE2_SIZE most,
            pcre2_general_context_8 *context),
           (first, most, context))

pcre2_code_8 *inject_pcre2_compile_8(PCRE2_SPTR8 pattern, PCRE2_SIZE length,
                                     uint32_t options, int *error,
                                     PCRE2_SIZE *offset,
                                     pcre2_compile_context_8 *context);
pcre2_code_8 *inject_pcre2_compile_8(PCRE2_SPTR8 pattern, PCRE2_SIZE length,
                                     uint32_t options, int *error,
                                     PCRE2_SIZE *offset,
                                     pcre2_compile_context_8 *context) {
  static const int list[] = {ENOMEM, 0};
  if (next(INJECT_ALLOCATIONS, "pcre2_compile", list) == 0)
    return pcre2_compile_8(pattern, length, options, error, offset, context);
  *error = PCRE2_ERROR_HEAP_FAILED;
  *offset = 0;
  return NULL;
}

CALL(int, openat, (int at, const char *path, int flags, ...),
     (at, path, flags, 0600), (EMFILE, ENFILE, ENOENT, EACCES, ENOMEM, ESRCH))
CALL(int, open, (const char *path, int flags, ...), (path, flags, 0600),
     (EMFILE, ENFILE, ENOENT, EACCES, EPERM))
CALL(ssize_t, read, (int fd, void *bytes, size_t size), (fd, bytes, size),
     (EINTR, EIO, ESRCH, EAGAIN))
CALL(ssize_t, pread, (int fd, void *bytes, size_t size, off_t at),
     (fd, bytes, size, at), (EINTR, EIO, ESRCH, EACCES))
CALL(ssize_t, write, (int fd, const void *bytes, size_t size),
     (fd, bytes, size), (EINTR, ENOSPC, EIO, EAGAIN))
CALL(int, fstatat, (int at, const char *path, struct stat *status, int flags),
     (at, path, status, flags), (ENOENT, EACCES, ENOMEM))
CALL(int, stat, (const char *path, struct stat *status), (path, status),
     (ENOENT, EACCES, ENOMEM))
CALL(int, fstat, (int fd, struct stat *status), (fd, status), (ENOMEM, EIO))
CALL(ssize_t, readlink, (const char *path, char *to, size_t size),
     (path, to, size), (ENOENT, EACCES, EIO))
CALL(ssize_t, readlinkat, (int at, const char *path, char *to, size_t size),
     (at, path, to, size), (ENOENT, EACCES, ESRCH))
CALL(int, faccessat, (int at, const char *path, int mode, int flags),
     (at, path, mode, flags), (ENOENT, EACCES))
CALL(int, getrlimit, (__rlimit_resource_t which, struct rlimit *limit),
     (which, limit), (EPERM))
CALL(int, setrlimit, (__rlimit_resource_t which, const struct rlimit *limit),
     (which, limit), (EPERM))
CALL(int, sched_getaffinity, (pid_t pid, size_t size, cpu_set_t *set),
     (pid, size, set), (ESRCH, EINVAL))
CALL(int, sched_setaffinity, (pid_t pid, size_t size, const cpu_set_t *set),
     (pid, size, set), (EPERM, EINVAL))
CALL(int, poll, (struct pollfd * fds, nfds_t count, int timeout),
     (fds, count, timeout), (EINTR, ENOMEM))
CALL(int, ppoll,
     (struct pollfd * fds, nfds_t count, const struct timespec *timeout,
      const sigset_t *mask),
     (fds, count, timeout, mask), (EINTR, ENOMEM))
CALL(int, eventfd, (unsigned int value, int flags), (value, flags),
     (EMFILE, ENFILE, ENOMEM))
SOCKET(int, socket, (int domain, int type, int protocol),
       (domain, type, protocol), (EMFILE, ENFILE, ENOBUFS, EPERM, EAFNOSUPPORT))
SOCKET(int, bind, (int fd, const struct sockaddr *to, socklen_t length),
       (fd, to, length), (EPERM, EADDRINUSE, ENOMEM))
SOCKET(int, connect, (int fd, const struct sockaddr *to, socklen_t length),
       (fd, to, length), (EPERM, ECONNREFUSED))
SOCKET(int, setsockopt,
       (int fd, int level, int name, const void *value, socklen_t length),
       (fd, level, name, value, length), (EPERM, ENOBUFS, ENOMEM))
SOCKET(int, getsockopt,
       (int fd, int level, int name, void *value, socklen_t *length),
       (fd, level, name, value, length), (ENOPROTOOPT, ENOBUFS))
SOCKET(ssize_t, send, (int fd, const void *bytes, size_t size, int flags),
       (fd, bytes, size, flags), (EINTR, ENOBUFS, EPERM, ECONNREFUSED, ENOMEM))
SOCKET(ssize_t, sendto,
       (int fd, const void *bytes, size_t size, int flags,
        const struct sockaddr *to, socklen_t length),
       (fd, bytes, size, flags, to, length),
       (EINTR, ENOBUFS, EPERM, ECONNREFUSED))
SOCKET(ssize_t, recv, (int fd, void *bytes, size_t size, int flags),
       (fd, bytes, size, flags), (EINTR, ENOBUFS, EAGAIN, ENOMEM))
SOCKET(ssize_t, recvfrom,
       (int fd, void *bytes, size_t size, int flags, struct sockaddr *from,
        socklen_t *length),
       (fd, bytes, size, flags, from, length), (EINTR, ENOBUFS, EAGAIN, ENOMEM))
SOCKET(int, recvmmsg,
       (int fd, struct mmsghdr *headers, unsigned int count, int flags,
        struct timespec *timeout),
       (fd, headers, count, flags, timeout), (EINTR, ENOBUFS, EAGAIN, ENOMEM))

/* Not an allocation: its memory stays allocated. */
INJECT(INJECT_CALLS, DIR *, fdopendir, (int fd), (fd), NULL, (ENOMEM, ENOTDIR))

/* The end of a directory sets no error. */
INJECT(INJECT_CALLS, struct dirent *, readdir, (DIR * dir), (dir), NULL,
       (EIO, ESRCH))

/* The time is always available, but not a process's clock. */
int inject_clock_gettime(clockid_t clock, struct timespec *t);
int inject_clock_gettime(clockid_t clock, struct timespec *t) {
  static const int list[] = {EINVAL, ESRCH, 0};
  int error = clock < 0 ? next(INJECT_CALLS, "clock_gettime", list) : 0;
  if (error == 0) {
    int status = clock_gettime(clock, t);
    if (clock == CLOCK_REALTIME)
      t->tv_sec -= back_s;
    return status;
  }
  errno = error;
  return -1;
}

int inject_fcntl(int fd, int command, ...);
int inject_fcntl(int fd, int command, ...) {
  static const int list[] = {EMFILE, EINVAL, 0};
  va_list arguments;
  va_start(arguments, command);
  int argument = va_arg(arguments, int);
  va_end(arguments);
  int error = next(INJECT_CALLS, "fcntl", list);
  if (error == 0)
    return fcntl(fd, command, argument);
  errno = error;
  return -1;
}

int inject_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument);
int inject_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument) {
  static const int list[] = {EAGAIN, EPERM, 0};
  int error = next(INJECT_CALLS, "pthread_create", list);
  return error != 0 ? error : pthread_create(thread, attributes, run, argument);
}

long inject_syscall(long number, ...);
long inject_syscall(long number, ...) {
  static const int list[] = {EPERM, EMFILE, ESRCH, ENOSYS, 0};
  long argument[5];
  va_list arguments;
  va_start(arguments, number);
  for (int i = 0; i < 5; i++)
    argument[i] = va_arg(arguments, long);
  va_end(arguments);
  int error = next(INJECT_CALLS, "syscall", list);
  if (error == 0)
    return syscall(number, argument[0], argument[1], argument[2], argument[3],
                   argument[4]);
  errno = error;
  return -1;
}
