/* SPDX-License-Identifier: MIT */
#include "track/top_groups.h"

#include "support/rules.h"
#include "support/test.h"

enum { MEMBERS = 12, ROUNDS = 2000 };

/* A process with this name has waited this long, and used the same of
 * everything else. */
static void use(struct group *group, int64_t ns) {
  int64_t delta[COUNTERS];
  for (unsigned int i = 0; i < COUNTERS; i++)
    delta[i] = ns;
  group_add(group, delta);
}

/* As the plugin does after each read. */
static void publish(struct book *book) {
  top_groups_choose(book->tracker);
  for (struct group *g = book->tracker->groups; g != NULL; g = g->next)
    if (!g->is_hidden)
      group_publish(g, UINT32_MAX);
}

/* Asserts the names of the groups that are not hidden, in the order of their
 * creation. */
static void assert_shown(const char *name, const struct book *book,
                         const char *names) {
  char got[1024] = "";
  for (struct group *g = book->tracker->groups; g != NULL; g = g->next) {
    size_t used = strlen(got);
    if (!g->is_hidden)
      snprintf(got + used, sizeof(got) - used, "%s%s", used > 0 ? " " : "",
               g->name);
  }
  assert_case_string(name, got, names);
}

static void shows_the_longest_delays(void **state) {
  (void)state;
  enum { GROUPS = 5 };
  static const char *const names[GROUPS] = {"c", "a", "e", "b", "d"};
  static const struct {
    const char *name;
    uint32_t top;
    int64_t delays[GROUPS]; /* in the order of their creation */
    size_t living;          /* so many have a member */
    const char *shown;
    int64_t other;
  } cases[] = {
      {"one", 1, {10, 20, 50, 40, 30}, 5, "e other", 100},
      {"two", 2, {10, 20, 50, 40, 30}, 5, "e b other", 60},
      {"all but one", 4, {10, 20, 50, 40, 30}, 5, "a e b d other", 10},
      {"as many as there are", 5, {10, 20, 50, 40, 30}, 5, "c a e b d", -1},
      {"more than there are", 100, {10, 20, 50, 40, 30}, 5, "c a e b d", -1},
      {"of equals by name", 2, {10, 10, 10, 10, 10}, 5, "a b other", 30},
      {"of idle ones by name", 2, {0, 0, 0, 0, 0}, 5, "a b other", 0},
      {"of equals those that live", 2, {7, 7, 7, 7, 7}, 1, "c a other", 21},
      {"the delay before the life", 2, {7, 7, 9, 8, 7}, 2, "e b other", 21},
      {"less than nothing", 2, {-5, -9, 3, -7, 1}, 5, "e d other", 0},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    struct book book = {.count = 0};
    struct member *members[GROUPS] = {NULL};
    book_add_rule(&book, "%{comm}", cases[i].top);
    book_open(&book, 1);
    for (size_t g = 0; g < GROUPS; g++) {
      if (g < cases[i].living)
        members[g] = enroll(&book, 0, names[g]);
      use(join(&book, 0, names[g]), cases[i].delays[g]);
    }
    publish(&book);
    assert_shown(name, &book, cases[i].shown);
    /* The group "other" does not exist unless it is needed. */
    assert_case_int(name, book.tracker->other != NULL, cases[i].other >= 0);
    if (cases[i].other >= 0)
      assert_case_int(name, book.tracker->other->total[COUNTER_DELAY],
                      cases[i].other);
    assert_case_int(name, book.tracker->is_full, false);
    for (size_t g = 0; g < GROUPS; g++)
      member_destroy(members[g]);
    book_close(&book);
  }
}

/* Sums up what is in all groups, "other" included. */
static int64_t sum_of(const struct book *book, unsigned int counter) {
  int64_t sum = 0;
  for (const struct group *g = book->tracker->groups; g != NULL; g = g->next)
    sum += g->total[counter];
  return sum;
}

/* Each group uses one thing more than others: in this interval, since all have
 * used much of everything before. */
static void orders_by_what_is_asked_for(void **state) {
  (void)state;
  static const struct {
    const char *name;
    unsigned int counter;
    int64_t amount;
  } groups[] = {
      {"user", COUNTER_CPU_USER, 50},
      {"reader", COUNTER_READ_CHARS, 50},
      {"disk", COUNTER_DELAY + DELAY_BLKIO, 50},
      {"irq", COUNTER_DELAY + DELAY_IRQ, 60},
      {"fat", COUNTER_FAULTS_MAJOR, 50},
      {"storage", COUNTER_READ_BYTES, 90}, /* not what "io" is about */
      {"caller", COUNTER_READ_CALLS, 90},
      {"often", COUNTER_WAITS, 90},
  };
  static const struct {
    const char *order, *shown;
  } cases[] = {{"cpu", "user other"},         {"io", "reader other"},
               {"delay-blkio", "disk other"}, {"irq", "irq other"},
               {"delay", "irq other"},        {"rss", "fat other"}};

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct book book = {.count = 0};
    struct rule *rule = book_add_rule(&book, "%{comm}", 1);
    assert_true(top_order_find(cases[i].order, &rule->top_order));
    book_open(&book, 1);
    for (size_t g = 0; g < COUNT_OF(groups); g++)
      use(join(&book, 0, groups[g].name), (int64_t)(1000 * (g + 1)));
    publish(&book);
    for (int round = 1; round <= 3; round++) {
      for (size_t g = 0; g < COUNT_OF(groups); g++) {
        struct group *group = join(&book, 0, groups[g].name);
        int64_t delta[COUNTERS] = {0};
        delta[groups[g].counter] = groups[g].amount;
        group_add(group, delta);
        group->gauges[GAUGE_RSS] = strcmp(group->name, "fat") == 0 ? 2 : 1;
        group->gauges[GAUGE_VM] = strcmp(group->name, "fat") == 0 ? 1 : 2;
      }
      publish(&book);
      assert_shown(cases[i].order, &book, cases[i].shown);
      for (size_t g = 0; g < COUNT_OF(groups); g++)
        assert_case_int(cases[i].order, sum_of(&book, groups[g].counter),
                        1000 * 36 + round * groups[g].amount);
    }
    book_close(&book);
  }
}

/* Groups of other rules are not affected. */
static void chooses_by_rule(void **state) {
  (void)state;
  struct book book = {.count = 0};
  book_add_rule(&book, "web", 0);
  book_add_rule(&book, "%{comm}", 1);
  book_add_rule(&book, "%{user}", 2);
  book_add_rule(&book, "%{unit}", 0);
  book_open(&book, 10);
  static const struct {
    size_t rule;
    const char *name;
    int64_t delay;
  } groups[] = {{0, "web", 0}, {1, "sh", 5},  {1, "cat", 6}, {2, "root", 1},
                {2, "me", 2},  {2, "you", 3}, {3, "a", 0},   {3, "b", 0},
                {1, "web", 1}, /* shares the group of a fixed name */
                {2, "cat", 1}};
  for (size_t i = 0; i < COUNT_OF(groups); i++)
    use(join(&book, groups[i].rule, groups[i].name), groups[i].delay);
  publish(&book);
  assert_shown("rules", &book, "web cat me you a b other");
  assert_int_equal(book.tracker->other->total[COUNTER_DELAY], 5 + 1);
  book_close(&book);

  book_add_rule(&book, "%{comm}", 0); /* nobody asks for a few only */
  book_open(&book, 10);
  join(&book, 0, "sh");
  publish(&book);
  assert_shown("none", &book, "sh");
  book_close(&book);
}

/* A group that is hidden and then shown again: its reported values do not
 * change meanwhile. */
static void shows_what_each_has_waited(void **state) {
  (void)state;
  static const struct {
    int64_t a, b; /* used before the publication */
    const char *shown;
    uint64_t published_a, published_b, published_other;
  } steps[] = {
      {10, 5, "a other", 0, 0, 0},   /* the first value is 0 */
      {0, 20, "b other", 0, 0, 15},  /* what a had goes there, too */
      {0, 1, "b other", 0, 21, 15},  /* b's first, and what came since */
      {7, 1, "a other", 7, 21, 16},  /* a had its first value long ago */
      {3, 9, "b other", 7, 30, 19},  /**/
      {1, 0, "a other", 8, 30, 19},  /**/
      {-4, 2, "b other", 8, 32, 19}, /* it was too high: nothing to divert */
      {3, 1, "b other", 8, 33, 19},  /* not yet */
      {3, 4, "b other", 8, 37, 21},  /* by what exceeds it */
      {5, 4, "a other", 13, 37, 25},
  };
  struct book book = {.count = 0};
  book_add_rule(&book, "%{comm}", 1);
  book_open(&book, 1);
  struct group *a = join(&book, 0, "a"), *b = join(&book, 0, "b");
  for (size_t i = 0; i < COUNT_OF(steps); i++) {
    char name[16];
    snprintf(name, sizeof(name), "step %zu", i);
    use(a, steps[i].a);
    use(b, steps[i].b);
    publish(&book);
    assert_shown(name, &book, steps[i].shown);
    for (unsigned int c = 0; c < COUNTERS; c++) {
      assert_case_int(name, a->reported[c], steps[i].published_a);
      assert_case_int(name, b->reported[c], steps[i].published_b);
      assert_case_int(name, book.tracker->other->reported[c],
                      steps[i].published_other);
    }
  }
  book_close(&book);
}

static void counts_the_hidden_in_other(void **state) {
  (void)state;
  struct book book = {.count = 0};
  book_add_rule(&book, "%{comm}", 1);
  book_open(&book, 1);
  struct group *a = join(&book, 0, "a"), *b = join(&book, 0, "b");
  use(a, 5);
  a->gauges[GAUGE_PROCESSES] = 2;
  b->gauges[GAUGE_PROCESSES] = 3;
  a->oldest_ns = 100;
  b->oldest_ns = 300;
  b->gauges[GAUGE_WITHOUT_IO] = 1;
  publish(&book);
  assert_int_equal(a->gauges[GAUGE_PROCESSES], 2);
  assert_int_equal(b->gauges[GAUGE_PROCESSES], 0);
  assert_int_equal(book.tracker->other->gauges[GAUGE_PROCESSES], 3);
  assert_int_equal(book.tracker->other->oldest_ns, 300);
  assert_int_equal(book.tracker->other->gauges[GAUGE_WITHOUT_IO], 1);
  book_close(&book);
}

/* A process may be named "other": its group is still the one in which the rest
 * is added up, and must therefore be reported. */
static void shows_a_group_that_is_called_other(void **state) {
  (void)state;
  struct book book = {.count = 0};
  book_add_rule(&book, "%{comm}", 1);
  book_open(&book, 1);
  struct group *sh = join(&book, 0, "sh"), *other = join(&book, 0, "other");
  for (int i = 0; i < 3; i++) {
    use(sh, 100);
    use(other, 1);
    sh->gauges[GAUGE_PROCESSES] = 2;
    other->gauges[GAUGE_PROCESSES] = 3;
    publish(&book);
    assert_shown("always", &book, "sh other");
    assert_int_equal(other->gauges[GAUGE_PROCESSES], 3);
  }
  assert_int_equal(other->reported[COUNTER_DELAY], 3);
  book_close(&book);
}

/* Many processes over many rounds */

struct story {
  struct book book;
  struct member *members[MEMBERS]; /* NULL: there is none of that name now */
  uint64_t reported[MEMBERS + 1];  /* last; of other, too */
  int64_t total;                   /* the truth */
  uint32_t random;
};

static uint32_t draw(struct story *story, uint32_t limit) {
  story->random = story->random * 1664525 + 1013904223;
  return (story->random >> 8) % limit;
}

static const char *name_of(size_t i) {
  static const char *const names[MEMBERS + 1] = {
      "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "other"};
  return names[i];
}

/* Each group has each rank sometimes. */
static void use_some(struct story *story, bool corrects) {
  for (size_t i = 0; i < MEMBERS; i++) {
    if (story->members[i] == NULL || draw(story, 3) == 0)
      continue;
    int64_t ns = 1 << draw(story, 20);
    if (corrects && draw(story, 8) == 0)
      ns = -(int64_t)draw(story, 1000);
    use(group_named(&story->book, name_of(i)), ns);
    story->total += ns;
  }
}

static void come_and_go(struct story *story) {
  for (size_t i = 0; i < MEMBERS; i++) {
    if (draw(story, 8) != 0)
      continue;
    if (story->members[i] == NULL) {
      story->members[i] = enroll(&story->book, 0, name_of(i));
    } else {
      member_destroy(story->members[i]);
      story->members[i] = NULL;
    }
  }
}

/* A discarded group takes only what was published with it. */
static void forget_some(struct story *story) {
  tracker_age_groups(story->book.tracker);
  for (size_t i = 0; i < MEMBERS; i++)
    if (group_named(&story->book, name_of(i)) == NULL) {
      story->total -= (int64_t)story->reported[i];
      story->reported[i] = 0;
    }
}

static void check(const char *name, struct story *story, uint32_t top) {
  int64_t total[COUNTERS] = {0};
  size_t shown = 0, limited = 0;
  for (struct group *g = story->book.tracker->groups; g != NULL; g = g->next) {
    for (unsigned int c = 0; c < COUNTERS; c++)
      total[c] += g->total[c];
    if (g == story->book.tracker->other || g->is_forgotten)
      continue;
    limited++;
    shown += !g->is_hidden;
  }
  for (unsigned int c = 0; c < COUNTERS; c++)
    assert_case_int(name, total[c], story->total);
  assert_case_int(name, shown, limited < top ? limited : top);

  for (size_t i = 0; i < MEMBERS + 1; i++) {
    const struct group *group = group_named(&story->book, name_of(i));
    if (group == NULL)
      continue;
    uint64_t now = group->reported[COUNTER_DELAY];
    assert_case(name, now >= story->reported[i]);
    if (group->is_hidden) /* so that the move is not visible */
      assert_case_int(name, now, story->reported[i]);
    if (group->publications == 1)
      assert_case_int(name, now, story->reported[i]);
    story->reported[i] = now;
  }
}

/* At every step the groups and other together have all that was used. */
static void loses_nothing(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint32_t top;
    bool corrects, comes_and_goes;
  } cases[] = {
      {"one of many", 1, false, false},
      {"few of many", 3, false, false},
      {"all but one", MEMBERS - 1, false, false},
      {"all", MEMBERS, false, false},
      {"earlier samples were too high", 3, true, false},
      {"they come and go", 3, false, true},
      {"hardly any go", MEMBERS - 2, false, true},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct story story = {.random = 4711};
    book_add_rule(&story.book, "%{comm}", cases[i].top);
    book_open(&story.book, 1);
    for (size_t m = 0; m < MEMBERS; m++)
      story.members[m] = enroll(&story.book, 0, name_of(m));
    for (int round = 0; round < ROUNDS; round++) {
      use_some(&story, cases[i].corrects);
      if (cases[i].comes_and_goes)
        come_and_go(&story);
      forget_some(&story);
      publish(&story.book);
      check(cases[i].name, &story, cases[i].top);
    }
    assert_case_int(cases[i].name, story.book.tracker->other != NULL,
                    cases[i].top < MEMBERS);

    /* In the end, everything has been reported. */
    if (!cases[i].corrects) {
      uint64_t published = 0;
      for (int round = 0; round < 2 * MEMBERS; round++)
        publish(&story.book);
      for (struct group *g = story.book.tracker->groups; g; g = g->next)
        published += g->reported[COUNTER_DELAY];
      assert_case_int(cases[i].name, published, story.total);
    }
    for (size_t m = 0; m < MEMBERS; m++)
      member_destroy(story.members[m]);
    book_close(&story.book);
  }
}

/* Processes of several rules */

/* A process that these rules select, by these names, until it is destroyed. */
static struct member *enroll_in(struct book *book, size_t count,
                                const struct match *matches) {
  struct membership memberships[RULES];
  size_t joined =
      tracker_join(book->tracker, NULL, 0, matches, count, memberships);
  struct member *member = member_create(true);
  assert_non_null(member);
  assert_int_equal(member_set_groups(member, memberships, joined, 0), 0);
  return member;
}

static void use_as(const struct member *member, int64_t ns) {
  int64_t delta[COUNTERS];
  for (unsigned int i = 0; i < COUNTERS; i++)
    delta[i] = i == COUNTER_DELAY ? ns - 1 : ns;
  member_add(member, delta);
  member_add_one(member, COUNTER_DELAY, 1);
}

/* Each process counts once in other, whether one of its groups or all of them
 * are hidden. */
static void counts_a_process_once_in_other(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint32_t top[2], max_groups;
    const char *names[4][2]; /* the groups of processes that use 1, 2, 4, 8 */
    const char *shown;
    int64_t other;
  } cases[] = {
      {"none is shown by both",
       {1, 1},
       1,
       {{"a", "k"}, {"b", "l"}, {"c", "m"}, {"d", "n"}},
       "d n other",
       1 + 2 + 4},
      {"shown by one rule",
       {1, 1},
       1,
       {{"a", "k"}, {"b", "l"}, {"c", "k"}, {"d", "k"}},
       "k d other",
       1 + 2 + 4},
      {"hidden by one rule only",
       {4, 1},
       1,
       {{"a", "k"}, {"b", "l"}, {"c", "m"}, {"d", "n"}},
       "a b c d n other",
       1 + 2 + 4},
      {"all are shown",
       {4, 4},
       1,
       {{"a", "k"}, {"b", "l"}, {"c", "m"}, {"d", "n"}},
       "a k b l c m d n",
       0},
      {"the same groups by both",
       {1, 1},
       1,
       {{"a", "a"}, {"b", "b"}, {"c", "c"}, {"d", "d"}},
       "d other",
       1 + 2 + 4},
      {"MaxGroups is one rule's limit",
       {1, 0},
       1,
       {{"a", "k"}, {"b", "l"}, {"c", "m"}, {"d", "n"}},
       "k other d",
       2 + 4 + 8 + 1},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    struct book book = {.count = 0};
    struct member *members[4];
    book_add_rule(&book, "%{comm}", cases[i].top[0]);
    book_add_rule(&book, "%{user}", cases[i].top[1]);
    book_open(&book, cases[i].max_groups);
    for (size_t m = 0; m < 4; m++) {
      const struct match matches[] = {match_of(&book, 0, cases[i].names[m][0]),
                                      match_of(&book, 1, cases[i].names[m][1])};
      members[m] = enroll_in(&book, 2, matches);
      members[m]->threads = 1U << m;
    }
    for (int64_t round = 1; round <= 3; round++) {
      for (struct group *g = book.tracker->groups; g != NULL; g = g->next)
        memset(g->gauges, 0, sizeof(g->gauges));
      for (size_t m = 0; m < 4; m++) {
        use_as(members[m], 1 << m);
        member_add_gauges(members[m], 1000 * (m + 1));
      }
      publish(&book);
      const struct group *other = book.tracker->other;
      for (unsigned int c = 0; other != NULL && c < COUNTERS; c++)
        assert_case_int(name, other->total[c], round * cases[i].other);
      if (other != NULL)
        assert_case_int(name, other->gauges[GAUGE_THREADS], cases[i].other);
    }
    assert_case_int(name, book.tracker->other != NULL, cases[i].other > 0);
    for (size_t m = 0; m < 4; m++)
      member_destroy(members[m]);
    book_close(&book);
  }
}

/* The part of one process's use in an interval that the groups have reported.
 */
struct use {
  int64_t ns;
  bool is_in_other;
  bool is_held[2]; /* by its group of each rule, after the first publication */
};

/* Processes of two rules whose groups change ranks: at every step, "other" has
 * what each process used while at least one of its groups was hidden or had not
 * published it, and has it once. Sometimes groups start again or, by kind, only
 * their delays do. */
static void check_whatever_is_hidden(bool by_kind) {
  enum { PROCESSES = 6, STEPS = 3000 };
  struct story story = {.random = 1234};
  struct book *book = &story.book;
  struct member *members[PROCESSES];
  struct use now[PROCESSES], before[PROCESSES] = {{0}};
  int64_t expected = 0;
  book_add_rule(book, "%{comm}", 2);
  book_add_rule(book, "%{user}", 1);
  book_open(book, 1);
  for (size_t m = 0; m < PROCESSES; m++) {
    const struct match matches[] = {
        match_of(book, 0, name_of(m)),
        match_of(book, 1, (const char *[]){"u", "v", "w"}[m % 3])};
    members[m] = enroll_in(book, 2, matches);
  }

  for (int step = 0; step < STEPS; step++) {
    for (size_t m = 0; m < PROCESSES; m++) {
      now[m] = (struct use){.ns = 1 << draw(&story, 16)};
      if (draw(&story, 3) == 0)
        now[m].ns = 0;
      use_as(members[m], now[m].ns);
    }
    if (draw(&story, 50) == 0) { /* they begin anew */
      struct group *g = members[draw(&story, PROCESSES)]->memberships[0].group;
      if (by_kind)
        g->known_delays = 0;
      else if (g->publications > 1)
        g->publications = 0;
    }
    bool is_first[PROCESSES][2];
    for (size_t m = 0; m < PROCESSES; m++)
      for (size_t r = 0; r < 2; r++)
        is_first[m][r] = members[m]->memberships[r].group->publications == 0 ||
                         members[m]->memberships[r].group->known_delays == 0;
    publish(book);

    for (size_t m = 0; m < PROCESSES; m++) {
      for (size_t r = 0; r < 2; r++) {
        bool is_hidden = members[m]->memberships[r].group->is_hidden;
        if (is_hidden && before[m].is_held[r] && !before[m].is_in_other) {
          before[m].is_in_other = true;
          expected += before[m].ns;
        }
        if (is_hidden && !now[m].is_in_other) {
          now[m].is_in_other = true;
          expected += now[m].ns;
        }
        now[m].is_held[r] = !is_hidden && is_first[m][r];
      }
      before[m] = now[m];
    }
    assert_non_null(book->tracker->other);
    for (unsigned int c = 0; c < COUNTERS; c++)
      if (!by_kind || (c >= COUNTER_DELAY && c < COUNTER_WAITS))
        assert_int_equal(book->tracker->other->total[c], expected);
  }
  for (size_t m = 0; m < PROCESSES; m++)
    member_destroy(members[m]);
  book_close(book);
}

static void counts_once_whatever_is_hidden(void **state) {
  (void)state;
  check_whatever_is_hidden(false);
  check_whatever_is_hidden(true);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shows_the_longest_delays),
      cmocka_unit_test(orders_by_what_is_asked_for),
      cmocka_unit_test(chooses_by_rule),
      cmocka_unit_test(shows_what_each_has_waited),
      cmocka_unit_test(counts_the_hidden_in_other),
      cmocka_unit_test(shows_a_group_that_is_called_other),
      cmocka_unit_test(loses_nothing),
      cmocka_unit_test(counts_a_process_once_in_other),
      cmocka_unit_test(counts_once_whatever_is_hidden),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
