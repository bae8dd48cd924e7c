/* SPDX-License-Identifier: MIT */
#include "track/member.h"

#include "support/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GROUPS = 4 };

/* Rules, each with a group of its own. */
struct fixture {
  struct rule rules[GROUPS];
  struct group groups[GROUPS];
};

static void prepare(struct fixture *fixture) {
  *fixture = (struct fixture){.rules = {{0}}};
  for (size_t i = 0; i < GROUPS; i++) {
    fixture->rules[i].collect = 1U << i;
    fixture->groups[i].rule = &fixture->rules[i];
  }
}

/* The memberships described by a text: "02" means the first and the third rule.
 */
static size_t of(struct fixture *fixture, const char *text,
                 struct membership memberships[GROUPS]) {
  size_t count = strlen(text);
  for (size_t i = 0; i < count; i++)
    memberships[i] =
        (struct membership){.rule = &fixture->rules[text[i] - '0'],
                            .group = &fixture->groups[text[i] - '0']};
  return count;
}

static void set_groups(struct fixture *fixture, struct member *member,
                       const char *text) {
  struct membership memberships[GROUPS];
  size_t count = of(fixture, text, memberships);
  assert_case_int(text, member_set_groups(member, memberships, count, 0), 0);
}

/* References to a group are counted, so that it is not discarded. */
static void counts_the_members_of_groups(void **state) {
  (void)state;
  enum { STEPS = 4 };
  static const struct {
    const char *one[STEPS], *two[STEPS]; /* NULL: it ends */
    uint32_t members[STEPS][GROUPS];
  } cases[] = {
      {{"0", "0", "0", NULL},
       {"1", "01", "0123", NULL},
       {{1, 1, 0, 0}, {2, 1, 0, 0}, {2, 1, 1, 1}, {0, 0, 0, 0}}},
      {{"0123", "123", "3", "0"},
       {"0123", "3210", NULL, NULL},
       {{2, 2, 2, 2}, {1, 2, 2, 2}, {0, 0, 0, 1}, {1, 0, 0, 0}}},
      {{"01", "10", NULL, NULL},
       {"23", NULL, NULL, NULL},
       {{1, 1, 1, 1}, {1, 1, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}}},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct fixture fixture;
    prepare(&fixture);
    struct member *members[] = {member_create(true), member_create(true)};
    for (size_t s = 0; s < STEPS; s++) {
      const char *texts[] = {cases[i].one[s], cases[i].two[s]};
      for (size_t m = 0; m < COUNT_OF(members); m++)
        if (texts[m] != NULL) {
          set_groups(&fixture, members[m], texts[m]);
        } else {
          member_destroy(members[m]);
          members[m] = NULL;
        }
      for (size_t g = 0; g < GROUPS; g++)
        assert_case_int(cases[i].one[0], fixture.groups[g].members,
                        cases[i].members[s][g]);
    }
    member_destroy(members[0]);
    member_destroy(members[1]);
    for (size_t g = 0; g < GROUPS; g++)
      assert_case_int(cases[i].one[0], fixture.groups[g].members, 0);
  }
}

/* It collects what any of its groups does, and adds to each. */
static void serves_its_groups(void **state) {
  (void)state;
  struct fixture fixture;
  prepare(&fixture);
  struct member *member = member_create(true);
  set_groups(&fixture, member, "02");
  assert_int_equal(member->collect, 1 | 4);
  assert_true(member_update(member, &(struct sample){.cpu_ns = 1000}));
  set_groups(&fixture, member, "23");
  assert_int_equal(member->collect, 4 | 8);
  assert_true(member_update(member, &(struct sample){.cpu_ns = 1500}));

  /* What was used before stays where it was counted. */
  static const int64_t cpu_ns[GROUPS] = {1000, 0, 1500, 500};
  for (size_t g = 0; g < GROUPS; g++)
    assert_int_equal(fixture.groups[g].total[COUNTER_CPU_USER] +
                         fixture.groups[g].total[COUNTER_CPU_SYSTEM],
                     cpu_ns[g]);
  member_destroy(member);
}

static void adds_to_the_gauges_of_its_groups(void **state) {
  (void)state;
  struct fixture fixture;
  prepare(&fixture);
  struct member *member = member_create(true);
  set_groups(&fixture, member, "13");
  member->threads = 5;
  member_add_gauges(member, 5000); /* nothing was read yet */
  member->io_error = -1;
  member->gauges = calloc(1, sizeof(*member->gauges));
  assert_non_null(member->gauges);
  *member->gauges = (struct member_gauges){.memory = {.rss_bytes = 100,
                                                      .vm_bytes = 200,
                                                      .data_bytes = 300,
                                                      .code_bytes = 400},
                                           .files = 7};
  member_add_gauges(member, 4000);
  member->has_ended = true; /* does not exist any more */
  member_add_gauges(member, 3000);
  for (size_t g = 0; g < GROUPS; g++) {
    uint64_t times = g % 2 == 1 ? 2 : 0;
    assert_int_equal(fixture.groups[g].gauges[GAUGE_PROCESSES], times);
    assert_int_equal(fixture.groups[g].gauges[GAUGE_THREADS], times * 5);
    assert_int_equal(fixture.groups[g].gauges[GAUGE_RSS], times / 2 * 100);
    assert_int_equal(fixture.groups[g].gauges[GAUGE_VM], times / 2 * 200);
    assert_int_equal(fixture.groups[g].gauges[GAUGE_DATA], times / 2 * 300);
    assert_int_equal(fixture.groups[g].gauges[GAUGE_CODE], times / 2 * 400);
    assert_int_equal(fixture.groups[g].gauges[GAUGE_FILES], times / 2 * 7);
    assert_int_equal(fixture.groups[g].gauges[GAUGE_KNOWN_MEMORY], times / 2);
    assert_int_equal(fixture.groups[g].gauges[GAUGE_KNOWN_FILES], times / 2);
    assert_int_equal(fixture.groups[g].oldest_ns, times * 2000);
    assert_int_equal(fixture.groups[g].gauges[GAUGE_WITHOUT_IO], times);
  }
  member_destroy(member);
}

static void knows_its_groups(void **state) {
  (void)state;
  static const struct {
    const char *of, *asked;
    bool has;
  } cases[] = {
      {"0", "0", true},   {"0", "1", false},      {"0", "", false},
      {"01", "0", false}, {"01", "01", true},     {"01", "10", false},
      {"0", "01", false}, {"0123", "0123", true},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct fixture fixture;
    struct membership memberships[GROUPS];
    prepare(&fixture);
    struct member *member = member_create(true);
    set_groups(&fixture, member, cases[i].of);
    size_t count = of(&fixture, cases[i].asked, memberships);
    assert_case_int(cases[i].asked,
                    member_has_groups(member, memberships, count, 0),
                    cases[i].has);
    member_destroy(member);
  }
}

static void closes_what_it_holds(void **state) {
  (void)state;
  struct member *member = member_create(true);
  int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  member->io_fd = fd;
  member_destroy(member);
  assert_int_equal(fcntl(fd, F_GETFD), -1);
  member_destroy(NULL);
}

static bool knows_all_delays(struct group *group) {
  group_publish(group, UINT32_MAX);
  return (group->known_delays & 1 << DELAY_IRQ) != 0;
}

/* The known kinds of delay of a group: all, once one of its members has them.
 */
static void tells_groups_what_is_counted(void **state) {
  (void)state;
  static const struct {
    const char *name;
    bool counts_delays; /* it started while delay accounting was on */
    uint64_t delay_ns[DELAY_KINDS];
    uint64_t irqs; /* interrupts that it waited for */
    bool is_counted;
  } cases[] = {
      {"started while it was on", true, {0}, 0, true},
      {"started before", false, {5, 0}, 0, false},
      {"a wait shows that it was on", false, {5, [DELAY_WPCOPY] = 1}, 0, true},
      {"a wait of no length", false, {0}, 1, true},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct fixture fixture;
    prepare(&fixture);
    struct member *member = member_create(true);
    assert_non_null(member);
    member->counts_delays = cases[i].counts_delays;
    set_groups(&fixture, member, "01");
    assert_case(cases[i].name, knows_all_delays(&fixture.groups[0]));

    struct record record = {.version = 16, .cpu_ns = 1};
    memcpy(record.delay_ns, cases[i].delay_ns, sizeof(record.delay_ns));
    record.waits[DELAY_IRQ] = cases[i].irqs;
    const struct sample sample = {.cpu_ns = 1,
                                  .record = &record,
                                  .time_ns = UINT64_C(1000000000),
                                  .counts_ended_threads = true};
    assert_true(member_update(member, &sample));
    set_groups(&fixture, member, "02");
    for (size_t g = 0; g < 3; g++)
      assert_case_int(cases[i].name, knows_all_delays(&fixture.groups[g]),
                      cases[i].is_counted);
    assert_case(cases[i].name, knows_all_delays(&fixture.groups[3]));

    /* One such member is sufficient, and the kinds stay known. */
    member->counts_delays = true;
    set_groups(&fixture, member, "0");
    member_destroy(member);
    assert_case(cases[i].name, knows_all_delays(&fixture.groups[0]));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_groups_what_is_counted),
      cmocka_unit_test(counts_the_members_of_groups),
      cmocka_unit_test(serves_its_groups),
      cmocka_unit_test(adds_to_the_gauges_of_its_groups),
      cmocka_unit_test(knows_its_groups),
      cmocka_unit_test(closes_what_it_holds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
