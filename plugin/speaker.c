/* SPDX-License-Identifier: MIT */
#include "speaker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct notice {
  char group[GROUP_NAME_SIZE];
  bool has_event;
  struct exit_event event; /* whose comm and used are these: */
  char comm[RECORD_COMM_SIZE];
  uint64_t used[COUNTERS];
  char text[SPEAKER_TEXT_SIZE];
  uint32_t exit_code;
};

struct speaker {
  speaker_say *say;
  pthread_t thread;
  pthread_mutex_t lock; /* of what follows */
  pthread_cond_t changed;
  bool must_stop;
  size_t first, count; /* of the ring */
  struct notice queue[SPEAKER_QUEUE];
};

/* Takes the first notice off the queue. Returns false when there is none and
 * none will come. */
static bool take(struct speaker *speaker, struct notice *notice) {
  pthread_mutex_lock(&speaker->lock);
  while (speaker->count == 0 && !speaker->must_stop)
    pthread_cond_wait(&speaker->changed, &speaker->lock);
  bool has_one = speaker->count > 0;
  if (has_one) {
    *notice = speaker->queue[speaker->first];
    speaker->first = (speaker->first + 1) % SPEAKER_QUEUE;
    speaker->count--;
  }
  pthread_mutex_unlock(&speaker->lock);
  return has_one;
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
  return NULL;
}

int speaker_start(speaker_say *say, struct speaker **speaker) {
  struct speaker *s = calloc(1, sizeof(*s));
  if (s == NULL)
    return -ENOMEM;
  s->say = say;
  pthread_mutex_init(&s->lock, NULL);
  pthread_cond_init(&s->changed, NULL);

  /* Signals are for collectd's main thread. */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int status = pthread_create(&s->thread, NULL, run, s);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (status != 0) {
    free(s);
    return -status;
  }
  pthread_setname_np(s->thread, "taskstats tells");
  *speaker = s;
  return 0;
}

void speaker_stop(struct speaker *speaker) {
  if (speaker == NULL)
    return;
  pthread_mutex_lock(&speaker->lock);
  speaker->must_stop = true;
  pthread_cond_signal(&speaker->changed);
  pthread_mutex_unlock(&speaker->lock);
  pthread_join(speaker->thread, NULL);
  pthread_cond_destroy(&speaker->changed);
  pthread_mutex_destroy(&speaker->lock);
  free(speaker);
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
    pthread_cond_signal(&speaker->changed);
  }
  pthread_mutex_unlock(&speaker->lock);
  return has_room;
}
