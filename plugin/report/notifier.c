/* SPDX-License-Identifier: MIT */
#include "report/notifier.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
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
  char text[SPEAKER_TEXT_SIZE];
  uint32_t exit_code;
};

/* Belongs to its thread once that is left behind. */
struct speaker {
  speaker_say *say;
  pthread_t thread;
  pthread_mutex_t lock;   /* of what follows */
  pthread_cond_t changed; /* CLOCK_MONOTONIC */
  bool must_stop, is_held;
  bool is_saying, has_ended; /* the thread */
  bool is_abandoned;
  uint64_t sent_ms;    /* when the last one was */
  size_t first, count; /* of the ring */
  struct notice queue[SPEAKER_QUEUE];
};

static uint64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Takes the first notice off the queue. Returns false when it must stop. */
static bool take(struct speaker *speaker, struct notice *notice) {
  pthread_mutex_lock(&speaker->lock);
  if (speaker->is_saying)
    speaker->sent_ms = now_ms();
  speaker->is_saying = false;
  pthread_cond_broadcast(&speaker->changed);
  while (!speaker->must_stop && (speaker->count == 0 || speaker->is_held))
    pthread_cond_wait(&speaker->changed, &speaker->lock);
  bool has_one = !speaker->must_stop;
  if (has_one) {
    *notice = speaker->queue[speaker->first];
    speaker->first = (speaker->first + 1) % SPEAKER_QUEUE;
    speaker->count--;
    speaker->is_saying = true;
  }
  pthread_mutex_unlock(&speaker->lock);
  return has_one;
}

static void destroy(struct speaker *speaker) {
  pthread_cond_destroy(&speaker->changed);
  pthread_mutex_destroy(&speaker->lock);
  free(speaker);
}

/* Returns whether the speaker is the thread's to free. */
static bool end(struct speaker *speaker) {
  pthread_mutex_lock(&speaker->lock);
  bool is_abandoned = speaker->is_abandoned;
  speaker->has_ended = true;
  pthread_cond_broadcast(&speaker->changed);
  pthread_mutex_unlock(&speaker->lock);
  return is_abandoned;
}

static void *run(void *arg) {
  struct speaker *speaker = arg;
  struct notice notice;

  while (take(speaker, &notice)) {
    notice.event.comm = notice.comm;
    notice.event.used = notice.used;
    speaker->say(notice.group, notice.has_event ? &notice.event : NULL,
                 notice.text, notice.exit_code);
  }
  if (end(speaker))
    destroy(speaker);
  return NULL;
}

static int start_thread(struct speaker *speaker) {
  /* Signals are for collectd's main thread. */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int status = pthread_create(&speaker->thread, NULL, run, speaker);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (status == 0)
    pthread_setname_np(speaker->thread, "taskstats tells");
  return -status;
}

int speaker_start(speaker_say *say, struct speaker **speaker) {
  struct speaker *s = calloc(1, sizeof(*s));
  if (s == NULL)
    return -ENOMEM;
  s->say = say;
  pthread_mutex_init(&s->lock, NULL);
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&s->changed, &attributes);
  pthread_condattr_destroy(&attributes);
  int status = start_thread(s);
  if (status != 0) {
    destroy(s);
    return status;
  }
  *speaker = s;
  return 0;
}

static struct timespec later(unsigned int ms) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  uint64_t ns = (uint64_t)t.tv_nsec + (uint64_t)ms * 1000000;
  t.tv_sec += (time_t)(ns / 1000000000);
  t.tv_nsec = (long)(ns % 1000000000);
  return t;
}

void speaker_hold(struct speaker *speaker, unsigned int most_ms) {
  if (speaker == NULL)
    return;
  struct timespec deadline = later(most_ms);
  int status = 0;
  pthread_mutex_lock(&speaker->lock);
  speaker->is_held = true;
  while (speaker->is_saying && status == 0)
    status =
        pthread_cond_timedwait(&speaker->changed, &speaker->lock, &deadline);
  uint64_t passed_ms = now_ms() - speaker->sent_ms;
  pthread_mutex_unlock(&speaker->lock);
  if (passed_ms < SETTLE_MS)
    nanosleep(
        &(struct timespec){.tv_nsec = (long)(SETTLE_MS - passed_ms) * 1000000},
        NULL);
}

void speaker_release(struct speaker *speaker) {
  if (speaker == NULL)
    return;
  pthread_mutex_lock(&speaker->lock);
  speaker->is_held = false;
  pthread_cond_broadcast(&speaker->changed);
  pthread_mutex_unlock(&speaker->lock);
}

size_t speaker_stop(struct speaker *speaker, unsigned int most_ms) {
  if (speaker == NULL)
    return 0;
  struct timespec deadline = later(most_ms);
  int status = 0;
  pthread_mutex_lock(&speaker->lock);
  speaker->must_stop = true;
  pthread_cond_broadcast(&speaker->changed);
  size_t dropped = speaker->count;
  while (!speaker->has_ended && status == 0)
    status =
        pthread_cond_timedwait(&speaker->changed, &speaker->lock, &deadline);
  bool is_abandoned = !speaker->has_ended;
  speaker->is_abandoned = is_abandoned;
  pthread_t thread = speaker->thread;
  pthread_mutex_unlock(&speaker->lock);
  if (is_abandoned) {
    pthread_detach(thread);
    return dropped;
  }
  pthread_join(thread, NULL);
  destroy(speaker);
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

bool speaker_put(struct speaker *speaker, const char *group,
                 const struct exit_event *event, const char *text,
                 uint32_t exit_code) {
  pthread_mutex_lock(&speaker->lock);
  bool has_room = speaker->count < SPEAKER_QUEUE;
  if (has_room) {
    size_t last = (speaker->first + speaker->count) % SPEAKER_QUEUE;
    fill(&speaker->queue[last], group, event, text, exit_code);
    speaker->count++;
    pthread_cond_broadcast(&speaker->changed);
  }
  pthread_mutex_unlock(&speaker->lock);
  return has_room;
}
