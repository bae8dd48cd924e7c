/* SPDX-License-Identifier: MIT */
#include "kernel/exit_listener.h"

#include "kernel/cpulist.h"
#include "support/apart.h"
#include "support/clock.h"
#include "support/entries.h"
#include "support/test.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/*
 * With the running kernel. Other processes may end threads at any time: the
 * test's own threads have a unique name.
 */

enum { BUFFER = 8388608, EXIT_BATCHES = 4 };

static char possible[1024]; /* CPUs */
static char own_name[16];

/* Always static: a failed test leaves its listener running. */
struct heard {
  struct exit_listener *listener;
  atomic_uint_fast64_t all, own;
  atomic_bool is_wrong;
  atomic_bool is_done; /* with also_fd */
  atomic_uint looks;   /* how often before was called */
  /* For take_and_feed: the number of threads that it has ended; whether it ends
   * a drain that takes too long, and the records received by then. */
  atomic_uint_fast64_t fed;
  atomic_bool must_end;
  atomic_uint_fast64_t ended_at;
};

static bool take(void *context, const struct message *messages, size_t count,
                 uint64_t earliest_ns, uint64_t latest_ns) {
  struct heard *heard = context;
  for (size_t i = 0; i < count; i++) {
    const struct record *thread = &messages[i].record[MESSAGE_THREAD];
    if (!messages[i].has[MESSAGE_THREAD] ||
        messages[i].id[MESSAGE_THREAD] != thread->pid)
      heard->is_wrong = true;
    heard->own += strcmp(thread->comm, own_name) == 0;
  }
  if (earliest_ns > latest_ns || latest_ns > boot_ns())
    heard->is_wrong = true;
  heard->all += count;
  return false;
}

static enum exit_listener_found before(void *context, uint64_t until_ns) {
  struct heard *heard = context;
  (void)until_ns;
  heard->looks++;
  return heard->is_done ? FOUND_END : FOUND_SOMETHING;
}

static int drained(void *context) {
  (void)context;
  return -1;
}

static int try_start_with(struct heard *heard, const char *cpus, size_t buffer,
                          int also_fd) {
  *heard = (struct heard){.listener = NULL};
  const struct exit_listener_calls calls = {.context = heard,
                                            .before = before,
                                            .also_fd = also_fd,
                                            .take = take,
                                            .drained = drained};
  int status = exit_listener_open(cpus, buffer, &heard->listener);
  return status == 0 ? exit_listener_start(heard->listener, &calls) : status;
}

static int try_start(struct heard *heard, const char *cpus, size_t buffer) {
  return try_start_with(heard, cpus, buffer, -1);
}

/* Skips the test if this process may not listen. */
static void start_with(struct heard *heard, const char *cpus, size_t buffer,
                       int also_fd) {
  skip_if_emulated("netlink");
  int status = try_start_with(heard, cpus, buffer, also_fd);
  if (status == -EPERM || status == -ENOENT || status == -EINVAL)
    skip();
  assert_int_equal(status, 0);
}

static void start(struct heard *heard, const char *cpus, size_t buffer) {
  start_with(heard, cpus, buffer, -1);
}

static struct exit_listener_status status_of(const struct heard *heard) {
  struct exit_listener_status status;
  exit_listener_status(heard->listener, &status);
  return status;
}

/* A machine that is busy may not run its thread within one try of 500 ms. */
static bool stops(const struct heard *heard) {
  bool has_ended = false;
  for (int tries = 0; tries < 60 && !has_ended; tries++)
    has_ended = exit_listener_stop(heard->listener);
  return has_ended;
}

/* Waits for the result of the self-test; skips the test if no record arrives.
 */
static void wait_for_proof(const struct heard *heard) {
  struct exit_listener_status status;
  do {
    pause_ms(5);
    status = status_of(heard);
  } while (!status.is_proven && status.error == 0);
  if (status.error == -ENODATA) {
    exit_listener_stop(heard->listener);
    skip();
  }
  assert_int_equal(status.error, 0);
}

/* Waits until all that has arrived is taken. */
static void wait_until_drained(const struct heard *heard) {
  exit_listener_drain(heard->listener);
  assert_int_equal(status_of(heard).error, 0);
}

static void *take_name_and_end(void *arg) {
  prctl(PR_SET_NAME, own_name);
  return arg;
}

/* On one CPU, or any if it is negative. */
static void end_threads(size_t count, int cpu) {
  pthread_attr_t attributes;
  cpu_set_t one;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 65536);
  CPU_ZERO(&one);
  if (cpu >= 0) {
    CPU_SET((size_t)cpu, &one);
    pthread_attr_setaffinity_np(&attributes, sizeof(one), &one);
  }
  for (size_t i = 0; i < count; i++) {
    pthread_t thread;
    if (pthread_create(&thread, &attributes, take_name_and_end, NULL) != 0)
      abort();
    pthread_join(thread, NULL);
  }
  pthread_attr_destroy(&attributes);
}

/* A thread is joined before its record is sent: waits for the last one. */
static void wait_for_own(const struct heard *heard, uint64_t count) {
  while (heard->own + status_of(heard).lost < count) {
    assert_int_equal(status_of(heard).error, 0);
    exit_listener_drain(heard->listener);
    pause_ms(1);
  }
}

static void hears_every_thread(void **state) {
  (void)state;
  enum { THREADS = 2000 };
  static struct heard heard;
  start(&heard, possible, BUFFER);
  wait_for_proof(&heard);
  end_threads(THREADS, -1);
  wait_for_own(&heard, THREADS);
  wait_until_drained(&heard);
  uint64_t all = heard.all;
  struct exit_listener_status status = status_of(&heard);
  assert_int_equal(status.lost, 0);
  assert_int_equal(heard.own, THREADS);
  assert_true(status.records >= all);
  assert_true(status.records >= THREADS + 1); /* and the proof */
  assert_false(heard.is_wrong);
  assert_true(status.buffer > 0);
  exit_listener_stop(heard.listener);
}

/* The records of one CPU, and of no other. */
static void hears_the_watched_cpus(void **state) {
  (void)state;
  enum { THREADS = 200 };
  cpu_set_t allowed;
  int cpus[2], count = 0;
  assert_int_equal(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
  for (int cpu = 0; cpu < CPU_SETSIZE && count < 2; cpu++)
    if (CPU_ISSET((size_t)cpu, &allowed))
      cpus[count++] = cpu;
  if (count < 2)
    skip();

  char list[16];
  static struct heard heard;
  snprintf(list, sizeof(list), "%d", cpus[0]);
  start(&heard, list, BUFFER);
  wait_for_proof(&heard);
  end_threads(THREADS, cpus[1]);
  end_threads(THREADS, cpus[0]);
  wait_for_own(&heard, THREADS);
  wait_until_drained(&heard);
  assert_int_equal(heard.own, THREADS);
  exit_listener_stop(heard.listener);
}

/* Received and lost records add up to the number sent. Another listener, which
 * runs before and after, provides the upper bound. */
static void counts_what_is_lost(void **state) {
  (void)state;
  enum { THREADS = 20000 };
  static struct heard witness, heard;
  start(&witness, possible, BUFFER);
  wait_for_proof(&witness);
  start(&heard, possible, 4096);
  wait_for_proof(&heard);
  end_threads(THREADS, -1);
  wait_for_own(&heard, THREADS);
  wait_until_drained(&heard);
  struct exit_listener_status status = status_of(&heard);
  wait_for_own(&witness, THREADS);
  wait_until_drained(&witness);
  struct exit_listener_status truth = status_of(&witness);

  assert_true(status.lost > 0);
  assert_true(status.buffer < BUFFER);
  assert_true(heard.own + status.lost >= THREADS);
  assert_true(status.records + status.lost <= truth.records + truth.lost);
  exit_listener_stop(heard.listener);
  exit_listener_stop(witness.listener);
}

static void *storm(void *arg) {
  while (!*(atomic_bool *)arg)
    end_threads(100, -1);
  return NULL;
}

static void start_storm(pthread_t threads[2], atomic_bool *must_end) {
  *must_end = false;
  for (size_t i = 0; i < 2; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, storm, must_end), 0);
}

static void end_storm(const pthread_t threads[2], atomic_bool *must_end) {
  *must_end = true;
  for (size_t i = 0; i < 2; i++)
    pthread_join(threads[i], NULL);
}

/* Records of other threads prove the same as the self-test's, which may be
 * lost. */
static void is_proved_in_a_storm(void **state) {
  (void)state;
  enum { STARTS = 40 };
  static struct heard heard;
  atomic_bool must_end;
  pthread_t threads[2];
  start(&heard, possible, 4096);
  wait_for_proof(&heard);
  exit_listener_stop(heard.listener);
  start_storm(threads, &must_end);
  int error = 0;
  for (int i = 0; i < STARTS && error == 0; i++) {
    start(&heard, possible, 4096);
    do {
      pause_ms(1);
      error = status_of(&heard).error;
    } while (!status_of(&heard).is_proven && error == 0);
    exit_listener_stop(heard.listener);
  }
  end_storm(threads, &must_end);
  assert_int_equal(error, 0);
}

/* A drain does not wait for the end of a storm. */
static void stops_in_a_storm(void **state) {
  (void)state;
  static const size_t buffers[] = {BUFFER, 4096};

  for (size_t i = 0; i < COUNT_OF(buffers); i++) {
    static struct heard heard;
    start(&heard, possible, buffers[i]);
    wait_for_proof(&heard);
    atomic_bool must_end;
    pthread_t threads[2];
    start_storm(threads, &must_end);
    await(heard.own >= 500);
    bool has_stopped = stops(&heard);
    uint64_t own = heard.own;
    pause_ms(20);
    uint64_t later = heard.own;
    end_storm(threads, &must_end);
    assert_true(has_stopped);
    assert_int_equal(later, own); /* no more calls */
  }
}

/* Ends as many threads as records are taken, as long as any are: not more,
 * because after the buffer was full the kernel sends nothing until it is empty.
 */
static bool take_and_feed(void *context, const struct message *messages,
                          size_t count, uint64_t earliest_ns,
                          uint64_t latest_ns) {
  struct heard *heard = context;
  take(context, messages, count, earliest_ns, latest_ns);
  size_t own = 0;
  for (size_t i = 0; i < count; i++)
    own += strcmp(messages[i].record[MESSAGE_THREAD].comm, own_name) == 0;
  end_threads(own, -1);
  heard->fed += own;
  if (heard->must_end && count == 64 && heard->ended_at == 0) {
    exit_listener_end_drains(heard->listener);
    heard->ended_at = heard->own;
  }
  return false;
}

/* Starts an endless supply of records. */
static void start_feeding(struct heard *heard) {
  skip_if_emulated("netlink");
  *heard = (struct heard){.listener = NULL};
  const struct exit_listener_calls calls = {.context = heard,
                                            .before = before,
                                            .also_fd = -1,
                                            .take = take_and_feed,
                                            .drained = drained};
  int status = exit_listener_open(possible, BUFFER, &heard->listener);
  if (status == -EPERM || status == -ENOENT || status == -EINVAL)
    skip();
  assert_int_equal(status, 0);
  assert_int_equal(exit_listener_start(heard->listener, &calls), 0);
  wait_for_proof(heard);
}

/* Without a limit, the drain would never end, and no other thread would get a
 * turn. */
static void drains_end_while_more_comes(void **state) {
  (void)state;
  static struct heard heard;
  start_feeding(&heard);
  end_threads(EXIT_BATCHES * 64, -1);
  await(heard.fed >= EXIT_BATCHES * 64);
  for (int i = 0; i < 3; i++) {
    uint64_t own = heard.own;
    exit_listener_drain(heard.listener);
    assert_true(heard.own > own);
  }
  assert_true(stops(&heard));
}

/* A caller's drain takes no more than it has received. */
static void ends_drains_when_it_must_stop(void **state) {
  (void)state;
  static struct heard heard;
  start_feeding(&heard);
  heard.must_end = true;
  end_threads(EXIT_BATCHES * 64, -1);
  await(heard.ended_at > 0);
  exit_listener_drain(heard.listener);
  assert_true(stops(&heard));
  assert_int_equal(heard.own, heard.ended_at);
}

/* If the other source fails, the listener continues without it. */
static void looks_away_when_told(void **state) {
  (void)state;
  enum { THREADS = 200 };
  static struct heard heard;
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  close(ends[1]); /* always readable */
  start_with(&heard, possible, BUFFER, ends[0]);
  wait_for_proof(&heard);
  await(heard.looks >= 10);

  heard.is_done = true;
  pause_ms(20); /* it may be about to poll */
  /* From now on it is called only for records, including those of other
   * threads. */
  unsigned int seen = heard.looks;
  uint64_t all = heard.all;
  pause_ms(100);
  assert_true(heard.looks - seen <= heard.all - all + 1);
  end_threads(THREADS, -1);
  wait_for_own(&heard, THREADS);
  exit_listener_stop(heard.listener);
  close(ends[0]);
}

static void refuses_bad_lists(void **state) {
  (void)state;
  static const struct {
    const char *cpus;
    int status;
  } cases[] = {
      {"x", -EINVAL},      {"1-", -EINVAL},    {"3-1", -EINVAL},
      {"0,,x", -EINVAL},   {"99999", -ERANGE}, {"0-99999", -ERANGE},
      {"0,9999", -ERANGE},
  };

  static struct heard heard;
  start(&heard, "0", BUFFER);
  exit_listener_stop(heard.listener);
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_case_int(cases[i].cpus, try_start(&heard, cases[i].cpus, BUFFER),
                    cases[i].status);
}

static void leaves_nothing_behind(void **state) {
  (void)state;
  static struct heard heard;
  start(&heard, possible, BUFFER);
  exit_listener_stop(heard.listener);
  size_t fds = count_entries("/proc/self/fd");
  size_t tasks = count_entries("/proc/self/task");
  for (int i = 0; i < 50; i++) {
    start(&heard, possible, BUFFER);
    if (i % 2 == 0)
      end_threads(5, -1);
    exit_listener_stop(heard.listener);
    assert_int_equal(try_start(&heard, "99999", BUFFER), -ERANGE);
  }
  assert_int_equal(count_entries("/proc/self/fd"), fds);
  /* Threads that were joined may still be exiting. */
  await(count_entries("/proc/self/task") <= tasks);
  exit_listener_stop(NULL);
}

/* The kernel accepts a listener there, and sends nothing. */
static int listen_in_another_network(void) {
  static struct heard heard;
  if (unshare(CLONE_NEWNET) != 0)
    return APART_SKIPPED;
  int status = try_start(&heard, possible, BUFFER);
  if (status == -EPERM || status == -ENOENT || status == -EINVAL)
    return APART_SKIPPED;
  if (status != 0)
    return 1;
  while (status_of(&heard).error == 0)
    pause_ms(10);
  struct exit_listener_status end = status_of(&heard);
  exit_listener_stop(heard.listener);
  return end.error == -ENODATA && !end.is_proven && end.records == 0 ? 0 : 2;
}

static void ends_where_nothing_arrives(void **state) {
  (void)state;
  skip_if_emulated("netlink");
  apart_run(listen_in_another_network);
}

static int listen_without_capabilities(void) {
  static struct heard heard;
  if (!apart_give_up())
    return 1;
  int status = try_start(&heard, possible, BUFFER);
  if (status == -ENOENT)
    return APART_SKIPPED;
  return status == -EPERM ? 0 : 2;
}

static void needs_the_capability(void **state) {
  (void)state;
  skip_if_emulated("netlink");
  apart_run(listen_without_capabilities);
}

static int set_up(void **state) {
  (void)state;
  snprintf(own_name, sizeof(own_name), "heard-%d", getpid() % 10000000);
  return cpulist_read_possible(possible, sizeof(possible));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hears_every_thread),
      cmocka_unit_test(hears_the_watched_cpus),
      cmocka_unit_test(counts_what_is_lost),
      cmocka_unit_test(is_proved_in_a_storm),
      cmocka_unit_test(stops_in_a_storm),
      cmocka_unit_test(drains_end_while_more_comes),
      cmocka_unit_test(ends_drains_when_it_must_stop),
      cmocka_unit_test(looks_away_when_told),
      cmocka_unit_test(refuses_bad_lists),
      cmocka_unit_test(leaves_nothing_behind),
      cmocka_unit_test(ends_where_nothing_arrives),
      cmocka_unit_test(needs_the_capability),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
