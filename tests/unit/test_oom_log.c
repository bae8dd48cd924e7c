/* SPDX-License-Identifier: MIT */
#include "kernel/oom_log.h"

#include "support/test.h"

#include <stdio.h>
#include <string.h>

enum { LINES = 6, KILLS = 3 };

#define CAUSE(tail) "6,10,5000000,-;oom-kill:constraint=CONSTRAINT_" tail
#define IN_MEMCG "MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg="
#define VICTIM(text) "3,11,5000035,-;" text
#define REST                                                                   \
  " total-vm:119148kB, anon-rss:20096kB, file-rss:6756kB, shmem-rss:0kB, "     \
  "UID:0 pgtables:104kB oom_score_adj:0\n"

struct told {
  int pid; /* 0: none */
  enum oom_limit limit;
  const char *cgroup;
};

static const struct {
  const char *name;
  const char *lines[LINES];
  struct told told[KILLS];
} cases[] = {
    {"5.10, its own limit",
     {"4,1,4999000,-;java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), "
      "order=0, oom_score_adj=0\n SUBSYSTEM=memory\n",
      CAUSE(IN_MEMCG "/system.slice/web.service,task_memcg=/system.slice/"
                     "web.service,task=java,pid=4711,uid=33\n"),
      VICTIM("Memory cgroup out of memory: Killed process 4711 (java)" REST)},
     {{4711, OOM_LIMIT_CGROUP, "/system.slice/web.service"}}},
    {"6.1, the limit of a parent",
     {CAUSE(IN_MEMCG "/a,task_memcg=/a/b/c,task=java,pid=4711,uid=33\n"),
      VICTIM("Memory cgroup out of memory: Killed process 4711 (java)" REST)},
     {{4711, OOM_LIMIT_CGROUP, "/a"}}},
    {"6.12, the machine",
     {CAUSE("NONE,nodemask=(null),cpuset=user.slice,mems_allowed=0,global_oom,"
            "task_memcg=/user.slice,task=cc1plus,pid=99,uid=1000\n"),
      VICTIM("Out of memory: Killed process 99 (cc1plus)" REST)},
     {{99, OOM_LIMIT_MACHINE, ""}}},
    {"6.18, with who has logged it",
     {"6,10,5000000,-,caller=T4711;oom-kill:constraint=CONSTRAINT_" IN_MEMCG
      "/a,task_memcg=/a,task=x,pid=7,uid=0\n",
      "3,11,5000035,-,caller=T4711;Memory cgroup out of memory: Killed process "
      "7 (x)" REST},
     {{7, OOM_LIMIT_CGROUP, "/a"}}},
    {"a cpuset",
     {CAUSE("CPUSET,nodemask=(null),cpuset=x,mems_allowed=1,global_oom,"
            "task_memcg=/,task=x,pid=7,uid=0\n"),
      VICTIM("Out of memory: Killed process 7 (x)" REST)},
     {{7, OOM_LIMIT_MACHINE, ""}}},
    {"who asks for memory is killed",
     {VICTIM("Out of memory (oom_kill_allocating_task): Killed process 7 "
             "(x)" REST)},
     {{7, OOM_LIMIT_MACHINE, ""}}},
    {"more than ten in five seconds: no cause",
     {VICTIM("Memory cgroup out of memory: Killed process 7 (x)" REST)},
     {{7, OOM_LIMIT_CGROUP, ""}}},
    {"not the cause of another one",
     {CAUSE(IN_MEMCG "/a,task_memcg=/a,task=x,pid=7,uid=0\n"),
      VICTIM("Memory cgroup out of memory: Killed process 7 (x)" REST),
      VICTIM("Memory cgroup out of memory: Killed process 8 (x)" REST),
      VICTIM("Memory cgroup out of memory: Killed process 7 (x)" REST)},
     {{7, OOM_LIMIT_CGROUP, "/a"},
      {8, OOM_LIMIT_CGROUP, ""},
      {7, OOM_LIMIT_CGROUP, ""}}},
    {"memory.oom.group",
     {CAUSE(IN_MEMCG "/a,task_memcg=/a/b,task=x,pid=7,uid=0\n"),
      VICTIM("Memory cgroup out of memory: Killed process 7 (x)" REST),
      "6,12,5000040,-;Tasks in /a/b are going to be killed due to "
      "memory.oom.group set\n",
      VICTIM("Memory cgroup out of memory: Killed process 7 (x)" REST),
      VICTIM("Memory cgroup out of memory: Killed process 9 (y)" REST)},
     {{7, OOM_LIMIT_CGROUP, "/a"},
      {7, OOM_LIMIT_CGROUP, "/a"},
      {9, OOM_LIMIT_CGROUP, "/a"}}},
    {"4.19: the prefix is another line",
     {"3,9,4999999,-;Memory cgroup out of memory: Kill process 7 (x) score 995 "
      "or sacrifice child\n",
      VICTIM("Killed process 7 (x) total-vm:119148kB, anon-rss:20096kB\n")},
     {{7, OOM_LIMIT_UNKNOWN, ""}}},
    {"a name that looks like the rest of the line",
     {CAUSE(IN_MEMCG "/a,task_memcg=/a,task=,pid=1,uid=0,pid=7,uid=0\n"),
      VICTIM(
          "Memory cgroup out of memory: Killed process 7 (,pid=1,uid=0)" REST)},
     {{7, OOM_LIMIT_CGROUP, "/a"}}},
    {"a name that looks like a path",
     {CAUSE(IN_MEMCG "/a,task_memcg=/a,task=,oom_memcg=/,pid=7,uid=0\n"),
      VICTIM(
          "Memory cgroup out of memory: Killed process 7 (,oom_memcg=/)" REST)},
     {{7, OOM_LIMIT_CGROUP, "/a"}}},
    {"a name with the key of a name",
     {CAUSE(IN_MEMCG "/a,task_memcg=/a,task=a,task=b,pid=7,uid=0\n"),
      VICTIM("Memory cgroup out of memory: Killed process 7 (a,task=b)" REST)},
     {{7, OOM_LIMIT_CGROUP, "/a"}}},
    {"a cgroup that looks like the rest of the line",
     {CAUSE(IN_MEMCG "/s,task_memcg=/s/x,oom_memcg=/,task_memcg=/,task=y,"
                     "pid=1,uid=0,task=x,pid=7,uid=0\n"),
      VICTIM("Memory cgroup out of memory: Killed process 7 (x)" REST)},
     {{7, OOM_LIMIT_CGROUP, "/s"}}},
    {"and one whose limit it is",
     {CAUSE(IN_MEMCG "/s,task_memcg=/s,task_memcg=/s,task_memcg=/s/b,task=x,"
                     "pid=7,uid=0\n"),
      VICTIM("Memory cgroup out of memory: Killed process 7 (x)" REST)},
     {{7, OOM_LIMIT_CGROUP, "/s,task_memcg=/s"}}},
    {"or which does so in two ways",
     {CAUSE(IN_MEMCG "/s,task_memcg=/s/b,task_memcg=/s,task_memcg=/s/b,task=x,"
                     "pid=7,uid=0\n"),
      VICTIM("Memory cgroup out of memory: Killed process 7 (x)" REST)},
     {{7, OOM_LIMIT_CGROUP, ""}}},
    {"or with the key of the task's name",
     {CAUSE(IN_MEMCG "/,task_memcg=/s/ab,task=x are,task_memcg=/,task_memcg=/s/"
                     "ab,task=x are,task=x,pid=7,uid=0\n"),
      VICTIM("Memory cgroup out of memory: Killed process 7 (x)" REST)},
     {{7, OOM_LIMIT_CGROUP, ""}}},
    {"a cpuset that looks like the rest of the line",
     {CAUSE("MEMCG,nodemask=(null),cpuset=,oom_memcg=,task_memcg=,"
            "mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,task=x,pid=7,uid=0\n"),
      VICTIM("Memory cgroup out of memory: Killed process 7 (x)" REST)},
     {{7, OOM_LIMIT_CGROUP, "/a"}}},
    {"escapes",
     {CAUSE(IN_MEMCG "/caf\\xc3\\xa9 \\x5cx41,task_memcg=/caf\\xc3\\xa9 "
                     "\\x5cx41,task=\\x0a\\x0a\\x0a\\x0a\\x0a\\x0a\\x0a,pid=7,"
                     "uid=0\n"),
      VICTIM("Memory cgroup out of memory: Killed process 7 (\\x0a)" REST)},
     {{7, OOM_LIMIT_CGROUP, "/caf\xc3\xa9 \\x41"}}},
    {"a line in pieces",
     {CAUSE(IN_MEMCG "/a\n"), "6,11,5000001,-;something else\n",
      "6,12,5000002,c;,task_memcg=/a/b\n",
      "6,13,5000003,c;,task=x,pid=7,uid=0\n",
      VICTIM("Memory cgroup out of memory: Killed process 7 (x)" REST)},
     {{7, OOM_LIMIT_CGROUP, "/a"}}},
    {"what others write to the log",
     {"14,10,5000000,-;Memory cgroup out of memory: Killed process 7 (x)" REST,
      "12,10,5000000,-;oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/a,"
      "task_memcg=/a,task=x,pid=7,uid=0\n"},
     {{0, OOM_LIMIT_UNKNOWN, NULL}}},
    {"what other lines quote",
     {"6,10,5000000,-;Killed process [77]: segfault at 10 ip "
      "00007f3ae7170380\n",
      "6,10,5000000,-;x: Out of memory: Killed process 7 (x)\n",
      "6,10,5000000,-;Out of memory Killed process 7 (x)\n",
      "6,10,5000000,-;Out of memory: OOM victim 7 (x) is already exiting. Skip "
      "killing the task\n",
      "6,10,5000000,-;Killed process -7 (x) total-vm\n"},
     {{0, OOM_LIMIT_UNKNOWN, NULL}}},
    {"what is no record",
     {"", "6", "6,10,5000000", "6,10,5000000,-", "x,y,z;Killed process 7 (x)",
      "Killed process 7 (x)"},
     {{0, OOM_LIMIT_UNKNOWN, NULL}}},
};

static void finds_victims(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct oom_log log = {0};
    size_t count = 0;
    for (size_t l = 0; l < LINES && cases[i].lines[l] != NULL; l++) {
      struct oom_kill kill;
      if (!oom_log_take(&log, cases[i].lines[l], &kill))
        continue;
      assert_case(cases[i].name, count < KILLS);
      const struct told *told = &cases[i].told[count++];
      assert_case_int(cases[i].name, kill.pid, told->pid);
      assert_case_int(cases[i].name, kill.limit, told->limit);
      assert_case_string(cases[i].name, kill.cgroup, told->cgroup);
      assert_case(cases[i].name, kill.time_us / 1000 == 5000);
    }
    size_t wanted = 0;
    while (wanted < KILLS && cases[i].told[wanted].pid != 0)
      wanted++;
    assert_case_int(cases[i].name, count, wanted);
  }
}

/* A path that does not fit is not truncated: it would name another cgroup. */
static void leaves_long_paths_out(void **state) {
  (void)state;
  static const size_t lengths[] = {OOM_LOG_PATH_SIZE - 1, OOM_LOG_PATH_SIZE,
                                   900, 3000};
  for (size_t i = 0; i < COUNT_OF(lengths); i++) {
    static char path[4096], record[9000];
    memset(path, 'p', lengths[i]);
    path[0] = '/';
    path[lengths[i]] = '\0';
    struct oom_log log = {0};
    struct oom_kill kill;
    snprintf(record, sizeof(record),
             CAUSE(IN_MEMCG "%s,task_memcg=%s,task=x,pid=7,uid=0\n"), path,
             path);
    assert_false(oom_log_take(&log, record, &kill));
    assert_true(oom_log_take(
        &log, VICTIM("Memory cgroup out of memory: Killed process 7 (x)" REST),
        &kill));
    assert_int_equal(kill.limit, OOM_LIMIT_CGROUP);
    assert_string_equal(kill.cgroup, i == 0 ? path : "");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_victims),
      cmocka_unit_test(leaves_long_paths_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
