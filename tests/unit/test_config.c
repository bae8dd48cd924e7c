/* SPDX-License-Identifier: MIT */
#include "collectd/config.h"

#include "support/oconfig.h"
#include "support/test.h"
#include "support/tree.h"
#include "support/users.h"

#include <ctype.h>
#include <errno.h>

enum { ERROR_SIZE = 1024 };

static int add_block(struct settings *settings, const char *text,
                     char error[ERROR_SIZE]) {
  oconfig_item_t block = oconfig_block(text);
  error[0] = '\0';
  int status = config_add_block(settings, &block, error, ERROR_SIZE);
  oconfig_clear(&block);
  return status;
}

static void add_good_block(struct settings *settings, const char *text) {
  char error[ERROR_SIZE];
  if (add_block(settings, text, error) != 0)
    fail_msg("refused: %s", error);
  assert_string_equal(error, "");
}

static void configure(struct settings *settings, const char *text) {
  config_init(settings);
  add_good_block(settings, text);
  config_finish(settings);
}

static const struct rule *rule_of(const struct settings *settings,
                                  const char *name) {
  for (const struct rule *r = settings->rules; r != NULL; r = r->next)
    if (strcmp(r->name, name) == 0)
      return r;
  fail_msg("no group \"%s\"", name);
  return NULL;
}

enum {
  DEFAULTS = COLLECT_DELAY | COLLECT_DELAY_TOTAL | COLLECT_CPU | COLLECT_IO |
             COLLECT_COUNT | COLLECT_EXITS,
};

static void has_defaults(void **state) {
  (void)state;
  struct settings settings;
  configure(&settings, "Process \"sshd\"\n");
  assert_false(settings.enable_delay_accounting);
  assert_true(settings.report_self);
  assert_true(settings.watches);
  assert_null(settings.watch_cpus); /* all */
  assert_int_equal(settings.watch_buffer, 8388608);
  assert_int_equal(settings.notify_rate, 10);
  assert_int_equal(rule_of(&settings, "sshd")->notify, NOTIFY_NONE);
  assert_string_equal(settings.ignored, "");
  assert_int_equal(rule_of(&settings, "sshd")->collect, DEFAULTS);
  assert_null(settings.rules->next);
  config_clear(&settings);

  /* An empty configuration is not an error. */
  configure(&settings, "");
  assert_null(settings.rules);
  config_clear(&settings);
}

static void sets_global_options(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool enable_delay_accounting, report_self;
  } cases[] = {
      {"EnableDelayAccounting true\n", true, true},
      {"EnableDelayAccounting false\n", false, true},
      {"enabledelayaccounting \"yes\"\n", true, true},
      {"ReportSelf false\n", false, false},
      {"REPORTSELF \"off\"\n", false, false},
      {"ReportSelf false\nReportSelf true\n", false, true},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct settings settings;
    configure(&settings, cases[i].text);
    assert_case_int(cases[i].text, settings.enable_delay_accounting,
                    cases[i].enable_delay_accounting);
    assert_case_int(cases[i].text, settings.report_self, cases[i].report_self);
    config_clear(&settings);
  }
}

static const struct {
  const char *option;
  uint32_t bit;
} collects[] = {
    {"CollectDelay", COLLECT_DELAY},
    {"CollectDelayAccounting", COLLECT_DELAY},
    {"CollectDelayTotal", COLLECT_DELAY_TOTAL},
    {"CollectCPU", COLLECT_CPU},
    {"CollectIO", COLLECT_IO},
    {"CollectCount", COLLECT_COUNT},
    {"CollectContextSwitch", COLLECT_CONTEXT_SWITCH},
    {"CollectPageFaults", COLLECT_PAGE_FAULTS},
    {"CollectMemory", COLLECT_MEMORY},
    {"CollectDelayLatency", COLLECT_DELAY_LATENCY},
    {"CollectExits", COLLECT_EXITS},
    {"CollectFileDescriptor", COLLECT_FILES},
    {"CollectUptime", COLLECT_UPTIME},
    {"collectmemory", COLLECT_MEMORY},
};

static const struct {
  const char *text;
  bool on;
} booleans[] = {{"true", true},    {"false", false},    {"\"true\"", true},
                {"\"no\"", false}, {"\"YES\"", true},   {"\"Off\"", false},
                {"\"on\"", true},  {"\"False\"", false}};

/* Each option, wherever it may appear. */
static void sets_what_is_collected(void **state) {
  (void)state;
  static const struct {
    const char *format; /* with the option's line */
    bool of_b;          /* or else of all groups */
  } places[] = {
      {"%s\nProcess \"a\"\nProcess \"b\"\n", false},
      {"Process \"a\"\nProcess \"b\"\n%s\n", false},
      {"Process \"a\"\n<Process \"b\">\n%s\n</Process>\n", true},
      {"Process \"a\"\n<ProcessMatch \"b\" \"x\">\n%s\n</ProcessMatch>\n",
       true},
      {"Process \"a\"\n<Group \"b\">\n%s\nCommand \"x\"\n</Group>\n", true},
      {"<Group \"b\">\nCommand \"x\"\n%s\n</Group>\nProcess \"a\"\n", true},
  };

  for (size_t p = 0; p < COUNT_OF(places); p++)
    for (size_t c = 0; c < COUNT_OF(collects); c++)
      for (size_t b = 0; b < COUNT_OF(booleans); b++) {
        char line[64], text[256];
        snprintf(line, sizeof(line), "%s %s", collects[c].option,
                 booleans[b].text);
        const char *hole = strstr(places[p].format, "%s");
        snprintf(text, sizeof(text), "%.*s%s%s", (int)(hole - places[p].format),
                 places[p].format, line, hole + 2);

        uint32_t set = booleans[b].on ? DEFAULTS | collects[c].bit
                                      : DEFAULTS & ~collects[c].bit;
        struct settings settings;
        configure(&settings, text);
        assert_case_int(text, rule_of(&settings, "b")->collect, set);
        assert_case_int(text, rule_of(&settings, "a")->collect,
                        places[p].of_b ? DEFAULTS : set);
        config_clear(&settings);
      }
}

/* The stanza's setting has precedence, wherever the default appears. */
static void overrides_the_default(void **state) {
  (void)state;
  static const struct {
    const char *name, *text;
    uint32_t of_a, of_b;
  } cases[] = {
      {"default in front",
       "CollectMemory true\nCollectIO false\nProcess \"a\"\n<Process \"b\">\n"
       "CollectMemory false\nCollectIO true\n</Process>\n",
       (DEFAULTS | COLLECT_MEMORY) & ~(uint32_t)COLLECT_IO, DEFAULTS},
      {"default behind",
       "Process \"a\"\n<Process \"b\">\nCollectMemory false\nCollectIO true\n"
       "</Process>\nCollectMemory true\nCollectIO false\n",
       (DEFAULTS | COLLECT_MEMORY) & ~(uint32_t)COLLECT_IO, DEFAULTS},
      {"the last one counts",
       "CollectMemory true\nCollectMemory false\nProcess \"a\"\n"
       "<Process \"b\">\nCollectIO false\nCollectIO true\n</Process>\n",
       DEFAULTS, DEFAULTS},
      {"two names of one option",
       "CollectDelayAccounting false\nProcess \"a\"\n<Process \"b\">\n"
       "CollectDelay true\n</Process>\n",
       DEFAULTS & ~(uint32_t)COLLECT_DELAY, DEFAULTS},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct settings settings;
    configure(&settings, cases[i].text);
    assert_case_int(cases[i].name, rule_of(&settings, "a")->collect,
                    cases[i].of_a);
    assert_case_int(cases[i].name, rule_of(&settings, "b")->collect,
                    cases[i].of_b);
    config_clear(&settings);
  }
}

static void sets_what_is_watched(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool watches;
    const char *cpus; /* NULL for all */
    size_t buffer;
    uint32_t rate;
  } cases[] = {
      {"WatchCPUs \"all\"\n", true, NULL, 8388608, 10},
      {"WatchCPUs \"ALL\"\n", true, NULL, 8388608, 10},
      {"WatchCPUs \"none\"\n", false, NULL, 8388608, 10},
      {"watchcpus \"0\"\n", true, "0", 8388608, 10},
      {"WatchCPUs 0\n", true, "0", 8388608, 10},
      {"WatchCPUs \"0-0,0\"\n", true, "0-0,0", 8388608, 10},
      {"WatchCPUs \"none\"\nWatchCPUs \"0\"\n", true, "0", 8388608, 10},
      {"WatchCPUs \"0\"\nWatchCPUs \"all\"\n", true, NULL, 8388608, 10},
      {"WatchCPUs \"0\"\nWatchCPUs \"0,0\"\n", true, "0,0", 8388608, 10},
      {"WatchBuffer 4096\n", true, NULL, 4096, 10},
      {"WatchBuffer 2147483647\n", true, NULL, 2147483647, 10},
      {"NotifyExitRate 1\n", true, NULL, 8388608, 1},
      {"NOTIFYEXITRATE 1000\n", true, NULL, 8388608, 1000},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *text = cases[i].text;
    struct settings settings;
    configure(&settings, text);
    assert_case_int(text, settings.watches, cases[i].watches);
    assert_case_int(text, settings.watch_cpus != NULL, cases[i].cpus != NULL);
    if (cases[i].cpus != NULL)
      assert_case_string(text, settings.watch_cpus, cases[i].cpus);
    assert_case_int(text, settings.watch_buffer, cases[i].buffer);
    assert_case_int(text, settings.notify_rate, cases[i].rate);
    config_clear(&settings);
  }
}

/* The options that determine the groups: their number, and which processes
 * count in them. */
static void sets_how_groups_are_made(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool descendants;
    uint32_t top, max_groups;
  } cases[] = {
      {"<Group \"%{comm}\">\n</Group>\n", false, 0, 500},
      {"<Group \"%{comm}\">\nDescendants true\n</Group>\n", true, 0, 500},
      {"<Group \"%{comm}\">\ndescendants \"yes\"\n</Group>\n", true, 0, 500},
      {"<Group \"%{comm}\">\nDescendants true\nDescendants false\n"
       "</Group>\n",
       false, 0, 500},
      {"<Group \"%{comm}\">\nTop 1\n</Group>\n", false, 1, 500},
      {"<Group \"%{comm}\">\nTOP 20\n</Group>\n", false, 20, 500},
      {"<Group \"%{comm}\">\nTop 5\nDescendants true\n</Group>\n", true, 5,
       500},
      {"<Group \"%{9}%{1}\">\nCommandLine \"(a)(b(c)(d)(e))\" \"(f)(g)\"\n"
       "ControlGroup \"(h)(i)\"\n</Group>\n",
       false, 0, 500},
      {"MaxGroups 1\n<Group \"%{comm}\">\n</Group>\n", false, 0, 1},
      {"<Group \"%{comm}\">\n</Group>\nmaxgroups 100000\n", false, 0, 100000},
      {"MaxGroups 3\n<Group \"%{comm}\">\nTop 5\n</Group>\nMaxGroups 4\n",
       false, 5, 4},
      {"<Group \"web\">\nCommand \"x\"\nDescendants true\n</Group>\n", true, 0,
       500},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *text = cases[i].text;
    struct settings settings;
    configure(&settings, text);
    assert_case_int(text, settings.rules->descendants, cases[i].descendants);
    assert_case_int(text, settings.rules->top, cases[i].top);
    assert_case_int(text, settings.rules->template != NULL,
                    strchr(settings.rules->name, '%') != NULL);
    assert_case_int(text, settings.max_groups, cases[i].max_groups);
    config_clear(&settings);
  }
}

static void sets_the_order_of_the_top(void **state) {
  (void)state;
  static const struct {
    const char *values;
    enum top_order order;
    uint32_t reads; /* although it is not collected */
  } cases[] = {
      {"3", TOP_DELAY, 0},
      {"3 \"delay\"", TOP_DELAY, 0},
      {"3 \"delay-cpu\"", TOP_DELAY_KIND + DELAY_CPU, 0},
      {"3 \"cpu\"", TOP_CPU, 0},
      {"3 \"delay-blkio\"", TOP_DELAY_KIND + DELAY_BLKIO, 0},
      {"3 \"blkio\"", TOP_DELAY_KIND + DELAY_BLKIO, 0},
      {"3 \"delay-irq\"", TOP_DELAY_KIND + DELAY_IRQ, 0},
      {"3 \"io\"", TOP_IO, COLLECT_IO},
      {"3 \"RSS\"", TOP_RSS, COLLECT_MEMORY},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char text[128];
    snprintf(text, sizeof(text),
             "CollectIO false\n<Group \"%%{comm}\">\nTop %s\n</Group>\n",
             cases[i].values);
    struct settings settings;
    configure(&settings, text);
    config_finish(&settings);
    const struct rule *rule = settings.rules;
    assert_case_int(text, rule->top, 3);
    assert_case_int(text, rule->top_order, cases[i].order);
    assert_case_int(text, rule_reads(rule), rule->collect | cases[i].reads);
    config_clear(&settings);
  }
}

/* The stanza's setting, or else the default, wherever that appears. */
static void sets_which_ends_are_told(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum notify of_a, of_b;
  } cases[] = {
      {"Process \"a\"\nProcess \"b\"\n", NOTIFY_NONE, NOTIFY_NONE},
      {"NotifyExit \"all\"\nProcess \"a\"\nProcess \"b\"\n", NOTIFY_ALL,
       NOTIFY_ALL},
      {"Process \"a\"\nProcess \"b\"\nnotifyexit \"FAILURE\"\n", NOTIFY_FAILURE,
       NOTIFY_FAILURE},
      {"Process \"a\"\n<Process \"b\">\nNotifyExit \"failure\"\n</Process>\n",
       NOTIFY_NONE, NOTIFY_FAILURE},
      {"Process \"a\"\n<Process \"b\">\nNotifyExit \"none\"\n</Process>\n"
       "NotifyExit \"all\"\n",
       NOTIFY_ALL, NOTIFY_NONE},
      {"NotifyExit \"oom\"\nProcess \"a\"\n<Process \"b\">\n"
       "NotifyExit \"none\"\n</Process>\n",
       NOTIFY_OOM, NOTIFY_NONE},
      {"NotifyExit \"all\"\nProcess \"a\"\n<Group \"b\">\nCommand \"x\"\n"
       "NotifyExit \"all\"\nNotifyExit \"failure\"\n</Group>\n",
       NOTIFY_ALL, NOTIFY_FAILURE},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct settings settings;
    configure(&settings, cases[i].text);
    assert_case_int(cases[i].text, rule_of(&settings, "a")->notify,
                    cases[i].of_a);
    assert_case_int(cases[i].text, rule_of(&settings, "b")->notify,
                    cases[i].of_b);
    config_clear(&settings);
  }
}

static void adds_blocks_up(void **state) {
  (void)state;
  struct settings settings;
  config_init(&settings);
  add_good_block(&settings, "Process \"a\"\nCollectMemory true\n");
  add_good_block(&settings, "Process \"b\"\nReportSelf false\n");
  add_good_block(&settings, "CollectIO false\nProcessMatch \"c\" \"x\"\n");
  config_finish(&settings);

  /* In the order of the configuration, with the options of all blocks. */
  static const char *const names[] = {"a", "b", "c"};
  const struct rule *rule = settings.rules;
  for (size_t i = 0; i < COUNT_OF(names); i++, rule = rule->next) {
    assert_non_null(rule);
    assert_string_equal(rule->name, names[i]);
    assert_int_equal(rule->collect,
                     (DEFAULTS | COLLECT_MEMORY) & ~(uint32_t)COLLECT_IO);
  }
  assert_null(rule);
  assert_false(settings.report_self);
  config_clear(&settings);
  assert_null(settings.rules);
}

/* The process that each stanza is for, and one that it is not for. */
static void makes_selectors(void **state) {
  (void)state;
  struct tree tree;
  struct procfs *proc;
  tree_create(&tree);
  assert_int_equal(procfs_open(tree.root, &proc), 0);
  tree_put(&tree, "12/cmdline", "celery -A jobs worker");
  tree_put(&tree, "12/status", "Name:\tcelery\nUid:\t0\t0\t0\t0\n");
  tree_put(&tree, "12/cgroup", "0::/system.slice/celery.service\n");
  tree_link(&tree, "12/exe", "/usr/bin/celery");

  static const struct {
    const char *text, *comm;
    bool matches;
  } cases[] = {
      {"Process \"g\"\n", "g", true},
      {"Process \"g\"\n", "h", false},
      {"ProcessMatch \"g\" \"celery.*worker\"\n", "python3", true},
      {"ProcessMatch \"g\" \"celery.*beat\"\n", "python3", false},
      {"<Group \"g\">\nCommand \"a\" \"b\" \"c\"\n</Group>\n", "c", true},
      {"<Group \"g\">\nCommand \"a\" \"b\" \"c\"\n</Group>\n", "g", false},
      {"<Group \"g\">\nCommand \"a\"\nCommand \"b\"\n</Group>\n", "a", true},
      {"<Group \"g\">\nCommandLine \"^celery -A\"\n</Group>\n", "x", true},
      {"<Group \"g\">\nExecutable \"/usr/bin/celery\"\n</Group>\n", "x", true},
      {"<Group \"g\">\nExecutable \"/usr/bin/cel\"\n</Group>\n", "x", false},
      {"<Group \"g\">\nUser \"root\"\n</Group>\n", "x", true},
      {"<Group \"g\">\nUser 0\n</Group>\n", "x", true},
      {"<Group \"g\">\nUser \"0\"\n</Group>\n", "x", true},
      {"<Group \"g\">\nUser 1 4294967294 33\n</Group>\n", "x", false},
      {"<Group \"g\">\nControlGroup \"celery\\\\.service$\"\n</Group>\n", "x",
       true},
      {"<Group \"g\">\nPIDFile \"/nowhere\"\n</Group>\n", "x", false},
      {"<Group \"g\">\nUnit \"cel*.service\" \"x\"\n</Group>\n", "x", true},
      {"<Group \"g\">\nUnit \"celery\"\n</Group>\n", "x", false},
      {"<Group \"g\">\nCommand \"x\"\n<Exclude>\nUser 0\n</Exclude>\n"
       "</Group>\n",
       "x", false},
      {"<Group \"g\">\n<exclude>\nUser 33\n</exclude>\nCommand \"x\"\n"
       "</Group>\n",
       "x", true},
      {"<Group \"g\">\n<Exclude>\nUser 0\nCommand \"y\"\n</Exclude>\n"
       "Command \"x\"\n</Group>\n",
       "x", true},
      {"<Group \"g\">\n<Exclude>\nUser 0\nCommand \"x\"\n</Exclude>\n"
       "Command \"x\"\n</Group>\n",
       "x", false},
      {"<Group \"g\">\n<Exclude>\nCommand \"y\"\n</Exclude>\n<Exclude>\n"
       "Unit \"celery*\"\n</Exclude>\nCommand \"x\"\n</Group>\n",
       "x", false},
      {"<Group \"g\">\nCommand \"x\"\nUser 33\n</Group>\n", "x", false},
      {"<group \"g\">\ncommand \"x\"\nUSER 0\n</group>\n", "x", true},
      {"process \"g\"\n", "g", true},
      {"PROCESSMATCH \"g\" \"celery\"\n", "x", true},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct settings settings;
    struct attributes attributes;
    configure(&settings, cases[i].text);
    struct match match;
    attributes_init(&attributes, proc, 12, cases[i].comm);
    assert_case_int(cases[i].text,
                    rule_match(rule_of(&settings, "g"), &attributes, &match) ==
                        SELECTOR_YES,
                    cases[i].matches);
    attributes_clear(&attributes);
    config_clear(&settings);
  }
  procfs_close(proc);
  tree_remove(&tree, "");
}

#define NAME_64                                                                \
  "0123456789012345678901234567890123456789012345678901234567890123"

/* Characters that collectd does not allow in a name are replaced; the process
 * is still selected by its own name. */
static void cleans_names(void **state) {
  (void)state;
  static const struct {
    const char *text, *name, *comm; /* NULL if it is not a command */
  } cases[] = {
      {"Process \"kworker/0:1\"\n", "kworker_0:1", "kworker/0:1"},
      {"Process \"a\tb\x7f\x01\"\n", "a_b__", "a\tb\x7f\x01"},
      {"Process \"two words\"\n", "two words", "two words"},
      {"Process \"größe\"\n", "größe", "größe"},
      {"ProcessMatch \"a/b\" \"x\"\n", "a_b", NULL},
      {"<Group \"/\">\nCommand \"x\"\n</Group>\n", "_", "x"},
      /* An ordinary name if there are no templates. */
      {"<Group \"other\">\nCommand \"x\"\n</Group>\n", "other", "x"},
      {"<Group \"" NAME_64 "012345678901234567890123456789012345678901234567890"
       "123456789012\">\nCommand \"x\"\n</Group>\n",
       NAME_64 "012345678901234567890123456789012345678901234567890"
               "123456789012",
       "x"},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct settings settings;
    configure(&settings, cases[i].text);
    assert_case_string(cases[i].text, settings.rules->name, cases[i].name);
    if (cases[i].comm != NULL) {
      struct attributes attributes;
      attributes_init(&attributes, NULL, 12, cases[i].comm);
      assert_case(cases[i].text,
                  selector_match(settings.rules->selector, &attributes, NULL) ==
                      SELECTOR_YES);
      attributes_clear(&attributes);
    }
    config_clear(&settings);
  }
}

#define IN_GROUP(line) "<Group \"web\">\n" line "\n</Group>\n"

/* Each error names the option and its value, and says what would be correct. */
static void says_what_is_wrong(void **state) {
  (void)state;
  enum { NEEDLES = 4 };
  static const struct {
    const char *text;
    const char *says[NEEDLES];
  } cases[] = {
      {"Nonsense true\n", {"Nonsense", "unknown", "Process", "CollectCPU"}},
      {IN_GROUP("Nonsense 1"),
       {"Group \"web\"", "Nonsense", "unknown here", "CommandLine"}},
      {"<Process \"sshd\">\nCommand \"x\"\n</Process>\n",
       {"Process \"sshd\"", "Command", "unknown here", "CollectCPU"}},
      {IN_GROUP("ReportSelf true"), {"ReportSelf", "unknown here"}},
      {IN_GROUP("Process \"x\""), {"Process", "unknown here"}},
      {IN_GROUP("EnableDelayAccounting true"),
       {"EnableDelayAccounting", "unknown here"}},
      {IN_GROUP("MaxGroups 5"), {"MaxGroups", "unknown here"}},
      {"Descendants true\n", {"Descendants", "unknown here", "Group"}},
      {"Top 5\n", {"Top", "unknown here", "Group"}},
      {"<Process \"p\">\nDescendants true\n</Process>\n",
       {"Process \"p\"", "Descendants", "unknown here"}},
      {IN_GROUP("Command \"x\"\n<Exclude>\n</Exclude>"),
       {"Group \"web\"", "Exclude", "excludes nothing", "Unit or PIDFile"}},
      {IN_GROUP("Command \"x\"\n<Exclude \"y\">\nUser 0\n</Exclude>"),
       {"Group \"web\"", "Exclude", "no value", "block"}},
      {IN_GROUP("Command \"x\"\n<Exclude>\nTop 1\n</Exclude>"),
       {"Group \"web\"", "Top", "unknown here", "Command"}},
      {IN_GROUP("Command \"x\"\n<Exclude>\nUnit \"a/b\"\n</Exclude>"),
       {"Group \"web\"", "Unit \"a/b\"", "is not a unit name", "ControlGroup"}},
      {IN_GROUP("<Exclude>\nUser 0\n</Exclude>"),
       {"Group \"web\"", "selects nothing", "Command"}},
      {"<Group \"%{1}\">\n<Exclude>\nCommandLine \"(x)\"\n</Exclude>\n"
       "</Group>\n",
       {"Group", "%{1}", "parentheses: 0"}},
      {"<Exclude>\nUser 0\n</Exclude>\n", {"Exclude", "unknown here"}},
      {"Command \"x\"\n", {"Command", "unknown here", "Group"}},

      {"CollectDelay 7\n", {"CollectDelay", "7", "true or false"}},
      {"CollectDelay \"maybe\"\n",
       {"CollectDelay", "\"maybe\"", "true or false"}},
      {"CollectDelay\n", {"CollectDelay", "one value", "true or false"}},
      {"CollectDelay true false\n",
       {"CollectDelay", "one value", "true or false"}},
      {"<CollectDelay true>\nX 1\n</CollectDelay>\n",
       {"CollectDelay", "true or false"}},
      {IN_GROUP("CollectIO 1.5"),
       {"Group \"web\"", "CollectIO", "1.5", "true or false"}},
      {"<Process \"sshd\">\nCollectMemory \"\"\n</Process>\n",
       {"Process \"sshd\"", "CollectMemory", "\"\"", "true or false"}},
      {"EnableDelayAccounting 1\n",
       {"EnableDelayAccounting", "1", "true or false"}},
      {"ReportSelf \"maybe\"\n", {"ReportSelf", "\"maybe\"", "true or false"}},

      {"Process\n", {"Process", "a command name in quotes"}},
      {"Process 7\n", {"Process", "a command name in quotes"}},
      {"Process true\n", {"Process", "a command name in quotes"}},
      {"Process \"a\" \"b\"\n", {"Process", "one value"}},
      {"Process \"\"\n", {"Process", "\"\"", "empty name", "give it one"}},
      {"ProcessMatch \"a\"\n", {"ProcessMatch", "two values", "a name"}},
      {"ProcessMatch \"a\" 5\n",
       {"ProcessMatch", "two values", "regular expression"}},
      {"ProcessMatch \"a\" \"b\" \"c\"\n", {"ProcessMatch", "two values"}},
      {"ProcessMatch \"a\" \"x(\"\n",
       {"ProcessMatch", "\"x(\"", "missing closing parenthesis",
        "pcre2syntax(3)"}},
      {"<Group>\nCommand \"x\"\n</Group>\n", {"Group", "a name in quotes"}},
      {"<Group 7>\nCommand \"x\"\n</Group>\n", {"Group", "a name in quotes"}},
      {"<Group \"a\" \"b\">\nCommand \"x\"\n</Group>\n",
       {"Group", "one value", "a name in quotes"}},
      {"<Group \"\">\nCommand \"x\"\n</Group>\n",
       {"Group", "empty name", "give it one"}},
      {"<Group \"web\">\n</Group>\n",
       {"Group", "\"web\"", "selects nothing", "add Command"}},
      {"<Group \"web\">\nCollectIO true\n</Group>\n",
       {"Group", "\"web\"", "selects nothing", "PIDFile"}},
      {"<Group \"%{units}\">\n</Group>\n",
       {"Group \"%{units}\"", "%{units}", "%{unit}", "%{cgroup}"}},
      {"<Group \"100%\">\nCommand \"x\"\n</Group>\n",
       {"Group \"100%\"", "percent sign", "%%"}},
      {"<Group \"%{2}\">\nCommandLine \"(x)\"\n</Group>\n",
       {"Group \"%{2}\"", "uses %{2}", "too few parentheses: 1"}},
      {"<Group \"%{1}-%{4}\">\nCommandLine \"(x)\" \"(y)\"\nControlGroup "
       "\"(z)\"\n"
       "</Group>\n",
       {"Group \"%{1}-%{4}\"", "uses %{4}", "too few parentheses: 3"}},
      {"<Group \"%{1}\">\nCommand \"(x)\"\n</Group>\n",
       {"Group \"%{1}\"", "uses %{1}", "too few parentheses: 0"}},
      {"<Group \"%{comm}\">\n</Group>\n<Group \"%{comm}\">\n</Group>\n",
       {"Group \"%{comm}\"", "duplicate group name"}},
      {"Process \"other\"\n<Group \"%{comm}\">\n</Group>\n",
       {"Group \"%{comm}\"", "\"other\"", "rename"}},
      {"<Group \"%{comm}\">\n</Group>\n<Group \"other\">\nUser \"0\"\n"
       "</Group>\n",
       {"Group \"other\"", "ambiguous", "rename"}},
      {"<Group \"" NAME_64 NAME_64 "\">\nCommand \"x\"\n</Group>\n",
       {"Group", "\"0123456789", "longer than 127 bytes"}},

      {IN_GROUP("Command 7"),
       {"Group \"web\"", "Command", "7", "a string in quotes"}},
      {IN_GROUP("Command true"), {"Command", "true", "a string in quotes"}},
      {IN_GROUP("Command"), {"Command", "a string in quotes"}},
      {IN_GROUP("Command \"\""), {"Command", "\"\"", "is empty"}},
      {IN_GROUP("Command \"a\" \"\""), {"Command", "\"\"", "is empty"}},
      {IN_GROUP("<Command \"a\">\nX 1\n</Command>"),
       {"Command", "a string in quotes"}},
      {IN_GROUP("CommandLine 7"), {"CommandLine", "7", "a string in quotes"}},
      {IN_GROUP("PIDFile true"), {"PIDFile", "true", "a string in quotes"}},
      {IN_GROUP("CommandLine \"good\" \"bad(\""),
       {"CommandLine", "\"bad(\"", "missing closing parenthesis"}},
      {IN_GROUP("CommandLine \"[a\""),
       {"Group \"web\"", "CommandLine", "\"[a\"", "missing terminating ]"}},
      {IN_GROUP("ControlGroup \"a{2,1}\""),
       {"ControlGroup", "\"a{2,1}\"", "numbers out of order"}},
      {IN_GROUP("Executable \"nginx\""),
       {"Executable", "\"nginx\"", "absolute path", "\"/\""}},
      {IN_GROUP("PIDFile \"run/x.pid\""),
       {"PIDFile", "\"run/x.pid\"", "absolute path"}},
      {IN_GROUP("User \"no user\""),
       {"Group \"web\"", "User", "\"no user\"", "getent passwd"}},
      {IN_GROUP("User \"root\" \"a:b\""), {"User", "\"a:b\"", "is not a user"}},
      {IN_GROUP("User -1"), {"User", "-1", "is not a user"}},
      {IN_GROUP("User 33.5"), {"User", "33.5", "is not a user"}},
      {IN_GROUP("User 4294967295"), {"User", "4294967295", "is not a user"}},
      {IN_GROUP("User true"), {"User", "true", "a string in quotes"}},

      {"ProcessMatch \"web\" \"x\"\n" IN_GROUP("Command \"x\""),
       {"Group", "\"web\"", "duplicate", "choose another"}},
      {"Process \"a\"\n<Process \"a\">\nCollectFoo true\n</Process>\n",
       {"Process", "\"a\"", "CollectFoo"}},

      {IN_GROUP("Descendants \"yes, please\""),
       {"Group \"web\"", "Descendants \"yes, please\"", "true or false"}},
      {"MaxGroups 0\n", {"MaxGroups 0", "from 1"}},
      {"MaxGroups \"many\"\n", {"MaxGroups \"many\"", "whole number"}},
      {"MaxGroups -1\n", {"MaxGroups -1", "whole number"}},
      {"MaxGroups 1.5\n", {"MaxGroups 1.5", "whole number"}},
      {"MaxGroups 1e30\n", {"MaxGroups 1e", "whole number"}},
      {"MaxGroups true\n", {"MaxGroups true", "whole number"}},
      {"<Group \"%{comm}\">\nTop 0\n</Group>\n",
       {"Group \"%{comm}\"", "Top 0", "from 1"}},
      {IN_GROUP("Top 5"), {"Group \"web\"", "Top 5", "placeholder"}},
      {"<Group \"%{comm}\">\nTop \"cpu\"\n</Group>\n",
       {"Top \"cpu\"", "whole number"}},
      {"<Group \"%{comm}\">\nTop 5 7\n</Group>\n", {"Top 5 7", "whole number"}},
      {"<Group \"%{comm}\">\nTop 5 \"size\"\n</Group>\n",
       {"Top 5 \"size\"", "delay, cpu, io, rss, delay-cpu, delay-blkio",
        "delay-irq"}},
      {"<Group \"%{comm}\">\nTop 5 \"delay-\"\n</Group>\n",
       {"Top 5 \"delay-\"", "known orders"}},

      {"CollectExits 3\n", {"CollectExits", "3", "true or false"}},
      {"WatchCPUs\n", {"WatchCPUs", "one value", "\"0-3,8\""}},
      {"WatchCPUs \"0\" \"1\"\n", {"WatchCPUs", "one value"}},
      {"WatchCPUs true\n",
       {"WatchCPUs", "true", "\"all\", \"none\" or a list"}},
      {"watchcpus \"some\"\n",
       {"watchcpus", "\"some\"", "not a list of CPUs", "\"0-3,8\""}},
      {"WatchCPUs \"\"\n", {"WatchCPUs", "\"\"", "not a list of CPUs"}},
      {"WatchCPUs \"1-\"\n", {"WatchCPUs", "\"1-\"", "not a list of CPUs"}},
      {"WatchCPUs 1.5\n", {"WatchCPUs", "1.5", "not a list of CPUs"}},
      {"WatchCPUs -1\n", {"WatchCPUs", "-1", "not a list of CPUs"}},
      {"WatchCPUs \"0,8191\"\n",
       {"WatchCPUs", "\"0,8191\"", "cannot have", "possible CPUs are 0"}},
      {"WatchCPUs 100000\n", {"WatchCPUs", "100000", "possible CPUs are 0"}},
      {IN_GROUP("WatchCPUs \"all\""), {"WatchCPUs", "unknown here"}},
      {IN_GROUP("WatchBuffer 8192"), {"WatchBuffer", "unknown here"}},
      {"WatchBuffer\n", {"WatchBuffer", "whole number from 4096"}},
      {"WatchBuffer 4095\n", {"WatchBuffer", "4095", "from 4096"}},
      {"WatchBuffer 3000000000\n", {"WatchBuffer", "3000000000", "2147483647"}},
      {"WatchBuffer \"8M\"\n", {"WatchBuffer", "\"8M\"", "whole number"}},
      {"WatchBuffer 8192 8192\n", {"WatchBuffer", "whole number"}},
      {"NotifyExit\n",
       {"NotifyExit", "\"none\", \"oom\", \"failure\" or \"all\""}},
      {"NotifyExit true\n",
       {"NotifyExit", "true", "\"oom\", \"failure\" or \"all\""}},
      {"NotifyExit \"some\"\n", {"NotifyExit", "\"some\"", "\"failure\""}},
      {"NotifyExit \"all\" \"none\"\n", {"NotifyExit", "\"failure\""}},
      {IN_GROUP("NotifyExit \"never\""),
       {"Group \"web\"", "NotifyExit", "\"never\"", "\"failure\""}},
      {"ExitLog\n", {"ExitLog", "path in quotes"}},
      {"ExitLog true\n", {"ExitLog", "true", "path in quotes"}},
      {"ExitLog \"exits\"\n", {"ExitLog", "\"exits\"", "begins with"}},
      {IN_GROUP("ExitLog \"/exits\""), {"ExitLog", "unknown here"}},
      {"NotifyExitRate 0\n", {"NotifyExitRate", "0", "whole number from 1"}},
      {"NotifyExitRate 1.5\n", {"NotifyExitRate", "1.5", "whole number"}},
      {"NotifyExitRate \"10\"\n", {"NotifyExitRate", "\"10\"", "whole number"}},
      {IN_GROUP("NotifyExitRate 10"), {"NotifyExitRate", "unknown here"}},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct settings settings;
    char error[ERROR_SIZE];
    config_init(&settings);
    assert_case_int(cases[i].text, add_block(&settings, cases[i].text, error),
                    -EINVAL);
    for (size_t n = 0; n < NEEDLES && cases[i].says[n] != NULL; n++)
      assert_case_says(cases[i].text, error, cases[i].says[n]);
    config_clear(&settings);
  }
}

/* A stanza of the processes plugin with a duplicate name is ignored, as in that
 * plugin; also in a later block. */
static void ignores_repeated_stanzas(void **state) {
  (void)state;
  static const struct {
    const char *text, *repeated;
  } cases[] = {
      {"Process \"a\"\nProcess \"b\"\n", ""},
      {"Process \"a\"\nProcess \"a\"\n", "\"a\""},
      {"Process \"a\"\nProcessMatch \"a\" \"x\"\nProcess \"a\"\n",
       "\"a\", \"a\""},
      {"Process \"a/b\"\n<Process \"a_b\">\nCollectIO false\n</Process>\n",
       "\"a_b\""},
      {IN_GROUP("Command \"x\"") "Process \"web\"\n", "\"web\""},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct settings settings;
    configure(&settings, cases[i].text);
    assert_case_string(cases[i].text, settings.repeated, cases[i].repeated);
    assert_int_equal(settings.rules->next == NULL, i > 0);
    config_clear(&settings);
  }
  struct settings settings;
  configure(&settings, "Process \"sshd\"\n");
  add_good_block(&settings, "ProcessMatch \"sshd\" \"x\"\n");
  assert_case_string("another block", settings.repeated, "\"sshd\"");
  assert_null(settings.rules->next);
  config_clear(&settings);
}

/* However long the option is, and whatever it contains, the message is complete
 * and names the remedy. */
static void survives_long_values(void **state) {
  (void)state;
  static const struct {
    const char *before, *after, *cure;
  } cases[] = {
      {"CollectDelay \"", "\"\n", "true or false"},
      {"ProcessMatch \"a\" \"(", "\"\n", "pcre2syntax(3)"},
      {"<Group \"a\">\nUser \"", "\"\n</Group>\n", "getent passwd"},
      {"<Group \"a\">\nExecutable \"", "\"\n</Group>\n", "\"/\""},
      {"<Group \"", "\">\n</Group>\n", "127"},
      {"<Group \"%", "\">\n</Group>\n", "percent sign"},
      {"Process \"", "\"\n", "127"},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    static char text[6000];
    char error[ERROR_SIZE];
    int used = snprintf(text, sizeof(text), "%s", cases[i].before);
    memset(text + used, 'x', 5000);
    snprintf(text + used + 5000, sizeof(text) - (size_t)used - 5000, "%s",
             cases[i].after);
    struct settings settings;
    config_init(&settings);
    assert_case_int(cases[i].before, add_block(&settings, text, error),
                    -EINVAL);
    assert_case_says(cases[i].before, error, cases[i].cure);
    config_clear(&settings);
  }
}

/* Options that only the processes plugin supports: each is named once. */
static void names_ignored_options(void **state) {
  (void)state;
  static const struct {
    const char *text, *ignored;
  } cases[] = {
      {"CollectFileDescriptor true\n", ""},
      {"collectmemorymaps true\n", "CollectMemoryMaps"},
      {"CollectSystemContextSwitch true\nCollectMemoryMaps false\n",
       "CollectSystemContextSwitch, CollectMemoryMaps"},
      {"CollectMemoryMaps true\n<Process \"a\">\nCollectMemoryMaps true\n"
       "</Process>\nCollectMemoryMaps true\n",
       "CollectMemoryMaps"},
      {IN_GROUP("Command \"x\"\nCollectMemoryMaps true"), "CollectMemoryMaps"},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct settings settings;
    configure(&settings, cases[i].text);
    assert_case_string(cases[i].text, settings.ignored, cases[i].ignored);
    config_clear(&settings);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(has_defaults),
      cmocka_unit_test(sets_global_options),
      cmocka_unit_test(sets_what_is_collected),
      cmocka_unit_test(overrides_the_default),
      cmocka_unit_test(sets_what_is_watched),
      cmocka_unit_test(sets_how_groups_are_made),
      cmocka_unit_test(sets_the_order_of_the_top),
      cmocka_unit_test(sets_which_ends_are_told),
      cmocka_unit_test(adds_blocks_up),
      cmocka_unit_test(makes_selectors),
      cmocka_unit_test(cleans_names),
      cmocka_unit_test(says_what_is_wrong),
      cmocka_unit_test(ignores_repeated_stanzas),
      cmocka_unit_test(survives_long_values),
      cmocka_unit_test(names_ignored_options),
  };
  users_start();
  int status = cmocka_run_group_tests(tests, NULL, NULL);
  user_cache_stop();
  return status;
}
