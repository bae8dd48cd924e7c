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
static const uint64_t thread_ns = BOOT_S * SECOND_NS + UINT64_C(3000000);

static void start_thread(struct tracker *tracker, pid_t tid, pid_t pid,
                         uint64_t time_ns) {
  const struct process_event event = {
      .kind = PROCESS_THREAD, .pid = pid, .tid = tid, .time_ns = time_ns};
  old_record_note_thread(tracker, &event);
}

static struct tracker *create(void) {
  struct tracker *tracker = tracker_create(NULL, 10, 0);
  assert_non_null(tracker);
  tracker->threads = thread_owners_create();
  assert_non_null(tracker->threads);
  assert_non_null(tracker_enter(tracker, 100, begin_ns, begin_ns, begin_ns));
  assert_non_null(tracker_enter(tracker, 200, begin_ns, begin_ns, begin_ns));
  start_thread(tracker, 101, 100, thread_ns);
  return tracker;
}

/* Takes the record as the only one of a batch. Returns its process, if it is
 * known. */
static struct process *complete(struct tracker *tracker,
                                struct message *message, uint64_t earliest_ns,
                                uint64_t latest_ns) {
  const struct message copy = *message;
  const struct exit_batch batch = {
      .messages = &copy,
      .count = 1,
      .when = {.earliest_ns = earliest_ns, .latest_ns = latest_ns},
  };
  struct exit_info info;
  old_record_complete(tracker, &batch, message);
  return exit_info_identify(&info, message, &batch.when)
             ? exit_owner_find(tracker, &batch, &info)
             : NULL;
}

static bool is_last(const struct message *message) {
  return (message->record[MESSAGE_THREAD].flags & RECORD_LAST_THREAD) != 0;
}

/* Asserts that the record is that of a thread which was not the last one. */
static void assert_one_of_several(const struct message *message, pid_t tgid) {
  assert_int_equal(message->record[MESSAGE_THREAD].tgid, tgid);
  assert_false(is_last(message));
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
    bool is_age_least;
  } cases[] = {
      {"the only thread", 200, 0, 200, true, THREAD_US, false},
      {"a thread before others", 101, 0, 100, false, AGE_US, false},
      {"the main thread before others", 100, 0, 100, false, THREAD_US, false},
      {"the last thread", 101, 100, 100, true, AGE_US, false},
      {"the last thread, without an event", 103, 100, 100, true, AGE_US, true},
      {"the main thread as the last one", 100, 100, 100, true, THREAD_US,
       false},
      {"an unknown one", 300, 0, 0, false, THREAD_US, false},
      {"the last of an unknown process", 301, 300, 300, true, THREAD_US, true},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct tracker *tracker = create();
    struct message message = end_of(cases[i].tid, cases[i].whole);
    assert_case(cases[i].name, old_record_is(tracker, &message));
    complete(tracker, &message, end_ns, end_ns);
    const struct record *thread = &message.record[MESSAGE_THREAD];
    assert_case_int(cases[i].name, thread->tgid, cases[i].tgid);
    assert_case_int(cases[i].name, is_last(&message), cases[i].is_last);
    assert_case_int(cases[i].name, thread->process_elapsed_us,
                    cases[i].elapsed_us);
    assert_case_int(cases[i].name, thread->is_age_least, cases[i].is_age_least);
    tracker_destroy(tracker);
  }
}

/* Each record is taken once; the last thread's may overtake the main one's. */
static void forgets_who_has_ended(void **state) {
  (void)state;
  struct tracker *tracker = create();
  struct message message = end_of(101, 100);
  complete(tracker, &message, end_ns, end_ns);
  assert_false(thread_owners_has(tracker->threads, 101, 100));
  message = end_of(100, 0);
  complete(tracker, &message, end_ns, end_ns);
  assert_one_of_several(&message, 100);
  tracker_destroy(tracker);
}

/* A process that was seen alive for longer than its last thread has lived, of
 * which it is not known when it started. */
static void finds_who_has_lived_longer_than_its_last_thread(void **state) {
  (void)state;
  const uint64_t ms = 1000 * 1000;
  static const uint32_t tids[] = {100, 102};
  struct tracker *tracker = create();
  struct process *process = process_table_find(tracker->table, 100);
  old_record_note_threads(tracker, process, tids, COUNT_OF(tids), begin_ns);
  process_note_known(process, begin_ns + 90 * ms);
  const uint64_t earliest_ns = begin_ns + 50 * ms;
  const uint64_t latest_ns = begin_ns + 100 * ms;
  struct message message = end_of(102, 100);
  assert_ptr_equal(complete(tracker, &message, earliest_ns, latest_ns),
                   process);
  assert_true(is_last(&message));
  assert_true(message.record[MESSAGE_THREAD].is_age_least);

  /* Unlike the main thread, which has lived as long as the process. */
  message = end_of(100, 100);
  assert_null(complete(tracker, &message, earliest_ns, latest_ns));
  tracker_destroy(tracker);
}

/* The pid was reused before the record was taken. */
static void does_not_take_the_age_of_a_later_process(void **state) {
  (void)state;
  struct tracker *tracker = create();
  const uint64_t later_ns = end_ns + 1000 * 1000;
  assert_non_null(tracker_enter(tracker, 100, later_ns, later_ns, later_ns));
  struct message message = end_of(101, 100);
  complete(tracker, &message, end_ns, later_ns);
  assert_int_equal(message.record[MESSAGE_THREAD].process_elapsed_us, AGE_US);
  tracker_destroy(tracker);
}

/* A process with a single thread has ended, and another one with its pid has
 * started a thread, before the first record is taken; and the reverse. */
static void tells_processes_with_one_pid_apart(void **state) {
  (void)state;
  const uint64_t later_ns = end_ns + 1000 * 1000;
  static const struct {
    const char *name;
    pid_t pid;
    bool has_threads_later, is_last;
  } cases[] = {
      {"a single thread, then several", 200, true, true},
      {"several, then a single thread", 100, false, false},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct tracker *tracker = create();
    pid_t pid = cases[i].pid;
    assert_non_null(tracker_enter(tracker, pid, later_ns, later_ns, later_ns));
    if (cases[i].has_threads_later)
      start_thread(tracker, 999, pid, later_ns + 1000);
    struct message message = end_of((uint32_t)pid, 0);
    complete(tracker, &message, begin_ns, later_ns + 1000 * 1000 * 1000);
    const struct record *thread = &message.record[MESSAGE_THREAD];
    assert_case_int(cases[i].name, thread->tgid, pid);
    assert_case_int(cases[i].name, is_last(&message), cases[i].is_last);
    tracker_destroy(tracker);
  }
}

/* The id of a thread was reused, by a thread or a process, before its record is
 * taken. */
static void tells_threads_with_one_id_apart(void **state) {
  (void)state;
  const uint64_t later_ns = end_ns + 3 * SECOND_NS;
  struct tracker *tracker = create();
  start_thread(tracker, 101, 200, later_ns);
  struct message message = end_of(101, 0);
  complete(tracker, &message, end_ns, end_ns);
  assert_int_equal(message.record[MESSAGE_THREAD].tgid, 100);
  message = end_of(101, 0);
  complete(tracker, &message, later_ns, later_ns + SECOND_NS);
  assert_int_equal(message.record[MESSAGE_THREAD].tgid, 200);
  tracker_destroy(tracker);

  tracker = create();
  assert_non_null(tracker_enter(tracker, 101, later_ns, later_ns, later_ns));
  message = end_of(101, 0);
  complete(tracker, &message, later_ns, later_ns + SECOND_NS);
  assert_int_equal(message.record[MESSAGE_THREAD].tgid, 101);
  assert_int_not_equal(
      message.record[MESSAGE_THREAD].flags & RECORD_LAST_THREAD, 0);
  message = end_of(101, 0);
  complete(tracker, &message, end_ns, end_ns);
  assert_int_equal(message.record[MESSAGE_THREAD].tgid, 100);
  tracker_destroy(tracker);
}

/* The machine was stopped between the end of a thread and its record; or
 * between its start and its event, so that its age is not known exactly. */
static void finds_the_process_of_a_late_record(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t event_ns, taken_ns;
  } cases[] = {
      {"a late record", 0, 3 * SECOND_NS},
      {"a late event", 1000 * 1000, 0},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct tracker *tracker = create();
    tracker->has_read = true;
    start_thread(tracker, 102, 100, thread_ns + cases[i].event_ns);
    uint64_t taken_ns = end_ns + cases[i].taken_ns;
    struct message message = end_of(102, 0);
    struct process *process = complete(tracker, &message, taken_ns, taken_ns);
    assert_ptr_equal(process, process_table_find(tracker->table, 100));
    assert_one_of_several(&message, 100);
    tracker_destroy(tracker);
  }
}

/* A thread that called exec has taken the main one's place: no record of it
 * comes. Long after, a process has its id. */
static void forgets_who_had_an_id_long_before(void **state) {
  (void)state;
  struct tracker *tracker = create();
  old_record_note_id(tracker, 101, end_ns + 1000);
  assert_true(thread_owners_has(tracker->threads, 101, 100));
  old_record_note_id(tracker, 101, end_ns + 10 * SECOND_NS);
  assert_false(thread_owners_has(tracker->threads, 101, 100));
  tracker_destroy(tracker);
}

/* A process that no read has found, and which has started a thread. */
static void knows_the_main_thread_of_an_unknown_process(void **state) {
  (void)state;
  struct tracker *tracker = create();
  start_thread(tracker, 301, 300, thread_ns);
  start_thread(tracker, 302, 300, thread_ns);
  struct message message = end_of(300, 0);
  message.record[MESSAGE_THREAD].elapsed_us = AGE_US;
  complete(tracker, &message, end_ns, end_ns);
  assert_one_of_several(&message, 300);
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
      cmocka_unit_test(tells_processes_with_one_pid_apart),
      cmocka_unit_test(tells_threads_with_one_id_apart),
      cmocka_unit_test(finds_the_process_of_a_late_record),
      cmocka_unit_test(forgets_who_had_an_id_long_before),
      cmocka_unit_test(knows_the_main_thread_of_an_unknown_process),
      cmocka_unit_test(leaves_newer_ones_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
