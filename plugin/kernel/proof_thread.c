/* SPDX-License-Identifier: MIT */
#include "kernel/proof_thread.h"

#include "kernel/cpulist.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

static void *note_tid(void *tid) {
  atomic_store((atomic_int *)tid, gettid());
  return NULL;
}

/* Finds a CPU of the list on which this process may run. */
static int find_cpu(const char *cpus, unsigned int *cpu) {
  struct cpulist watched, allowed = {0};

  int status = cpulist_parse(cpus, &watched);
  if (status == 0)
    status = cpulist_add_allowed(&allowed, 0);
  if (status != 0)
    return status;
  *cpu = 0;
  while (*cpu < CPULIST_CPUS &&
         !(cpulist_has(&allowed, *cpu) && cpulist_has(&watched, *cpu)))
    ++*cpu;
  return *cpu < CPULIST_CPUS ? 0 : -ENOENT;
}

int proof_thread_run(const char *cpus, atomic_int *tid) {
  struct cpulist one = {0};
  unsigned int cpu;
  pthread_attr_t attributes;
  pthread_t thread;

  int status = find_cpu(cpus, &cpu);
  if (status != 0)
    return status;
  one.bits[cpu / 64] = UINT64_C(1) << cpu % 64;
  pthread_attr_init(&attributes);
  status = pthread_attr_setaffinity_np(&attributes, sizeof(one.bits),
                                       (void *)one.bits);
  if (status == 0)
    status = pthread_create(&thread, &attributes, note_tid, tid);
  if (status == 0)
    pthread_join(thread, NULL);
  pthread_attr_destroy(&attributes);
  return -status;
}
