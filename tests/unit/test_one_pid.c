/* SPDX-License-Identifier: MIT */
#include "track/exit_accounting.h"

#include "support/exit_records.h"

/*
 * Processes that had the same pid in quick succession: to which of them an exit
 * record, or what procfs shows, belongs. Group 0 is that of "make" and its
 * descendants, group 1 that of "cc".
 */

enum { MAKE = PID - 50, STRANGER, CHILD, WORKER, LONG_MS = 10000 };
enum { OK, ERROR = 0x100 };

static void begin_before(struct fixture *fixture, uint64_t since_ms) {
  add_group(fixture, SELECTOR_COMMAND, "make");
  fixture->rules[0].descendants = true;
  add_group(fixture, SELECTOR_COMMAND, "cc");
  begin(fixture, since_ms);
  fixture->tracker->hears_events = true;
  put_process(fixture, MAKE, "make", 'S', LONG_MS);
  put_process(fixture, STRANGER, "bash", 'S', LONG_MS);
}

static void fork_at(struct fixture *fixture, pid_t parent, pid_t child,
                    uint64_t before_ms) {
  uint64_t time_ns = fixture->now - before_ms * MS;
  event_accounting_set_time(fixture->event_accounting, time_ns);
  happen(fixture, PROCESS_FORKED, child, parent, time_ns);
}

static void take_between(struct fixture *fixture,
                         const struct message *messages, size_t count,
                         uint64_t from_ms, uint64_t until_ms) {
  exit_accounting_take(fixture->exits, messages, count,
                       fixture->now - from_ms * MS,
                       fixture->now - until_ms * MS);
}

static struct message end_of(pid_t pid, pid_t ppid, const char *comm,
                             uint64_t age_ms, uint32_t exit_code) {
  struct message message = death_of(pid, comm, age_ms);
  message.record[MESSAGE_THREAD].ppid = (uint32_t)ppid;
  message.record[MESSAGE_THREAD].exit_code = exit_code;
  return message;
}

/* A thread that is not the last one. */
static struct message thread_end_of(pid_t tgid, pid_t pid, uint64_t age_ms) {
  struct message message = thread_of(tgid, pid, "x", 1);
  message.record[MESSAGE_THREAD].elapsed_us = age_ms * 1000;
  message.record[MESSAGE_THREAD].process_elapsed_us = age_ms * 1000;
  return message;
}

/* Makes it the last of two. */
static struct message with_another(struct message message) {
  return last_of(message, 2);
}

static void assert_ends(const struct fixture *fixture, size_t group, int64_t ok,
                        int64_t error) {
  assert_int_equal(truth(fixture, group, COUNTER_EXIT_OK), ok);
  assert_int_equal(truth(fixture, group, COUNTER_EXIT_ERROR), error);
}

/* Records are taken in the order of their processes, including those in no
 * group. */
static void tells_a_stranger_from_who_follows_it(void **state) {
  struct fixture *fixture = *state;
  begin_before(fixture, LONG_MS);
  fork_at(fixture, STRANGER, PID, 60);
  fork_at(fixture, MAKE, PID, 30);
  const struct message messages[] = {end_of(PID, STRANGER, "sh", 20, OK),
                                     end_of(PID, MAKE, "sh", 20, ERROR)};
  take_between(fixture, messages, 2, 70, 0);
  assert_ends(fixture, 0, 0, 1);
}

/* Processes from before fork events were received are unknown: the record of
 * the successor has not been taken yet. */
static void tells_who_was_there_before_from_who_follows(void **state) {
  struct fixture *fixture = *state;
  begin_before(fixture, 50);
  fork_at(fixture, MAKE, PID, 30);
  const struct message messages[] = {thread_end_of(PID, WORKER, 14),
                                     end_of(PID, STRANGER, "sh", 15, OK),
                                     end_of(PID, MAKE, "sh", 25, ERROR)};
  take_between(fixture, messages, 3, 70, 0);
  assert_ends(fixture, 0, 0, 1);
  assert_int_equal(truth(fixture, 0, COUNTER_FAULTS_MINOR),
                   used_of(COUNTER_FAULTS_MINOR, 1));
}

/* A process that forked at a time existed then. */
static void tells_who_has_lived_longer(void **state) {
  struct fixture *fixture = *state;
  begin_before(fixture, 50);
  fork_at(fixture, MAKE, PID, 30);
  put_child(fixture, PID, MAKE, "sh", DYING, 30);
  fork_at(fixture, PID, CHILD, 5);
  const struct message former = end_of(PID, MAKE, "sh", 10, OK);
  take_between(fixture, &former, 1, 70, 0);
  assert_ends(fixture, 0, 0, 0);
  const struct message message = end_of(PID, MAKE, "sh", 26, ERROR);
  take_between(fixture, &message, 1, 70, 0);
  assert_ends(fixture, 0, 0, 1);
}

/* If the record of a process was lost, and the fork event of the next one with
 * its pid, the exec event shows that it is another one. */
static void enters_who_follows_unheard(void **state) {
  struct fixture *fixture = *state;
  begin_before(fixture, LONG_MS);
  read_at(fixture, 200);
  fork_at(fixture, STRANGER, PID, 150);
  uint64_t missed = fixture->tracker->missed;
  put_child(fixture, PID, MAKE, "make", 'S', 60);
  happen(fixture, PROCESS_EXECED, PID, 0, fixture->now - 40 * MS);
  assert_int_equal(fixture->tracker->missed, missed + 1);
  fork_at(fixture, PID, CHILD, 20);
  const struct message message = end_of(CHILD, PID, "sh", 20, ERROR);
  take_between(fixture, &message, 1, 1, 0);
  assert_ends(fixture, 0, 0, 1);
  assert_ends(fixture, 1, 0, 0);
}

/* If the record of a parent was lost, its child seems to have been adopted too
 * early, and is taken for a process from before the events. It stays in the
 * table, and must not fit the record of the next process with the pid once that
 * one's start is known. */
static void finds_who_follows_again(void **state) {
  struct fixture *fixture = *state;
  begin_before(fixture, 50);
  fork_at(fixture, STRANGER, CHILD, 45);
  fork_at(fixture, CHILD, PID, 40);
  const struct message former = end_of(PID, 1, "sh", 2, OK);
  take_between(fixture, &former, 1, 70, 30);
  fork_at(fixture, STRANGER, PID, 25);
  put_child(fixture, PID, STRANGER, "cc", 'S', 25);
  happen(fixture, PROCESS_EXECED, PID, 0, fixture->now - 24 * MS);
  const struct message message = end_of(PID, STRANGER, "cc", 20, ERROR);
  take_between(fixture, &message, 1, 30, 0);
  assert_ends(fixture, 1, 0, 1);
}

/* A process whose record was lost ended before another one got its pid. */
static void tells_who_has_ended_before(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    bool is_seen; /* when it begins */
    uint64_t start_ms, fork_ms, age_ms, from_ms, until_ms;
  } cases[] = {
      {true, 150, 100, 80, 300, 0}, /* it cannot have lived so long */
      {false, 200, 140, 5, 138,
       130}, /* its record would have arrived earlier */
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    begin_before(fixture, LONG_MS);
    if (cases[i].is_seen) {
      put_process(fixture, PID, "make", 'S', cases[i].start_ms);
      fork_at(fixture, PID, CHILD, cases[i].fork_ms + 1);
    } else {
      fork_at(fixture, MAKE, PID, cases[i].start_ms);
    }
    put_process(fixture, PID, "cc", 'S', cases[i].fork_ms);
    fork_at(fixture, STRANGER, PID, cases[i].fork_ms);
    const struct message message =
        end_of(PID, STRANGER, "cc", cases[i].age_ms, OK);
    take_between(fixture, &message, 1, cases[i].from_ms, cases[i].until_ms);
    assert_ends(fixture, 0, 0, 0);
    assert_ends(fixture, 1, 1, 0);
    clear(fixture);
  }
}

/* A thread is not mistaken for a late thread of the pid's former process. */
static void tells_threads_apart(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    pid_t thread;
    uint64_t age_ms;
    bool is_late;
  } cases[] = {
      {"a late one", WORKER, 4, true},
      {"it has lived longer", WORKER, 10, false},
      {"that main thread has ended", PID, 4, false},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    begin_before(fixture, LONG_MS);
    fork_at(fixture, STRANGER, PID, 60);
    struct message message = with_another(end_of(PID, STRANGER, "cc", 5, OK));
    take_between(fixture, &message, 1, 70, 50);
    fork_at(fixture, STRANGER, PID, 40);
    message = thread_end_of(PID, cases[i].thread, cases[i].age_ms);
    take_between(fixture, &message, 1, 50, 0);
    assert_case_int(cases[i].name, truth(fixture, 1, COUNTER_FAULTS_MINOR),
                    used_of(COUNTER_FAULTS_MINOR, 1 + cases[i].is_late));
    clear(fixture);
  }
}

/* The parent in a record may differ from the process that forked it. */
static void tells_parents_apart(void **state) {
  struct fixture *fixture = *state;
  begin_before(fixture, LONG_MS);
  put_child(fixture, PID, STRANGER, "sh", 'S', 100);
  fork_at(fixture, PID, CHILD, 60);
  fork_at(fixture, MAKE, PID, 30);
  const struct message message = end_of(CHILD, PID, "sh", 60, OK);
  take_between(fixture, &message, 1, 70, 0);
  assert_ends(fixture, 0, 0, 0);
}

/* A parent has ended even if its main thread's record has not arrived yet. */
static void finds_the_child_of_one_that_waits(void **state) {
  struct fixture *fixture = *state;
  begin_before(fixture, 50);
  fork_at(fixture, STRANGER, PID, 40);
  fork_at(fixture, PID, CHILD, 30);
  struct message parent = with_another(thread_end_of(PID, WORKER, 20));
  struct message child = end_of(CHILD, 1, "cc", 20, OK);
  take_between(fixture, &parent, 1, 50, 0);
  size_t size = table_size(fixture);
  take_between(fixture, &child, 1, 50, 0);
  assert_ends(fixture, 1, 1, 0);
  assert_int_equal(table_size(fixture), size); /* the same is kept for a read */
}

/* A zombie with the pid shows nothing about the pid's former process. */
static void reads_no_clock_of_another_one(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  begin_before(fixture, LONG_MS);
  child_start(&child);
  fork_at(fixture, MAKE, child.pid, 100);
  child_tell(&child, 'b', 30);
  child_end(&child);
  child_settle_all();
  put_process(fixture, child.pid, "sh", 'Z', 50);
  const struct message message = end_of(child.pid, MAKE, "sh", 10, OK);
  take_between(fixture, &message, 1, 200, 0);
  assert_int_equal(cpu_of(fixture, 0), 2 * MS);
}

/* Neither does a zombie whose own record has not been taken yet. */
static void reads_no_clock_of_the_next_one(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  begin_before(fixture, LONG_MS);
  fixture->tracker->hears_events = false;
  child_start(&child);
  child_tell(&child, 'b', 30);
  child_end(&child);
  child_settle_all();
  put_process(fixture, child.pid, "sh", 'Z', 50);
  const struct message messages[] = {end_of(child.pid, STRANGER, "cc", 10, OK),
                                     end_of(child.pid, STRANGER, "sh", 20, OK)};
  take_between(fixture, messages, 2, 200, 0);
  assert_int_equal(cpu_of(fixture, 1), 2 * MS);
}

/* What a read finds while the pid is reused */

/* When a read takes the available records. */
enum moment { IS_MET = 1, IS_KNOWN };

struct change {
  struct fixture *fixture;
  enum moment moment, now;
  void (*meanwhile)(struct fixture *fixture, pid_t pid);
  pid_t pid;
};

static void change_once(void *context) {
  struct change *change = context;
  if (++change->now == change->moment)
    change->meanwhile(change->fixture, change->pid);
}

static void read_while(struct fixture *fixture, pid_t pid, enum moment moment,
                       void (*meanwhile)(struct fixture *fixture, pid_t pid)) {
  struct change change = {fixture, moment, 0, meanwhile, pid};
  fixture->tracker->drain =
      (struct drain){.context = &change, .take = change_once};
  child_settle_all();
  reader_read(fixture->reader, fixture->now, &fixture->report);
  fixture->tracker->drain = (struct drain){0};
}

static void be_another_one(struct fixture *fixture, pid_t pid) {
  put_process(fixture, pid, "sh", 'S', 20);
  fork_at(fixture, MAKE, pid, 20);
  const struct message message = thread_end_of(pid, pid, 5);
  take_between(fixture, &message, 1, 30, 0);
}

static void keeps_who_has_the_pid_since(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  begin_before(fixture, LONG_MS);
  fork_at(fixture, MAKE, CHILD, 30); /* from now on its parent is known */
  remove_process(fixture, STRANGER);
  remove_process(fixture, MAKE);
  child_start(&child);
  put_process(fixture, child.pid, "sh", 'S', 5000);
  read_while(fixture, child.pid, IS_MET, be_another_one);
  const struct message last =
      with_another(thread_end_of(child.pid, WORKER, 20));
  take_between(fixture, &last, 1, 30, 0);
  assert_used("all of it", fixture, 0, 2, 1);
}

static void end_meanwhile(struct fixture *fixture, pid_t pid) {
  const struct message message =
      with_another(end_of(pid, STRANGER, "cc", 20, OK));
  take_between(fixture, &message, 1, 30, 0);
  put_process(fixture, pid, "cc", DYING, 20);
}

static void keeps_who_ends_meanwhile(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  begin_before(fixture, LONG_MS);
  remove_process(fixture, STRANGER);
  remove_process(fixture, MAKE);
  child_start(&child);
  fork_at(fixture, STRANGER, child.pid, 20);
  put_process(fixture, child.pid, "cc", 'S', 20);
  read_while(fixture, child.pid, IS_MET, end_meanwhile);
  assert_ends(fixture, 1, 1, 0);
  const struct message late = thread_end_of(child.pid, WORKER, 5);
  take_between(fixture, &late, 1, 30, 0);
  assert_int_equal(truth(fixture, 1, COUNTER_FAULTS_MINOR),
                   used_of(COUNTER_FAULTS_MINOR, 2));
}

static void end_thread(struct fixture *fixture, pid_t pid) {
  const struct message message = thread_end_of(pid, WORKER, 4);
  take_between(fixture, &message, 1, 50, 0);
}

/* A thread is not mistaken for a late thread of the pid's former process once a
 * read has found the current one. */
static void tells_threads_of_who_is_met_apart(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  begin_before(fixture, LONG_MS);
  child_start(&child);
  fork_at(fixture, STRANGER, child.pid, 60);
  const struct message former =
      with_another(end_of(child.pid, STRANGER, "cc", 5, OK));
  take_between(fixture, &former, 1, 70, 50);
  put_process(fixture, child.pid, "sh", 'S', 40);
  fork_at(fixture, STRANGER, child.pid, 40);
  remove_process(fixture, STRANGER);
  remove_process(fixture, MAKE);
  read_while(fixture, child.pid, IS_KNOWN, end_thread);
  assert_int_equal(truth(fixture, 1, COUNTER_FAULTS_MINOR),
                   used_of(COUNTER_FAULTS_MINOR, 1));
}

/* The remains of a process that has ended are not mistaken for the pid's
 * current process. */
static void leaves_who_is_over_alone(void **state) {
  struct fixture *fixture = *state;
  for (int hears_events = 0; hears_events < 2; hears_events++) {
    struct child child;
    begin_before(fixture, 50);
    child_start(&child);
    fixture->tracker->hears_events = hears_events == 1;
    if (hears_events)
      fork_at(fixture, STRANGER, child.pid, 20);
    const struct message messages[] = {
        with_another(end_of(child.pid, STRANGER, "cc", 10, OK)),
        end_of(child.pid, STRANGER, "sh", 10, OK)};
    take_between(fixture, messages, 2, 100, 0);
    child_tell(&child, 'b', 30);
    child_end(&child);
    child_settle_all();
    put_process(fixture, child.pid, "sh", 'Z', 20);
    read_at(fixture, 0);
    assert_ends(fixture, 1, 1, 0);
    assert_int_equal(cpu_of(fixture, 1), 4 * MS);
    clear(fixture);
  }
}

static void begin_to_end(struct fixture *fixture, pid_t pid) {
  put_process(fixture, pid, "sh", DYING, 20);
}

/* Nor for one that was alive after that process's end was known. */
static void leaves_who_was_over_before_alone(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  begin_before(fixture, LONG_MS);
  fixture->tracker->hears_events = false;
  remove_process(fixture, STRANGER);
  remove_process(fixture, MAKE);
  child_start(&child);
  const struct message message =
      with_another(end_of(child.pid, STRANGER, "cc", 5, OK));
  take_between(fixture, &message, 1, 100, 0);
  child_tell(&child, 'b', 30);
  child_end(&child);
  put_process(fixture, child.pid, "sh", 'S', 20);
  read_while(fixture, child.pid, IS_MET, begin_to_end);
  assert_ends(fixture, 1, 1, 0);
  assert_int_equal(cpu_of(fixture, 1), 4 * MS);
}

static void take_last_thread(struct fixture *fixture, pid_t pid) {
  const struct message message = with_another(thread_end_of(pid, WORKER, 9));
  take_between(fixture, &message, 1, 100, 0);
}

/* A process that lives on is another one than that whose last thread has ended,
 * even if the exit of that one waits for its main thread's record. */
static void keeps_who_lives_on(void **state) {
  struct fixture *fixture = *state;
  for (int i = 0; i < 6; i++) {
    uint64_t age_ms = 10 + 10 * (uint64_t)(i / 2);
    struct child child;
    begin_before(fixture, LONG_MS);
    fixture->tracker->hears_events = false;
    remove_process(fixture, STRANGER);
    remove_process(fixture, MAKE);
    child_start(&child);
    put_process(fixture, child.pid, "cc", 'S', age_ms);
    if (i % 2 == 0) { /* while a read looks at it */
      read_while(fixture, child.pid, IS_MET, take_last_thread);
    } else {
      take_last_thread(fixture, child.pid);
      read_at(fixture, 0);
    }
    struct message messages[] = {
        end_of(child.pid, STRANGER, "cc", age_ms, ERROR),
        last_of(thread_end_of(child.pid, WORKER, age_ms), 3)};
    messages[0].record[MESSAGE_THREAD].flags = 0;
    messages[1].record[MESSAGE_PROCESS].exit_code = ERROR;
    take_between(fixture, messages, 2, 30, 0);
    assert_ends(fixture, 1, 0, 1);
    assert_int_equal(truth(fixture, 1, COUNTER_DELAY),
                     used_of(COUNTER_DELAY, 3));
    clear(fixture);
  }
}

/* Without fork events, records that are taken together show the order in which
 * processes with the same pid started. */
static void finds_who_follows_at_once(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  begin_before(fixture, LONG_MS);
  fixture->tracker->hears_events = false;
  child_start(&child);
  const struct message messages[] = {end_of(child.pid, STRANGER, "cc", 1, OK),
                                     thread_end_of(child.pid, WORKER, 40)};
  take_between(fixture, messages, 2, 200, 0);
  put_process(fixture, child.pid, "cc", 'S', 60);
  read_at(fixture, 0);
  const struct message last =
      with_another(end_of(child.pid, STRANGER, "cc", 60, ERROR));
  take_between(fixture, &last, 1, 10, 0);
  assert_ends(fixture, 1, 1, 1);
  assert_int_equal(truth(fixture, 1, COUNTER_FAULTS_MINOR),
                   used_of(COUNTER_FAULTS_MINOR, 3));
}

/* A process whose record was lost is not a parent any more. */
static void inherits_nothing_from_who_is_gone(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  begin_before(fixture, LONG_MS);
  child_start(&child);
  put_process(fixture, PID, "make", 'S', 150);
  fork_at(fixture, PID, CHILD, 120);
  put_process(fixture, PID, "sh", 'S', 100);
  fork_at(fixture, STRANGER, PID, 100);
  fork_at(fixture, PID, child.pid, 50);
  put_child(fixture, child.pid, PID, "sh", 'S', 50);
  const struct message message = end_of(PID, STRANGER, "sh", 60, OK);
  take_between(fixture, &message, 1, 45, 30);
  remove_process(fixture, PID);
  remove_process(fixture, MAKE);
  read_at(fixture, 0);
  assert_int_equal(group_at(fixture->tracker, 0)->gauges[GAUGE_PROCESSES], 0);
}

#define prepared(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      prepared(tells_a_stranger_from_who_follows_it),
      prepared(tells_who_was_there_before_from_who_follows),
      prepared(tells_who_has_lived_longer),
      prepared(enters_who_follows_unheard),
      prepared(finds_who_follows_again),
      prepared(tells_who_has_ended_before),
      prepared(tells_threads_apart),
      prepared(tells_threads_of_who_is_met_apart),
      prepared(tells_parents_apart),
      prepared(finds_the_child_of_one_that_waits),
      prepared(reads_no_clock_of_another_one),
      prepared(reads_no_clock_of_the_next_one),
      prepared(keeps_who_has_the_pid_since),
      prepared(keeps_who_ends_meanwhile),
      prepared(leaves_who_is_over_alone),
      prepared(leaves_who_was_over_before_alone),
      prepared(keeps_who_lives_on),
      prepared(finds_who_follows_at_once),
      prepared(inherits_nothing_from_who_is_gone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
