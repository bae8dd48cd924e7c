/* SPDX-License-Identifier: MIT */
#include "report/notifier.h"

#include "kernel/clock.h"
#include "kernel/mutex.h"
#include "kernel/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long a notification may be in use after it was sent: the exec plugin runs
 * its program in a detached thread. */
enum { SETTLE_MS = 200 };

struct notice {
  char group[GROUP_NAME_SIZE];
  struct exit_event *event; /* owned, or NULL */
  uint32_t processes;       /* that it describes */
  char text[NOTIFIER_TEXT_SIZE];
  uint32_t exit_code;
};

/* Represents the lock of any notifier, for annotations only. */
extern struct mutex notifier_mutex;

/* Owned by its thread once that is abandoned. */
struct notifier {
  notifier_say *say;
  pthread_t thread;
  struct mutex mutex;     /* notifier_mutex */
  pthread_cond_t changed; /* CLOCK_MONOTONIC */
  bool must_stop GUARDED_BY(notifier_mutex);
  bool is_held GUARDED_BY(notifier_mutex);
  bool is_saying GUARDED_BY(notifier_mutex); /* the thread is sending */
  bool has_ended GUARDED_BY(notifier_mutex); /* likewise */
  bool is_abandoned GUARDED_BY(notifier_mutex);
  /* time of the last notification */
  uint64_t sent_ms GUARDED_BY(notifier_mutex);
  /* index of the first entry in the ring */
  size_t first GUARDED_BY(notifier_mutex);
  size_t count GUARDED_BY(notifier_mutex);
  struct notice queue[NOTIFIER_QUEUE] GUARDED_BY(notifier_mutex);
};

static void lock(struct notifier *notifier) ACQUIRES(notifier_mutex) UNCHECKED {
  mutex_lock(&notifier->mutex);
}

static void unlock(struct notifier *notifier)
    RELEASES(notifier_mutex) UNCHECKED {
  mutex_unlock(&notifier->mutex);
}

/* Takes the first notice off the queue. Returns false when the thread must
 * stop. */
static bool take(struct notifier *notifier, struct notice *notice) {
  lock(notifier);
  if (notifier->is_saying)
    notifier->sent_ms = clock_ms();
  notifier->is_saying = false;
  pthread_cond_broadcast(&notifier->changed);
  while (!notifier->must_stop && (notifier->count == 0 || notifier->is_held))
    pthread_cond_wait(&notifier->changed, &notifier->mutex.pthread);
  bool has_one = !notifier->must_stop;
  if (has_one) {
    *notice = notifier->queue[notifier->first];
    notifier->queue[notifier->first].event = NULL;
    notifier->first = (notifier->first + 1) % NOTIFIER_QUEUE;
    notifier->count--;
    notifier->is_saying = true;
  }
  unlock(notifier);
  return has_one;
}

static void destroy(struct notifier *notifier) UNCHECKED {
  for (size_t i = 0; i < NOTIFIER_QUEUE; i++)
    free(notifier->queue[i].event);
  pthread_cond_destroy(&notifier->changed);
  mutex_destroy(&notifier->mutex);
  free(notifier);
}

/* Returns whether the thread has to free the notifier. */
static bool end(struct notifier *notifier) {
  lock(notifier);
  bool is_abandoned = notifier->is_abandoned;
  notifier->has_ended = true;
  pthread_cond_broadcast(&notifier->changed);
  unlock(notifier);
  return is_abandoned;
}

static void *run(void *arg) {
  struct notifier *notifier = arg;
  struct notice notice;

  while (take(notifier, &notice)) {
    notifier->say(notice.group, notice.event, notice.text, notice.exit_code);
    free(notice.event);
  }
  if (end(notifier))
    destroy(notifier);
  return NULL;
}

int notifier_start(notifier_say *say, struct notifier **notifier) {
  struct notifier *s = calloc(1, sizeof(*s));
  if (s == NULL)
    return -ENOMEM;
  s->say = say;
  mutex_init(&s->mutex);
  thread_init_condition(&s->changed);
  int status = thread_start(&s->thread, "taskstats sends", run, s);
  if (status != 0) {
    destroy(s);
    return status;
  }
  *notifier = s;
  return 0;
}

void notifier_hold(struct notifier *notifier, unsigned int most_ms) {
  if (notifier == NULL)
    return;
  struct timespec deadline = thread_deadline(most_ms);
  int status = 0;
  lock(notifier);
  notifier->is_held = true;
  while (notifier->is_saying && status == 0)
    status = pthread_cond_timedwait(&notifier->changed,
                                    &notifier->mutex.pthread, &deadline);
  uint64_t passed_ms = clock_ms() - notifier->sent_ms;
  unlock(notifier);
  if (passed_ms < SETTLE_MS)
    nanosleep(
        &(struct timespec){.tv_nsec = (long)(SETTLE_MS - passed_ms) * 1000000},
        NULL);
}

void notifier_release(struct notifier *notifier) {
  if (notifier == NULL)
    return;
  lock(notifier);
  notifier->is_held = false;
  pthread_cond_broadcast(&notifier->changed);
  unlock(notifier);
}

static size_t count_processes(const struct notifier *notifier)
    REQUIRES(notifier_mutex) {
  size_t processes = 0;
  for (size_t i = 0; i < notifier->count; i++)
    processes +=
        notifier->queue[(notifier->first + i) % NOTIFIER_QUEUE].processes;
  return processes;
}

size_t notifier_stop(struct notifier *notifier, unsigned int most_ms) {
  if (notifier == NULL)
    return 0;
  struct timespec deadline = thread_deadline(most_ms);
  int status = 0;
  lock(notifier);
  notifier->must_stop = true;
  pthread_cond_broadcast(&notifier->changed);
  size_t dropped = count_processes(notifier);
  while (!notifier->has_ended && status == 0)
    status = pthread_cond_timedwait(&notifier->changed,
                                    &notifier->mutex.pthread, &deadline);
  bool is_abandoned = !notifier->has_ended;
  notifier->is_abandoned = is_abandoned;
  pthread_t thread = notifier->thread;
  unlock(notifier);
  if (is_abandoned) {
    pthread_detach(thread);
    return dropped;
  }
  pthread_join(thread, NULL);
  destroy(notifier);
  return dropped;
}

/* Returns false if out of memory. */
static bool fill(struct notice *notice, const char *group,
                 const struct exit_event *event, uint32_t processes,
                 const char *text, uint32_t exit_code) {
  snprintf(notice->group, sizeof(notice->group), "%s", group);
  notice->processes = processes;
  notice->exit_code = exit_code;
  snprintf(notice->text, sizeof(notice->text), "%s", text);
  notice->event = event != NULL ? exit_event_copy(event) : NULL;
  return event == NULL || notice->event != NULL;
}

bool notifier_put(struct notifier *notifier, const char *group,
                  const struct exit_event *event, uint32_t processes,
                  const char *text, uint32_t exit_code) {
  lock(notifier);
  size_t last = (notifier->first + notifier->count) % NOTIFIER_QUEUE;
  bool has_room =
      notifier->count < NOTIFIER_QUEUE &&
      fill(&notifier->queue[last], group, event, processes, text, exit_code);
  if (has_room) {
    notifier->count++;
    pthread_cond_broadcast(&notifier->changed);
  }
  unlock(notifier);
  return has_room;
}
