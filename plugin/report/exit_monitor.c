/* SPDX-License-Identifier: MIT */
#include "report/exit_monitor.h"

#include "kernel/process_events.h"
#include "report/notice.h"
#include "track/descendants.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { PROOF_WAIT_MS = 300 };

struct watcher {
  struct ledger *ledger;
  struct watcher_options options;
  struct listener *listener;
  struct exits *exits;
  /* NULL if nobody wants descendants, or it failed. The listener's. */
  struct forks *forks;
  struct heirs *heirs; /* NULL if nobody wants descendants */
  atomic_int forks_error;
  atomic_uint_fast64_t forks_lost;
  bool has_unsaid;
};

static uint64_t now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec;
}

static void say_event(void *context, const struct exit_event *event) {
  struct watcher *watcher = context;
  struct budget *budget = &event->group->budget;
  char text[SPEAKER_TEXT_SIZE];

  if (budget_admit(budget, now_s(), watcher->options.notify_rate,
                   event->exit_code)) {
    notice_describe(event, text, sizeof(text));
    if (speaker_put(watcher->options.speaker, event->group->name, event, text,
                    event->exit_code))
      return;
    budget_leave_unsaid(budget, event->exit_code);
  }
  watcher->has_unsaid = true;
}

static void note_fork(void *context, pid_t parent, pid_t child,
                      uint64_t begin_ns) {
  struct watcher *watcher = context;
  heirs_fork(watcher->heirs, parent, child, begin_ns);
}

static void note_exec(void *context, pid_t pid) {
  struct watcher *watcher = context;
  heirs_exec(watcher->heirs, pid);
}

/* Who was forked must be known before its exit record is taken. */
static bool take_forks(void *context) {
  struct watcher *watcher = context;
  const struct forks_calls calls = {watcher, note_fork, note_exec};
  uint64_t lost = 0;
  if (watcher->forks == NULL)
    return false;
  int status = forks_drain(watcher->forks, &calls, &lost);
  atomic_fetch_add(&watcher->forks_lost, lost);
  if (status == 0)
    return true;
  /* Exit records go on without. */
  atomic_store(&watcher->forks_error, status);
  forks_close(watcher->forks);
  watcher->forks = NULL;
  return false;
}

static void take(void *context, const struct message *messages, size_t count,
                 uint64_t earliest_ns, uint64_t latest_ns) {
  struct watcher *watcher = context;
  exits_take(watcher->exits, messages, count, earliest_ns, latest_ns);
}

/* Says the summaries of what was left unsaid before a time, in s. */
static void sum_up_before(struct watcher *watcher, uint64_t before_s) {
  watcher->has_unsaid = false;
  ledger_lock(watcher->ledger);
  for (struct group *g = watcher->ledger->groups; g != NULL; g = g->next) {
    char text[SPEAKER_TEXT_SIZE];
    uint32_t worst;
    if (budget_sum_up(&g->budget, before_s, text, sizeof(text), &worst) &&
        speaker_put(watcher->options.speaker, g->name, NULL, text, worst))
      g->budget = (struct budget){.second = now_s()};
    watcher->has_unsaid |= budget_unsaid(&g->budget) > 0;
  }
  ledger_unlock(watcher->ledger);
}

/* Returns in how many ms to come back. */
static int sum_up(void *context) {
  struct watcher *watcher = context;
  if (watcher->has_unsaid)
    sum_up_before(watcher, now_s());
  return watcher->has_unsaid ? 1000 : -1;
}

int watcher_start(struct ledger *ledger, const struct watcher_options *options,
                  struct watcher **watcher) {
  struct watcher *w = calloc(1, sizeof(*w));
  if (w == NULL)
    return -ENOMEM;

  w->ledger = ledger;
  w->options = *options;
  w->has_unsaid = options->speaker != NULL; /* of a former watcher */
  int status = exits_create("/proc", ledger, say_event, w, &w->exits);
  if (status == 0 && ledger->has_descendants)
    status = heirs_create("/proc", ledger, &w->heirs);
  if (status == 0 && ledger->has_descendants)
    atomic_store(&w->forks_error, forks_open(options->buffer, &w->forks));
  if (status == 0) {
    const struct listener_calls calls = {
        .context = w,
        .before = take_forks,
        .also_fd = w->forks != NULL ? forks_fd(w->forks) : -1,
        .take = take,
        .drained = sum_up,
    };
    status =
        listener_start(options->cpus, options->buffer, &calls, &w->listener);
  }
  if (status != 0) {
    watcher_stop(w);
    return status;
  }
  *watcher = w;
  return 0;
}

void watcher_stop(struct watcher *watcher) {
  if (watcher == NULL)
    return;
  listener_stop(watcher->listener);
  ledger_lock(watcher->ledger);
  watcher->ledger->listens = false;
  ledger_unlock(watcher->ledger);
  forks_close(watcher->forks);
  heirs_destroy(watcher->heirs);
  exits_destroy(watcher->exits);
  free(watcher);
}

void watcher_wait_for_proof(struct watcher *watcher) {
  struct listener_status status;
  for (int waited_ms = 0; waited_ms < PROOF_WAIT_MS; waited_ms += 5) {
    listener_status(watcher->listener, &status);
    if (status.is_proven || status.error != 0)
      return;
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
  }
}

void watcher_begin_read(struct watcher *watcher) {
  struct listener_status status;
  listener_status(watcher->listener, &status);

  ledger_lock(watcher->ledger);
  watcher->ledger->listens = status.is_proven && status.error == 0;
  watcher->ledger->drained_read = status.drained_read;
  ledger_unlock(watcher->ledger);
}

void watcher_end_read(struct watcher *watcher) {
  listener_finish_read(watcher->listener, watcher->ledger->read);
}

int watcher_forks_error(const struct watcher *watcher) {
  return atomic_load(&watcher->forks_error);
}

uint64_t watcher_forks_lost(const struct watcher *watcher) {
  return atomic_load(&watcher->forks_lost);
}

void watcher_status(struct watcher *watcher, struct listener_status *status) {
  listener_status(watcher->listener, status);
}
