/* SPDX-License-Identifier: MIT */
#include "report/notifier.h"

#include "kernel/clock.h"
#include "kernel/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long after it was sent a notification may be in use: the exec plugin runs
 * its program in a thread that nobody waits for. */
enum { SETTLE_MS = 200 };

struct notice {
  char group[GROUP_NAME_SIZE];
  bool has_event;
  struct exit_event event; /* whose comm and used are these: */
  char comm[RECORD_COMM_SIZE];
  uint64_t used[COUNTERS];
  char text[NOTIFIER_TEXT_SIZE];
  uint32_t exit_code;
};

/* Belongs to its thread once that is left behind. */
struct notifier {
  notifier_say *say;
  pthread_t thread;
  pthread_mutex_t lock;   /* of what follows */
  pthread_cond_t changed; /* CLOCK_MONOTONIC */
  bool must_stop, is_held;
  bool is_saying, has_ended; /* the thread */
  bool is_abandoned;
  uint64_t sent_ms;    /* when the last one was */
  size_t first, count; /* of the ring */
  struct notice queue[NOTIFIER_QUEUE];
};

static uint64_t now_ms(void) { return clock_ns(CLOCK_MONOTONIC) / 1000000; }

/* Takes the first notice off the queue. Returns false when it must stop. */
static bool take(struct notifier *notifier, struct notice *notice) {
  pthread_mutex_lock(&notifier->lock);
  if (notifier->is_saying)
    notifier->sent_ms = now_ms();
  notifier->is_saying = false;
  pthread_cond_broadcast(&notifier->changed);
  while (!notifier->must_stop && (notifier->count == 0 || notifier->is_held))
    pthread_cond_wait(&notifier->changed, &notifier->lock);
  bool has_one = !notifier->must_stop;
  if (has_one) {
    *notice = notifier->queue[notifier->first];
    notifier->first = (notifier->first + 1) % NOTIFIER_QUEUE;
    notifier->count--;
    notifier->is_saying = true;
  }
  pthread_mutex_unlock(&notifier->lock);
  return has_one;
}

static void destroy(struct notifier *notifier) {
  pthread_cond_destroy(&notifier->changed);
  pthread_mutex_destroy(&notifier->lock);
  free(notifier);
}

/* Returns whether the notifier is the thread's to free. */
static bool end(struct notifier *notifier) {
  pthread_mutex_lock(&notifier->lock);
  bool is_abandoned = notifier->is_abandoned;
  notifier->has_ended = true;
  pthread_cond_broadcast(&notifier->changed);
  pthread_mutex_unlock(&notifier->lock);
  return is_abandoned;
}

static void *run(void *arg) {
  struct notifier *notifier = arg;
  struct notice notice;

  while (take(notifier, &notice)) {
    notice.event.comm = notice.comm;
    notice.event.used = notice.used;
    notifier->say(notice.group, notice.has_event ? &notice.event : NULL,
                  notice.text, notice.exit_code);
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
  pthread_mutex_init(&s->lock, NULL);
  thread_init_condition(&s->changed);
  int status = thread_start(&s->thread, "taskstats tells", run, s);
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
  pthread_mutex_lock(&notifier->lock);
  notifier->is_held = true;
  while (notifier->is_saying && status == 0)
    status =
        pthread_cond_timedwait(&notifier->changed, &notifier->lock, &deadline);
  uint64_t passed_ms = now_ms() - notifier->sent_ms;
  pthread_mutex_unlock(&notifier->lock);
  if (passed_ms < SETTLE_MS)
    nanosleep(
        &(struct timespec){.tv_nsec = (long)(SETTLE_MS - passed_ms) * 1000000},
        NULL);
}

void notifier_release(struct notifier *notifier) {
  if (notifier == NULL)
    return;
  pthread_mutex_lock(&notifier->lock);
  notifier->is_held = false;
  pthread_cond_broadcast(&notifier->changed);
  pthread_mutex_unlock(&notifier->lock);
}

size_t notifier_stop(struct notifier *notifier, unsigned int most_ms) {
  if (notifier == NULL)
    return 0;
  struct timespec deadline = thread_deadline(most_ms);
  int status = 0;
  pthread_mutex_lock(&notifier->lock);
  notifier->must_stop = true;
  pthread_cond_broadcast(&notifier->changed);
  size_t dropped = notifier->count;
  while (!notifier->has_ended && status == 0)
    status =
        pthread_cond_timedwait(&notifier->changed, &notifier->lock, &deadline);
  bool is_abandoned = !notifier->has_ended;
  notifier->is_abandoned = is_abandoned;
  pthread_t thread = notifier->thread;
  pthread_mutex_unlock(&notifier->lock);
  if (is_abandoned) {
    pthread_detach(thread);
    return dropped;
  }
  pthread_join(thread, NULL);
  destroy(notifier);
  return dropped;
}

static void fill(struct notice *notice, const char *group,
                 const struct exit_event *event, const char *text,
                 uint32_t exit_code) {
  snprintf(notice->group, sizeof(notice->group), "%s", group);
  notice->exit_code = exit_code;
  snprintf(notice->text, sizeof(notice->text), "%s", text);
  notice->has_event = event != NULL;
  if (event == NULL)
    return;
  notice->event = *event;
  snprintf(notice->comm, sizeof(notice->comm), "%s", event->comm);
  memcpy(notice->used, event->used, sizeof(notice->used));
}

bool notifier_put(struct notifier *notifier, const char *group,
                  const struct exit_event *event, const char *text,
                  uint32_t exit_code) {
  pthread_mutex_lock(&notifier->lock);
  bool has_room = notifier->count < NOTIFIER_QUEUE;
  if (has_room) {
    size_t last = (notifier->first + notifier->count) % NOTIFIER_QUEUE;
    fill(&notifier->queue[last], group, event, text, exit_code);
    notifier->count++;
    pthread_cond_broadcast(&notifier->changed);
  }
  pthread_mutex_unlock(&notifier->lock);
  return has_room;
}
