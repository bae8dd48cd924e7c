/* SPDX-License-Identifier: MIT */
#include "kernel/thread.h"

#include "kernel/clock.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

int thread_start(pthread_t *thread, const char *name, void *(*run)(void *),
                 void *context) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int status = pthread_create(thread, NULL, run, context);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (status == 0)
    pthread_setname_np(*thread, name);
  return -status;
}

/* struct sched_attr of Linux (sched_setattr(2)), which the C library lacks. */
struct attributes {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime_ns, deadline_ns, period_ns;
};

/* Since 6.12, a thread with a short time slice preempts others when it wakes
 * (PREEMPT_SHORT in kernel/sched/features.h); this requires no privilege. */
void thread_raise_priority(void) {
  enum { NICE = -10, CALLING_THREAD = 0, SLICE_NS = 100000 };
  struct attributes attributes;
  if (syscall(SYS_sched_getattr, CALLING_THREAD, &attributes,
              sizeof(attributes), 0) != 0 ||
      attributes.policy != SCHED_OTHER)
    return; /* the administrator has chosen the priority */
  int32_t nice = attributes.nice;
  attributes.runtime_ns = SLICE_NS;
  attributes.nice = nice < NICE ? nice : NICE;
  if (syscall(SYS_sched_setattr, CALLING_THREAD, &attributes, 0) == 0)
    return;
  attributes.nice = nice;
  syscall(SYS_sched_setattr, CALLING_THREAD, &attributes, 0);
}

bool thread_join_within(pthread_t thread, unsigned int ms) {
  enum { POLL_NS = 2000000 };
  uint64_t end_ms = clock_ms() + ms;
  int status;
  while ((status = pthread_tryjoin_np(thread, NULL)) == EBUSY &&
         clock_ms() < end_ms)
    nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
  return status == 0;
}

void thread_init_condition(pthread_cond_t *condition) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(condition, &attributes);
  pthread_condattr_destroy(&attributes);
}

struct timespec thread_deadline(unsigned int ms) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  uint64_t ns = (uint64_t)t.tv_nsec + (uint64_t)ms * 1000000;
  t.tv_sec += (time_t)(ns / 1000000000);
  t.tv_nsec = (long)(ns % 1000000000);
  return t;
}
