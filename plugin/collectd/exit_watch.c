/* SPDX-License-Identifier: MIT */
#include "collectd/exit_watch.h"

#include "collectd/api.h"
#include "kernel/clock.h"
#include "kernel/cpulist.h"

enum {
  CPUS_SIZE = 1024,
  LOSS_INTERVAL_S = 60, /* minimum time between two log lines about a loss */
};

/* All possible CPUs; if the kernel's list cannot be read, those that are
 * online, as far as process 1 and collectd may run on them. */
static void find_cpus(struct exit_watch *watch, char text[CPUS_SIZE]) {
  int status = cpulist_read_possible(text, CPUS_SIZE);
  if (status == 0)
    return;
  struct cpulist online = {0};
  cpulist_add_allowed(&online, 0);
  cpulist_add_allowed(&online, 1);
  if (cpulist_format(&online, text, CPUS_SIZE) != 0 || text[0] == '\0')
    sstrncpy(text, "0", CPUS_SIZE);
  if (watch->has_logged_cpus)
    return;
  watch->has_logged_cpus = true;
  WARNING("taskstats plugin: Cannot read /sys/devices/system/cpu/possible "
          "(%s): exit records are received only from the CPUs that are online "
          "now: %s. Mount /sys, or list all CPUs in WatchCPUs.",
          STRERROR(-status), text);
}

static void log_buffer(const struct exit_watch *watch, const char *cpus) {
  struct exit_listener_status status;
  exit_monitor_status(watch->monitor, &status);
  INFO("taskstats plugin: Listening for exit records of CPUs %s, with a buffer "
       "of %" PRIsz " bytes.",
       cpus, status.buffer);
  if (status.buffer < watch->settings->watch_buffer)
    WARNING("taskstats plugin: Cannot get a buffer of %" PRIsz
            " bytes for exit records: the kernel grants %" PRIsz
            ". Give collectd CAP_NET_ADMIN, or raise net.core.rmem_max.",
            watch->settings->watch_buffer, status.buffer);
}

void exit_watch_start(struct exit_watch *watch) {
  const struct settings *settings = watch->settings;
  char all[CPUS_SIZE];
  if (settings->watch_cpus == NULL)
    find_cpus(watch, all);

  const struct exit_monitor_options options = {
      .cpus = settings->watch_cpus != NULL ? settings->watch_cpus : all,
      .watches_all = settings->watch_cpus == NULL && !watch->has_logged_cpus,
      .buffer = settings->watch_buffer,
      .notify_rate = settings->notify_rate,
      .notifier = watch->notifier,
      .log = watch->log,
      .wants_events = settings->process_events,
      .has_no_events = watch->has_no_events,
  };
  watch->error = exit_monitor_start(watch->tracker, &options, &watch->monitor);
  if (watch->error == 0)
    log_buffer(watch, options.cpus);
}

bool exit_watch_stop(struct exit_watch *watch) {
  if (!exit_monitor_stop(watch->monitor))
    return false;
  watch->monitor = NULL;
  watch->former_records = watch->records;
  watch->lost_records.former = watch->lost_records.count;
  watch->lost_events.former = watch->lost_events.count;
  return true;
}

static void log_untried(struct exit_watch *watch, int status) {
  if (!watch->has_logged_untried)
    INFO("taskstats plugin: Cannot check whether exit records arrive (%s).",
         status == -ENOENT ? "collectd may not run on any watched CPU"
                           : STRERROR(-status));
  watch->has_logged_untried = true;
}

static void take_figures(struct exit_watch *watch) {
  struct exit_listener_status status;
  exit_monitor_status(watch->monitor, &status);
  watch->records = watch->former_records + status.records;
  watch->lost_records.count = watch->lost_records.former + status.lost;
  watch->lost_events.count =
      watch->lost_events.former + exit_monitor_events_lost(watch->monitor);
  if (status.rejection != 0)
    watch->rejection = status.rejection;
  if (status.untried != 0)
    log_untried(watch, status.untried);
  if (status.error != 0) {
    watch->error = status.error;
    watch->has_no_events |=
        exit_monitor_events_error(watch->monitor) == -ETIMEDOUT;
    exit_watch_stop(watch);
  }
}

void exit_watch_check(struct exit_watch *watch) {
  if (!watch->settings->watches)
    return;
  if (watch->monitor == NULL && exit_monitor_may_recover(watch->error))
    exit_watch_start(watch);
  if (watch->monitor != NULL)
    take_figures(watch);
}

/* Whether a loss has grown and must be logged now; more is then the increase.
 */
static bool must_log(struct exit_watch_loss *loss, uint64_t *more) {
  double now = (double)clock_ns(CLOCK_MONOTONIC) / 1e9;
  if (loss->count == loss->logged ||
      (loss->logged_at > 0 && now - loss->logged_at < LOSS_INTERVAL_S))
    return false;
  *more = loss->count - loss->logged;
  loss->logged = loss->count;
  loss->logged_at = now;
  return true;
}

/* what: what the plugin cannot do; which: what is lost with each. */
static void log_loss(const struct exit_watch *watch,
                     struct exit_watch_loss *loss, const char *what,
                     const char *which) {
  uint64_t more;
  if (must_log(loss, &more))
    WARNING("taskstats plugin: %s: %" PRIu64
            " were lost, because WatchBuffer %" PRIsz
            " is too small for this machine. Raise it. %s.",
            what, more, watch->settings->watch_buffer, which);
}

/* diagnostics.c logs the reason. */
static void log_unwritten(struct exit_watch *watch) {
  struct exit_log_status status = {0};
  uint64_t more;
  if (watch->log != NULL)
    exit_log_status(watch->log, &status);
  watch->unwritten.count = status.dropped;
  if (must_log(&watch->unwritten, &more))
    NOTICE("taskstats plugin: %" PRIu64 " exits were not written to ExitLog.",
           more);
}

void exit_watch_start_log(struct exit_watch *watch) {
  const struct settings *settings = watch->settings;
  int status = settings->exit_log != NULL && settings->watches
                   ? exit_log_start(settings->exit_log, hostname_g, &watch->log)
                   : 0;
  watch->tracker->logs_exits = watch->log != NULL;
  if (status != 0)
    ERROR("taskstats plugin: Cannot start the thread that writes ExitLog: %s. "
          "No exits are written to it.",
          STRERROR(-status));
}

void exit_watch_stop_log(struct exit_watch *watch, unsigned int most_ms) {
  uint64_t dropped = exit_log_stop(watch->log, most_ms);
  watch->log = NULL;
  if (dropped > watch->unwritten.logged)
    NOTICE("taskstats plugin: %" PRIu64 " exits were not written to ExitLog.",
           dropped - watch->unwritten.logged);
}

int exit_watch_log_error(const struct exit_watch *watch) {
  struct exit_log_status status = {0};
  if (watch->log != NULL)
    exit_log_status(watch->log, &status);
  return status.error;
}

void exit_watch_log_losses(struct exit_watch *watch, uint64_t missed) {
  uint64_t more;
  log_unwritten(watch);
  log_loss(watch, &watch->lost_records, "Cannot receive all exit records",
           "What their processes used last is not counted");
  log_loss(watch, &watch->lost_events, "Cannot receive all process events",
           "Processes that ended before a read saw them may be undecided");
  watch->missed.count = missed;
  if (must_log(&watch->missed, &more))
    NOTICE("taskstats plugin: The listing of /proc shows %" PRIu64
           " processes or changes that no process event reported. They are "
           "counted from now on.",
           more);
}
