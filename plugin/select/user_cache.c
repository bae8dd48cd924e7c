/* SPDX-License-Identifier: MIT */
#include "select/user_cache.h"

#include "kernel/clock.h"
#include "kernel/mutex.h"
#include "kernel/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STOP_MS = 150 };

static struct mutex lock = MUTEX_INITIALIZER;
static pthread_cond_t changed; /* CLOCK_MONOTONIC */
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Owned by its thread once that is abandoned. */
struct cache {
  const struct user_lookups *lookups;
  pthread_t thread;
  struct user_table table GUARDED_BY(lock);
  bool must_stop GUARDED_BY(lock);
  bool has_ended GUARDED_BY(lock);
  bool is_abandoned GUARDED_BY(lock);
};

static struct cache *cache GUARDED_BY(lock); /* NULL: not started */

static time_t now_s(void) { return (time_t)clock_s(); }

static void init_condition(void) { thread_init_condition(&changed); }

/* Releases the lock during the lookup. */
static void look_up(struct cache *c, struct user *user) REQUIRES(lock) {
  char name[USER_NAME_SIZE];
  uid_t uid = user->uid;
  bool is_by_name = user->is_by_name;
  memcpy(name, user->name, sizeof(name));
  mutex_unlock(&lock);
  int status = is_by_name ? c->lookups->uid(name, &uid)
                          : c->lookups->name(uid, name, sizeof(name));
  mutex_lock(&lock);
  user_table_store(&c->table, user, status, uid, name, now_s());
  pthread_cond_broadcast(&changed);
}

static void destroy(struct cache *c) {
  user_table_clear(&c->table);
  free(c);
}

static void *run(void *arg) {
  struct cache *c = arg;
  mutex_lock(&lock);
  while (!c->must_stop) {
    struct user *user = user_table_take_wanted(&c->table);
    if (user != NULL)
      look_up(c, user);
    else
      pthread_cond_wait(&changed, &lock.pthread);
  }
  c->has_ended = true;
  bool is_abandoned = c->is_abandoned;
  pthread_cond_broadcast(&changed);
  mutex_unlock(&lock);
  if (is_abandoned)
    destroy(c);
  return NULL;
}

int user_cache_start(const struct user_lookups *lookups) {
  struct cache *c = calloc(1, sizeof(*c));
  if (c == NULL)
    return -ENOMEM;
  pthread_once(&once, init_condition);
  c->lookups = lookups != NULL ? lookups : &nss_lookups;
  user_table_init(&c->table);
  int status = thread_start(&c->thread, "taskstats users", run, c);
  if (status != 0) {
    free(c);
    return status;
  }
  mutex_lock(&lock);
  cache = c;
  mutex_unlock(&lock);
  return 0;
}

void user_cache_stop(void) {
  mutex_lock(&lock);
  struct cache *c = cache;
  cache = NULL;
  if (c == NULL) {
    mutex_unlock(&lock);
    return;
  }
  struct timespec deadline = thread_deadline(STOP_MS);
  c->must_stop = true;
  pthread_cond_broadcast(&changed);
  int status = 0;
  while (!c->has_ended && status == 0)
    status = pthread_cond_timedwait(&changed, &lock.pthread, &deadline);
  c->is_abandoned = !c->has_ended;
  bool is_abandoned = c->is_abandoned;
  pthread_t thread = c->thread;
  mutex_unlock(&lock);
  if (is_abandoned) {
    pthread_detach(thread);
    return;
  }
  pthread_join(thread, NULL);
  destroy(c);
}

void user_cache_wait(unsigned int most_ms) {
  struct timespec deadline = thread_deadline(most_ms);
  int status = 0;
  mutex_lock(&lock);
  while (cache != NULL && user_table_is_waiting(&cache->table) && status == 0)
    status = pthread_cond_timedwait(&changed, &lock.pthread, &deadline);
  mutex_unlock(&lock);
}

/* Requires a cache; so does the next function. */
static void wake_thread(void) REQUIRES(lock) {
  if (cache->table.wanted != NULL)
    pthread_cond_broadcast(&changed);
}

static struct user *ask(const char *name, uid_t uid) REQUIRES(lock) {
  struct user *user = user_table_ask(&cache->table, name, uid, now_s());
  wake_thread();
  return user;
}

enum user_known user_cache_name(uid_t uid, char *name, size_t size) {
  enum user_known known = USER_UNKNOWN;
  mutex_lock(&lock);
  const struct user *user = cache != NULL ? ask(NULL, uid) : NULL;
  if (user != NULL) {
    known = user->known;
    snprintf(name, size, "%s", user->name);
  } else if (cache != NULL) {
    known = USER_FOUND;
    snprintf(name, size, "%u", uid);
  }
  mutex_unlock(&lock);
  return known;
}

enum user_known user_cache_uid(const char *name, uid_t *uid) {
  enum user_known known = USER_UNKNOWN;
  mutex_lock(&lock);
  const struct user *user = cache != NULL ? ask(name, 0) : NULL;
  if (user != NULL) {
    known = user->known;
    *uid = user->uid;
  }
  mutex_unlock(&lock);
  return known;
}

uint32_t user_cache_refresh(void) {
  uint32_t changes = 0;
  mutex_lock(&lock);
  if (cache != NULL) {
    user_table_refresh(&cache->table, now_s());
    wake_thread();
    changes = cache->table.changes;
  }
  mutex_unlock(&lock);
  return changes;
}

bool user_cache_take_change(struct user_change *change) {
  mutex_lock(&lock);
  bool found = cache != NULL && user_table_take_change(&cache->table, change);
  mutex_unlock(&lock);
  return found;
}

void user_cache_ask_for_all(struct procfs *proc) {
  char name[128];
  pid_t pid;
  uint32_t inode;
  uid_t uid;

  procfs_rewind(proc);
  while (procfs_next(proc, &pid, &inode) > 0)
    if (procfs_uid(proc, pid, &uid) == 0)
      user_cache_name(uid, name, sizeof(name));
}
