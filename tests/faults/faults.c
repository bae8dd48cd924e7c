/* SPDX-License-Identifier: MIT */
#include "faults/inject.h"
#include "support/entries.h"
#include "support/exit_records.h"
#include "support/oconfig.h"

#include "collectd/config.h"
#include "report/exit_log.h"
#include "report/exit_monitor.h"
#include "report/metric.h"
#include "report/notifier.h"
#include "track/publication.h"

#include <limits.h>
#include <sanitizer/lsan_interface.h>
#include <stdatomic.h>

/*
 * Each call that may fail fails in turn, in a short run of the plugin (a life):
 * it is configured and started, reads, receives forks, execs and a storm of
 * exits, publishes, and ends. It must not crash or leak, no counter may
 * decrease, and no exit may be reported twice; and once no call fails any more,
 * everything must be counted again.
 */

enum {
  PIDS_FROM = 5000000,      /* above all pids of the kernel */
  FIRST = PIDS_FROM,        /* the pids of the storm while calls fail */
  LATER = PIDS_FROM + 1000, /* and of the storm afterwards */
  STORM = 12,               /* processes of "nginx" in each */
  THREADED = 4,             /* the number of these with two threads each */
  PIDS = 2000,
  SERIES_MAX = 2000,
  LEAK_LIVES = 50,
  WORKERS = 3,           /* that stay alive, each in its own group */
  WORKER_AGE_MS = 60000, /* their earlier use is not counted */
};

static const uint64_t READ_NS = UINT64_C(1000) * MS; /* between two reads */

/* Groups that exit records alone can decide. */
static const char stanzas_of_names[] =
    "Process \"worker\"\n"
    "<Group \"web\">\n"
    "  Command \"nginx\" \"php-fpm\"\n"
    "  Descendants true\n"
    "  NotifyExit \"all\"\n"
    "  <Exclude>\n"
    "    Command \"debug\"\n"
    "  </Exclude>\n"
    "</Group>\n"
    "<Group \"name-%{comm}\">\n"
    "  Command \"cron\" \"worker\" \"nginx\"\n"
    "</Group>\n"
    "<Group \"top-%{comm}\">\n"
    "  Command \"cron\" \"worker\" \"nginx\" \"php-fpm\"\n"
    "  Top 2 \"cpu\"\n"
    "</Group>\n"
    "CollectContextSwitch true\n"
    "CollectPageFaults true\n"
    "CollectMemory true\n"
    "CollectFileDescriptor true\n"
    "CollectUptime true\n"
    "CollectDelayLatency true\n"
    "ExitLog \"/nowhere\"\n"
    "WatchCPUs \"0\"\n"
    "MaxGroups 20\n";

/* Groups whose attributes must be read in time. */
static const char stanzas_of_lines[] =
    "ProcessMatch \"match\" \"cron|nginx$\"\n"
    "<Group \"line-%{1}-%{unit}\">\n"
    "  CommandLine \"^([a-z]+)\"\n"
    "  ControlGroup \"slice\"\n"
    "  Top 3 \"io\"\n"
    "</Group>\n";

/* The dispatched values of a metric. */
struct series {
  char group[GROUP_NAME_SIZE], type[64], instance[64];
  int64_t values[METRIC_VALUES];
};

static struct {
  bool has_events;
  long set_back_s;        /* the machine's clock, after the first read */
  uint64_t start_ns;      /* CLOCK_BOOTTIME; the same for all lives */
  struct fixture fixture; /* its tree stays for all lives */
  struct settings settings;
  struct exit_log *log;
  struct notifier *notifier;
  size_t log_puts, notices, refused;
  unsigned char ends[PIDS], notes[PIDS]; /* by pid, for the log and for "web" */
  struct series series[SERIES_MAX];
  size_t series_count;
  char group[GROUP_NAME_SIZE]; /* whose metrics follow */
  char log_path[TREE_PATH_SIZE];
} life;

static atomic_size_t said; /* notices, in the notifier's thread */

/* Asserts a condition, and prints the call that failed. */
#define expect(condition)                                                      \
  do {                                                                         \
    if (!(condition))                                                          \
      fail_msg("%s: not so: %s", inject_what(), #condition);                   \
  } while (0)

static void say(const char *group, const struct exit_event *event,
                const char *text, uint32_t exit_code) {
  (void)exit_code;
  said += group[0] != '\0' && event != NULL && text[0] != '\0';
}

/* Asserts that each exit is reported once. */
static void tell(void *context, const struct exit_event *event) {
  (void)context;
  bool is_for_all = event->group == NULL;
  unsigned char *told = is_for_all ? life.ends : life.notes;
  expect(event->pid >= PIDS_FROM && event->pid < PIDS_FROM + PIDS);
  expect(told[event->pid - PIDS_FROM]++ == 0);
  if (is_for_all && life.log != NULL) {
    exit_log_put(life.log, event);
    life.log_puts++;
  } else if (!is_for_all && life.notifier != NULL) {
    life.notices++;
    life.refused += !notifier_put(life.notifier, event->group->name, event, 1,
                                  "ended", event->exit_code);
  }
}

static struct series *find_series(const struct metric_value *metric) {
  for (size_t i = 0; i < life.series_count; i++)
    if (strcmp(life.series[i].group, life.group) == 0 &&
        strcmp(life.series[i].type, metric->type) == 0 &&
        strcmp(life.series[i].instance, metric->instance) == 0)
      return &life.series[i];
  expect(life.series_count < SERIES_MAX);
  struct series *series = &life.series[life.series_count++];
  *series = (struct series){.values = {0}};
  snprintf(series->group, sizeof(series->group), "%s", life.group);
  snprintf(series->type, sizeof(series->type), "%s", metric->type);
  snprintf(series->instance, sizeof(series->instance), "%s", metric->instance);
  return series;
}

static void dispatch(void *context, const struct metric_value *metric) {
  (void)context;
  if (!metric->is_derive)
    return;
  struct series *series = find_series(metric);
  for (unsigned int i = 0; i < metric->count; i++) {
    expect(metric->values[i].derive >= series->values[i]);
    series->values[i] = metric->values[i].derive;
  }
}

static void publish(void) {
  struct fixture *fixture = &life.fixture;
  const struct metric_scope scope = {.elapsed = 1,
                                     .delays = fixture->report.delays,
                                     .boot_ns = fixture->now,
                                     .listens = true,
                                     .is_partial = fixture->report.proc != 0};
  struct group copy;
  publication_begin(fixture->tracker,
                    scope.is_partial ? 0 : fixture->report.delays);
  for (const struct group *g = publication_next(fixture->tracker, NULL, &copy);
       g != NULL; g = publication_next(fixture->tracker, g, &copy)) {
    snprintf(life.group, sizeof(life.group), "%s", copy.name);
    metric_each(&copy, &scope, dispatch, NULL);
  }
}

static void read_once(void) {
  struct fixture *fixture = &life.fixture;
  fixture->now += READ_NS;
  reader_read(fixture->reader, fixture->now, &fixture->report);
  publish();
}

static void take_one(const struct message *message) {
  take(&life.fixture, message, 1);
}

static void fork_one(pid_t pid, pid_t parent) {
  event_accounting_set_time(life.fixture.event_accounting, life.fixture.now);
  happen(&life.fixture, PROCESS_FORKED, pid, parent,
         life.fixture.now - AGE_MS * MS);
  happen(&life.fixture, PROCESS_EXECED, pid, 0,
         life.fixture.now - AGE_MS * MS + 1000);
}

/* Of the processes of a storm: the last one is "cron". */
static pid_t parent_of(int i) {
  return child_living[i < STORM ? 0 : WORKERS - 1].pid;
}

/* Makes the processes of a storm appear in the tree, or disappear. */
static void move_storm(pid_t first, bool in) {
  char out_path[TREE_PATH_SIZE], in_path[TREE_PATH_SIZE], name[64];
  for (int i = 0; i <= STORM; i++) {
    snprintf(name, sizeof(name), "away/%d", first + i);
    tree_path(&life.fixture.tree, name, out_path);
    tree_path(&life.fixture.tree, name + strlen("away/"), in_path);
    rename(in ? out_path : in_path, in ? in_path : out_path);
  }
}

/* STORM processes end; each thread has the use of set_thread_use. */
static void storm(pid_t first) {
  int i;
  move_storm(first, true);
  for (i = 0; life.has_events && i <= STORM; i++)
    fork_one(first + i, parent_of(i));
  for (i = 0; i < STORM - THREADED; i++) {
    struct message message = death_of(first + i, "nginx", AGE_MS);
    take_one(&message);
  }
  for (; i < STORM; i++) {
    pid_t pid = first + i;
    struct message worker = thread_of(pid, first + 500 + i, "nginx", 1);
    struct message last = last_of(thread_of(pid, pid, "nginx", 1), 2);
    take_one(&worker);
    take_one(&last);
  }
  struct message other = death_of(first + i, "cron", AGE_MS);
  take_one(&other);
  move_storm(first, false);
}

static uint64_t count_used(unsigned int counter) {
  return used_of(counter, STORM + THREADED);
}

/* The worker of "web" counts from an event if no read has found it. */
static uint64_t count_most(unsigned int counter) {
  bool is_cpu = counter == COUNTER_CPU_USER || counter == COUNTER_CPU_SYSTEM;
  return count_used(counter) + (is_cpu ? child_clock(child_living[0].pid) : 0);
}

/* The totals of group "web". */
struct sums {
  int64_t totals[COUNTERS];
  int64_t exits;
  uint64_t all, lost;
};

static struct group *web(void) { return group_at(life.fixture.tracker, 1); }

static struct sums sum_up(void) {
  const struct tracker *tracker = life.fixture.tracker;
  struct sums sums = {.exits = exits_of(&life.fixture, 1),
                      .all = tracker->exits,
                      .lost = tracker->undecided + tracker->unattributed};
  memcpy(sums.totals, web()->total, sizeof(sums.totals));
  return sums;
}

/* Asserts that at most the true use was counted, and that missing exits were
 * counted as undecided. */
static void check_storm_that_failed(const struct sums *before) {
  struct sums now = sum_up();
  int64_t exits = now.exits - before->exits;
  uint64_t lost = now.lost - before->lost;
  expect(exits <= STORM);
  expect(now.all - before->all <= STORM + 1);
  expect((uint64_t)exits + lost >= STORM);
  for (unsigned int i = 0; i < COUNTER_EXIT_OK; i++)
    if (now.totals[i] - before->totals[i] > (int64_t)count_most(i))
      fail_msg("%s: counter %u is %lld, not %lld at most", inject_what(), i,
               (long long)(now.totals[i] - before->totals[i]),
               (long long)count_most(i));
}

static void check_storm(const struct sums *before) {
  struct sums now = sum_up();
  expect(now.exits - before->exits == STORM);
  expect(now.all - before->all == STORM + 1);
  expect(now.lost == before->lost);
  for (unsigned int i = 0; i < COUNTER_EXIT_OK; i++)
    if (now.totals[i] - before->totals[i] < (int64_t)count_used(i) ||
        now.totals[i] - before->totals[i] > (int64_t)count_most(i))
      fail_msg("%s: counter %u is %lld, not %lld", inject_what(), i,
               (long long)(now.totals[i] - before->totals[i]),
               (long long)count_used(i));
}

static bool add_block(const char *text) {
  char error[1024] = "";
  oconfig_item_t block = oconfig_block(text);
  int status = config_add_block(&life.settings, &block, error, sizeof(error));
  oconfig_clear(&block);
  expect((status == 0) == (error[0] == '\0'));
  return status == 0;
}

static bool configure(void) {
  config_init(&life.settings);
  bool is_configured = add_block(stanzas_of_names) &&
                       (!life.has_events || add_block(stanzas_of_lines));
  config_finish(&life.settings);
  return is_configured;
}

/* Returns false if that fails. */
static bool start(void) {
  struct fixture *fixture = &life.fixture;
  uint64_t since_ns = fixture->now - UINT64_C(1000) * MS;
  fixture->tracker =
      tracker_create(life.settings.rules, life.settings.max_groups, since_ns);
  if (fixture->tracker == NULL)
    return false;
  fixture->tracker->listens = true;
  fixture->tracker->hears_events = life.has_events;
  fixture->tracker->hears_since_ns = since_ns;
  fixture->tracker->logs_exits = true;
  if (exit_log_start(life.log_path, "host", &life.log) != 0)
    life.log = NULL;
  if (notifier_start(say, &life.notifier) != 0)
    life.notifier = NULL;
  return event_accounting_create(fixture->tree.root, fixture->tracker,
                                 &fixture->event_accounting) == 0 &&
         exit_accounting_create(fixture->tree.root, fixture->tracker, tell,
                                NULL, &fixture->exits) == 0 &&
         reader_create(fixture->tree.root, fixture->tracker,
                       &fixture->reader) == 0;
}

static void run(void) {
  read_once();
  struct sums before = sum_up();
  inject_set_back(life.set_back_s);
  storm(FIRST);
  read_once();
  check_storm_that_failed(&before);
}

/* Continues when no call fails any more. After a shortage of memory, the next
 * read finds everything again; after other errors, the check of each minute
 * does. */
static void run_on(enum inject_kind kind) {
  read_once();
  struct sums before = sum_up();
  storm(LATER);
  check_storm(&before);
  if (kind != INJECT_ALLOCATIONS)
    life.fixture.now += UINT64_C(60000) * MS;
  read_once();
  expect(life.fixture.report.proc == 0);
  expect(life.fixture.report.members == WORKERS);
  check_storm(&before);
}

static size_t count_lines(const char *path) {
  size_t lines = 0;
  FILE *file = fopen(path, "r");
  if (file == NULL)
    return 0;
  for (int c; (c = getc(file)) != EOF;)
    lines += c == '\n';
  fclose(file);
  unlink(path);
  return lines;
}

static void end(void) {
  struct fixture *fixture = &life.fixture;
  reader_destroy(fixture->reader);
  event_accounting_destroy(fixture->event_accounting);
  exit_accounting_destroy(fixture->exits);
  tracker_destroy(fixture->tracker);
  size_t dropped = exit_log_stop(life.log, AWAIT_MS);
  expect(count_lines(life.log_path) + dropped == life.log_puts);
  dropped = notifier_stop(life.notifier, AWAIT_MS);
  expect(said + dropped + life.refused == life.notices);
  config_clear(&life.settings);
}

static void begin_life(void) {
  struct fixture *fixture = &life.fixture;
  *fixture = (struct fixture){.tree = fixture->tree, .now = life.start_ns};
  life.log = NULL;
  life.notifier = NULL;
  life.log_puts = life.notices = life.refused = life.series_count = 0;
  said = 0;
  memset(life.ends, 0, sizeof(life.ends));
  memset(life.notes, 0, sizeof(life.notes));
}

/* Returns whether some call failed. */
static bool live_once(const struct inject *inject) {
  begin_life();
  inject_set_back(0);
  inject_begin(inject);
  bool starts = configure() && start();
  if (starts)
    run();
  bool has_failed = inject_end();
  expect(starts || has_failed);
  if (starts)
    run_on(inject->kind);
  end();
  return has_failed;
}

static bool live(const struct inject *inject) {
  life.has_events = true;
  return live_once(inject);
}

static bool live_without_events(const struct inject *inject) {
  life.has_events = false;
  return live_once(inject);
}

/* Everything else of the plugin: the real kernel's records and events. */

static void *end_at_once(void *arg) { return arg; }

static bool listen_to_kernel(const struct inject *inject) {
  static struct tracker *tracker;
  struct exit_monitor *monitor = NULL;
  const struct exit_monitor_options options = {.cpus = "0-1",
                                               .watches_all = true,
                                               .buffer = 1 << 20,
                                               .notify_rate = 10,
                                               .wants_events = true};
  begin_life();
  tracker = tracker_create(NULL, 10, boot_ns());
  assert_non_null(tracker);
  inject_begin(inject);
  int status = exit_monitor_start(tracker, &options, &monitor);
  for (int i = 0; status == 0 && i < 5; i++) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, end_at_once, NULL), 0);
    pthread_join(thread, NULL);
    tracker_take_exits(tracker);
    exit_monitor_begin_read(monitor);
  }
  bool has_failed = inject_end();
  expect(status == 0 || has_failed);
  struct exit_listener_status now = {.error = 0};
  if (status == 0)
    exit_monitor_status(monitor, &now);
  expect(now.error == 0 || has_failed);
  bool has_ended = status != 0;
  for (int i = 0; i < 10 && !has_ended; i++) /* it waits for half a second */
    has_ended = exit_monitor_stop(monitor);
  expect(has_ended);
  tracker_destroy(tracker);
  return has_failed;
}

/* The kinds of calls, in turn. */

static bool is_full; /* each error of each call, instead of one */

struct sequence {
  enum inject_kind kind;
  unsigned int count; /* how many fail in a row */
  int error;
  bool (*live)(const struct inject *inject);
};

/* Not after each life: the check for leaks takes long. */
static void check_remains(size_t descriptors, bool is_last) {
  static unsigned int lives;
  expect(count_entries("/proc/self/fd") == descriptors);
  if ((is_last || ++lives % LEAK_LIVES == 0) &&
      __lsan_do_recoverable_leak_check() != 0)
    fail_msg("%s, or in the %d lives before: memory has leaked", inject_what(),
             LEAK_LIVES);
}

static void try_each(const struct sequence *sequence) {
  const struct inject none = {.kind = sequence->kind};
  assert_false(sequence->live(&none)); /* opens descriptors that are kept */
  size_t descriptors = count_entries("/proc/self/fd");
  unsigned int failures = 0;
  bool has_failed = true;
  for (unsigned int first = 1; has_failed; first++) {
    unsigned int ways = 1;
    for (unsigned int way = 0; way < ways && has_failed; way++) {
      const struct inject inject = {.kind = sequence->kind,
                                    .first = first,
                                    .count = sequence->count,
                                    .way = is_full ? way : first,
                                    .error = sequence->error};
      has_failed = sequence->live(&inject);
      failures += has_failed;
      check_remains(descriptors, !has_failed);
      ways = is_full && sequence->error == 0 ? inject_ways() : 1;
    }
  }
  print_message("# %u times a call failed\n", failures);
  assert_true(failures > 10);
}

static void needs_root(void) {
  if (geteuid() != 0)
    skip();
}

/* In both lives. */
static void try_both(enum inject_kind kind, unsigned int count, int error) {
  try_each(&(struct sequence){kind, count, error, live});
  try_each(&(struct sequence){kind, count, error, live_without_events});
}

static void an_allocation_fails(void **state) {
  (void)state;
  try_both(INJECT_ALLOCATIONS, 1, 0);
}

static void allocations_fail(void **state) {
  (void)state;
  try_both(INJECT_ALLOCATIONS, 10, 0);
}

static void allocations_fail_from_then_on(void **state) {
  (void)state;
  try_both(INJECT_ALLOCATIONS, UINT_MAX, 0);
}

static void a_call_fails(void **state) {
  (void)state;
  try_both(INJECT_CALLS, 1, 0);
}

static void calls_fail(void **state) {
  (void)state;
  try_both(INJECT_CALLS, 10, 0);
}

/* As if collectd lost its privileges. */
static void calls_fail_from_then_on(void **state) {
  (void)state;
  try_both(INJECT_CALLS, UINT_MAX, EPERM);
}

/* CLOCK_REALTIME does not affect what is counted. */
static void the_clock_is_set_back(void **state) {
  (void)state;
  const struct inject none = {.kind = INJECT_CALLS};
  life.set_back_s = 86400;
  assert_false(live(&none));
  assert_false(live_without_events(&none));
  life.set_back_s = 0;
}

static void the_listener_has_no_memory(void **state) {
  (void)state;
  needs_root();
  try_each(&(struct sequence){INJECT_ALLOCATIONS, 1, 0, listen_to_kernel});
}

static void a_call_of_the_listener_fails(void **state) {
  (void)state;
  needs_root();
  try_each(&(struct sequence){INJECT_CALLS, 1, 0, listen_to_kernel});
}

static void sockets_have_no_buffer(void **state) {
  (void)state;
  needs_root();
  try_each(
      &(struct sequence){INJECT_SOCKETS, UINT_MAX, ENOBUFS, listen_to_kernel});
  try_each(&(struct sequence){INJECT_SOCKETS, UINT_MAX, ENOBUFS, live});
}

/* Creates the processes of a storm, as they are before they end, this number of
 * reads after the start. */
static void put_storm(pid_t first, unsigned int reads) {
  struct fixture at = life.fixture;
  at.now += reads * READ_NS;
  for (int i = 0; i <= STORM; i++) {
    put_child(&at, first + i, parent_of(i), i < STORM ? "nginx" : "cron", 'S',
              AGE_MS);
    tree_put_of(&at.tree, first + i, "cgroup", "0::/system.slice/a.service\n");
  }
  move_storm(first, false);
}

static void set_up_processes(void) {
  static const char *const names[WORKERS] = {"nginx", "worker", "cron"};
  struct fixture *fixture = &life.fixture;
  tree_create(&fixture->tree);
  fixture->now = life.start_ns = boot_ns();
  for (int i = 0; i < WORKERS; i++) {
    struct child child;
    child_start(&child);
    put_process(fixture, child.pid, names[i], 'S', WORKER_AGE_MS);
    tree_put_of(&fixture->tree, child.pid, "cgroup",
                "0::/system.slice/a.service\n");
  }
  tree_make(&fixture->tree, "away");
  put_storm(FIRST, 1);
  put_storm(LATER, 3);
  child_settle_all();
  tree_path(&fixture->tree, "exits", life.log_path);
}

/* After a test that has failed. */
static int tidy_up(void **state) {
  (void)state;
  move_storm(FIRST, false);
  move_storm(LATER, false);
  return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, tidy_up)

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      TEST(an_allocation_fails),
      TEST(allocations_fail_from_then_on),
      TEST(a_call_fails),
      TEST(calls_fail_from_then_on),
      TEST(the_clock_is_set_back),
      TEST(the_listener_has_no_memory),
      TEST(a_call_of_the_listener_fails),
      TEST(sockets_have_no_buffer),
  };
  const struct CMUnitTest long_tests[] = {
      TEST(allocations_fail),
      TEST(calls_fail),
  };
  is_full = argc > 1 && strcmp(argv[1], "--full") == 0;
  if (argc > 2)
    cmocka_set_test_filter(argv[2]);
  set_up_processes();
  int failed = cmocka_run_group_tests_name("faults", tests, NULL, NULL);
  if (is_full)
    failed += cmocka_run_group_tests_name("long", long_tests, NULL, NULL);
  child_reap_all();
  tree_remove(&life.fixture.tree, "");
  return failed;
}
