/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CHILD_H
#define TASKSTATS_CHILD_H

#include "support/clock.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * Processes that execute orders, one at a time; when the function returns, the
 * order has been executed. They end with the test, even if it fails.
 */

struct child {
  pid_t pid;
  int orders, answers; /* pipes */
};

enum { CHILDREN_MAX = 256 };

/* Children that are not reaped yet; a failed test may leave some. */
static struct child child_living[CHILDREN_MAX];
static size_t child_count;

/* Uses this much CPU time, measured with the clock. */
static inline void child_burn(clockid_t clock, uint32_t ms) {
  uint64_t end_ns = clock_ns(clock) + ms * UINT64_C(1000000);
  while (clock_ns(clock) < end_ns)
    ;
}

static inline void *child_burn_thread(void *arg) {
  child_burn(CLOCK_THREAD_CPUTIME_ID, *(uint32_t *)arg);
  return NULL;
}

static inline void *child_sleep_thread(void *arg) {
  for (;;)
    pause();
  return arg;
}

static inline void child_do(char order, uint32_t argument,
                            const char text[64]) {
  static unsigned char data[65536];
  pthread_t thread;
  int null;

  switch (order) {
  case 'b': /* burn CPU time, in ms */
    child_burn(CLOCK_PROCESS_CPUTIME_ID, argument);
    break;
  case 'B': /* burn CPU time in a thread that ends */
    pthread_create(&thread, NULL, child_burn_thread, &argument);
    pthread_join(thread, NULL);
    break;
  case 't': /* start another thread */
    pthread_create(&thread, NULL, child_sleep_thread, NULL);
    break;
  case 'w': /* write this many bytes */
    null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    for (uint32_t left = argument; left > 0;) {
      ssize_t done =
          write(null, data, left < sizeof(data) ? left : sizeof(data));
      if (done <= 0)
        _exit(1);
      left -= (uint32_t)done;
    }
    close(null);
    break;
  case 'o': /* open this many files */
    while (argument-- > 0)
      if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
        _exit(1);
    break;
  case 'l': /* end the main thread only, without an answer */
    syscall(SYS_exit, 0);
    break;
  case 's': /* sleep_often */
    sleep_often(RUSAGE_SELF, (long)argument);
    break;
  case 'n': /* change the name */
    prctl(PR_SET_NAME, text);
    break;
  case 'u': /* change the user */
    if (setresuid(argument, argument, argument) != 0)
      _exit(1);
    break;
  case 'c': /* drop all capabilities */
    if (syscall(
            SYS_capset,
            &(struct __user_cap_header_struct){_LINUX_CAPABILITY_VERSION_3, 0},
            (struct __user_cap_data_struct[2]){{0}}) != 0)
      _exit(1);
    break;
  default:
    _exit(0);
  }
}

static inline _Noreturn void child_run(int orders, int answers) {
  struct {
    char order;
    uint32_t argument;
    char text[64];
  } request;

  prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (write(answers, "", 1) == 1 &&
         read(orders, &request, sizeof(request)) == sizeof(request)) {
    if (request.order == 'x') { /* exec, without an answer */
      execl("/bin/sleep", "sleep", request.text, (char *)NULL);
      _exit(1);
    }
    child_do(request.order, request.argument, request.text);
  }
  _exit(0);
}

/* Forks a child, with this pid if it is not 0. */
static inline pid_t child_fork(pid_t pid) {
  if (pid == 0)
    return fork();
  struct clone_args arguments = {.exit_signal = SIGCHLD,
                                 .set_tid = (uint64_t)(uintptr_t)&pid,
                                 .set_tid_size = 1};
  return (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
}

static inline void child_wait_for_answer(const struct child *child) {
  char done;
  assert_int_equal(read(child->answers, &done, 1), 1);
}

/* Starts a child, with this pid if it is not 0. Returns false if the pid is in
 * use. */
static inline bool child_try_start(struct child *child, pid_t pid) {
  int orders[2], answers[2];
  assert_int_equal(pipe2(orders, O_CLOEXEC), 0);
  assert_int_equal(pipe2(answers, O_CLOEXEC), 0);
  child->pid = child_fork(pid);
  if (child->pid == 0) {
    close(orders[1]);
    close(answers[0]);
    child_run(orders[0], answers[1]);
  }
  close(orders[0]);
  close(answers[1]);
  child->orders = orders[1];
  child->answers = answers[0];
  if (child->pid < 0) {
    close(child->orders);
    close(child->answers);
    return false;
  }
  assert_true(child_count < CHILDREN_MAX);
  child_living[child_count++] = *child;
  child_wait_for_answer(child);
  return true;
}

static inline void child_start(struct child *child) {
  assert_true(child_try_start(child, 0));
}

static inline void child_order(const struct child *child, char order,
                               uint32_t argument, const char *text) {
  struct {
    char order;
    uint32_t argument;
    char text[64];
  } request = {.order = order, .argument = argument};
  snprintf(request.text, sizeof(request.text), "%s", text);
  assert_int_equal(write(child->orders, &request, sizeof(request)),
                   sizeof(request));
}

static inline void child_tell(const struct child *child, char order,
                              uint32_t argument) {
  child_order(child, order, argument, "");
  child_wait_for_answer(child);
}

static inline void child_set_name(const struct child *child, const char *name) {
  child_order(child, 'n', 0, name);
  child_wait_for_answer(child);
}

/* Executes "sleep" with this argument. */
static inline void child_exec_sleep(const struct child *child,
                                    const char *argument) {
  char path[64], cmdline[64];
  ssize_t size;

  child_order(child, 'x', 0, argument);
  snprintf(path, sizeof(path), "/proc/%d/cmdline", child->pid);
  do { /* the name is set before the arguments */
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    size = read(fd, cmdline, sizeof(cmdline));
    close(fd);
  } while (size < 6 || memcmp(cmdline, "sleep", 6) != 0);
}

/* Whether it sleeps, or has ended. */
static inline bool child_rests(pid_t pid) {
  char path[64], text[128] = "";
  snprintf(path, sizeof(path), "/proc/%d/stat", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  assert_true(read(fd, text, sizeof(text) - 1) > 0);
  close(fd);
  const char *end = strrchr(text, ')');
  assert_non_null(end);
  return end[2] == 'S' || end[2] == 'Z';
}

static inline uint64_t child_clock(pid_t pid) {
  clockid_t clock;
  assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
  return clock_ns(clock);
}

/* Waits until all sleep. The kernel updates a process's CPU clock when the
 * process is descheduled, or at a tick: until then, the value that others read
 * does not include its latest run time. */
static inline void child_settle_all(void) {
  bool all_rest;
  do {
    uint64_t before = 0, now = 0;
    all_rest = true;
    for (size_t i = 0; i < child_count; i++) {
      all_rest = all_rest && child_rests(child_living[i].pid);
      before += child_clock(child_living[i].pid);
    }
    pause_ms(1);
    for (size_t i = 0; i < child_count; i++)
      now += child_clock(child_living[i].pid);
    all_rest = all_rest && now == before;
  } while (!all_rest);
}

/* Ends the child, which stays a zombie. */
static inline void child_end(const struct child *child) {
  siginfo_t info;
  kill(child->pid, SIGKILL);
  assert_int_equal(waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT),
                   0);
}

static inline void child_forget(pid_t pid) {
  for (size_t i = 0; i < child_count; i++)
    if (child_living[i].pid == pid) {
      close(child_living[i].orders);
      close(child_living[i].answers);
      child_living[i] = child_living[--child_count];
      return;
    }
}

/* Ends and reaps the child. Returns its CPU time in ns. */
static inline uint64_t child_reap(const struct child *child) {
  struct rusage usage;
  child_end(child);
  assert_int_equal(wait4(child->pid, NULL, 0, &usage), child->pid);
  child_forget(child->pid);
  return ((uint64_t)usage.ru_utime.tv_sec + (uint64_t)usage.ru_stime.tv_sec) *
             1000000000 +
         ((uint64_t)usage.ru_utime.tv_usec + (uint64_t)usage.ru_stime.tv_usec) *
             1000;
}

/* Reaps all children, at the end of a test. */
static inline void child_reap_all(void) {
  while (child_count > 0) {
    pid_t pid = child_living[0].pid;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    child_forget(pid);
  }
}

#endif
