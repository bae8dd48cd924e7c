/* SPDX-License-Identifier: MIT */
#include "report/exit_monitor.h"

#include "kernel/clock.h"
#include "kernel/process_events.h"
#include "report/notice.h"
#include "track/event_accounting.h"
#include "track/kernel_connection.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { PROOF_WAIT_MS = 300 };

struct exit_monitor {
  struct tracker *tracker;
  struct exit_monitor_options options;
  struct exit_listener *listener;
  struct exit_accounting *exits;
  struct event_accounting *event_accounting;
  /* NULL if disabled, or after a failure. Used by the listener only. */
  struct process_events *events;
  atomic_int events_error;
  atomic_uint_fast64_t events_lost;
  atomic_bool has_suppressed;
  uint64_t records_lost; /* at the last read */
};

static void say_event(void *context, const struct exit_event *event)
    REQUIRES(tracker_mutex) {
  struct exit_monitor *monitor = context;
  if (event->group == NULL) {
    if (monitor->options.log != NULL)
      exit_log_put(monitor->options.log, event);
    return;
  }
  struct notify_budget *budget = &event->group->budget;
  char text[NOTIFIER_TEXT_SIZE];

  if (notify_budget_admit(budget, clock_s(), monitor->options.notify_rate,
                          event->exit_code)) {
    notice_describe(event, text, sizeof(text));
    if (notifier_put(monitor->options.notifier, event->group->name, event, 1,
                     text, event->exit_code))
      return;
    notify_budget_suppress(budget, event->exit_code);
  }
  monitor->has_suppressed = true;
}

/* Makes the next read list /proc, to find what no event reported. */
static void reconcile(struct exit_monitor *monitor) {
  tracker_lock(monitor->tracker);
  monitor->tracker->must_list = true;
  tracker_unlock(monitor->tracker);
}

/* Ends process events; exit records continue. */
static void end_events(struct exit_monitor *monitor, int status) {
  atomic_store(&monitor->events_error, status);
  process_events_close(monitor->events);
  monitor->events = NULL;
  reconcile(monitor);
}

/* The attributes of a process must be known before its exit record is taken. */
static enum exit_listener_found take_events(void *context, uint64_t until_ns) {
  struct exit_monitor *monitor = context;
  struct process_event event;
  uint64_t lost = 0;
  int status = 0;
  enum exit_listener_found found = FOUND_NOTHING;

  if (monitor->events == NULL)
    return FOUND_END;
  event_accounting_set_time(monitor->event_accounting, until_ns + 1000);
  while (!exit_listener_must_stop(monitor->listener) &&
         (status = process_events_next(monitor->events, until_ns, &event,
                                       &lost)) > 0)
    if (event_accounting_take(monitor->event_accounting, &event))
      found = FOUND_SOMETHING;
  if (lost > 0) {
    atomic_fetch_add(&monitor->events_lost, lost);
    reconcile(monitor);
  }
  if (status < 0) {
    end_events(monitor, status);
    return FOUND_END;
  }
  return process_events_has_more(monitor->events) ? FOUND_MORE : found;
}

static void drain(void *context) {
  struct exit_monitor *monitor = context;
  exit_listener_drain(monitor->listener);
}

static void end_drains(void *context) {
  struct exit_monitor *monitor = context;
  exit_listener_end_drains(monitor->listener);
}

static struct procfs *find_busy(void *context) {
  const struct exit_monitor *monitor = context;
  struct procfs *proc = exit_accounting_proc(monitor->exits);
  if (procfs_call(proc) == 0)
    proc = event_accounting_proc(monitor->event_accounting);
  return procfs_call(proc) != 0 ? proc : NULL;
}

static int leave_drain(void *context, const struct procfs *abandoned,
                       struct procfs *again, bool *is_callers) {
  struct exit_monitor *monitor = context;
  if (abandoned == exit_accounting_proc(monitor->exits))
    exit_accounting_use_proc(monitor->exits, again);
  else
    event_accounting_use_proc(monitor->event_accounting, again);
  reconcile(monitor); /* the current event is not repeated */
  return exit_listener_leave_drain(monitor->listener, is_callers);
}

static void resume(void *context) {
  const struct exit_monitor *monitor = context;
  exit_accounting_resume(monitor->exits);
}

static bool take(void *context, const struct message *messages, size_t count,
                 uint64_t earliest_ns, uint64_t latest_ns) {
  struct exit_monitor *monitor = context;
  return exit_accounting_take(monitor->exits, messages, count, earliest_ns,
                              latest_ns);
}

/* Sends summaries of the notifications that were suppressed before before_s. */
static void sum_up_before(struct exit_monitor *monitor, uint64_t before_s) {
  monitor->has_suppressed = false;
  tracker_lock(monitor->tracker);
  for (struct group *g = monitor->tracker->groups; g != NULL; g = g->next) {
    char text[NOTIFIER_TEXT_SIZE];
    uint32_t worst;
    if (notify_budget_sum_up(&g->budget, before_s, text, sizeof(text),
                             &worst) &&
        notifier_put(monitor->options.notifier, g->name, NULL,
                     notify_budget_suppressed(&g->budget), text, worst))
      g->budget = (struct notify_budget){.second = clock_s()};
    monitor->has_suppressed |= notify_budget_suppressed(&g->budget) > 0;
  }
  tracker_unlock(monitor->tracker);
}

/* Returns the time until the next call, in ms. */
static int sum_up(void *context) {
  struct exit_monitor *monitor = context;
  if (monitor->has_suppressed)
    sum_up_before(monitor, clock_s());
  return monitor->has_suppressed ? 1000 : -1;
}

/* Whether this kernel's exit records do not identify the process of a thread.
 */
static bool must_follow_threads(void) {
  struct kernel_connection connection = {0};
  kernel_connection_begin(&connection);
  bool is_old =
      connection.error == 0 && connection.version < RECORD_VERSION_LAST_THREAD;
  kernel_connection_close(&connection);
  return is_old;
}

/* Opens process events after exit records: a kernel that sends no events, or
 * not to this namespace, does not report an error, which takes a second to
 * detect, whereas it refuses exit records at once. */
static int open_sources(struct exit_monitor *monitor) {
  const struct exit_monitor_options *options = &monitor->options;
  int status =
      exit_listener_open(options->cpus, options->buffer, &monitor->listener);
  if (status != 0 || !options->wants_events)
    return status;
  bool must_follow = must_follow_threads();
  if (must_follow) {
    tracker_lock(monitor->tracker);
    if (monitor->tracker->threads == NULL)
      monitor->tracker->threads = thread_owners_create();
    tracker_unlock(monitor->tracker);
  }
  atomic_store(&monitor->events_error,
               options->has_no_events
                   ? -ETIMEDOUT
                   : process_events_open(options->buffer, must_follow,
                                         &monitor->events));
  return 0;
}

static int start_listener(struct exit_monitor *monitor) {
  const struct exit_listener_calls calls = {
      .context = monitor,
      .before = take_events,
      .also_fd =
          monitor->events != NULL ? process_events_fd(monitor->events) : -1,
      .take = take,
      .resume = resume,
      .drained = sum_up,
  };
  return exit_listener_start(monitor->listener, &calls);
}

/* Whether process events are enabled and received. */
static bool hears_events(const struct exit_monitor *monitor) {
  return monitor->options.wants_events &&
         atomic_load(&monitor->events_error) == 0;
}

int exit_monitor_start(struct tracker *tracker,
                       const struct exit_monitor_options *options,
                       struct exit_monitor **monitor) {
  struct exit_monitor *w = calloc(1, sizeof(*w));
  if (w == NULL)
    return -ENOMEM;

  w->tracker = tracker;
  w->options = *options;
  w->has_suppressed = options->notifier != NULL; /* of a previous monitor */
  int status =
      exit_accounting_create("/proc", tracker, say_event, w, &w->exits);
  if (status == 0)
    status = event_accounting_create("/proc", tracker, &w->event_accounting);
  if (status == 0)
    status = open_sources(w);
  tracker_lock(tracker);
  tracker->hears_since_ns = clock_ns(CLOCK_BOOTTIME);
  tracker->hears_events = status == 0 && hears_events(w);
  tracker->must_list = true;
  tracker_unlock(tracker);
  if (status == 0)
    status = start_listener(w);
  if (status != 0) {
    exit_monitor_stop(w);
    return status;
  }
  tracker->drain = (struct drain){.context = w,
                                  .take = drain,
                                  .end = end_drains,
                                  .busy = find_busy,
                                  .leave = leave_drain};
  *monitor = w;
  return 0;
}

bool exit_monitor_may_recover(int error) {
  switch (error) {
  case -ENODATA:         /* another network namespace */
  case -EPROTONOSUPPORT: /* an old kernel */
  case -EINVAL:          /* another pid namespace */
  case -ERANGE:          /* a CPU that this machine cannot have */
  case -EAFNOSUPPORT:    /* a seccomp filter */
    return false;
  default:
    return true;
  }
}

bool exit_monitor_stop(struct exit_monitor *monitor) {
  if (monitor == NULL)
    return true;
  monitor->tracker->drain = (struct drain){0};
  if (!exit_listener_stop(monitor->listener))
    return false;
  tracker_lock(monitor->tracker);
  monitor->tracker->listens = monitor->tracker->hears_events = false;
  tracker_unlock(monitor->tracker);
  process_events_close(monitor->events);
  event_accounting_destroy(monitor->event_accounting);
  exit_accounting_destroy(monitor->exits);
  free(monitor);
  return true;
}

void exit_monitor_wait_for_proof(struct exit_monitor *monitor) {
  struct exit_listener_status status;
  for (int waited_ms = 0; waited_ms < PROOF_WAIT_MS; waited_ms += 5) {
    exit_listener_status(monitor->listener, &status);
    if (status.is_proven || status.error != 0)
      return;
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
  }
}

void exit_monitor_begin_read(struct exit_monitor *monitor) {
  struct exit_listener_status status;
  exit_listener_status(monitor->listener, &status);

  tracker_lock(monitor->tracker);
  monitor->tracker->listens = status.is_proven && status.error == 0;
  monitor->tracker->hears_events = hears_events(monitor);
  /* Nothing else shows that the processes of lost records have ended. */
  monitor->tracker->must_list |= status.lost != monitor->records_lost;
  monitor->tracker->always_lists = !monitor->options.watches_all;
  monitor->records_lost = status.lost;
  tracker_unlock(monitor->tracker);
}

int exit_monitor_events_error(const struct exit_monitor *monitor) {
  return atomic_load(&monitor->events_error);
}

uint64_t exit_monitor_events_lost(const struct exit_monitor *monitor) {
  return atomic_load(&monitor->events_lost);
}

void exit_monitor_status(struct exit_monitor *monitor,
                         struct exit_listener_status *status) {
  exit_listener_status(monitor->listener, status);
}
