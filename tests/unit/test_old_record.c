/* SPDX-License-Identifier: MIT */
#include "track/exit_owner.h"
#include "track/old_record.h"

#include "support/test.h"

/*
 * Processes, threads and exits as Linux 5.10 reports them: 100 has a thread
 * 101, 200 has none, 300 is unknown.
 */

enum { AGE_US = 5000, BOOT_S = 1000, THREAD_US = 2000 };
#define SECOND_NS UINT64_C(1000000000)

static const uint64_t begin_ns = BOOT_S * SECOND_NS;
static const uint64_t end_ns = BOOT_S * SECOND_NS + AGE_US * UINT64_C(1000);

static struct tracker *create(void) {
  struct tracker *tracker = tracker_create(NULL, 10, 0);
  assert_non_null(tracker);
  tracker->threads = thread_owners_create();
  assert_non_null(tracker->threads);
  assert_non_null(tracker_enter(tracker, 100, begin_ns, begin_ns, begin_ns));
  assert_non_null(tracker_enter(tracker, 200, begin_ns, begin_ns, begin_ns));
  thread_owners_add(tracker->threads, 101, 100);
  return tracker;
}

static struct message end_of(uint32_t tid, uint32_t whole) {
  struct message message = {
      .has = {[MESSAGE_THREAD] = true, [MESSAGE_PROCESS] = whole != 0},
      .id = {[MESSAGE_THREAD] = tid, [MESSAGE_PROCESS] = whole},
      .record = {[MESSAGE_THREAD] = {
                     .version = 10, .pid = tid, .elapsed_us = THREAD_US}}};
  return message;
}

static void completes_them(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint32_t tid, whole, tgid;
    bool is_last;
    uint64_t elapsed_us;
  } cases[] = {
      {"the only thread", 200, 0, 200, true, THREAD_US},
      {"a thread before others", 101, 0, 100, false, AGE_US},
      {"the main thread before others", 100, 0, 100, false, THREAD_US},
      {"the last thread", 101, 100, 100, true, AGE_US},
      {"the main thread as the last one", 100, 100, 100, true, THREAD_US},
      {"an unknown one", 300, 0, 0, false, THREAD_US},
      {"the last of an unknown process", 301, 300, 300, true, THREAD_US},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct tracker *tracker = create();
    struct message message = end_of(cases[i].tid, cases[i].whole);
    assert_case(cases[i].name, old_record_is(tracker, &message));
    old_record_complete(tracker, &message, end_ns);
    const struct record *thread = &message.record[MESSAGE_THREAD];
    assert_case_int(cases[i].name, thread->tgid, cases[i].tgid);
    assert_case_int(cases[i].name, (thread->flags & RECORD_LAST_THREAD) != 0,
                    cases[i].is_last);
    assert_case_int(cases[i].name, thread->process_elapsed_us,
                    cases[i].elapsed_us);
    tracker_destroy(tracker);
  }
}

/* The main thread is known to have been one of several until its own record has
 * arrived, which the last thread's may overtake. */
static void forgets_who_has_ended(void **state) {
  (void)state;
  struct tracker *tracker = create();
  struct message message = end_of(101, 100);
  old_record_complete(tracker, &message, end_ns);
  assert_int_equal(thread_owners_find(tracker->threads, 101), 0);
  assert_int_equal(thread_owners_find(tracker->threads, 100), 100);
  message = end_of(100, 0);
  old_record_complete(tracker, &message, end_ns);
  assert_int_equal(message.record[MESSAGE_THREAD].tgid, 100);
  assert_int_equal(message.record[MESSAGE_THREAD].flags & RECORD_LAST_THREAD,
                   0);
  assert_int_equal(thread_owners_find(tracker->threads, 100), 0);
  tracker_destroy(tracker);
}

/* A process that was seen alive for longer than its last thread has lived,
 * which is all that the record shows. */
static void finds_who_has_lived_longer_than_its_last_thread(void **state) {
  (void)state;
  struct tracker *tracker = create();
  const uint64_t ms = 1000 * 1000;
  struct process *process = process_table_find(tracker->table, 100);
  process_note_known(process, begin_ns + 90 * ms);
  struct message message = end_of(101, 100);
  const struct exit_batch batch = {
      .messages = &message,
      .count = 1,
      .when = {.earliest_ns = begin_ns + 50 * ms,
               .latest_ns = begin_ns + 100 * ms},
  };
  old_record_complete(tracker, &message, batch.when.earliest_ns);
  struct exit_info info;
  assert_true(exit_info_identify(&info, &message, &batch.when));
  assert_true(info.is_last);
  assert_ptr_equal(exit_owner_find(tracker, &batch, &info), process);

  /* Unlike the main thread, which has lived as long as the process. */
  message = end_of(100, 100);
  old_record_complete(tracker, &message, batch.when.earliest_ns);
  assert_true(exit_info_identify(&info, &message, &batch.when));
  assert_null(exit_owner_find(tracker, &batch, &info));
  tracker_destroy(tracker);
}

/* The pid was reused before the record was taken. */
static void does_not_take_the_age_of_a_later_process(void **state) {
  (void)state;
  struct tracker *tracker = create();
  const uint64_t later_ns = end_ns + 1000 * 1000;
  assert_non_null(tracker_enter(tracker, 100, later_ns, later_ns, later_ns));
  struct message message = end_of(101, 100);
  old_record_complete(tracker, &message, end_ns);
  assert_int_equal(message.record[MESSAGE_THREAD].process_elapsed_us, AGE_US);
  tracker_destroy(tracker);
}

static void leaves_newer_ones_alone(void **state) {
  (void)state;
  struct tracker *tracker = create();
  struct message message = end_of(200, 0);
  message.record[MESSAGE_THREAD].version = RECORD_VERSION_LAST_THREAD;
  assert_false(old_record_is(tracker, &message));
  tracker_destroy(tracker);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(completes_them),
      cmocka_unit_test(forgets_who_has_ended),
      cmocka_unit_test(finds_who_has_lived_longer_than_its_last_thread),
      cmocka_unit_test(does_not_take_the_age_of_a_later_process),
      cmocka_unit_test(leaves_newer_ones_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
