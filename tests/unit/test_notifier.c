/* SPDX-License-Identifier: MIT */
#include "report/notifier.h"

#include "support/clock.h"
#include "support/test.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The consumer waits here for the test. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

enum { SAID_MAX = 2 * NOTIFIER_QUEUE, LONG_MS = 60000 };

static struct {
  char group[GROUP_NAME_SIZE];
  bool has_event;
  char comm[RECORD_COMM_SIZE];
  uint64_t used;
  char text[NOTIFIER_TEXT_SIZE];
  uint32_t exit_code;
} said[SAID_MAX];
static size_t said_count;

static void say(const char *group, const struct exit_event *event,
                const char *text, uint32_t exit_code) {
  pthread_mutex_lock(&gate);
  if (said_count < SAID_MAX) {
    snprintf(said[said_count].group, GROUP_NAME_SIZE, "%s", group);
    said[said_count].has_event = event != NULL;
    if (event != NULL) {
      snprintf(said[said_count].comm, RECORD_COMM_SIZE, "%s", event->comm);
      said[said_count].used = event->used[USE_COUNTERS - 1];
    }
    snprintf(said[said_count].text, NOTIFIER_TEXT_SIZE, "%s", text);
    said[said_count++].exit_code = exit_code;
  }
  pthread_mutex_unlock(&gate);
}

static size_t count_said(void) {
  pthread_mutex_lock(&gate);
  size_t count = said_count;
  pthread_mutex_unlock(&gate);
  return count;
}

static void await_said(size_t count) {
  await(count_said() >= count);
  assert_int_equal(count_said(), count);
}

static void put(struct notifier *notifier, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    assert_true(notifier_put(notifier, "group", NULL, 1, "text", i));
}

/* In order, and as copies. */
static void says_all(void **state) {
  (void)state;
  enum { NOTICES = 20 };
  struct notifier *notifier;
  said_count = 0;
  pthread_mutex_lock(&gate);
  assert_int_equal(notifier_start(say, &notifier), 0);
  for (uint32_t i = 0; i < NOTICES; i++) {
    char group[32], comm[RECORD_COMM_SIZE], text[32];
    uint64_t used[USE_COUNTERS] = {[USE_COUNTERS - 1] = i};
    snprintf(group, sizeof(group), "group %u", i % 2);
    snprintf(comm, sizeof(comm), "comm %u", i);
    snprintf(text, sizeof(text), "text %u", i);
    const struct exit_event event = {.comm = comm, .used = used};
    assert_true(
        notifier_put(notifier, group, i % 3 != 0 ? &event : NULL, 1, text, i));
  }
  pthread_mutex_unlock(&gate);
  await_said(NOTICES);
  assert_int_equal(notifier_stop(notifier, LONG_MS), 0);
  for (uint32_t i = 0; i < NOTICES; i++) {
    char comm[RECORD_COMM_SIZE], text[32];
    snprintf(comm, sizeof(comm), "comm %u", i);
    snprintf(text, sizeof(text), "text %u", i);
    assert_string_equal(said[i].group, i % 2 == 0 ? "group 0" : "group 1");
    assert_int_equal(said[i].has_event, i % 3 != 0);
    assert_string_equal(said[i].text, text);
    assert_int_equal(said[i].exit_code, i);
    if (!said[i].has_event)
      continue;
    assert_string_equal(said[i].comm, comm);
    assert_int_equal(said[i].used, i);
  }
}

static void takes_null(void **state) {
  (void)state;
  notifier_hold(NULL, LONG_MS);
  notifier_release(NULL);
  assert_int_equal(notifier_stop(NULL, LONG_MS), 0);
}

/* A thread that queues them never waits. */
static void refuses_too_many(void **state) {
  (void)state;
  struct notifier *notifier;
  size_t count = 0;
  said_count = 0;
  pthread_mutex_lock(&gate);
  assert_int_equal(notifier_start(say, &notifier), 0);
  while (count <= NOTIFIER_QUEUE + 1 &&
         notifier_put(notifier, "group", NULL, 1, "text", 0))
    count++;
  /* The consumer may already have one. */
  assert_in_range(count, NOTIFIER_QUEUE, NOTIFIER_QUEUE + 1);
  pthread_mutex_unlock(&gate);
  await_said(count);
  assert_int_equal(notifier_stop(notifier, LONG_MS), 0);
}

/* While it is held nothing is sent; later all of it is. */
static void holds_what_waits(void **state) {
  (void)state;
  struct notifier *notifier;
  said_count = 0;
  assert_int_equal(notifier_start(say, &notifier), 0);
  notifier_hold(notifier, LONG_MS);
  put(notifier, 10);
  pause_ms(20);
  assert_int_equal(count_said(), 0);
  notifier_release(notifier);
  await_said(10);
  assert_int_equal(notifier_stop(notifier, LONG_MS), 0);
}

/* After notifier_hold, nothing is being sent. */
static void waits_for_what_is_being_sent(void **state) {
  (void)state;
  struct notifier *notifier;
  said_count = 0;
  assert_int_equal(notifier_start(say, &notifier), 0);
  for (size_t i = 1; i <= 20; i++) {
    put(notifier, 2);
    notifier_hold(notifier, LONG_MS);
    size_t count = count_said();
    sched_yield();
    assert_int_equal(count_said(), count);
    notifier_release(notifier);
    await_said(2 * i);
  }
  assert_int_equal(notifier_stop(notifier, LONG_MS), 0);
}

static void drops_what_waits(void **state) {
  (void)state;
  struct notifier *notifier;
  said_count = 0;
  assert_int_equal(notifier_start(say, &notifier), 0);
  notifier_hold(notifier, LONG_MS);
  put(notifier, 7);
  assert_int_equal(notifier_stop(notifier, LONG_MS), 7);
  assert_int_equal(count_said(), 0);
}

/* A summary counts as the processes that it sums up, but only if it was not
 * sent; the queue is a ring. */
static void drops_each_process_of_a_summary(void **state) {
  (void)state;
  struct notifier *notifier;
  said_count = 0;
  assert_int_equal(notifier_start(say, &notifier), 0);
  put(notifier, NOTIFIER_QUEUE - 1);
  assert_true(notifier_put(notifier, "group", NULL, 500, "500 more", 0));
  await_said(NOTIFIER_QUEUE);
  notifier_hold(notifier, LONG_MS);
  put(notifier, 2);
  assert_true(notifier_put(notifier, "group", NULL, 19, "19 more", 0));
  assert_true(notifier_put(notifier, "other", NULL, 3, "3 more", 0));
  assert_int_equal(notifier_stop(notifier, LONG_MS), 24);
  assert_int_equal(count_said(), NOTIFIER_QUEUE);
}

/* A consumer that never returns delays nothing else. A sanitizer sees what the
 * abandoned thread accesses later. */
static void leaves_who_does_not_return(void **state) {
  (void)state;
  struct notifier *notifier;
  said_count = 0;
  assert_int_equal(notifier_start(say, &notifier), 0);
  pthread_mutex_lock(&gate);
  /* One is being sent, and the queue is full. */
  for (size_t count = 0; count < NOTIFIER_QUEUE + 1; sched_yield())
    count += notifier_put(notifier, "group", NULL, 1, "text", 0);
  notifier_hold(notifier, 1);
  assert_int_equal(notifier_stop(notifier, 1), NOTIFIER_QUEUE);
  pthread_mutex_unlock(&gate);
  await_said(1);
  pause_ms(20);
  assert_int_equal(count_said(), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(says_all),
      cmocka_unit_test(takes_null),
      cmocka_unit_test(refuses_too_many),
      cmocka_unit_test(holds_what_waits),
      cmocka_unit_test(waits_for_what_is_being_sent),
      cmocka_unit_test(drops_what_waits),
      cmocka_unit_test(drops_each_process_of_a_summary),
      cmocka_unit_test(leaves_who_does_not_return),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
