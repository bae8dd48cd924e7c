/* SPDX-License-Identifier: MIT */
#include "report/exit_log.h"

#include "kernel/clock.h"
#include "kernel/libc.h"
#include "kernel/mutex.h"
#include "kernel/thread.h"
#include "report/exit_log_file.h"
#include "report/exit_log_line.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOW_MS = 2000 }; /* a line that takes longer is reported as hanging */

struct entry {
  struct exit_event *event;
  char *groups; /* the names, each with its NUL */
  size_t group_count;
};

/* Represents the lock of any log, for annotations only. */
extern struct mutex exit_log_mutex;

/* Owned by its thread once that is abandoned. */
struct exit_log {
  struct exit_log_file file; /* used by the thread only */
  char *path, *host;         /* constant */
  pthread_t thread;
  struct mutex mutex;     /* exit_log_mutex */
  pthread_cond_t changed; /* CLOCK_MONOTONIC */
  bool must_stop GUARDED_BY(exit_log_mutex);
  bool has_ended GUARDED_BY(exit_log_mutex);
  bool is_abandoned GUARDED_BY(exit_log_mutex);
  /* start of the current write; 0: none */
  uint64_t busy_ms GUARDED_BY(exit_log_mutex);
  int error GUARDED_BY(exit_log_mutex);
  uint64_t dropped GUARDED_BY(exit_log_mutex);
  /* index of the first entry in the ring */
  size_t first GUARDED_BY(exit_log_mutex);
  size_t count GUARDED_BY(exit_log_mutex);
  struct entry queue[EXIT_LOG_QUEUE] GUARDED_BY(exit_log_mutex);
};

static void lock(struct exit_log *log) ACQUIRES(exit_log_mutex) UNCHECKED {
  mutex_lock(&log->mutex);
}

static void unlock(struct exit_log *log) RELEASES(exit_log_mutex) UNCHECKED {
  mutex_unlock(&log->mutex);
}

static void clear_entry(struct entry *entry) {
  free(entry->event);
  free(entry->groups);
  *entry = (struct entry){0};
}

static void destroy(struct exit_log *log) UNCHECKED {
  for (size_t i = 0; i < EXIT_LOG_QUEUE; i++)
    clear_entry(&log->queue[i]);
  exit_log_file_close(&log->file);
  pthread_cond_destroy(&log->changed);
  mutex_destroy(&log->mutex);
  free(log->path);
  free(log->host);
  free(log);
}

/* Takes the first exit off the queue. Returns false when the thread must stop:
 * after the last exit, or at once if it is abandoned. */
static bool take_entry(struct exit_log *log, struct entry *entry) {
  lock(log);
  log->busy_ms = 0;
  while (!log->must_stop && log->count == 0)
    pthread_cond_wait(&log->changed, &log->mutex.pthread);
  bool has_one = log->count > 0 && !log->is_abandoned;
  if (has_one) {
    *entry = log->queue[log->first];
    log->queue[log->first] = (struct entry){0};
    log->first = (log->first + 1) % EXIT_LOG_QUEUE;
    log->count--;
    log->busy_ms = clock_ms();
  }
  unlock(log);
  return has_one;
}

static void write_entry(struct exit_log *log, const struct entry *entry) {
  char *line;
  size_t length = exit_log_line(entry->event, log->host, entry->groups,
                                entry->group_count, &line);
  int status =
      length > 0 ? exit_log_file_add(&log->file, line, length) : -ENOMEM;
  free(line);
  lock(log);
  log->error = status;
  log->dropped += status != 0;
  unlock(log);
}

static void *run(void *arg) {
  struct exit_log *log = arg;
  struct entry entry;
  while (take_entry(log, &entry)) {
    write_entry(log, &entry);
    clear_entry(&entry);
  }
  lock(log);
  bool is_abandoned = log->is_abandoned;
  log->has_ended = true;
  pthread_cond_broadcast(&log->changed);
  unlock(log);
  if (is_abandoned)
    destroy(log);
  return NULL;
}

int exit_log_start(const char *path, const char *host, struct exit_log **log) {
  struct exit_log *l = calloc(1, sizeof(*l));
  if (l == NULL)
    return -ENOMEM;
  mutex_init(&l->mutex);
  thread_init_condition(&l->changed);
  l->path = strdup(path);
  l->host = strdup(host);
  l->file = (struct exit_log_file){.path = l->path, .fd = -1};
  int status = l->path == NULL || l->host == NULL ? -ENOMEM : 0;
  if (status == 0)
    status = thread_start(&l->thread, "taskstats logs", run, l);
  if (status != 0) {
    destroy(l);
    return status;
  }
  *log = l;
  return 0;
}

/* Copies the names of all groups, without duplicates. Returns false if out of
 * memory. */
static bool copy_groups(const struct exit_event *event, struct entry *entry)
    REQUIRES(tracker_mutex) {
  char *at = entry->groups = malloc(event->group_count * GROUP_NAME_SIZE + 1);
  if (at == NULL)
    return false;
  for (size_t i = 0; i < event->group_count; i++) {
    if (event->memberships[i].is_duplicate)
      continue;
    const char *name = event->memberships[i].group->name;
    at += snprintf(at, GROUP_NAME_SIZE, "%s", name) + 1;
    entry->group_count++;
  }
  return true;
}

void exit_log_put(struct exit_log *log, const struct exit_event *event) {
  lock(log);
  struct entry entry = {0};
  if (log->count < EXIT_LOG_QUEUE)
    entry.event = exit_event_copy(event);
  if (entry.event != NULL && copy_groups(event, &entry)) {
    log->queue[(log->first + log->count) % EXIT_LOG_QUEUE] = entry;
    log->count++;
    pthread_cond_broadcast(&log->changed);
  } else {
    clear_entry(&entry);
    log->dropped++;
  }
  unlock(log);
}

void exit_log_status(struct exit_log *log, struct exit_log_status *status) {
  lock(log);
  bool hangs = log->busy_ms != 0 && clock_ms() - log->busy_ms > SLOW_MS;
  *status = (struct exit_log_status){
      .error = hangs ? -ETIMEDOUT : log->error,
      .dropped = log->dropped,
  };
  unlock(log);
}

uint64_t exit_log_stop(struct exit_log *log, unsigned int most_ms) {
  if (log == NULL)
    return 0;
  struct timespec deadline = thread_deadline(most_ms);
  int status = 0;
  lock(log);
  log->must_stop = true;
  pthread_cond_broadcast(&log->changed);
  while (!log->has_ended && status == 0)
    status =
        pthread_cond_timedwait(&log->changed, &log->mutex.pthread, &deadline);
  bool is_abandoned = !log->has_ended;
  log->is_abandoned = is_abandoned;
  uint64_t dropped = log->dropped + log->count + (log->busy_ms != 0);
  pthread_t thread = log->thread;
  unlock(log);
  if (is_abandoned) {
    pthread_detach(thread);
    return dropped;
  }
  pthread_join(thread, NULL);
  destroy(log);
  return dropped;
}

static const char *remedy_of(int status) {
  switch (status) {
  case -ENOSPC:
  case -EDQUOT:
    return "free space on its file system";
  case -ENOENT:
    return "create its directory";
  case -EACCES:
  case -EPERM:
  case -EROFS:
    return "let collectd write there (systemd: ReadWritePaths= and "
           "LogsDirectory= of its service)";
  case -ENXIO:
    return "it is a FIFO that nobody reads. Start its reader, or name a file";
  case -EAGAIN:
    return "its reader is too slow. Name a file instead";
  case -EISDIR:
    return "name a file in that directory";
  case -ETIMEDOUT:
    return "its file system hangs. Repair it, or name a file on another one";
  default:
    return "name another file";
  }
}

void exit_log_describe(int status, char *line, size_t size) {
  snprintf(
      line, size,
      "Cannot write exits to ExitLog (%s): %s. Until then, they are dropped.",
      strerrordesc_np(-status), remedy_of(status));
}
