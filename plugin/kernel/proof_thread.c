/* SPDX-License-Identifier: MIT */
#include "kernel/proof_thread.h"

#include "kernel/cpulist.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

struct proof {
  struct cpulist cpus;
  int status;
};

/* A thread attribute could set the CPU, too, but musl lacks it. */
static void *run_on_cpu(void *arg) {
  struct proof *proof = arg;
  if (sched_setaffinity(0, sizeof(proof->cpus.bits),
                        (void *)proof->cpus.bits) != 0)
    proof->status = -errno;
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

int proof_thread_run(const char *cpus) {
  struct proof proof = {0};
  unsigned int cpu;
  pthread_t thread;

  int status = find_cpu(cpus, &cpu);
  if (status != 0)
    return status;
  cpulist_add(&proof.cpus, cpu);
  status = pthread_create(&thread, NULL, run_on_cpu, &proof);
  if (status != 0)
    return -status;
  pthread_join(thread, NULL);
  return proof.status;
}
