/* SPDX-License-Identifier: MIT */

/*
 * The callbacks of the plugin. collectd calls them one after another, with two
 * exceptions: the read callback, between init and shutdown, has its own thread,
 * and flush may be called by any thread at any time.
 */

#include "collectd/api.h"
#include "collectd/config.h"
#include "collectd/exit_watch.h"
#include "collectd/log.h"
#include "collectd/notification.h"
#include "collectd/oom_setup.h"
#include "collectd/values.h"
#include "kernel/clock.h"
#include "kernel/mutex.h"
#include "report/diagnostics.h"
#include "report/lookup.h"
#include "report/notifier.h"
#include "track/read_worker.h"
#include "version.h"

_Static_assert(GROUP_NAME_SIZE == DATA_MAX_NAME_LEN,
               "names are as long as collectd allows");

enum {
  /* How long init may wait for users and for paths, so that the first read
   * knows them. */
  LOOKUP_WAIT_MS = 300,
  /* How long collectd's thread waits for a read, because collectd's end waits
   * for that thread. A read takes this long if processes end faster than they
   * are counted. */
  READ_MS = 5000,
  /* How long collectd's end may wait for a consumer of a notification: before
   * other plugins shut down, and for the thread itself. */
  HOLD_MS = 500,
  STOP_MS = 100,
  LOG_MS = 500, /* and for the exits that are still to be written */
};

static struct settings settings;
static struct tracker *tracker;
static struct reader *reader;
static struct read_worker *worker;
static struct diagnostics diagnostics;
static struct exit_watch watch;
static struct mutex flushing = MUTEX_INITIALIZER;
/* NULL if no group sends notifications. Reads use the copy in watch. */
static struct notifier *notifier GUARDED_BY(flushing);
static struct oom_watch *ooms; /* NULL if OOM kills cannot be identified */
/* The begin of the last read, in seconds of CLOCK_MONOTONIC; 0 if there was
 * none, or if it did not know all delays. */
static double last_read;

static int taskstats_config(oconfig_item_t *block) {
  char error[1024];
  int status = config_add_block(&settings, block, error, sizeof(error) - 1);
  if (status != 0)
    log_line(LOG_ERR, strcat(error, "."));
  return status;
}

static void start_notifier(void) {
  bool is_needed = false;
  for (const struct rule *r = settings.rules; r != NULL; r = r->next)
    is_needed |= r->notify != NOTIFY_NONE;
  mutex_lock(&flushing);
  int status = is_needed ? notifier_start(notification_send, &notifier) : 0;
  watch.notifier = notifier;
  mutex_unlock(&flushing);
  if (status == 0)
    return;
  ERROR("taskstats plugin: Cannot start the thread that sends notifications: "
        "%s. No notifications are sent.",
        STRERROR(-status));
  for (struct rule *r = settings.rules; r != NULL; r = r->next)
    r->notify = NOTIFY_NONE;
}

/*
 * When collectd stops, it flushes all plugins before it shuts the first one
 * down: from then on, plugins that consume notifications may be gone at any
 * time, and exec and perl crash if they are called. A flush does not show
 * whether collectd is stopping, so nothing is sent until the next read, which
 * shows that collectd continues.
 */
static int taskstats_flush(cdtime_t timeout, const char *identifier,
                           user_data_t *user_data) {
  (void)timeout;
  (void)identifier;
  (void)user_data;
  mutex_lock(&flushing);
  notifier_hold(notifier, HOLD_MS);
  mutex_unlock(&flushing);
  return 0;
}

static size_t count_suppressed(void) {
  size_t count = 0;
  if (tracker == NULL)
    return count;
  tracker_lock(tracker);
  for (const struct group *g = tracker->groups; g != NULL; g = g->next)
    count += notify_budget_suppressed(&g->budget);
  tracker_unlock(tracker);
  return count;
}

static void stop_notifier(void) {
  mutex_lock(&flushing);
  size_t dropped = notifier_stop(notifier, STOP_MS);
  notifier = NULL;
  mutex_unlock(&flushing);
  dropped += count_suppressed();
  if (dropped > 0)
    NOTICE("taskstats plugin: %" PRIsz " notifications of ended processes were "
           "dropped because collectd is stopping.",
           dropped);
}

static const char *delay_accounting_cause(int status) {
  switch (status) {
  case -EROFS:
    return "/proc/sys is read-only (ProtectKernelTunables= of the service, or "
           "a container). Leave that as it is, and set it at boot instead, in "
           "/etc/sysctl.d";
  case -EOPNOTSUPP:
    return "this kernel does not count delays. Run one that is built with "
           "CONFIG_TASK_DELAY_ACCT and booted without nodelayacct";
  case -ENOENT:
    return "/proc/sys is hidden (ProcSubset=pid of the service). Remove that "
           "option, and set it at boot instead, in /etc/sysctl.d";
  default:
    return "only root with CAP_SYS_ADMIN may do so. Leave collectd's service "
           "as it is, and set it at boot instead, in /etc/sysctl.d";
  }
}

static void enable_delay_accounting(void) {
  int status = reader_enable_delay_accounting(reader);
  if (status < 0)
    ERROR("taskstats plugin: Cannot set kernel.task_delayacct to 1, for "
          "EnableDelayAccounting (%s): %s.",
          STRERROR(-status), delay_accounting_cause(status));
  else if (status > 0)
    NOTICE("taskstats plugin: kernel.task_delayacct is now 1, for the whole "
           "machine. Services that already run are counted after a restart.");
}

/* Starts the user cache if a group needs it. */
static void look_up_users(void) {
  bool is_needed = false;
  for (const struct rule *r = settings.rules; r != NULL; r = r->next)
    is_needed |= rule_looks_up_users(r);
  if (!is_needed)
    return;
  int status = user_cache_start(NULL);
  if (status != 0) {
    ERROR("taskstats plugin: Cannot start the thread that looks up users: %s. "
          "Groups with User or %%{user} have no processes.",
          STRERROR(-status));
    return;
  }
  for (const struct rule *r = settings.rules; r != NULL; r = r->next)
    rule_looks_up_users(r);
  reader_look_up_users(reader);
  user_cache_wait(LOOKUP_WAIT_MS);
}

static void watch_paths(void) {
  int status = path_watch_start();
  if (status != 0)
    ERROR("taskstats plugin: Cannot start the thread that watches paths: %s. "
          "Groups with Executable or PIDFile have no processes.",
          STRERROR(-status));
  path_watch_wait(LOOKUP_WAIT_MS);
}

static int start_reading(void) {
  int status = read_worker_start(reader, tracker, &worker);
  if (status != 0)
    ERROR("taskstats plugin: Cannot start the thread that reads: %s. No values "
          "are reported.",
          STRERROR(-status));
  return status;
}

static int taskstats_init(void) {
  if (reader != NULL)
    return 0;

  INFO("taskstats plugin: Version " TASKSTATS_VERSION ".");
  notification_set_context();
  config_finish(&settings);
  if (settings.ignored[0] != '\0')
    WARNING("taskstats plugin: Ignored options of the processes plugin: %s. "
            "Set them there.",
            settings.ignored);
  if (settings.repeated[0] != '\0')
    WARNING("taskstats plugin: Ignored further Process or ProcessMatch stanzas "
            "of the same name, as the processes plugin does: %s. Give each a "
            "name of its own.",
            settings.repeated);
  if (settings.rules == NULL)
    WARNING("taskstats plugin: No group is configured, so none is reported. "
            "Add Process, ProcessMatch or <Group> to <Plugin taskstats>.");

  ooms = oom_setup(&settings);
  tracker = tracker_create(settings.rules, settings.max_groups,
                           clock_ns(CLOCK_BOOTTIME));
  int status = tracker == NULL ? -ENOMEM : 0;
  if (status == 0)
    status = reader_create("/proc", tracker, &reader);
  if (status != 0) {
    ERROR("taskstats plugin: Cannot start to read /proc: %s. No values are "
          "reported.",
          STRERROR(-status));
    return status;
  }
  look_up_users();
  watch_paths();
  if (settings.enable_delay_accounting)
    enable_delay_accounting();
  if (settings.watches && !settings.process_events)
    INFO("taskstats plugin: ProcessEvents is false: each read lists /proc. For "
         "processes that no read has seen, the command line is unknown, and "
         "descendants whose parent has ended are not recognised; changes of "
         "groups take effect with the next read.");
  watch = (struct exit_watch){.settings = &settings, .tracker = tracker};
  tracker->oom = ooms;
  start_notifier();
  exit_watch_start_log(&watch);
  if (settings.watches)
    exit_watch_start(&watch);
  if (watch.monitor != NULL)
    exit_monitor_wait_for_proof(watch.monitor);
  return start_reading();
}

/* The tracker's values other than the groups. */
struct figures {
  bool listens;
  bool is_full, hears_events;
  uint64_t undecided, unattributed, missed;
};

static void take_figures(struct figures *figures) {
  tracker_lock(tracker);
  figures->listens = tracker->listens;
  figures->is_full = tracker->is_full;
  figures->undecided = tracker->undecided;
  figures->unattributed = tracker->unattributed;
  figures->hears_events = tracker->hears_events;
  figures->missed = tracker->missed;
  tracker_unlock(tracker);
}

static void log_problem(bool is_warning, const char *line) {
  log_line(is_warning ? LOG_WARNING : LOG_NOTICE, line);
}

static void log_lookups(void) {
  char line[768];
  struct user_change user;
  while (user_cache_take_change(&user))
    log_problem(lookup_describe_user(&user, line, sizeof(line)), line);
  struct path_change path;
  while (path_watch_take_change(&path))
    log_problem(lookup_describe_path(&path, line, sizeof(line)), line);
}

/* Logs what changed with this read. */
static void log_changes(const struct reader_report *report,
                        const struct figures *figures) {
  const struct problem_report now = {
      .time_s = clock_s(),
      .read = report,
      .listener = settings.watches && watch.monitor == NULL ? watch.error : 0,
      .has_unattributed = figures->unattributed > 0,
      .rejection = watch.rejection,
      .events =
          watch.monitor != NULL ? exit_monitor_events_error(watch.monitor) : 0,
      .is_full = figures->is_full,
      .exit_log = exit_watch_log_error(&watch),
  };
  diagnostics_update(&diagnostics, &now, log_problem);
  log_lookups();
  exit_watch_log_losses(&watch, figures->missed);
}

static void dispatch_values(double begin, const struct reader_report *report,
                            const struct figures *figures) {
  const struct metric_scope scope = {
      .elapsed = last_read > 0 ? begin - last_read : 0,
      .delays = report->delays,
      .boot_ns = clock_ns(CLOCK_BOOTTIME),
      .listens = figures->listens,
      .tells_oom = ooms != NULL,
      .is_partial = report->proc != 0,
  };
  const struct own_values own = {
      .begin = begin,
      .has_members = report->proc == 0,
      .members = report->members,
      .listens = figures->listens,
      .records = watch.records,
      .lost_records = watch.lost_records.count,
      .undecided = figures->undecided,
      .hears_events = figures->hears_events,
      .missed = figures->missed,
  };
  values_dispatch(tracker, &scope, settings.report_self ? &own : NULL);
}

static int taskstats_read(void) {
  double begin = (double)clock_ns(CLOCK_MONOTONIC) / 1e9;
  notifier_release(watch.notifier);
  if (!read_worker_is_reading(worker)) {
    exit_watch_check(&watch);
    if (watch.monitor != NULL)
      exit_monitor_begin_read(watch.monitor);
  }

  struct reader_report report;
  int status = read_worker_read(worker, READ_MS, &report);
  if (status != 0)
    report = (struct reader_report){.proc = status};

  struct figures figures;
  take_figures(&figures);
  log_changes(&report, &figures);
  if (status == 0) /* else the reader may still use the groups */
    dispatch_values(begin, &report, &figures);
  last_read = report.proc == 0 && report.delays != 0 ? begin : 0;
  return 0;
}

static int taskstats_shutdown(void) {
  /* Threads that hang are abandoned with everything that they may use: collectd
   * is ending, and the flush has held notifications. */
  if (!read_worker_stop(worker) || !exit_watch_stop(&watch))
    return 0;
  worker = NULL;
  stop_notifier();
  exit_watch_stop_log(&watch, LOG_MS);
  reader_destroy(reader);
  reader = NULL;
  user_cache_stop();
  path_watch_stop();
  tracker_destroy(tracker);
  tracker = NULL;
  oom_watch_close(ooms);
  ooms = NULL;
  config_clear(&settings);
  return 0;
}

__attribute__((visibility("default"))) void module_register(void);

void module_register(void) {
  config_init(&settings);
  plugin_register_complex_config("taskstats", taskstats_config);
  plugin_register_init("taskstats", taskstats_init);
  plugin_register_read("taskstats", taskstats_read);
  plugin_register_flush("taskstats", taskstats_flush, NULL);
  plugin_register_shutdown("taskstats", taskstats_shutdown);
}
