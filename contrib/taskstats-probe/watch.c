/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include "fail.h"
#include "system.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { PROOF_MS = 2000 };

/* The state of a watch for its handler. */
struct state {
  const struct watch *watch;
  struct watch_proof proof;
  uint64_t records;
  bool ended;
};

bool watch_all_cpus(char cpus[WATCH_CPUS_SIZE]) {
  if (system_line("/sys/devices/system/cpu/possible", cpus, WATCH_CPUS_SIZE))
    return true;
  snprintf(cpus, WATCH_CPUS_SIZE, "0-%ld", sysconf(_SC_NPROCESSORS_CONF) - 1);
  return false;
}

bool watch_proof_handler(const struct answer *answer, void *data) {
  struct watch_proof *proof = data;
  if (answer->parts[ANSWER_THREAD].there && proof->thread != 0 &&
      answer->parts[ANSWER_THREAD].id == proof->thread)
    proof->seen = true;
  return true;
}

struct cpu {
  cpu_set_t *set;
  size_t size;
  struct watch_proof *proof;
};

/* The thread's id stays 0 if it may not run there. */
static void *end_on_cpu(void *data) {
  const struct cpu *cpu = data;
  if (sched_setaffinity(0, cpu->size, cpu->set) == 0)
    cpu->proof->thread = (uint32_t)gettid();
  return NULL;
}

/* Starts a thread on the list's first CPU. Returns false if it may not run
 * there. */
static bool start_thread(const char *cpus, struct watch_proof *proof) {
  unsigned long number = strtoul(cpus, NULL, 10);
  struct cpu cpu = {.set = CPU_ALLOC(number + 1),
                    .size = CPU_ALLOC_SIZE(number + 1),
                    .proof = proof};
  pthread_t thread;
  if (cpu.set == NULL)
    return false;
  CPU_ZERO_S(cpu.size, cpu.set);
  CPU_SET_S(number, cpu.size, cpu.set);
  proof->thread = 0;
  if (pthread_create(&thread, NULL, end_on_cpu, &cpu) == 0)
    pthread_join(thread, NULL);
  CPU_FREE(cpu.set);
  return proof->thread != 0;
}

static double now_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The self-test's record may have been lost: but a loss proves that records are
 * sent. */
bool watch_prove(struct channel *channel, const char *cpus,
                 struct watch_proof *proof) {
  if (!start_thread(cpus, proof))
    return true; /* unknown */
  /* On a busy machine the thread itself may have taken long. */
  double end = now_seconds() + PROOF_MS / 1e3;
  while (!proof->seen && channel_dropped(channel) == 0) {
    int left = (int)((end - now_seconds()) * 1000);
    struct pollfd wait = {.fd = channel_fd(channel), .events = POLLIN};
    if (left <= 0)
      return false;
    poll(&wait, 1, left);
    channel_drain(channel);
  }
  return true;
}

static bool on_record(const struct answer *answer, void *data) {
  struct state *state = data;
  state->proof.seen = true; /* any record is proof */
  if (answer->parts[ANSWER_THREAD].there &&
      answer->parts[ANSWER_THREAD].id == state->proof.thread)
    return true;
  state->records++;
  state->ended = !state->watch->handler(answer, state->watch->data);
  return !state->ended;
}

static int block_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  sigprocmask(SIG_BLOCK, &set, NULL);
  return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Listens until a signal, the timeout, or the handler ends it. */
static void listen_on(struct channel *channel, struct state *state,
                      int signals) {
  double seconds = state->watch->seconds;
  double end = seconds > 0 ? now_seconds() + seconds : INFINITY;
  bool told = false;
  while (!state->ended && !ferror(stdout)) {
    struct pollfd waits[] = {{.fd = channel_fd(channel), .events = POLLIN},
                             {.fd = signals, .events = POLLIN}};
    double left = end - now_seconds();
    if (left <= 0)
      break;
    poll(waits, 2, left < 1000 ? (int)ceil(left * 1000) : 1000000);
    if (channel_drain(channel) == -ENOBUFS && !told) {
      note("records are being lost; a larger --buffer reduces losses");
      told = true;
    }
    fflush(stdout);
    if (waits[1].revents != 0)
      break;
  }
}

/* Reports the size if it was requested explicitly, or is smaller than
 * requested. */
static int set_buffer(struct channel *channel, int wanted) {
  int bytes = wanted != 0 ? wanted : CHANNEL_BUFFER;
  int got = channel_set_buffer(channel, bytes);
  if (got < 0)
    return fail(STATUS_FAILED, "--buffer %d: %s", bytes, strerror(-got));
  if (got < bytes)
    note("receive buffer of %d bytes instead of %d; CAP_NET_ADMIN or "
         "net.core.rmem_max allow more",
         got, bytes);
  else if (wanted != 0)
    note("receive buffer of %d bytes", got);
  return STATUS_OK;
}

static int tell_loss(const struct channel *channel, const struct state *state) {
  uint32_t dropped = channel_dropped(channel);
  note("%llu messages, %u lost", (unsigned long long)state->records, dropped);
  if (channel_malformed(channel) > 0)
    note("%u messages could not be decoded", channel_malformed(channel));
  return dropped > 0 ? STATUS_DEGRADED : STATUS_OK;
}

static int watch_on(struct channel *channel, struct state *state,
                    const char *cpus) {
  int status = set_buffer(channel, state->watch->buffer);
  if (status != STATUS_OK)
    return status;
  int signals = block_signals();
  int error = channel_watch(channel, cpus, on_record, state);
  if (error < 0) {
    status = fail_watch(error, cpus);
  } else if (!watch_prove(channel, cpus, &state->proof)) {
    status = fail(STATUS_FAILED,
                  "the kernel accepts the listener, but sends nothing: exit "
                  "records reach only the initial network namespace (docker "
                  "run --net=host, hostNetwork: true)");
  } else {
    listen_on(channel, state, signals);
    channel_unwatch(channel);
    status = tell_loss(channel, state);
  }
  close(signals);
  return status;
}

int watch_run(const struct watch *watch) {
  char all[WATCH_CPUS_SIZE];
  struct state state = {.watch = watch};
  struct channel *channel = NULL;
  int error = channel_open(&channel);
  if (error < 0)
    return fail_open(error);
  watch_all_cpus(all);
  int status =
      watch_on(channel, &state, watch->cpus != NULL ? watch->cpus : all);
  channel_close(channel);
  return status;
}
