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
  struct message message = death_of(child.pid, life->after, LIFE_MS);
  set_thread_use(&message.record[MESSAGE_THREAD], life->uses);
  child_reap(&child);
  take(fixture, &message, 1);
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(keeps_what_was_used_before, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(moves_what_is_negligible, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(considers_all_threads, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
