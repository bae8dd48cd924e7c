/* SPDX-License-Identifier: MIT */
#include "track/unread_change.h"

#include "support/exit_records.h"

/*
 * Processes that changed just before they ended, so that nothing could read
 * what they had become. Group 0 is "one", group 1 "two"; "sh" is in no group.
 */

enum { LIFE_MS = 500, SINCE_MS = 20 };

struct life {
  const char *name, *before, *after;
  enum process_event_kind change;
  bool is_listed;       /* a read has found it before the change */
  bool is_postponed;    /* its change waits for a read */
  uint64_t uses, moves; /* of 2 ms of CPU time: all; and those after it */
  bool moves_all;       /* and everything else is the new group's */
};

/* Uses up the looks at changes of names. */
static void use_up_looks(struct fixture *fixture) {
  for (pid_t pid = PID; pid < PID + 100; pid++)
    happen(fixture, PROCESS_RENAMED, pid, 0, fixture->now);
}

/* A process that is known from its fork and its exec. */
static void begin_life(struct fixture *fixture, struct child *child,
                       const char *comm) {
  uint64_t start_ns = fixture->now - LIFE_MS * MS;
  add_group(fixture, SELECTOR_COMMAND, "one");
  add_group(fixture, SELECTOR_COMMAND, "two");
  begin(fixture, 2 * LIFE_MS);
  read_at(fixture, LIFE_MS + 100);
  child_start(child);
  put_process(fixture, child->pid, comm, 'S', LIFE_MS);
  event_accounting_set_time(fixture->event_accounting, start_ns + MS);
  happen(fixture, PROCESS_FORKED, child->pid, 1, start_ns);
  happen(fixture, PROCESS_EXECED, child->pid, 0, start_ns + MS);
}

/* Ends it, with the use of set_thread_use. */
static void end_life(struct fixture *fixture, struct child *child,
                     const char *comm, uint64_t uses) {
  struct message message = death_of(child->pid, comm, LIFE_MS);
  set_thread_use(&message.record[MESSAGE_THREAD], uses);
  child_reap(child);
  take(fixture, &message, 1);
}

static void live(struct fixture *fixture, const struct life *life) {
  struct child child;
  begin_life(fixture, &child, life->before);
  fixture->tracker->must_list = life->is_listed;
  if (life->is_listed)
    read_at(fixture, LIFE_MS / 2);
  event_accounting_set_time(fixture->event_accounting, fixture->now);
  if (life->is_postponed)
    use_up_looks(fixture);
  remove_process(fixture, child.pid);
  happen(fixture, life->change, child.pid, 0, fixture->now - SINCE_MS * MS);
  end_life(fixture, &child, life->after, life->uses);
}

/* The use of a group, in units of set_use. */
static void assert_shares(const struct fixture *fixture,
                          const struct life *life) {
  bool was_one = strcmp(life->before, "one") == 0;
  bool is_two = strcmp(life->after, "two") == 0;
  int64_t before = was_one ? (int64_t)(life->uses - life->moves) : 0;
  int64_t after = is_two ? (int64_t)life->moves : 0;
  assert_case_int(life->name, cpu_of(fixture, 0), before * 2 * MS);
  assert_case_int(life->name, cpu_of(fixture, 1), after * 2 * MS);
  assert_case_int(life->name, exits_of(fixture, 0), 0);
  assert_case_int(life->name, exits_of(fixture, 1), is_two);
  static const unsigned int counters[] = {COUNTER_DELAY, COUNTER_WRITE_CHARS,
                                          COUNTER_FAULTS_MINOR};
  for (size_t i = 0; i < COUNT_OF(counters) && !life->is_listed; i++) {
    int64_t all = (int64_t)used_of(counters[i], life->uses);
    assert_case_int(life->name, truth(fixture, 0, counters[i]),
                    was_one && !life->moves_all ? all : 0);
    assert_case_int(life->name, truth(fixture, 1, counters[i]),
                    is_two && life->moves_all ? all : 0);
  }
}

/* Its CPU time is divided by the time of the change; the rest stays. */
static void keeps_what_was_used_before(void **state) {
  struct fixture *fixture = *state;
  enum { ALL = 50, LAST = SINCE_MS / 2 };
  static const struct life lives[] = {
      {"to another group", "one", "two", PROCESS_EXECED, .uses = ALL, LAST},
      {"to no group", "one", "sh", PROCESS_EXECED, .uses = ALL, LAST},
      {"from no group", "sh", "two", PROCESS_EXECED, .uses = ALL, LAST},
      {"a name", "one", "two", PROCESS_RENAMED, .uses = ALL, LAST},
      {"a name, from no group", "sh", "two", PROCESS_RENAMED, .uses = ALL,
       LAST},
      {"postponed", "one", "two", PROCESS_RENAMED, .is_postponed = true,
       .uses = ALL, LAST},
      {"listed", "one", "two", PROCESS_EXECED, .is_listed = true, .uses = ALL,
       LAST},
      {"listed, from no group", "sh", "two", PROCESS_EXECED, .is_listed = true,
       .uses = ALL, LAST},
  };

  for (size_t i = 0; i < COUNT_OF(lives); i++) {
    live(fixture, &lives[i]);
    assert_shares(fixture, &lives[i]);
    clear(fixture);
  }
}

/* A process that was forked for what it has become has used little before. */
static void moves_what_is_negligible(void **state) {
  struct fixture *fixture = *state;
  enum { ALL = (SINCE_MS + 48) / 2 };
  static const struct life lives[] = {
      {"to another group", "one", "two", PROCESS_EXECED, .uses = ALL, ALL,
       true},
      {"from no group", "sh", "two", PROCESS_EXECED, .uses = ALL, ALL, true},
  };

  for (size_t i = 0; i < COUNT_OF(lives); i++) {
    live(fixture, &lives[i]);
    assert_shares(fixture, &lives[i]);
    clear(fixture);
  }
}

/* While the record of a thread is missing, nothing is certain. */
static void divides_nothing_without_all_records(void **state) {
  struct fixture *fixture = *state;
  enum { ALL = 50 };
  struct child child;
  begin_life(fixture, &child, "one");
  remove_process(fixture, child.pid);
  struct message last = last_of(death_of(child.pid, "two", LIFE_MS), ALL);
  set_thread_use(&last.record[MESSAGE_THREAD], ALL / 2);
  happen(fixture, PROCESS_RENAMED, child.pid, 0, fixture->now - SINCE_MS * MS);
  child_reap(&child);
  take(fixture, &last, 1);
  assert_int_equal(cpu_of(fixture, 0), 0);
  assert_int_equal(cpu_of(fixture, 1), ALL * 2 * MS);
}

/* What a fork shows does not make the change later; nor does a later change of
 * its name, but an exec does. */
static void remembers_the_time_of_the_change(void **state) {
  struct fixture *fixture = *state;
  enum { ALL = 50 };
  static const struct {
    const char *name;
    enum process_event_kind kind;
    int64_t after_ms;
  } cases[] = {{"a fork", PROCESS_FORKED, SINCE_MS},
               {"a name", PROCESS_RENAMED, SINCE_MS},
               {"an exec", PROCESS_EXECED, 0}};

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct child child;
    begin_life(fixture, &child, "one");
    remove_process(fixture, child.pid);
    happen(fixture, PROCESS_EXECED, child.pid, 0, fixture->now - SINCE_MS * MS);
    bool is_fork = cases[i].kind == PROCESS_FORKED;
    happen(fixture, cases[i].kind, is_fork ? PID : child.pid,
           is_fork ? child.pid : 0, fixture->now);
    end_life(fixture, &child, "two", ALL);
    assert_case_int(cases[i].name, cpu_of(fixture, 1), cases[i].after_ms * MS);
    clear(fixture);
  }
}

/* Without an unread change, nothing is known about when it changed. */
static void divides_nothing_without_an_event(void **state) {
  struct fixture *fixture = *state;
  enum { ALL = 50 };
  struct child child;
  begin_life(fixture, &child, "one");
  happen(fixture, PROCESS_FORKED, PID, child.pid, fixture->now - SINCE_MS * MS);
  remove_process(fixture, child.pid);
  end_life(fixture, &child, "two", ALL);
  assert_int_equal(cpu_of(fixture, 0), 0);
  assert_int_equal(cpu_of(fixture, 1), ALL * 2 * MS);
}

/* The event of a process whose fork was lost says nothing about the one that
 * had its pid before. */
static void proves_nothing_about_a_former_process(void **state) {
  struct fixture *fixture = *state;
  enum { ALL = 50 };
  struct child child;
  begin_life(fixture, &child, "one");
  remove_process(fixture, child.pid);
  happen(fixture, PROCESS_EXECED, child.pid, 0, fixture->now);
  struct message message = death_of(child.pid, "one", LIFE_MS - 100);
  set_thread_use(&message.record[MESSAGE_THREAD], ALL);
  child_reap(&child);
  exit_accounting_take(fixture->exits, &message, 1, fixture->now - 100 * MS,
                       fixture->now);
  assert_int_equal(exits_of(fixture, 0), 1);
  assert_int_equal(cpu_of(fixture, 0), ALL * 2 * MS);
  assert_int_equal(table_size(fixture), 1); /* no other one was entered */
}

/* Its other use goes where most of its CPU time goes. */
static void divides_only_cpu_time(void **state) {
  struct fixture *fixture = *state;
  enum { ALL = 200, AFTER_MS = 250 };
  struct child child;
  begin_life(fixture, &child, "one");
  remove_process(fixture, child.pid);
  happen(fixture, PROCESS_EXECED, child.pid, 0, fixture->now - AFTER_MS * MS);
  end_life(fixture, &child, "two", ALL);
  assert_int_equal(cpu_of(fixture, 0), (2 * ALL - AFTER_MS) * MS);
  assert_int_equal(cpu_of(fixture, 1), AFTER_MS * MS);
  assert_int_equal(truth(fixture, 0, COUNTER_WRITE_CHARS), 0);
  assert_int_equal(truth(fixture, 1, COUNTER_WRITE_CHARS),
                   used_of(COUNTER_WRITE_CHARS, ALL));
}

/* Each of its threads may have run since. */
static void considers_all_threads(void **state) {
  struct fixture *fixture = *state;
  enum { ALL = 50 };
  struct child child;
  begin_life(fixture, &child, "one");
  remove_process(fixture, child.pid);
  struct message threads[] = {thread_of(child.pid, PID, "one", ALL / 2),
                              death_of(child.pid, "two", LIFE_MS)};
  set_thread_use(&threads[1].record[MESSAGE_THREAD], ALL / 2);
  threads[1] = last_of(threads[1], ALL);
  happen(fixture, PROCESS_RENAMED, child.pid, 0, fixture->now - SINCE_MS * MS);
  child_reap(&child);
  take(fixture, threads, 2);
  assert_int_equal(cpu_of(fixture, 0), ALL * 2 * MS - 2 * SINCE_MS * MS);
  assert_int_equal(cpu_of(fixture, 1), 2 * SINCE_MS * MS);
}

#define prepared(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      prepared(keeps_what_was_used_before),
      prepared(moves_what_is_negligible),
      prepared(considers_all_threads),
      prepared(divides_nothing_without_all_records),
      prepared(divides_nothing_without_an_event),
      prepared(remembers_the_time_of_the_change),
      prepared(proves_nothing_about_a_former_process),
      prepared(divides_only_cpu_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
