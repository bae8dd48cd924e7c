/* SPDX-License-Identifier: MIT */
#include "track/exit_accounting.h"

#include "support/exit_records.h"

/*
 * Descent as reported by the kernel's process events, procfs and exit records.
 * Group 0 is that of "make" and its descendants.
 */

enum { A = PID - 50, B, C, D, STRANGER = PID - 40, OLD_MS = 5000 };

static void add_make(struct fixture *fixture) {
  add_group(fixture, SELECTOR_COMMAND, "make");
  fixture->rules[fixture->count - 1].descendants = true;
}

static void fork_at(struct fixture *fixture, pid_t parent, pid_t child,
                    uint64_t before_ms) {
  happen(fixture, PROCESS_FORKED, child, parent, fixture->now - before_ms * MS);
}

static void exec_at(struct fixture *fixture, pid_t pid, uint64_t before_ms) {
  happen(fixture, PROCESS_EXECED, pid, 0, fixture->now - before_ms * MS);
}

static void die(struct fixture *fixture, pid_t pid, pid_t ppid,
                const char *comm, uint64_t age_ms) {
  struct message message = death_of(pid, comm, age_ms);
  message.record[MESSAGE_THREAD].ppid = (uint32_t)ppid;
  take(fixture, &message, 1);
}

/* Once all processes have ended and their records have been taken, only their
 * use is left. */
static void assert_clean(const char *name, struct fixture *fixture) {
  tree_renew(&fixture->tree);
  for (int i = 0; i < 3; i++) {
    fixture->tracker->must_list = true;
    read_at(fixture, 0);
  }
  assert_case_int(name, table_size(fixture), 0);
  for (struct group *g = fixture->tracker->groups; g != NULL; g = g->next)
    assert_case_int(name, g->members, 0);
}

/* Processes that no read has seen */

/* Init adopts a child as soon as the record of its parent is sent. */
static pid_t parent_of(const char *story, const char *at, bool has_ppid,
                       char letter, pid_t pid) {
  const char *death = strchr(story, letter);
  bool is_dead = death != NULL && death < at;
  return has_ppid || !is_dead ? pid : 1;
}

static void tell_unseen(struct fixture *fixture, const char *story,
                        const char *at, bool has_ppid) {
  switch (*at) {
  case 'b':
    fork_at(fixture, A, B, AGE_MS);
    break;
  case 'c':
    fork_at(fixture, B, C, AGE_MS);
    break;
  case 'd':
    fork_at(fixture, C, D, AGE_MS);
    break;
  case 'A':
    die(fixture, A, 1, "make", OLD_MS);
    remove_process(fixture, A);
    break;
  case 'B':
    die(fixture, B, parent_of(story, at, has_ppid, 'A', A), "sh", AGE_MS);
    break;
  case 'C':
    die(fixture, C, parent_of(story, at, has_ppid, 'B', B), "cc1", AGE_MS);
    break;
  default:
    die(fixture, D, parent_of(story, at, has_ppid, 'C', C), "as", AGE_MS);
    break;
  }
}

/* Forks precede the records of the processes involved; everything else is in
 * any order. Each process counts from its start. */
static void counts_the_unseen_in_any_order(void **state) {
  struct fixture *fixture = *state;
  /* Lower case: the fork of this child; upper case: its exit record. */
  static const char *const stories[] = {
      "bBA",    "bAB",     "bcCBA",   "bcBCA",   "bcABC",     "bcBAC",
      "bcACB",  "bAcBC",   "bAcCB",   "bcdDCBA", "bcdABCD",   "bcdBACD",
      "bcBdAC", "bcBdCAD", "bAcBdCD", "bcdCBDA", "bcBdDCA",   "bcBAdCD",
      "bb",     "bbBA",    "bcbcCBA", "bcdCDBA", "bcdBCADBC", "bcd",
  };

  for (size_t i = 0; i < 2 * COUNT_OF(stories); i++) {
    const char *name = stories[i / 2];
    bool has_ppid = i % 2 == 1; /* or else init has adopted them */
    add_make(fixture);
    add_group(fixture, SELECTOR_COMMAND, "nobody");
    begin(fixture, 10000);
    put_process(fixture, A, "make", 'S', OLD_MS);
    for (const char *letter = name; *letter != '\0'; letter++)
      tell_unseen(fixture, name, letter, has_ppid);
    uint64_t ends = 0;
    for (const char *who = "ABCD"; *who != '\0'; who++)
      ends += strchr(name, *who) != NULL;
    assert_used(name, fixture, 0, ends, (int64_t)ends);
    assert_used(name, fixture, 1, 0, 0);
    assert_case_int(name, fixture->tracker->undecided, 0);
    assert_clean(name, fixture);
    assert_used(name, fixture, 0, ends, (int64_t)ends);
    clear(fixture);
  }
}

/* The threads of one, too. */
static void counts_the_threads_of_the_unseen(void **state) {
  struct fixture *fixture = *state;
  static const char *const orders[] = {"mtL", "tmL", "tlM", "mLt", "lMt"};

  for (size_t i = 0; i < COUNT_OF(orders); i++) {
    add_make(fixture);
    begin(fixture, 10000);
    put_process(fixture, A, "make", 'S', OLD_MS);
    fork_at(fixture, A, B, AGE_MS);
    for (const char *letter = orders[i]; *letter != '\0'; letter++) {
      struct message message;
      switch (*letter) {
      case 'm': /* the main thread */
        message = thread_of(B, B, "cc1", 1);
        break;
      case 't':
        message = thread_of(B, B + 100, "worker", 1);
        break;
      case 'L': /* another thread is the last one */
        message = last_of(thread_of(B, B + 200, "worker", 1), 3);
        break;
      case 'l': /* likewise */
        message = thread_of(B, B + 200, "worker", 1);
        break;
      default: /* the main thread is */
        message = last_of(thread_of(B, B, "cc1", 1), 3);
        break;
      }
      message.record[MESSAGE_THREAD].ppid = A;
      take(fixture, &message, 1);
    }
    assert_case_int(orders[i], exits_of(fixture, 0), 1);
    assert_case_int(orders[i], truth(fixture, 0, COUNTER_DELAY),
                    used_of(COUNTER_DELAY, 3));
    assert_case_int(orders[i], truth(fixture, 0, COUNTER_READ_BYTES),
                    used_of(COUNTER_READ_BYTES, 3));
    assert_clean(orders[i], fixture);
    clear(fixture);
  }
}

/* A parent that no read has seen is matched when it forks. */
static void judges_the_unseen_parent(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    const char *parent; /* its name in procfs; NULL: it has ended */
    bool descendants;
    int64_t ends; /* exits of its child that count */
  } cases[] = {
      {"a member", "make", true, 1},
      {"a stranger", "bash", true, 0},
      {"a member without descendants", "make", false, 0},
      {"gone", NULL, true, 0},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    add_make(fixture);
    fixture->rules[0].descendants = cases[i].descendants;
    begin(fixture, 10000);
    if (cases[i].parent != NULL)
      put_process(fixture, A, cases[i].parent, 'S', OLD_MS);
    fork_at(fixture, A, B, AGE_MS);
    fork_at(fixture, A, C, AGE_MS);
    die(fixture, B, A, "cc1", AGE_MS);
    assert_used(name, fixture, 0, (uint64_t)cases[i].ends, cases[i].ends);
    /* It is matched only once: a later name makes no difference. */
    if (cases[i].parent != NULL)
      put_process(fixture, A, "other", 'S', OLD_MS);
    fork_at(fixture, A, D, AGE_MS);
    die(fixture, D, A, "cc1", AGE_MS);
    die(fixture, C, A, "cc1", AGE_MS);
    assert_used(name, fixture, 0, 3 * (uint64_t)cases[i].ends,
                3 * cases[i].ends);
    assert_clean(name, fixture);
    clear(fixture);
  }
}

/* After exec, it is matched again. */
static void judges_anew_after_exec(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    const char *first, *then;
    bool is_forked; /* the process itself, by a make */
    int64_t before, after;
  } cases[] = {
      {"becomes a member", "sh", "make", false, 0, 1},
      {"is one no more", "make", "sh", false, 1, 0},
      {"stays one", "make", "make", false, 1, 1},
      {"stays none", "sh", "bash", false, 0, 0},
      {"has inherited", "sh", "cc1", true, 1, 1},
      {"has inherited, and matches", "sh", "make", true, 1, 1},
      {"has inherited, and has matched", "make", "sh", true, 1, 1},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    add_make(fixture);
    begin(fixture, 10000);
    put_process(fixture, STRANGER, "make", 'S', OLD_MS);
    if (cases[i].is_forked)
      fork_at(fixture, STRANGER, A, AGE_MS);
    put_process(fixture, A, cases[i].first, 'S', AGE_MS);
    fork_at(fixture, A, B, AGE_MS);
    put_process(fixture, A, cases[i].then, 'S', AGE_MS);
    exec_at(fixture, A, 0);
    fork_at(fixture, A, C, AGE_MS);
    exec_at(fixture, B,
            0); /* changes nothing for a process that has inherited */
    exec_at(fixture, D, 0); /* nor is any process with this pid known */
    die(fixture, B, A, "cc1", AGE_MS);
    assert_case_int(name, exits_of(fixture, 0), cases[i].before);
    die(fixture, C, A, "cc1", AGE_MS);
    assert_case_int(name, exits_of(fixture, 0),
                    cases[i].before + cases[i].after);
    /* Its last attributes decide its own groups. */
    int64_t own = cases[i].is_forked || strcmp(cases[i].then, "make") == 0;
    die(fixture, A, cases[i].is_forked ? STRANGER : 1, cases[i].then, AGE_MS);
    assert_case_int(name, exits_of(fixture, 0),
                    cases[i].before + cases[i].after + own);
    assert_clean(name, fixture);
    clear(fixture);
  }
}

/* By its own name, it may belong to other groups, and to this one only once. */
static void counts_in_its_own_groups_too(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *comm;
    bool is_forked;
    int64_t ends[3];
  } cases[] = {
      {"cc1", true, {1, 1, 1}},  {"cc1", false, {0, 1, 1}},
      {"as", true, {1, 0, 1}},   {"as", false, {0, 0, 1}},
      {"make", true, {1, 0, 1}}, {"make", false, {1, 0, 1}},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    add_make(fixture);
    add_group(fixture, SELECTOR_COMMAND, "cc1");
    add_group(fixture, SELECTOR_USER, "1000");
    fixture->rules[0].notify = NOTIFY_ALL;
    fixture->rules[1].notify = NOTIFY_ALL;
    begin(fixture, 10000);
    put_process(fixture, A, "make", 'S', OLD_MS);
    if (cases[i].is_forked)
      fork_at(fixture, A, B, AGE_MS);
    die(fixture, B, A, cases[i].comm, AGE_MS);
    for (size_t g = 0; g < 3; g++)
      assert_used(cases[i].comm, fixture, g, (uint64_t)cases[i].ends[g],
                  cases[i].ends[g]);
    assert_case_int(cases[i].comm, fixture->event_count,
                    cases[i].ends[0] + cases[i].ends[1]);
    assert_clean(cases[i].comm, fixture);
    clear(fixture);
  }
}

/* Without process events, the exit record's parent decides if a read has seen
 * it. */
static void decides_by_the_records_parent(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    const char *parent; /* NULL: unseen */
    bool is_adopted;
    int64_t ends;
  } cases[] = {
      {"a member", "make", false, 1},
      {"a member, which is gone", "make", true, 0},
      {"a stranger", "bash", false, 0},
      {"unseen", NULL, false, 0},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct child parent;
    add_make(fixture);
    begin(fixture, 10000);
    child_start(&parent);
    if (cases[i].parent != NULL)
      put_process(fixture, parent.pid, cases[i].parent, 'S', OLD_MS);
    read_at(fixture, 1000);
    int64_t cpu = cpu_of(fixture, 0);
    die(fixture, B, cases[i].is_adopted ? 1 : parent.pid, "cc1", AGE_MS);
    assert_case_int(cases[i].name, exits_of(fixture, 0), cases[i].ends);
    assert_case_int(cases[i].name, cpu_of(fixture, 0) - cpu,
                    cases[i].ends * 2 * MS);
    assert_clean(cases[i].name, fixture);
    clear(fixture);
  }
}

/* A process that has inherited its group stays in it whatever the rule matches:
 * its record decides nothing. */
static void has_no_doubt_about_heirs(void **state) {
  struct fixture *fixture = *state;
  add_group(fixture, SELECTOR_COMMAND_LINE, "^make");
  fixture->rules[0].descendants = true;
  begin(fixture, 10000);
  put_process(fixture, A, "make", 'S', OLD_MS);
  fork_at(fixture, A, B, AGE_MS);
  die(fixture, B, A, "cc1", AGE_MS);
  assert_used("heir", fixture, 0, 1, 1);
  assert_int_equal(fixture->tracker->undecided, 0);
}

/* A process that was found to be a member while it lived, and has not called
 * exec since, ends as one. */
static void remembers_its_judgement(void **state) {
  struct fixture *fixture = *state;
  add_group(fixture, SELECTOR_COMMAND_LINE, "^make");
  fixture->rules[0].descendants = true;
  begin(fixture, 10000);
  put_process(fixture, A, "make", 'S', OLD_MS);
  fork_at(fixture, A, B, AGE_MS);
  remove_process(fixture, A);
  die(fixture, A, 1, "make", OLD_MS);
  assert_used("parent", fixture, 0, 1, 1);
  assert_int_equal(fixture->tracker->undecided, 0);
}

/* A process whose parent is not the one that forked it is an orphan: a copy of
 * the process that forked it, not of the one that adopted it. */
static void tells_orphans_from_children(void **state) {
  struct fixture *fixture = *state;
  for (int is_orphan = 0; is_orphan < 2; is_orphan++) {
    add_group(fixture, SELECTOR_COMMAND_LINE, "^sh make");
    begin(fixture, 10000);
    put_process(fixture, A, "sh", 'S', OLD_MS);
    put_process(fixture, STRANGER, "sh", 'S', OLD_MS);
    tree_put_of(&fixture->tree, is_orphan ? STRANGER : A, "cmdline", "sh make");
    fork_at(fixture, A, B, AGE_MS);
    struct message message = death_of(B, "sh", AGE_MS);
    struct record *record = &message.record[MESSAGE_THREAD];
    record->ppid = (uint32_t)(is_orphan ? STRANGER : A);
    record->flags |= RECORD_FORKED;
    take(fixture, &message, 1);
    assert_int_equal(exits_of(fixture, 0), !is_orphan);
    assert_int_equal(fixture->tracker->undecided, 0);
    clear(fixture);
  }
}

/* A pid that was reused */

enum { NEW_MS = 1000, FORMER_AGE_MS = OLD_MS - NEW_MS - 100 };

static void tells_parents_of_one_pid_apart(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    bool was_heir, is_heir; /* forked by a make */
    const char *was, *is;   /* their names */
    bool is_met;            /* the former process, found by a read */
    bool has_exited; /* its record arrived before the other's fork event */
    int64_t ends;    /* exits of the other's child that count */
  } cases[] = {
      {"a stranger after an heir", true, false, "sh", "sh", false, true, 0},
      {"a stranger after an heir, before its record", true, false, "sh", "sh",
       false, false, 0},
      {"a stranger after an heir that was met", true, false, "sh", "sh", true,
       true, 0},
      {"a stranger after an heir that was met, before its record", true, false,
       "sh", "sh", true, false, 0},
      {"an heir after a stranger", false, true, "sh", "sh", false, true, 1},
      {"an heir after a stranger, before its record", false, true, "sh", "sh",
       false, false, 1},
      {"an heir after a stranger that was met", false, true, "sh", "sh", true,
       true, 1},
      {"an heir after a stranger that was met, before its record", false, true,
       "sh", "sh", true, false, 1},
      {"a make after a stranger", false, false, "sh", "make", false, true, 1},
      {"a make after a stranger, before its record", false, false, "sh", "make",
       false, false, 1},
      {"a make after a stranger that was met", false, false, "sh", "make", true,
       true, 1},
      {"a make after a stranger that was met, before its record", false, false,
       "sh", "make", true, false, 1},
      {"a stranger after a make", false, false, "make", "sh", false, true, 0},
      {"a stranger after a make, before its record", false, false, "make", "sh",
       false, false, 0},
      {"a stranger after a make that was met", false, false, "make", "sh", true,
       true, 0},
      {"a stranger after a make that was met, before its record", false, false,
       "make", "sh", true, false, 0},
      {"an heir after an heir", true, true, "sh", "sh", false, true, 1},
      {"an heir after an heir, before its record", true, true, "sh", "sh",
       false, false, 1},
      {"an heir after an heir that was met", true, true, "sh", "sh", true, true,
       1},
      {"an heir after an heir that was met, before its record", true, true,
       "sh", "sh", true, false, 1},
  };
  size_t wrong = 0;

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct child child;
    add_make(fixture);
    begin(fixture, 10000);
    child_start(&child);
    put_process(fixture, A, "make", 'S', OLD_MS);
    put_process(fixture, STRANGER, "bash", 'S', OLD_MS);

    pid_t parent = cases[i].was_heir ? A : STRANGER;
    fork_at(fixture, parent, child.pid, OLD_MS);
    put_process(fixture, child.pid, cases[i].was, 'S', OLD_MS);
    exec_at(fixture, child.pid, OLD_MS);
    fork_at(fixture, child.pid, B, OLD_MS);
    if (cases[i].is_met)
      read_at(fixture, NEW_MS + 1000);
    bool was_member = cases[i].was_heir || strcmp(cases[i].was, "make") == 0;
    if (cases[i].has_exited)
      die(fixture, child.pid, parent, cases[i].was, FORMER_AGE_MS);

    fork_at(fixture, cases[i].is_heir ? A : STRANGER, child.pid, NEW_MS);
    put_process(fixture, child.pid, cases[i].is, 'S', NEW_MS);
    exec_at(fixture, child.pid, NEW_MS);
    fork_at(fixture, child.pid, C, AGE_MS);
    if (!cases[i].has_exited)
      die(fixture, child.pid, parent, cases[i].was, FORMER_AGE_MS);
    assert_case_int(cases[i].name, exits_of(fixture, 0), was_member);
    die(fixture, C, child.pid, "cc1", AGE_MS);
    if (exits_of(fixture, 0) != was_member + cases[i].ends) {
      print_error("%s: its child counts %lld times\n", cases[i].name,
                  (long long)exits_of(fixture, 0) - was_member);
      wrong++;
    }
    clear(fixture);
  }
  assert_int_equal(wrong, 0);
}

/* Processes of which reads have seen some */

struct story {
  struct fixture *fixture;
  struct child a, b; /* "make", and what it has started */
  const char *name;  /* of the latter */
  bool has_a, has_b;
};

static void put_b(const struct story *story) {
  put_child(story->fixture, story->b.pid, story->has_a ? story->a.pid : 1,
            story->name, 'S', AGE_MS);
}

static void tell_seen(const char *name, struct story *story, char letter) {
  struct fixture *fixture = story->fixture;

  switch (letter) {
  case 'b': /* the fork event is taken */
    fork_at(fixture, story->a.pid, story->b.pid, AGE_MS);
    break;
  case 'x': /* it calls exec */
    exec_at(fixture, story->b.pid, 0);
    story->name = "cc1";
    child_tell(&story->b, 'b', 2);
    put_b(story);
    break;
  case 'R':
    read_at(fixture, 0);
    assert_case_int(name,
                    group_at(fixture->tracker, 0)->gauges[GAUGE_PROCESSES],
                    story->has_a + story->has_b);
    assert_case_int(name, group_at(fixture->tracker, 0)->members,
                    story->has_a + story->has_b);
    break;
  case 'A': /* ends */
    die(fixture, story->a.pid, 1, "make", OLD_MS);
    child_reap(&story->a);
    remove_process(fixture, story->a.pid);
    story->has_a = false;
    put_b(story);
    break;
  default:
    die(fixture, story->b.pid, story->has_a ? story->a.pid : 1, story->name,
        AGE_MS);
    child_reap(&story->b);
    remove_process(fixture, story->b.pid);
    story->has_b = false;
    break;
  }
}

static void keeps_descendants(void **state) {
  struct fixture *fixture = *state;
  static const char *const stories[] = {
      "bRxRARB",  "bRARxRB", "bxRARB", "bARxRB",  "bAxRB",  "bARB",
      "bAB",      "bAxB",    "bB",     "bxBA",    "bRB",    "bRBA",
      "bRAB",     "RbxRARB", "RbARxB", "RxbRARB", "RxRARB", "RARxRB",
      "RRARxRRB", "RABR",    "RB",     "RBAR",    "BA",
  };

  for (size_t i = 0; i < COUNT_OF(stories); i++) {
    const char *name = stories[i];
    struct story story = {
        .fixture = fixture, .name = "sh", .has_a = true, .has_b = true};
    add_make(fixture);
    begin(fixture, 10000);
    child_start(&story.a);
    child_start(&story.b);
    put_process(fixture, story.a.pid, "make", 'S', OLD_MS);
    read_at(fixture, 1000);
    put_b(&story);
    for (const char *letter = name; *letter != '\0'; letter++)
      tell_seen(name, &story, *letter);
    assert_case_int(name, exits_of(fixture, 0), 1 + !story.has_a);
    assert_clean(name, fixture);
    assert_case_int(name, exits_of(fixture, 0), 1 + !story.has_a);
    clear(fixture);
  }
}

/* From its start, or from the plugin's. */
static void counts_what_a_descendant_has_used(void **state) {
  struct fixture *fixture = *state;
  enum { BURNT_MS = 30 };
  static const struct {
    const char *name;
    const char
        *events; /* b: the fork event is taken; R: a read finds the child */
    uint64_t since_ms; /* time since the plugin's start */
    bool from_zero;
  } cases[] = {
      {"told before it is met", "bR", 10000, true},
      {"told after it is met", "Rb", 10000, true},
      {"never told", "R", 10000, true},
      {"older than the plugin", "R", 0, false},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct child parent, child;
    add_make(fixture);
    begin(fixture, cases[i].since_ms);
    child_start(&parent);
    child_start(&child);
    child_tell(&child, 'b', BURNT_MS);
    put_process(fixture, parent.pid, "make", 'S', OLD_MS);
    if (cases[i].from_zero)
      read_at(fixture, 1000);
    int64_t before = cpu_of(fixture, 0);
    put_child(fixture, child.pid, parent.pid, "cc1", 'S',
              cases[i].from_zero ? AGE_MS : OLD_MS);
    for (const char *letter = cases[i].events; *letter != '\0'; letter++)
      if (*letter == 'b')
        fork_at(fixture, parent.pid, child.pid, AGE_MS);
      else
        read_at(fixture, 0);
    if (cases[i].from_zero)
      assert_case(cases[i].name,
                  cpu_of(fixture, 0) - before >= (int64_t)BURNT_MS * MS);
    else
      assert_case_int(cases[i].name, cpu_of(fixture, 0) - before, 0);
    clear(fixture);
  }
}

/* At the plugin's start, a read may find a parent after its child. */
static void finds_parents_later(void **state) {
  struct fixture *fixture = *state;
  static const char *const names[] = {"sh",
                                      "make"}; /* of the child, at first */

  for (size_t i = 0; i < COUNT_OF(names); i++) {
    struct child parent, child;
    add_make(fixture);
    begin(fixture, 0);
    child_start(&parent);
    child_start(&child);
    put_child(fixture, child.pid, parent.pid, names[i], 'S', AGE_MS);
    read_at(fixture, 0);
    put_process(fixture, parent.pid, "make", 'S', OLD_MS);
    child_tell(&child, 'b', 2);
    read_at(fixture, 0);
    child_tell(&child, 'b', 2);
    read_at(fixture, 0);
    const struct group *group = group_at(fixture->tracker, 0);
    assert_case_int(names[i], group->gauges[GAUGE_PROCESSES], 2);

    /* Its groups are known now, and stay. */
    remove_process(fixture, parent.pid);
    child_reap(&parent);
    die(fixture, parent.pid, 1, "make", OLD_MS);
    put_child(fixture, child.pid, 1, "cc1", 'S', AGE_MS);
    child_tell(&child, 'b', 2);
    read_at(fixture, 0);
    assert_case_int(names[i], group->gauges[GAUGE_PROCESSES], 1);
    clear(fixture);
  }
}

/* The read preceded the event: its parent had already ended, so only the fork
 * event shows its descent. */
static void counts_an_orphan_that_a_read_met_first(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    bool is_read_again;
  } cases[] = {{"ends before the next read", false}, {"lives on", true}};

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct child make, orphan;
    add_make(fixture);
    begin(fixture, 10000);
    child_start(&make);
    child_start(&orphan);
    put_process(fixture, make.pid, "make", 'S', OLD_MS);
    read_at(fixture, 1000);
    put_process(fixture, orphan.pid, "daemon", 'S', AGE_MS);
    read_at(fixture, 0);
    fork_at(fixture, make.pid, B, AGE_MS);
    fork_at(fixture, B, orphan.pid, AGE_MS);
    die(fixture, B, make.pid, "make", AGE_MS);
    assert_case_int(cases[i].name, exits_of(fixture, 0), 1);
    if (cases[i].is_read_again) {
      child_tell(&orphan, 'b', 2);
      read_at(fixture, 0);
      assert_case_int(cases[i].name,
                      group_at(fixture->tracker, 0)->gauges[GAUGE_PROCESSES],
                      2);
    }
    die(fixture, orphan.pid, 1, "daemon", AGE_MS);
    assert_case_int(cases[i].name, exits_of(fixture, 0), 2);
    clear(fixture);
  }
}

/* What a read has seen of a process holds until it calls exec. */
static void judges_anew_whom_a_read_has_met(void **state) {
  struct fixture *fixture = *state;
  struct child child;
  add_make(fixture);
  begin(fixture, 10000);
  child_start(&child);
  put_process(fixture, child.pid, "sh", 'S', NEW_MS);
  read_at(fixture, 500);
  put_process(fixture, child.pid, "make", 'S', NEW_MS);
  exec_at(fixture, child.pid, 0);
  fork_at(fixture, child.pid, B, AGE_MS);
  die(fixture, B, child.pid, "cc1", AGE_MS);
  assert_used("its child", fixture, 0, 1, 1);
}

/* Excluded processes */

/* A make starts B, which is ccache and starts C; then it becomes cc1. */
static void tell_of_ccache(const char *name, struct fixture *fixture,
                           char letter) {
  struct message message;
  switch (letter) {
  case 'b':
    put_child(fixture, B, A, "make", 'S', AGE_MS);
    fork_at(fixture, A, B, AGE_MS);
    break;
  case 'x':
    put_child(fixture, B, A, "ccache", 'S', AGE_MS);
    exec_at(fixture, B, AGE_MS / 2);
    break;
  case 'y':
    put_child(fixture, B, A, "cc1", 'S', AGE_MS);
    exec_at(fixture, B, AGE_MS / 4);
    break;
  case 'c':
    put_child(fixture, C, B, "ccache", 'S', AGE_MS / 4);
    fork_at(fixture, B, C, AGE_MS / 4);
    break;
  case 'z':
    put_child(fixture, C, B, "as", 'S', AGE_MS / 4);
    exec_at(fixture, C, 0);
    break;
  case 'B':
    die(fixture, B, A, strchr(name, 'y') != NULL ? "cc1" : "ccache", AGE_MS);
    remove_process(fixture, B);
    break;
  case 'C':
    message =
        death_of(C, strchr(name, 'z') != NULL ? "as" : "ccache", AGE_MS / 4);
    message.record[MESSAGE_THREAD].ppid = B;
    if (strchr(name, 'z') == NULL)
      message.record[MESSAGE_THREAD].flags |= RECORD_FORKED;
    take(fixture, &message, 1);
    remove_process(fixture, C);
    break;
  default:
    remove_process(fixture, A);
    die(fixture, A, 1, "make", OLD_MS);
    break;
  }
}

static void leaves_descendants_out(void **state) {
  struct fixture *fixture = *state;
  /* As above; x, y and z: ccache, cc1 and as are executed. */
  static const struct {
    const char *story;
    int64_t ends; /* exits that count */
  } cases[] = {
      {"bxB", 0},     {"bxAB", 1},     {"bxyB", 1},   {"bxcBC", 0},
      {"bxczBC", 1},  {"bxczCB", 1},   {"bxcyBC", 1}, {"bxcyzCB", 2},
      {"bxcBzCA", 2}, {"bAxcyBzC", 3},
  };
  static const struct {
    enum selector_kind kind;
    const char *value;
  } exclusions[] = {{SELECTOR_COMMAND, "ccache"},
                    {SELECTOR_COMMAND_LINE, "^ccache"}};

  for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
    const char *name = cases[i / 2].story;
    add_make(fixture);
    exclude(fixture, exclusions[i % 2].kind, exclusions[i % 2].value);
    fixture->rules[0].notify = NOTIFY_ALL;
    begin(fixture, 10000);
    put_process(fixture, A, "make", 'S', OLD_MS);
    for (const char *letter = name; *letter != '\0'; letter++)
      tell_of_ccache(name, fixture, *letter);
    assert_case_int(name, exits_of(fixture, 0), cases[i / 2].ends);
    assert_case_int(name, fixture->event_count, cases[i / 2].ends);
    assert_case_int(name, fixture->tracker->undecided, 0);
    assert_clean(name, fixture);
    assert_case_int(name, group_at(fixture->tracker, 0)->excluded, 0);
    clear(fixture);
  }
}

/* What its exit record lacks is decided by the process that forked it, if it is
 * a copy of that; otherwise it is undecided. */
static void does_not_guess_who_is_left_out(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *name;
    enum selector_kind kind;
    const char *value, *comm, *parent;
    bool is_forked,
        is_heard; /* it never called exec; its fork event was taken */
    int64_t ends;
    uint64_t undecided;
  } cases[] = {
      {"by name", SELECTOR_COMMAND, "ccache", "ccache", "make", false, true, 0,
       0},
      {"by another name", SELECTOR_COMMAND, "ccache", "cc1", "make", false,
       true, 1, 0},
      {"unknown", SELECTOR_COMMAND_LINE, "^ccache", "cc1", "make", false, true,
       0, 1},
      {"unknown, not heard", SELECTOR_COMMAND_LINE, "^ccache", "cc1", "make",
       false, false, 0, 1},
      {"a copy", SELECTOR_COMMAND_LINE, "^ccache", "make", "make", true, true,
       1, 0},
      {"a copy, not heard", SELECTOR_COMMAND_LINE, "^ccache", "make", "make",
       true, false, 1, 0},
      {"no descendant", SELECTOR_COMMAND_LINE, "^ccache", "cc1", "bash", false,
       true, 0, 0},
      {"of the user", SELECTOR_USER, "1000", "cc1", "make", false, true, 0, 0},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct child parent;
    add_make(fixture);
    exclude(fixture, cases[i].kind, cases[i].value);
    begin(fixture, 10000);
    child_start(&parent);
    put_process(fixture, parent.pid, cases[i].parent, 'S', OLD_MS);
    tree_put_of(&fixture->tree, parent.pid, "status", "Uid:\t0\t0\t0\t0\n");
    read_at(fixture, 1000);
    if (cases[i].is_heard)
      fork_at(fixture, parent.pid, B, AGE_MS);
    if (cases[i].is_heard && !cases[i].is_forked)
      exec_at(fixture, B, AGE_MS / 2);
    struct message message = death_of(B, cases[i].comm, AGE_MS);
    message.record[MESSAGE_THREAD].ppid = (uint32_t)parent.pid;
    if (cases[i].is_forked)
      message.record[MESSAGE_THREAD].flags |= RECORD_FORKED;
    take(fixture, &message, 1);
    assert_case_int(cases[i].name, exits_of(fixture, 0), cases[i].ends);
    assert_case_int(cases[i].name, fixture->tracker->undecided,
                    cases[i].undecided);
    clear(fixture);
  }
}

/* A read yields the same as events, whichever comes first. */
static void leaves_out_whom_a_read_meets(void **state) {
  struct fixture *fixture = *state;
  /* R: a read; b: the fork event; x and y: ccache and cc1 are executed; X and
   * Y: likewise, without an event. */
  static const struct {
    const char *story;
    uint64_t members;
  } cases[] = {
      {"R", 1},     {"Rb", 1},   {"bXR", 1},   {"bxR", 1},   {"RbR", 1},
      {"byR", 2},   {"RYR", 2},  {"RbyR", 2},  {"byRxR", 1}, {"YRXR", 1},
      {"RYRXR", 1}, {"YRbR", 2}, {"YRbXR", 1}, {"bxRyR", 2},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].story;
    struct child make, child;
    add_make(fixture);
    exclude(fixture, SELECTOR_COMMAND_LINE, "^ccache");
    begin(fixture, 10000);
    child_start(&make);
    child_start(&child);
    put_process(fixture, make.pid, "make", 'S', OLD_MS);
    read_at(fixture, 1000);
    put_child(fixture, child.pid, make.pid, "ccache", 'S', AGE_MS);
    for (const char *letter = name; *letter != '\0'; letter++) {
      if (*letter == 'b')
        fork_at(fixture, make.pid, child.pid, AGE_MS);
      if (*letter == 'R')
        read_at(fixture, 0);
      if (strchr("xXyY", *letter) == NULL)
        continue;
      bool is_ccache = *letter == 'x' || *letter == 'X';
      put_child(fixture, child.pid, make.pid, is_ccache ? "ccache" : "cc1", 'S',
                AGE_MS);
      child_tell(&child, 'b', 2);
      if (*letter == 'x' || *letter == 'y')
        exec_at(fixture, child.pid, 0);
      fixture->tracker->must_list = true;
    }
    const struct group *group = group_at(fixture->tracker, 0);
    assert_case_int(name, group->members, cases[i].members);
    if (strchr(name, 'R')[strlen(strchr(name, 'R')) - 1] == 'R') {
      assert_case_int(name, group->gauges[GAUGE_PROCESSES], cases[i].members);
      assert_case_int(name, fixture->report.members, cases[i].members);
    }
    clear(fixture);
  }
}

/* Its children are copies of it, but for the pid. */
static void leaves_out_by_pid(void **state) {
  struct fixture *fixture = *state;
  char path[TREE_PATH_SIZE], text[16];
  for (int is_left_out = 0; is_left_out < 2; is_left_out++) {
    add_make(fixture);
    tree_path(&fixture->tree, "b.pid", path);
    exclude(fixture, SELECTOR_PID_FILE, path);
    begin(fixture, 10000);
    snprintf(text, sizeof(text), "%d\n", is_left_out ? B : STRANGER);
    tree_put(&fixture->tree, "b.pid", text);
    paths_look();
    put_process(fixture, A, "make", 'S', OLD_MS);
    fork_at(fixture, A, B, AGE_MS);
    put_child(fixture, B, A, "sh", 'S', AGE_MS);
    exec_at(fixture, B, AGE_MS / 2);
    put_child(fixture, C, B, "sh", 'S', AGE_MS / 4);
    fork_at(fixture, B, C, AGE_MS / 4);
    die(fixture, C, B, "sh", AGE_MS / 4);
    assert_int_equal(exits_of(fixture, 0), 1);
    die(fixture, B, A, "sh", AGE_MS);
    assert_int_equal(exits_of(fixture, 0), 2 - is_left_out);
    assert_int_equal(fixture->tracker->undecided, 0);
    clear(fixture);
  }
}

#define prepared(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      prepared(counts_the_unseen_in_any_order),
      prepared(counts_the_threads_of_the_unseen),
      prepared(judges_the_unseen_parent),
      prepared(judges_anew_after_exec),
      prepared(counts_in_its_own_groups_too),
      prepared(decides_by_the_records_parent),
      prepared(has_no_doubt_about_heirs),
      prepared(remembers_its_judgement),
      prepared(tells_orphans_from_children),
      prepared(tells_parents_of_one_pid_apart),
      prepared(keeps_descendants),
      prepared(counts_what_a_descendant_has_used),
      prepared(finds_parents_later),
      prepared(counts_an_orphan_that_a_read_met_first),
      prepared(judges_anew_whom_a_read_has_met),
      prepared(leaves_descendants_out),
      prepared(does_not_guess_who_is_left_out),
      prepared(leaves_out_whom_a_read_meets),
      prepared(leaves_out_by_pid),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
