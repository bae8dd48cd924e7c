/* SPDX-License-Identifier: MIT */
#include "report/diagnostics.h"

#include "support/test.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LINES = 8, LINE_SIZE = 600 };

/* The lines since the last diagnostics_update. */
static struct {
  bool is_warning;
  char text[LINE_SIZE];
} said[LINES];
static size_t said_count;

static void say(bool is_warning, const char *line) {
  assert_true(said_count < LINES);
  said[said_count].is_warning = is_warning;
  snprintf(said[said_count++].text, LINE_SIZE, "%s", line);
}

enum { START_S = 100, MINUTE_S = 60, HOUR_S = 3600 };

static uint64_t time_s = START_S;

static void update_all(struct diagnostics *diagnostics,
                       const struct problem_report *report) {
  struct problem_report now = *report;
  now.time_s = time_s;
  said_count = 0;
  diagnostics_update(diagnostics, &now, say);
}

static void update(struct diagnostics *diagnostics,
                   const struct reader_report *report) {
  update_all(diagnostics, &(struct problem_report){.read = report});
}

static void says_nothing_when_all_is_well(void **state) {
  (void)state;
  struct diagnostics diagnostics = {0};
  for (int i = 0; i < 3; i++) {
    update(&diagnostics, &(struct reader_report){.delays = 0xff, .members = 3});
    assert_int_equal(said_count, 0);
  }
}

static const struct reader_report well;

/* A problem that depends on which processes exist has ended after a minute
 * without it. */
static void recover(struct diagnostics *diagnostics, bool is_of_members) {
  update(diagnostics, &well);
  if (!is_of_members)
    return;
  assert_int_equal(said_count, 0);
  time_s += MINUTE_S - 1;
  update(diagnostics, &well);
  assert_int_equal(said_count, 0);
  time_s++;
  update(diagnostics, &well);
}

static const struct {
  const char *name;
  struct reader_report report;
  const char *cause, *cure; /* the expected line */
  const char *gone;         /* the expected line at its end */
  int listener;
  int events;
} cases[] = {
    {"proc",
     {.proc = -ENOTDIR},
     "Cannot list processes (Not a directory)",
     "check that /proc is mounted",
     "Processes can be read again.",
     0,
     0},
    {"hidden processes",
     {.proc = -EACCES},
     "processes of other users are hidden (hidepid= of /proc, ProtectProc=",
     "Give collectd CAP_SYS_PTRACE",
     "Processes can be read again.",
     0,
     0},
    {"no procfs",
     {.proc = -ENODEV},
     "there is no procfs in /proc",
     "Mount it",
     "Processes can be read again.",
     0,
     0},
    {"delay accounting unknown",
     {.delay_accounting = -ENOENT, .delays = 1},
     "Cannot determine whether delay accounting is on (No such file",
     "remove ProcSubset=pid",
     "Delay accounting is on.",
     0,
     0},
    {"no delay accounting at all",
     {.delay_accounting = -EOPNOTSUPP, .delays = 1},
     "this kernel supports delay-cpu only",
     "CONFIG_TASK_DELAY_ACCT and booted without nodelayacct",
     "Delay accounting is on.",
     0,
     0},
    {"a cgroup namespace",
     {.select = -EXDEV},
     "its own cgroup namespace",
     "--cgroupns=host",
     "All processes can be selected again.",
     0,
     0},
    {"no taskstats",
     {.taskstats = -ENOENT},
     "this kernel has no taskstats",
     "CONFIG_TASKSTATS",
     "can be read again.",
     0,
     0},
    {"old taskstats",
     {.taskstats = -EPROTONOSUPPORT},
     "older than version 8",
     "Run a newer kernel",
     "can be read again.",
     0,
     0},
    {"broken connection",
     {.taskstats = -ETIMEDOUT},
     "Connection timed out",
     "The next read",
     "can be read again.",
     0,
     0},
    {"no netlink sockets",
     {.taskstats = -EAFNOSUPPORT},
     "netlink sockets are forbidden",
     "AF_NETLINK",
     "can be read again.",
     0,
     0},
    {"not permitted",
     {.taskstats = -EPERM},
     "CAP_NET_ADMIN",
     "Run it",
     "can be read again.",
     0,
     0},
    {"delay accounting",
     {.delay_accounting = -ENODATA, .delays = 1},
     "delay accounting is off",
     "sysctl kernel.task_delayacct=1",
     "Delay accounting is on.",
     0,
     0},
    {"io",
     {.io = -EACCES},
     "Cannot read the I/O of some processes (Permission denied)",
     "Their groups have no io_octets",
     "The I/O of all processes can be read again.",
     0,
     0},
    {"memory",
     {.memory = -EMFILE},
     "Cannot read the memory of some processes (Too many open files)",
     "Their groups have no ps_rss",
     "The memory of all processes can be read again.",
     0,
     0},
    {"files",
     {.files = -EACCES},
     "Cannot count the open files of some processes (Permission denied)",
     "Their groups have no file_handles",
     "The open files of all processes can be counted again.",
     0,
     0},
    {"select",
     {.select = -EACCES},
     "Cannot read the executables of some processes (Permission denied)",
     "Executable does not select them",
     "All processes can be selected again.",
     0,
     0},
    {"another network namespace",
     {.members = 1},
     "Cannot receive exit records (No data available)",
     "Run collectd there",
     "Exit records arrive.",
     -ENODATA,
     0},
    {"another pid namespace",
     {.members = 1},
     "its own pid namespace",
     "Run it in the initial one",
     "Exit records arrive.",
     -EINVAL,
     0},
    {"impossible CPU",
     {.members = 1},
     "WatchCPUs names a CPU",
     "/sys/devices/system/cpu/possible",
     "Exit records arrive.",
     -ERANGE,
     0},
    {"not permitted to listen",
     {.members = 1},
     "Cannot receive exit records (Operation not permitted)",
     "Run it",
     "Exit records arrive.",
     -EPERM,
     0},
    {"process events in another network namespace",
     {.members = 1},
     "Cannot receive process events (Connection refused)",
     "initial network namespace",
     "Process events arrive.",
     0,
     -ECONNREFUSED},
    {"no process events",
     {.members = 1},
     "Cannot receive process events (Connection timed out)",
     "CONFIG_PROC_EVENTS",
     "Process events arrive.",
     0,
     -ETIMEDOUT},
    {"process events' connection broken",
     {.members = 1},
     "Cannot receive process events (Input/output error)",
     "Restart collectd",
     "Process events arrive.",
     0,
     -EIO},
    {"not permitted to hear process events",
     {.members = 1},
     "Cannot receive process events (Operation not permitted)",
     "CAP_NET_ADMIN",
     "Process events arrive.",
     0,
     -EPERM},
};

static void update_case(struct diagnostics *diagnostics, size_t i) {
  update_all(diagnostics,
             &(struct problem_report){.read = &cases[i].report,
                                      .listener = cases[i].listener,
                                      .events = cases[i].events});
}

/* Logged once with its cause and remedy; then when it has ended; then again. */
static void says_each_once(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct diagnostics diagnostics = {0};
    for (int round = 0; round < 2; round++) {
      const char *name = cases[i].name;
      update_case(&diagnostics, i);
      assert_case_int(name, said_count, 1);
      assert_case(name, said[0].is_warning);
      assert_case_says(name, said[0].text, cases[i].cause);
      assert_case_says(name, said[0].text, cases[i].cure);
      for (int again = 0; again < 3; again++) {
        update_case(&diagnostics, i);
        assert_case_int(name, said_count, 0);
      }
      recover(&diagnostics,
              cases[i].report.io != 0 || cases[i].report.memory != 0 ||
                  cases[i].report.files != 0 || cases[i].report.select != 0);
      assert_case_int(name, said_count, 1);
      assert_case(name, !said[0].is_warning);
      assert_case_says(name, said[0].text, cases[i].gone);
      update(&diagnostics, &well);
      assert_case_int(name, said_count, 0);
      time_s += HOUR_S;
    }
  }
}

static void says_that_it_changed(void **state) {
  (void)state;
  struct diagnostics diagnostics = {0};
  update(&diagnostics, &(struct reader_report){.taskstats = -EPERM});
  assert_int_equal(said_count, 1);
  update(&diagnostics, &(struct reader_report){.taskstats = -ENOENT});
  assert_int_equal(said_count, 1);
  assert_true(said[0].is_warning);
  assert_case_says("changed", said[0].text, "no taskstats");
  update(&diagnostics, &(struct reader_report){.taskstats = -ENOENT});
  assert_int_equal(said_count, 0);
}

static void says_once_that_records_are_old(void **state) {
  (void)state;
  struct diagnostics diagnostics = {0};
  const struct problem_report old = {.read = &well, .has_unattributed = true};
  update_all(&diagnostics, &old);
  assert_int_equal(said_count, 1);
  assert_true(said[0].is_warning);
  assert_case_says("old records", said[0].text, "before version 12");
  assert_case_says("old records", said[0].text, "5.19");
  update_all(&diagnostics, &old);
  assert_int_equal(said_count, 0);
}

static void says_once_that_records_are_strange(void **state) {
  (void)state;
  struct diagnostics diagnostics = {0};
  const struct problem_report strange = {.read = &well, .rejection = -EBADMSG};
  update_all(&diagnostics, &strange);
  assert_int_equal(said_count, 1);
  assert_true(said[0].is_warning);
  assert_case_says("strange records", said[0].text, "(Bad message)");
  assert_case_says("strange records", said[0].text, "uname -r");
  update_all(&diagnostics, &strange);
  assert_int_equal(said_count, 0);
}

static void says_once_that_groups_are_many(void **state) {
  (void)state;
  struct diagnostics diagnostics = {0};
  const struct problem_report full = {.read = &well, .is_full = true};
  update_all(&diagnostics, &full);
  assert_int_equal(said_count, 1);
  assert_true(said[0].is_warning);
  assert_case_says("full", said[0].text, "MaxGroups is reached");
  assert_case_says("full", said[0].text, "\"other\"");
  assert_case_says("full", said[0].text, "Raise MaxGroups");
  update_all(&diagnostics, &full);
  assert_int_equal(said_count, 0);
}

/* Problems do not hide each other, and end independently. */
static void says_several_at_a_time(void **state) {
  (void)state;
  struct diagnostics diagnostics = {0};
  struct reader_report report = {.taskstats = -EPERM,
                                 .io = -EACCES,
                                 .select = -EACCES,
                                 .delay_accounting = -ENODATA};
  update(&diagnostics, &report);
  assert_int_equal(said_count, 4);
  update_all(&diagnostics, &(struct problem_report){.read = &report,
                                                    .listener = -ENODATA,
                                                    .has_unattributed = true});
  assert_int_equal(said_count, 2);
  update_all(&diagnostics, &(struct problem_report){.read = &report,
                                                    .has_unattributed = true});
  assert_int_equal(said_count, 1);
  assert_string_equal(said[0].text, "Exit records arrive.");
  report.io = 0;
  for (int more_s = 0; more_s <= MINUTE_S; more_s++, time_s++) {
    update_all(&diagnostics, &(struct problem_report){
                                 .read = &report, .has_unattributed = true});
    assert_int_equal(said_count, more_s == MINUTE_S);
  }
  assert_string_equal(said[0].text,
                      "The I/O of all processes can be read again.");
  update_all(&diagnostics, &(struct problem_report){.read = &report,
                                                    .has_unattributed = true,
                                                    .events = -ETIMEDOUT,
                                                    .is_full = true});
  assert_int_equal(said_count, 2);
  update_all(&diagnostics, &(struct problem_report){.read = &report,
                                                    .has_unattributed = true,
                                                    .is_full = true});
  assert_int_equal(said_count, 1);
  assert_string_equal(said[0].text, "Process events arrive.");
}

/* A read without processes does not show whether they can be read. */
static void says_nothing_of_the_unlisted(void **state) {
  (void)state;
  struct diagnostics diagnostics = {0};
  update(&diagnostics,
         &(struct reader_report){.io = -EACCES, .select = -EACCES});
  assert_int_equal(said_count, 2);
  update(&diagnostics, &(struct reader_report){.proc = -EIO});
  assert_int_equal(said_count, 1);
  assert_case_says("unlisted", said[0].text, "Cannot list processes");
  time_s += MINUTE_S; /* which do not count */
  update(&diagnostics, &(struct reader_report){.select = -EACCES});
  assert_int_equal(said_count, 1);
  assert_string_equal(said[0].text, "Processes can be read again.");
  time_s += MINUTE_S;
  update(&diagnostics, &(struct reader_report){.select = -EACCES});
  assert_int_equal(said_count, 1);
  assert_string_equal(said[0].text,
                      "The I/O of all processes can be read again.");
}

/* Problems that come and go with each read, and the resulting lines. */
static void says_little_of_what_comes_and_goes(void **state) {
  (void)state;
  static const struct {
    const char *name;
    struct reader_report ill, other;
    unsigned int ill_s, other_s, well_s; /* in turn */
    unsigned int for_s;
    size_t warnings, notices;
  } flaps[] = {
      {"a member at every other read",
       {.io = -EACCES},
       {0},
       1,
       0,
       1,
       2 * HOUR_S,
       1,
       0},
      {"of an unreadable executable",
       {.select = -EACCES},
       {0},
       1,
       0,
       1,
       2 * HOUR_S,
       1,
       0},
      {"of an expensive expression",
       {.undecided = 1, .undecided_rule = "a", .undecided_expression = "b"},
       {0},
       1,
       0,
       1,
       2 * HOUR_S,
       1,
       0},
      {"a job every five minutes",
       {.io = -EACCES},
       {0},
       20,
       0,
       280,
       2 * HOUR_S,
       2,
       2},
      {"two members with different causes",
       {.io = -EACCES},
       {.io = -EMFILE},
       1,
       1,
       0,
       30 * MINUTE_S,
       2,
       0},
      {"one after the other",
       {.io = -EACCES},
       {.io = -EMFILE},
       5,
       5,
       5,
       30 * MINUTE_S,
       2,
       0},
      {"a connection",
       {.taskstats = -ETIMEDOUT},
       {0},
       1,
       0,
       1,
       10 * MINUTE_S,
       10,
       10},
  };

  for (size_t i = 0; i < COUNT_OF(flaps); i++) {
    struct diagnostics diagnostics = {0};
    size_t warnings = 0, notices = 0;
    unsigned int turn_s = flaps[i].ill_s + flaps[i].other_s + flaps[i].well_s;
    for (unsigned int s = 0; s < flaps[i].for_s; s++, time_s++) {
      const struct reader_report *report = &well;
      if (s % turn_s < flaps[i].ill_s)
        report = &flaps[i].ill;
      else if (s % turn_s < flaps[i].ill_s + flaps[i].other_s)
        report = &flaps[i].other;
      update(&diagnostics, report);
      for (size_t line = 0; line < said_count; line++) {
        warnings += said[line].is_warning;
        notices += !said[line].is_warning;
      }
    }
    assert_case_int(flaps[i].name, warnings, flaps[i].warnings);
    assert_case_int(flaps[i].name, notices, flaps[i].notices);
  }
}

/* A problem that was not logged for a while is logged if it persists. */
static void says_what_lasts_in_the_end(void **state) {
  (void)state;
  struct diagnostics diagnostics = {0};
  const struct reader_report report = {.taskstats = -ETIMEDOUT};
  update(&diagnostics, &report);
  time_s++;
  update(&diagnostics, &well);
  assert_int_equal(said_count, 1);
  for (int since_s = 1; since_s <= MINUTE_S; since_s++, time_s++) {
    update(&diagnostics, &report);
    assert_int_equal(said_count, since_s == MINUTE_S);
  }
  update(&diagnostics, &well);
  assert_int_equal(said_count, 1);
}

/* The lines are complete: they end with the remedy. */
static void says_whole_sentences(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct diagnostics diagnostics = {0};
    update_case(&diagnostics, i);
    const char *text = said[0].text;
    char last = text[strlen(text) - 1];
    assert_case(cases[i].name, last == '.' || last == '?');
  }
}

/* Without the capability, the line names it; with it, the line says where it
 * does not apply. */
static void names_the_missing_capability(void **state) {
  (void)state;
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct all[_LINUX_CAPABILITY_U32S_3], few[2];
  assert_int_equal(syscall(SYS_capget, &header, all), 0);

  static const struct {
    const char *name;
    struct reader_report report;
    unsigned int capabilities; /* the capability that is dropped */
    const char *lacks, *has;
  } texts[] = {
      {"taskstats",
       {.taskstats = -EPERM},
       1U << CAP_NET_ADMIN,
       "lacks CAP_NET_ADMIN.",
       "its own user namespace"},
      {"io, ptrace",
       {.io = -EACCES},
       1U << CAP_SYS_PTRACE,
       "lacks CAP_SYS_PTRACE.",
       "collectd has the capabilities"},
      {"io, mode",
       {.io = -EACCES},
       1U << CAP_DAC_READ_SEARCH | 1U << CAP_DAC_OVERRIDE,
       "lacks CAP_DAC_READ_SEARCH.",
       "collectd has the capabilities"},
      {"io, both",
       {.io = -EACCES},
       1U << CAP_SYS_PTRACE | 1U << CAP_DAC_READ_SEARCH |
           1U << CAP_DAC_OVERRIDE,
       "lacks CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH.",
       "collectd has the capabilities"},
      /* CAP_DAC_OVERRIDE, which a container's root has, is sufficient. */
      {"io, overridden mode",
       {.io = -EACCES},
       1U << CAP_SYS_PTRACE | 1U << CAP_DAC_READ_SEARCH,
       "lacks CAP_SYS_PTRACE.",
       "collectd has the capabilities"},
      {"files",
       {.files = -EACCES},
       1U << CAP_SYS_PTRACE | 1U << CAP_DAC_READ_SEARCH |
           1U << CAP_DAC_OVERRIDE,
       "lacks CAP_DAC_READ_SEARCH.",
       "collectd has the capabilities"},
      {"select",
       {.select = -EACCES},
       1U << CAP_SYS_PTRACE | 1U << CAP_DAC_READ_SEARCH,
       "lacks CAP_SYS_PTRACE.",
       "collectd has the capabilities"},
  };
  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    struct diagnostics diagnostics = {0};
    memcpy(few, all, sizeof(few));
    few[0].effective &= ~texts[i].capabilities;
    assert_int_equal(syscall(SYS_capset, &header, few), 0);
    update(&diagnostics, &texts[i].report);
    assert_int_equal(syscall(SYS_capset, &header, all), 0);
    assert_case_says(texts[i].name, said[0].text, texts[i].lacks);
    assert_case_says(texts[i].name, said[0].text,
                     geteuid() == 0
                         ? ". Extend the capabilities of its container"
                         : ". Run it as root");

    if ((~all[0].effective & texts[i].capabilities) != 0)
      continue;
    diagnostics = (struct diagnostics){0};
    update(&diagnostics, &texts[i].report);
    assert_case_says(texts[i].name, said[0].text, texts[i].has);
  }
}

/* Other failures have other causes: no capability would help. */
static void does_not_blame_capabilities_for_all(void **state) {
  (void)state;
  static const struct {
    const char *name;
    struct reader_report report;
  } others[] = {
      {"kernel without CONFIG_TASK_IO_ACCOUNTING", {.io = -ENOENT}},
      {"too many open files, io", {.io = -EMFILE}},
      {"too many open files, select", {.select = -EMFILE}},
      {"too many open files, memory", {.memory = -EMFILE}},
      {"too many open files, files", {.files = -EMFILE}},
      {"no memory for a command line", {.select = -ENOMEM}},
      {"expressions that take too long",
       {.undecided = 2, .undecided_rule = "a", .undecided_expression = "b"}},
      {"processes that do not answer", {.hung = 2, .hung_pid = 12}},
      {"too many of them", {.proc = -ETIMEDOUT}},
      {"a read that takes too long", {.proc = -EINPROGRESS}},
      {"another pid namespace's /proc", {.proc = -EXDEV}},
  };

  for (size_t i = 0; i < COUNT_OF(others); i++) {
    struct diagnostics diagnostics = {0};
    update(&diagnostics, &others[i].report);
    assert_case_int(others[i].name, said_count, 1);
    if (strstr(said[0].text, "capabilit") != NULL ||
        strstr(said[0].text, "CAP_") != NULL)
      fail_msg("%s: \"%s\"", others[i].name, said[0].text);
  }
}

static void names_expressions_that_take_too_long(void **state) {
  (void)state;
  struct diagnostics diagnostics = {0};
  struct reader_report report = {.undecided = 1,
                                 .undecided_rule = "queue",
                                 .undecided_expression = "celery.*worker"};
  update(&diagnostics, &report);
  assert_int_equal(said_count, 1);
  assert_case_says("one", said[0].text, "match 1 process within");
  assert_case_says("one", said[0].text, "\"celery.*worker\" of \"queue\"");
  assert_case_says("one", said[0].text, "Anchor it");

  report.undecided = 12; /* the same failure */
  update(&diagnostics, &report);
  assert_int_equal(said_count, 0);
  recover(&diagnostics, true);
  assert_int_equal(said_count, 1);
  assert_false(said[0].is_warning);
  time_s += HOUR_S;
  update(&diagnostics, &report);
  assert_case_says("several", said[0].text, "match 12 processes within");
}

static void names_a_process_that_does_not_answer(void **state) {
  (void)state;
  struct diagnostics diagnostics = {0};
  struct reader_report report = {.hung = 1, .hung_pid = 4711};
  update(&diagnostics, &report);
  assert_int_equal(said_count, 1);
  assert_case_says("one", said[0].text, "of 1 process, such as 4711:");
  assert_case_says("one", said[0].text, "kill the process");
  recover(&diagnostics, true);
  assert_case_says("again", said[0].text,
                   "The /proc files of all processes answer again.");
}

/* An anchor helps only if the limit on steps was reached. */
static void names_the_limit_of_expressions(void **state) {
  (void)state;
  static const struct {
    enum pattern_result limit;
    const char *says;
  } limits[] = {
      {PATTERN_STEPS, "more steps than one match may take"},
      {PATTERN_MEMORY, "16 MiB of memory"},
      {PATTERN_BUSY, "retried within seconds"},
  };
  for (size_t i = 0; i < COUNT_OF(limits); i++) {
    struct diagnostics diagnostics = {0};
    update(&diagnostics,
           &(struct reader_report){.undecided = 1,
                                   .undecided_rule = "queue",
                                   .undecided_expression = "(.|x)*worker",
                                   .undecided_limit = limits[i].limit});
    assert_case_says(limits[i].says, said[0].text, limits[i].says);
  }
}

static void cuts_long_expressions(void **state) {
  (void)state;
  char expression[2000], name[2000];
  memset(expression, 'e', sizeof(expression) - 1);
  memset(name, 'n', sizeof(name) - 1);
  expression[sizeof(expression) - 1] = name[sizeof(name) - 1] = '\0';
  for (int limit = PATTERN_STEPS; limit <= PATTERN_BUSY; limit++) {
    struct diagnostics diagnostics = {0};
    update(&diagnostics, &(struct reader_report){
                             .undecided = SIZE_MAX,
                             .undecided_rule = name,
                             .undecided_expression = expression,
                             .undecided_limit = (enum pattern_result)limit});
    assert_string_equal(said[0].text + strlen(said[0].text) - 1, ".");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(says_nothing_when_all_is_well),
      cmocka_unit_test(says_each_once),
      cmocka_unit_test(says_that_it_changed),
      cmocka_unit_test(says_once_that_records_are_old),
      cmocka_unit_test(says_once_that_records_are_strange),
      cmocka_unit_test(says_once_that_groups_are_many),
      cmocka_unit_test(says_several_at_a_time),
      cmocka_unit_test(says_nothing_of_the_unlisted),
      cmocka_unit_test(says_little_of_what_comes_and_goes),
      cmocka_unit_test(says_what_lasts_in_the_end),
      cmocka_unit_test(says_whole_sentences),
      cmocka_unit_test(names_the_missing_capability),
      cmocka_unit_test(does_not_blame_capabilities_for_all),
      cmocka_unit_test(names_expressions_that_take_too_long),
      cmocka_unit_test(names_a_process_that_does_not_answer),
      cmocka_unit_test(names_the_limit_of_expressions),
      cmocka_unit_test(cuts_long_expressions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
