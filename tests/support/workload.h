/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_WORKLOAD_H
#define TASKSTATS_WORKLOAD_H

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * Shared by the programs with known work. They exit when something fails, print
 * their ground truth, and burn CPU time without reading a clock.
 */

_Noreturn static inline void die(const char *what) {
  perror(what);
  exit(EXIT_FAILURE);
}

static inline uint64_t number_up_to(const char *text, uint64_t most) {
  char *end = NULL;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (errno == 0 && (end == text || *end != '\0'))
    errno = EINVAL;
  else if (errno == 0 && value > most)
    errno = ERANGE;
  if (errno != 0)
    die(text);
  return value;
}

static inline uint64_t number(const char *text) {
  return number_up_to(text, UINT64_MAX);
}

static inline int64_t microseconds(struct timeval time) {
  return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

static inline int64_t cpu_us_of(const struct rusage *usage) {
  return microseconds(usage->ru_utime) + microseconds(usage->ru_stime);
}

/* Output. Printing a line is also a write, and is included in the ground truth.
 */

/* Bytes and calls that went through read(2) or write(2). */
struct transfer {
  uint64_t bytes, calls;
};

static struct transfer sent;

static inline void emit(const char *text, size_t length) {
  if (write(STDOUT_FILENO, text, length) != (ssize_t)length)
    die("write to standard output");
  sent.bytes += length;
  sent.calls++;
}

/* Prints a line. */
__attribute__((format(printf, 1, 2))) static inline void say(const char *format,
                                                             ...) {
  char text[256];
  va_list values;
  va_start(values, format);
  int length = vsnprintf(text, sizeof(text) - 1, format, values);
  va_end(values);
  if (length < 0 || (size_t)length >= sizeof(text) - 1)
    die("line too long");
  text[length++] = '\n';
  emit(text, (size_t)length);
}

/* CPU time */

static uint64_t turns_per_us;

__attribute__((noinline)) static void spin(uint64_t turns) {
  for (volatile uint64_t i = 0; i < turns; i++)
    ;
}

/* Uses the fastest of a few runs, because other processes delay some of them.
 */
static inline void calibrate(void) {
  const uint64_t turns = 1000000;
  int64_t best_ns = INT64_MAX;
  for (int i = 0; i < 10; i++) {
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    spin(turns);
    clock_gettime(CLOCK_MONOTONIC, &b);
    int64_t ns = (b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec;
    if (ns > 0 && ns < best_ns)
      best_ns = ns;
  }
  turns_per_us = turns * 1000 / (uint64_t)best_ns + 1;
}

static inline void sleep_ms(uint64_t ms) {
  struct timespec time = {.tv_sec = (time_t)(ms / 1000),
                          .tv_nsec = (long)(ms % 1000) * 1000000};

  nanosleep(&time, NULL);
}

/* Threads and processes */

static inline void start_thread(pthread_t *thread, void *(*run)(void *),
                                void *data) {
  errno = pthread_create(thread, NULL, run, data);
  if (errno != 0)
    die("pthread_create");
}

/* Memory that children share. */
static inline void *share(size_t size) {
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    die("mmap");
  return memory;
}

/* Forks a child that has the pid, if it is not 0. Other processes may fork
 * meanwhile. Such a child must not start threads: glibc does not know about
 * the fork. */
static inline pid_t fork_with_pid(pid_t wanted) {
  enum { TRIES = 60000 };
  struct clone_args arguments = {
      .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&wanted, .set_tid_size = 1};
  long pid = -1;
  for (int i = 0; i < TRIES; i++) {
    pid = wanted == 0 ? fork()
                      : syscall(SYS_clone3, &arguments, sizeof(arguments));
    if (pid >= 0 || errno != EEXIST)
      break;
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  if (pid < 0)
    die("fork");
  return (pid_t)pid;
}

#endif
