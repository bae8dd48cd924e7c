/* SPDX-License-Identifier: MIT */

/*
 * The plugin as collectd sees it: the only file that calls collectd. collectd
 * calls the callbacks one after another, but the reads in a thread of its own.
 */

#include "collectd/config.h"
#include "kernel/clock.h"
#include "kernel/cpulist.h"
#include "report/diagnostics.h"
#include "report/exit_monitor.h"
#include "report/metric.h"
#include "report/notice.h"
#include "report/notifier.h"
#include "select/path_watch.h"
#include "select/text.h"
#include "select/user_cache.h"
#include "track/reader.h"
#include "track/top_groups.h"

#include <collectd/core/daemon/collectd.h>

#include <collectd/core/daemon/plugin.h>
#include <collectd/core/utils/common/common.h>

#include <sys/wait.h>

_Static_assert(GROUP_NAME_SIZE == DATA_MAX_NAME_LEN,
               "names are as long as collectd allows");

enum {
  LOSS_INTERVAL_S = 60, /* between two complaints about a loss */
  /* What a start may wait for users and for paths, so that the first read knows
   * them. */
  LOOKUP_WAIT_MS = 300,
  /* What collectd's end may wait for who takes a notification: for others to
   * shut down after it, and for the thread itself. */
  HOLD_MS = 500,
  STOP_MS = 100,
};

static plugin_ctx_t
    plugin_context; /* which other threads need to call collectd */
static struct settings settings;
static struct tracker *tracker;
static struct reader *reader;
static struct diagnostics diagnostics;
/* When the last read began that knew all delays, in seconds of CLOCK_MONOTONIC;
 * 0 if the last one did not, or there was none. */
static double last_read;

static struct notifier *notifier;    /* NULL if no group notifies */
static struct exit_monitor *monitor; /* NULL while nobody listens */
static int monitor_error;            /* why */
/* Figures of the watcher, former ones included. */
static uint64_t records, former_records;
static bool said_untried, said_cpus;
static int rejection; /* why the last one not understood was not */

/* What the kernel dropped for want of buffer, of former watchers, too. */
static struct loss {
  const char *what;
  uint64_t count, former, said;
  double said_at;
} lost_records = {.what = "exit records were lost, and with them what their "
                          "processes used last"},
  lost_forks = {.what = "process events were lost, and with them Descendants "
                        "whose parent ended before a read saw them"};

static double seconds(clockid_t clock) { return (double)clock_ns(clock) / 1e9; }

/* Logs a line that may contain text which a process or a file chose. */
static void log_line(int severity, const char *line) {
  char clean[1024];
  text_clean(line, clean, sizeof(clean));
  plugin_log(severity, "taskstats plugin: %s", clean);
}

static int taskstats_config(oconfig_item_t *block) {
  char error[1024];
  int status = config_add_block(&settings, block, error, sizeof(error) - 1);
  if (status != 0)
    log_line(LOG_ERR, strcat(error, "."));
  return status;
}

/* --- Notifications ---------------------------------------------------------
 */

static int severity_of(uint32_t exit_code) {
  if (WIFSIGNALED((int)exit_code))
    return NOTIF_FAILURE;
  return WEXITSTATUS((int)exit_code) != 0 ? NOTIF_WARNING : NOTIF_OKAY;
}

static void add_seconds(notification_t *notification, const char *name,
                        uint64_t ns) {
  plugin_notification_meta_add_double(notification, name, (double)ns / 1e9);
}

static void add_how(notification_t *notification,
                    const struct exit_event *event) {
  int status = (int)event->exit_code;
  if (WIFSIGNALED(status)) {
    char name[32];
    notice_signal_name(WTERMSIG(status), name, sizeof(name));
    plugin_notification_meta_add_signed_int(notification, "signal",
                                            WTERMSIG(status));
    plugin_notification_meta_add_string(notification, "signal_name", name);
  } else {
    plugin_notification_meta_add_signed_int(notification, "exit_status",
                                            WEXITSTATUS(status));
  }
  plugin_notification_meta_add_boolean(notification, "core_dumped",
                                       event->dumped_core);
}

static void add_used(notification_t *notification,
                     const struct exit_event *event) {
  static const struct {
    const char *name;
    enum counter counter;
  } octets[] = {{"read_chars", COUNTER_READ_CHARS},
                {"write_chars", COUNTER_WRITE_CHARS},
                {"read_bytes", COUNTER_READ_BYTES},
                {"write_bytes", COUNTER_WRITE_BYTES}};

  add_seconds(notification, "cpu_user", event->used[COUNTER_CPU_USER]);
  add_seconds(notification, "cpu_system", event->used[COUNTER_CPU_SYSTEM]);
  for (unsigned int kind = 0; kind < DELAY_KINDS; kind++) {
    char name[32];
    snprintf(name, sizeof(name), "delay_%s", delay_name((enum delay)kind));
    if (event->known >> (COUNTER_DELAY + kind) & 1)
      add_seconds(notification, name, event->used[COUNTER_DELAY + kind]);
  }
  for (size_t i = 0; i < STATIC_ARRAY_SIZE(octets); i++)
    plugin_notification_meta_add_unsigned_int(notification, octets[i].name,
                                              event->used[octets[i].counter]);
}

/* In the notifier's thread. */
static void notify(const char *group, const struct exit_event *event,
                   const char *text, uint32_t exit_code) {
  plugin_set_ctx(plugin_context);
  notification_t n = {.severity = severity_of(exit_code), .time = cdtime()};
  sstrncpy(n.message, text, sizeof(n.message));
  sstrncpy(n.host, hostname_g, sizeof(n.host));
  sstrncpy(n.plugin, "taskstats", sizeof(n.plugin));
  sstrncpy(n.plugin_instance, group, sizeof(n.plugin_instance));
  sstrncpy(n.type, "exit", sizeof(n.type));

  if (event != NULL) {
    plugin_notification_meta_add_unsigned_int(&n, "pid", event->pid);
    plugin_notification_meta_add_unsigned_int(&n, "ppid", event->ppid);
    plugin_notification_meta_add_unsigned_int(&n, "uid", event->uid);
    plugin_notification_meta_add_string(&n, "command", event->comm);
    add_how(&n, event);
    plugin_notification_meta_add_double(&n, "elapsed",
                                        (double)event->elapsed_us / 1e6);
    add_used(&n, event);
  }
  plugin_dispatch_notification(&n);
  if (n.meta != NULL)
    plugin_notification_meta_free(n.meta);
}

static void start_notifier(void) {
  bool is_needed = false;
  for (const struct rule *r = settings.rules; r != NULL; r = r->next)
    is_needed |= r->notify != NOTIFY_NONE;
  int status = is_needed ? notifier_start(notify, &notifier) : 0;
  if (status == 0)
    return;
  ERROR("taskstats plugin: Cannot start the thread that sends notifications: "
        "%s. None are sent.",
        STRERROR(-status));
  for (struct rule *r = settings.rules; r != NULL; r = r->next)
    r->notify = NOTIFY_NONE;
}

/*
 * collectd flushes all plugins when it stops, before it shuts the first one
 * down: from then on the plugins that take notifications may be gone at any
 * time, and exec and perl crash if they are called. That a flush is that of the
 * end cannot be seen, so nothing is sent until the next read, which shows that
 * collectd goes on.
 */
static int taskstats_flush(cdtime_t timeout, const char *identifier,
                           user_data_t *user_data) {
  (void)timeout;
  (void)identifier;
  (void)user_data;
  notifier_hold(notifier, HOLD_MS);
  return 0;
}

static void stop_notifier(void) {
  size_t dropped = notifier_stop(notifier, STOP_MS);
  for (const struct group *g = tracker != NULL ? tracker->groups : NULL;
       g != NULL; g = g->next)
    dropped += notify_budget_unsaid(&g->budget);
  notifier = NULL;
  if (dropped > 0)
    NOTICE("taskstats plugin: %" PRIsz " notifications of ended processes were "
           "dropped, because collectd stops.",
           dropped);
}

/* --- The watcher -----------------------------------------------------------
 */

enum { CPUS_SIZE = 1024 };

/* All CPUs; where the kernel's list cannot be read, those that are online, as
 * far as process 1 and collectd may run on them. */
static void find_cpus(char text[CPUS_SIZE]) {
  int status = cpulist_read_possible(text, CPUS_SIZE);
  if (status == 0)
    return;
  struct cpulist online = {0};
  cpulist_add_allowed(&online, 0);
  cpulist_add_allowed(&online, 1);
  if (cpulist_format(&online, text, CPUS_SIZE) != 0 || text[0] == '\0')
    sstrncpy(text, "0", CPUS_SIZE);
  if (said_cpus)
    return;
  said_cpus = true;
  WARNING("taskstats plugin: /sys/devices/system/cpu/possible cannot be read "
          "(%s), so exit records of the CPUs that are online now are watched "
          "alone: %s. Mount /sys, or list all CPUs in WatchCPUs.",
          STRERROR(-status), text);
}

static void start_monitor(void) {
  char all[CPUS_SIZE];
  if (settings.watch_cpus == NULL)
    find_cpus(all);

  const struct exit_monitor_options options = {
      .cpus = settings.watch_cpus != NULL ? settings.watch_cpus : all,
      .buffer = settings.watch_buffer,
      .notify_rate = settings.notify_rate,
      .notifier = notifier,
  };
  monitor_error = exit_monitor_start(tracker, &options, &monitor);
  if (monitor_error != 0)
    return;
  struct exit_listener_status status;
  exit_monitor_status(monitor, &status);
  INFO("taskstats plugin: Listening for exit records of CPUs %s, with a buffer "
       "of %" PRIsz " bytes.",
       options.cpus, status.buffer);
  if (status.buffer < settings.watch_buffer)
    WARNING("taskstats plugin: The kernel grants a buffer of %" PRIsz
            " bytes, not %" PRIsz ", for exit records. Give collectd "
            "CAP_NET_ADMIN, or raise net.core.rmem_max.",
            status.buffer, settings.watch_buffer);
}

static void stop_monitor(void) {
  exit_monitor_stop(monitor);
  monitor = NULL;
  former_records = records;
  lost_records.former = lost_records.count;
  lost_forks.former = lost_forks.count;
}

/* Takes the watcher's figures, and replaces a broken one. What the kernel never
 * sends to is given up. */
static void check_monitor(void) {
  if (!settings.watches)
    return;
  if (monitor == NULL && monitor_error != -ENODATA &&
      monitor_error != -EPROTONOSUPPORT)
    start_monitor();
  if (monitor == NULL)
    return;

  struct exit_listener_status status;
  exit_monitor_status(monitor, &status);
  records = former_records + status.records;
  lost_records.count = lost_records.former + status.lost;
  lost_forks.count = lost_forks.former + exit_monitor_events_lost(monitor);
  if (status.rejection != 0)
    rejection = status.rejection;
  if (status.untried != 0 && !said_untried)
    INFO("taskstats plugin: Whether exit records arrive cannot be tried (%s).",
         status.untried == -ENOENT ? "collectd may run on no watched CPU"
                                   : STRERROR(-status.untried));
  said_untried |= status.untried != 0;
  if (status.error != 0) {
    monitor_error = status.error;
    stop_monitor();
  }
}

static void tell_loss(struct loss *loss) {
  double now = seconds(CLOCK_MONOTONIC);
  if (loss->count == loss->said ||
      (loss->said_at > 0 && now - loss->said_at < LOSS_INTERVAL_S))
    return;
  WARNING("taskstats plugin: %" PRIu64 " %s: WatchBuffer %" PRIsz
          " is too small for this machine.",
          loss->count - loss->said, loss->what, settings.watch_buffer);
  loss->said = loss->count;
  loss->said_at = now;
}

/* --- Init, read, shutdown ---------------------------------------------------
 */

static const char *delay_accounting_cause(int status) {
  switch (status) {
  case -EROFS:
    return "/proc/sys can only be read here, by ProtectKernelTunables= of the "
           "service or in a container: leave that as it is";
  case -EOPNOTSUPP:
    return "This kernel does not count delays: run one that is built with "
           "CONFIG_TASK_DELAY_ACCT, without nodelayacct on its command line";
  case -ENOENT:
    return "/proc/sys is hidden here, by ProcSubset=pid of the service: take "
           "that out";
  default:
    return "Only root may: leave collectd's user as it is";
  }
}

static void enable_delay_accounting(void) {
  int status = reader_enable_delay_accounting(reader);
  if (status < 0)
    ERROR("taskstats plugin: EnableDelayAccounting cannot set "
          "kernel.task_delayacct to 1: %s. %s, and set it at boot instead, in "
          "/etc/sysctl.d.",
          STRERROR(-status), delay_accounting_cause(status));
  else if (status > 0)
    NOTICE("taskstats plugin: kernel.task_delayacct is now 1, for the whole "
           "machine. Services that run already are counted after a restart.");
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
    ERROR("taskstats plugin: Cannot start the thread that looks at paths: %s. "
          "Groups with Executable or PIDFile have no processes.",
          STRERROR(-status));
  path_watch_wait(LOOKUP_WAIT_MS);
}

static int taskstats_init(void) {
  if (reader != NULL)
    return 0;

  plugin_context = plugin_get_ctx();
  config_finish(&settings);
  if (settings.ignored[0] != '\0')
    WARNING("taskstats plugin: %s: options of the processes plugin that do "
            "nothing here; leave them to it.",
            settings.ignored);
  if (settings.rules == NULL)
    WARNING("taskstats plugin: No group is configured, so none is reported; "
            "add Process, ProcessMatch or <Group> to <Plugin taskstats>.");

  tracker = tracker_create(settings.rules, settings.max_groups,
                           clock_ns(CLOCK_BOOTTIME));
  int status = tracker == NULL ? -ENOMEM : 0;
  if (status == 0)
    status = reader_create("/proc", tracker, &reader);
  if (status != 0) {
    ERROR("taskstats plugin: Cannot begin to read /proc: %s.",
          STRERROR(-status));
    return status;
  }
  look_up_users();
  watch_paths();
  if (settings.enable_delay_accounting)
    enable_delay_accounting();
  start_notifier();
  if (settings.watches)
    start_monitor();
  if (monitor != NULL)
    exit_monitor_wait_for_proof(monitor);
  return 0;
}

/* context is the value list, with the time and the group's name. */
static void dispatch(void *context, const struct metric_value *metric) {
  value_list_t *list = context;
  value_t values[METRIC_VALUES];

  for (unsigned int i = 0; i < metric->count; i++) {
    if (metric->is_derive)
      values[i].derive = metric->values[i].derive;
    else
      values[i].gauge = metric->values[i].gauge;
  }
  list->values = values;
  list->values_len = metric->count;
  sstrncpy(list->type, metric->type, sizeof(list->type));
  sstrncpy(list->type_instance, metric->instance, sizeof(list->type_instance));
  plugin_dispatch_values(list);
}

static void report_gauge(value_list_t *list, const char *type,
                         const char *instance, double value) {
  struct metric_value metric = {.type = type, .instance = instance, .count = 1};
  metric.values[0].gauge = value;
  dispatch(list, &metric);
}

static void report_events(value_list_t *list, const char *instance,
                          uint64_t events) {
  struct metric_value metric = {.type = "total_events",
                                .instance = instance,
                                .is_derive = true,
                                .count = 1};
  metric.values[0].derive = (int64_t)events;
  dispatch(list, &metric);
}

/* What the tracker has beside the groups. */
struct figures {
  bool listens;
  bool is_full;
  uint64_t undecided, unattributed;
};

static void take_figures(struct figures *figures) {
  tracker_lock(tracker);
  figures->listens = tracker->listens;
  figures->is_full = tracker->is_full;
  figures->undecided = tracker->undecided;
  figures->unattributed = tracker->unattributed;
  tracker_unlock(tracker);
}

/* Takes a copy of the group to report, under the lock. */
static void publish(struct group *group, struct group *copy) {
  tracker_lock(tracker);
  group_publish(group);
  *copy = *group;
  tracker_unlock(tracker);
}

/* The next group; the listener may be adding one. */
static struct group *next_group(const struct group *group) {
  tracker_lock(tracker);
  struct group *next = group != NULL ? group->next : tracker->groups;
  tracker_unlock(tracker);
  return next;
}

/* Returns the number of groups that are reported. */
static size_t report_groups(value_list_t *list,
                            const struct metric_scope *scope) {
  size_t count = 0;

  tracker_lock(tracker);
  top_groups_choose(tracker);
  tracker_unlock(tracker);
  for (struct group *g = next_group(NULL); g != NULL; g = next_group(g)) {
    struct group copy;
    if (g->is_hidden || g->is_forgotten)
      continue;
    publish(g, &copy);
    sstrncpy(list->plugin_instance, copy.name, sizeof(list->plugin_instance));
    metric_each(&copy, scope, dispatch, list);
    count++;
  }
  return count;
}

static void report_self(value_list_t *list, const struct reader_report *report,
                        const struct figures *figures, size_t groups,
                        double begin) {
  list->plugin_instance[0] = '\0';
  if (report->proc == 0)
    report_gauge(list, "count", "processes", (double)report->members);
  report_gauge(list, "count", "groups", (double)groups);
  if (figures->listens) {
    report_events(list, "exit-records", records);
    report_events(list, "exit-records-lost", lost_records.count);
    report_events(list, "exit-undecided", figures->undecided);
  }
  report_gauge(list, "duration", "read", seconds(CLOCK_MONOTONIC) - begin);
}

static void say(bool is_warning, const char *line) {
  log_line(is_warning ? LOG_WARNING : LOG_NOTICE, line);
}

static void describe_names(const struct user_change *change, char *line,
                           size_t size) {
  switch (change->error) {
  case 0:
    snprintf(line, size, "Users can be looked up again.");
    break;
  case -ENOSPC:
    snprintf(line, size,
             "Processes of more than 20,000 users were seen. For further ones "
             "%%{user} is the number.");
    break;
  case -ENOENT:
    snprintf(line, size,
             "User %u is not found any more, which may be a server that is "
             "down. Names that are known stay in use. See \"getent passwd "
             "%u\"; to forget a user who was removed, restart collectd.",
             change->uid, change->uid);
    break;
  default:
    snprintf(line, size,
             "The name of user %u cannot be looked up: %s. Names that are "
             "known stay in use; of other users the number is used after a "
             "minute, until collectd is restarted. See \"getent passwd %u\".",
             change->uid, strerrordesc_np(-change->error), change->uid);
  }
}

static void describe_user(const struct user_change *change, char *line,
                          size_t size) {
  bool is_known = change->known == USER_FOUND;
  if (change->error == 0)
    snprintf(line, size, "User \"%s\" is known now: %u.", change->name,
             change->uid);
  else if (change->error == -ENOENT && is_known)
    snprintf(line, size,
             "User \"%s\" is not found any more, which may be a server that is "
             "down. The number %u stays in use. See \"getent passwd %s\"; to "
             "forget a user who was removed, restart collectd.",
             change->name, change->uid, change->name);
  else if (change->error == -ENOENT)
    snprintf(line, size,
             "User \"%s\" does not exist, so the groups that select it have no "
             "processes of it. It is looked up again every ten seconds.",
             change->name);
  else
    snprintf(line, size,
             "User \"%s\" cannot be looked up: %s. %s It is looked up again "
             "every ten seconds; the user's number needs no lookup.",
             change->name, strerrordesc_np(-change->error),
             is_known ? "The number that was found before stays in use."
                      : "The groups that select it have no processes of it.");
}

static void tell_user(const struct user_change *change) {
  char line[512];
  if (change->name[0] == '\0')
    describe_names(change, line, sizeof(line));
  else
    describe_user(change, line, sizeof(line));
  log_line(change->error != 0 ? LOG_WARNING : LOG_NOTICE, line);
}

static const char *path_remedy(const struct path_change *change) {
  switch (change->error) {
  case -ETIMEDOUT:
    return "its file system does not answer; see \"mount\" and its server";
  case -EACCES:
  case -EPERM:
    return "give collectd's user access to it and to the directories above, or "
           "CAP_DAC_READ_SEARCH";
  case -ENOENT:
    return "correct the path, or install the program";
  case -EISDIR:
    return "name a file in this directory";
  case -EBADMSG:
    return "it must contain a process's number and nothing else";
  case -ENODATA:
    return "restart the service, which writes its number there; or remove the "
           "file if the service has ended";
  case -EINVAL:
    return "name the file that the service writes its number into";
  case -ENOEXEC:
    return "name the program itself: of a script, its interpreter is what "
           "runs, so select it by CommandLine";
  default:
    return "it is tried again";
  }
}

static const char *path_cause(int error) {
  switch (error) {
  case -EBADMSG:
    return "no process id";
  case -ENODATA:
    return "it is empty";
  case -EINVAL:
    return "no regular file";
  case -ENOEXEC:
    return "no program, or a script";
  default:
    return strerrordesc_np(-error);
  }
}

static void tell_path(const struct path_change *change) {
  bool is_pid_file = change->kind == PATH_PID_FILE;
  const char *option = is_pid_file ? "PIDFile" : "Executable";
  char line[768];
  if (change->error == 0)
    snprintf(line, sizeof(line), "%s \"%s\" can be read again.", option,
             change->path);
  else
    snprintf(line, sizeof(line), "%s \"%s\" cannot be read (%s): %s. %s",
             option, change->path, path_cause(change->error),
             path_remedy(change),
             is_pid_file ? "The process that it named last stays in use."
                         : "Processes are selected by this path as it stands.");
  log_line(change->error != 0 ? LOG_WARNING : LOG_NOTICE, line);
}

static void tell_paths(void) {
  struct path_change change;
  while (path_watch_take_change(&change))
    tell_path(&change);
}

static void tell_users(void) {
  struct user_change change;
  while (user_cache_take_change(&change))
    tell_user(&change);
}

static int taskstats_read(void) {
  double begin = seconds(CLOCK_MONOTONIC);
  notifier_release(notifier);
  check_monitor();

  struct reader_report report;
  if (monitor != NULL)
    exit_monitor_begin_read(monitor);
  reader_read(reader, clock_ns(CLOCK_BOOTTIME), &report);
  if (monitor != NULL)
    exit_monitor_end_read(monitor);

  struct figures figures;
  take_figures(&figures);
  const struct problem_report now = {
      .read = &report,
      .listener = settings.watches && monitor == NULL ? monitor_error : 0,
      .has_unattributed = figures.unattributed > 0,
      .rejection = rejection,
      .forks = monitor != NULL ? exit_monitor_events_error(monitor) : 0,
      .is_full = figures.is_full,
  };
  diagnostics_update(&diagnostics, &now, say);
  tell_users();
  tell_paths();
  tell_loss(&lost_records);
  tell_loss(&lost_forks);

  const struct metric_scope scope = {
      .elapsed = last_read > 0 ? begin - last_read : 0,
      .delays = report.delays,
      .listens = figures.listens,
      .is_partial = report.proc != 0,
  };
  last_read = report.proc == 0 && report.delays != 0 ? begin : 0;
  value_list_t list = VALUE_LIST_INIT;
  list.time = cdtime();
  sstrncpy(list.plugin, "taskstats", sizeof(list.plugin));
  size_t groups = report_groups(&list, &scope);
  if (settings.report_self)
    report_self(&list, &report, &figures, groups, begin);
  return 0;
}

static int taskstats_shutdown(void) {
  stop_monitor();
  stop_notifier();
  reader_destroy(reader);
  reader = NULL;
  user_cache_stop();
  path_watch_stop();
  tracker_destroy(tracker);
  tracker = NULL;
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
