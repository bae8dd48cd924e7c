/* SPDX-License-Identifier: MIT */
#include "speaker.h"

#include "test.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Whoever takes the notices waits here for the test. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

enum { SAID_MAX = SPEAKER_QUEUE + 2 };

static struct {
  char group[GROUP_NAME_SIZE];
  bool has_event;
  char comm[RECORD_COMM_SIZE];
  uint64_t used;
  char text[SPEAKER_TEXT_SIZE];
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
      said[said_count].used = event->used[COUNTERS - 1];
    }
    snprintf(said[said_count].text, SPEAKER_TEXT_SIZE, "%s", text);
    said[said_count++].exit_code = exit_code;
  }
  pthread_mutex_unlock(&gate);
}

/* In order, as copies, and all that waits before it stops. */
static void says_all(void **state) {
  (void)state;
  enum { NOTICES = 20 };
  struct speaker *speaker;
  said_count = 0;
  pthread_mutex_lock(&gate);
  assert_int_equal(speaker_start(say, &speaker), 0);
  for (uint32_t i = 0; i < NOTICES; i++) {
    char group[32], comm[RECORD_COMM_SIZE], text[32];
    uint64_t used[COUNTERS] = {[COUNTERS - 1] = i};
    snprintf(group, sizeof(group), "group %u", i % 2);
    snprintf(comm, sizeof(comm), "comm %u", i);
    snprintf(text, sizeof(text), "text %u", i);
    const struct exit_event event = {.comm = comm, .used = used};
    assert_true(
        speaker_put(speaker, group, i % 3 != 0 ? &event : NULL, text, i));
  }
  pthread_mutex_unlock(&gate);
  speaker_stop(speaker);
  assert_int_equal(said_count, NOTICES);
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
  speaker_stop(NULL);
}

/* Whoever puts them never waits. */
static void refuses_too_many(void **state) {
  (void)state;
  struct speaker *speaker;
  size_t put = 0;
  said_count = 0;
  pthread_mutex_lock(&gate);
  assert_int_equal(speaker_start(say, &speaker), 0);
  while (put <= SPEAKER_QUEUE + 1 &&
         speaker_put(speaker, "group", NULL, "text", 0))
    put++;
  /* One may be with the taker already. */
  assert_in_range(put, SPEAKER_QUEUE, SPEAKER_QUEUE + 1);
  pthread_mutex_unlock(&gate);
  speaker_stop(speaker);
  assert_int_equal(said_count, put);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(says_all),
      cmocka_unit_test(refuses_too_many),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
