/* SPDX-License-Identifier: MIT */
#include "select/user_cache.h"

#include <errno.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  BUCKETS = 1024,
  ENTRIES_MAX = 20000, /* any user may run processes of many (subuid(5)) */
  NAME_SIZE = 128,
  KEPT_S = 300,  /* until a user who was found is looked up again */
  RETRY_S = 10,  /* who was not */
  NUMBER_S = 60, /* without an answer, until the number stands for the name */
  STOP_MS = 300,
};

/* Why a name that is needed was not found. */
enum trouble { TROUBLE_NONE, TROUBLE_FAILED, TROUBLE_GONE, TROUBLES };

/* What is known of one user, by name or by number. */
struct entry {
  struct entry *next;        /* in the bucket */
  struct entry *next_wanted; /* in the queue */
  bool is_by_name;
  uid_t uid;
  char name[NAME_SIZE];
  enum user_known known;
  int error;            /* of the last lookup */
  enum trouble trouble; /* of names: the same */
  bool is_wanted;       /* in the queue, or being looked up */
  bool is_number;       /* for good */
  time_t asked, due;    /* CLOCK_MONOTONIC */
  time_t failed_since;  /* 0: it did not fail since it was asked */
  int told_error;       /* by user_cache_take_change */
};

/* Of all names that were not found for the same cause. */
struct name_trouble {
  size_t count; /* of entries */
  bool is_on, is_told;
  uid_t uid; /* the last */
  int error;
};

/* Belongs to its thread once that is left behind. */
struct cache {
  const struct user_lookups *lookups;
  pthread_t thread;
  struct entry *buckets[BUCKETS];
  size_t count;
  struct entry *wanted, **wanted_end;
  uint32_t changes;
  time_t answered; /* when a lookup last had an answer */
  struct name_trouble troubles[TROUBLES];
  bool is_full, is_full_told;
  bool must_stop, has_ended, is_abandoned;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed; /* CLOCK_MONOTONIC */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct cache *cache; /* NULL: not started */

static struct timespec now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t;
}

static void init_condition(void) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&changed, &attributes);
  pthread_condattr_destroy(&attributes);
}

/* The system's lookups. Modules of NSS return ENOENT for a server that is down,
 * too; that there is no such user is 0 without an entry. But that is also what
 * a server's outage looks like if nsswitch.conf names another service behind
 * it, which does not know the user. */

static int look_up_name(uid_t uid, char *name, size_t size) {
  char buffer[16384];
  struct passwd entry, *found = NULL;
  int status = getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found);
  if (found == NULL)
    return status == 0 ? -ENOENT : status == ENOENT ? -EAGAIN : -status;
  snprintf(name, size, "%s", found->pw_name);
  return 0;
}

static int look_up_uid(const char *name, uid_t *uid) {
  char buffer[16384];
  struct passwd entry, *found = NULL;
  int status = getpwnam_r(name, &entry, buffer, sizeof(buffer), &found);
  if (found == NULL)
    return status == 0 ? -ENOENT : status == ENOENT ? -EAGAIN : -status;
  *uid = found->pw_uid;
  return 0;
}

static const struct user_lookups system_lookups = {look_up_name, look_up_uid};

/* All below with the lock, unless they say otherwise. */

static struct entry **bucket_of(struct cache *c, const char *name, uid_t uid) {
  size_t hash = uid;
  for (; name != NULL && *name != '\0'; name++)
    hash = hash * 31 + (unsigned char)*name;
  return &c->buckets[hash % BUCKETS];
}

/* Returns the entry, or a new one; NULL if there is no room. By name if that is
 * not NULL. */
static struct entry *find(struct cache *c, const char *name, uid_t uid) {
  struct entry **bucket = bucket_of(c, name, uid);
  for (struct entry *e = *bucket; e != NULL; e = e->next)
    if (name != NULL ? e->is_by_name && strcmp(e->name, name) == 0
                     : !e->is_by_name && e->uid == uid)
      return e;

  if (name == NULL && c->count >= ENTRIES_MAX) {
    c->is_full = true;
    return NULL;
  }
  struct entry *e = calloc(1, sizeof(*e));
  if (e == NULL)
    return NULL;
  e->is_by_name = name != NULL;
  e->uid = uid;
  snprintf(e->name, sizeof(e->name), "%s", name != NULL ? name : "");
  e->known = USER_UNKNOWN;
  e->asked = now().tv_sec;
  e->next = *bucket;
  *bucket = e;
  c->count++;
  return e;
}

/* Puts an entry into the queue if it is due. */
static void want_if_due(struct cache *c, struct entry *e) {
  if (e->is_wanted || e->is_number || e->due > now().tv_sec)
    return;
  e->is_wanted = true;
  e->next_wanted = NULL;
  *c->wanted_end = e;
  c->wanted_end = &e->next_wanted;
  pthread_cond_broadcast(&changed);
}

static void set_trouble(struct cache *c, struct entry *e,
                        enum trouble trouble) {
  if (e->trouble != TROUBLE_NONE)
    c->troubles[e->trouble].count--;
  if (trouble != TROUBLE_NONE)
    c->troubles[trouble].count++;
  e->trouble = trouble;
}

/* The number stands for the name, from now on. */
static void use_number(struct cache *c, struct entry *e) {
  set_trouble(c, e, TROUBLE_NONE); /* it is not looked up again */
  snprintf(e->name, sizeof(e->name), "%u", e->uid);
  e->known = USER_FOUND;
  e->is_number = true;
  c->changes++;
}

/* A name that is in use stays unless another one is found. */
static void store_name(struct cache *c, struct entry *e, int status,
                       const char *name) {
  if (status == 0) {
    c->changes += e->known != USER_FOUND || strcmp(e->name, name) != 0;
    snprintf(e->name, sizeof(e->name), "%s", name);
    e->known = USER_FOUND;
  } else if (e->known == USER_UNKNOWN &&
             (status == -ENOENT ||
              now().tv_sec - e->failed_since >= NUMBER_S)) {
    use_number(c, e);
  }
}

/* So does a number. */
static void store_uid(struct cache *c, struct entry *e, int status, uid_t uid) {
  if (status != 0 && (status != -ENOENT || e->known == USER_FOUND))
    return;
  enum user_known known = status == 0 ? USER_FOUND : USER_NONE;
  c->changes += e->known != known || (status == 0 && e->uid != uid);
  e->known = known;
  if (status == 0)
    e->uid = uid;
}

/* Users can be looked up again once one is, and no other one is known not to
 * be. */
static void note_trouble(struct cache *c, struct entry *e, int status) {
  set_trouble(c, e,
              e->is_number || status == 0 ? TROUBLE_NONE
              : status == -ENOENT         ? TROUBLE_GONE
                                          : TROUBLE_FAILED);
  for (size_t i = TROUBLE_FAILED; i < TROUBLES; i++) {
    struct name_trouble *trouble = &c->troubles[i];
    if (e->trouble == i) {
      trouble->is_on = true;
      trouble->uid = e->uid;
      trouble->error = status;
    } else if (status == 0 && trouble->count == 0) {
      trouble->is_on = false;
    }
  }
}

static void store(struct cache *c, struct entry *e, int status, uid_t uid,
                  const char *name) {
  time_t now_s = now().tv_sec;
  e->error = status;
  e->due = now_s + (status == 0 ? KEPT_S : RETRY_S);
  if (status == 0 || status == -ENOENT) {
    c->answered = now_s;
    e->failed_since = 0;
  } else if (e->failed_since == 0) {
    e->failed_since = now_s;
  }
  if (e->is_by_name)
    store_uid(c, e, status, uid);
  else if (!e->is_number)
    store_name(c, e, status, name);
  if (!e->is_by_name)
    note_trouble(c, e, status);
  e->is_wanted = false;
  pthread_cond_broadcast(&changed);
}

/* Gives the lock up while it asks. */
static void look_up(struct cache *c, struct entry *e) {
  char name[NAME_SIZE];
  uid_t uid = e->uid;
  bool is_by_name = e->is_by_name;
  memcpy(name, e->name, sizeof(name));
  pthread_mutex_unlock(&lock);
  int status = is_by_name ? c->lookups->uid(name, &uid)
                          : c->lookups->name(uid, name, sizeof(name));
  pthread_mutex_lock(&lock);
  store(c, e, status, uid, name);
}

static void destroy(struct cache *c) {
  for (size_t i = 0; i < BUCKETS; i++)
    while (c->buckets[i] != NULL) {
      struct entry *e = c->buckets[i];
      c->buckets[i] = e->next;
      free(e);
    }
  free(c);
}

static void *run(void *arg) {
  struct cache *c = arg;
  pthread_mutex_lock(&lock);
  while (!c->must_stop) {
    struct entry *e = c->wanted;
    if (e == NULL) {
      pthread_cond_wait(&changed, &lock);
      continue;
    }
    c->wanted = e->next_wanted;
    if (c->wanted == NULL)
      c->wanted_end = &c->wanted;
    look_up(c, e);
  }
  c->has_ended = true;
  bool is_abandoned = c->is_abandoned;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  if (is_abandoned)
    destroy(c);
  return NULL;
}

static int start_thread(struct cache *c) {
  /* Signals are for collectd's main thread. */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int status = pthread_create(&c->thread, NULL, run, c);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (status == 0)
    pthread_setname_np(c->thread, "taskstats users");
  return -status;
}

int user_cache_start(const struct user_lookups *lookups) {
  struct cache *c = calloc(1, sizeof(*c));
  if (c == NULL)
    return -ENOMEM;
  pthread_once(&once, init_condition);
  c->lookups = lookups != NULL ? lookups : &system_lookups;
  c->wanted_end = &c->wanted;
  int status = start_thread(c);
  if (status != 0) {
    free(c);
    return status;
  }
  pthread_mutex_lock(&lock);
  cache = c;
  pthread_mutex_unlock(&lock);
  return 0;
}

static struct timespec later(unsigned int ms) {
  struct timespec t = now();
  t.tv_sec += ms / 1000;
  t.tv_nsec += (long)(ms % 1000) * 1000000;
  if (t.tv_nsec >= 1000000000) {
    t.tv_sec++;
    t.tv_nsec -= 1000000000;
  }
  return t;
}

void user_cache_stop(void) {
  pthread_mutex_lock(&lock);
  struct cache *c = cache;
  cache = NULL;
  if (c == NULL) {
    pthread_mutex_unlock(&lock);
    return;
  }
  struct timespec deadline = later(STOP_MS);
  c->must_stop = true;
  pthread_cond_broadcast(&changed);
  int status = 0;
  while (!c->has_ended && status == 0)
    status = pthread_cond_timedwait(&changed, &lock, &deadline);
  c->is_abandoned = !c->has_ended;
  bool is_abandoned = c->is_abandoned;
  pthread_t thread = c->thread;
  pthread_mutex_unlock(&lock);
  if (is_abandoned) {
    pthread_detach(thread);
    return;
  }
  pthread_join(thread, NULL);
  destroy(c);
}

static bool is_anything_wanted(const struct cache *c) {
  for (size_t i = 0; i < BUCKETS; i++)
    for (const struct entry *e = c->buckets[i]; e != NULL; e = e->next)
      if (e->is_wanted)
        return true;
  return false;
}

void user_cache_wait(unsigned int most_ms) {
  struct timespec deadline = later(most_ms);
  int status = 0;
  pthread_mutex_lock(&lock);
  while (cache != NULL && is_anything_wanted(cache) && status == 0)
    status = pthread_cond_timedwait(&changed, &lock, &deadline);
  pthread_mutex_unlock(&lock);
}

/* Nobody has had an answer for a minute, since the name was asked for. While
 * others have, it only waits for its turn. */
static bool is_overdue(const struct cache *c, const struct entry *e) {
  time_t since = e->asked > c->answered ? e->asked : c->answered;
  return !e->is_by_name && e->known == USER_UNKNOWN &&
         now().tv_sec - since >= NUMBER_S;
}

enum user_known user_cache_name(uid_t uid, char *name, size_t size) {
  enum user_known known = USER_UNKNOWN;
  pthread_mutex_lock(&lock);
  struct entry *e = cache != NULL ? find(cache, NULL, uid) : NULL;
  if (e != NULL) {
    want_if_due(cache, e);
    if (is_overdue(cache, e))
      use_number(cache, e);
    known = e->known;
    snprintf(name, size, "%s", e->name);
  } else if (cache != NULL) {
    known = USER_FOUND;
    snprintf(name, size, "%u", uid);
  }
  pthread_mutex_unlock(&lock);
  return known;
}

enum user_known user_cache_uid(const char *name, uid_t *uid) {
  enum user_known known = USER_UNKNOWN;
  pthread_mutex_lock(&lock);
  struct entry *e = cache != NULL ? find(cache, name, 0) : NULL;
  if (e != NULL) {
    want_if_due(cache, e);
    known = e->known;
    *uid = e->uid;
  }
  pthread_mutex_unlock(&lock);
  return known;
}

uint32_t user_cache_refresh(void) {
  uint32_t changes = 0;
  pthread_mutex_lock(&lock);
  for (size_t i = 0; cache != NULL && i < BUCKETS; i++)
    for (struct entry *e = cache->buckets[i]; e != NULL; e = e->next) {
      want_if_due(cache, e);
      if (is_overdue(cache, e))
        use_number(cache, e);
    }
  if (cache != NULL)
    changes = cache->changes;
  pthread_mutex_unlock(&lock);
  return changes;
}

/* The next user by name of whom there is something to tell, or NULL. */
static struct entry *find_change(struct cache *c) {
  for (size_t i = 0; i < BUCKETS; i++)
    for (struct entry *e = c->buckets[i]; e != NULL; e = e->next)
      if (e->is_by_name && e->error != e->told_error)
        return e;
  return NULL;
}

static bool take_change_of_names(struct cache *c, struct user_change *change) {
  for (size_t i = TROUBLE_FAILED; i < TROUBLES; i++) {
    struct name_trouble *trouble = &c->troubles[i];
    if (trouble->is_on == trouble->is_told)
      continue;
    trouble->is_told = trouble->is_on;
    *change = (struct user_change){
        .uid = trouble->uid,
        .error = trouble->is_on ? trouble->error : 0,
    };
    return true;
  }
  if (!c->is_full || c->is_full_told)
    return false;
  c->is_full_told = true;
  *change = (struct user_change){.error = -ENOSPC};
  return true;
}

static bool take_change(struct cache *c, struct user_change *change) {
  if (take_change_of_names(c, change))
    return true;
  struct entry *e = find_change(c);
  if (e == NULL)
    return false;
  e->told_error = e->error;
  snprintf(change->name, sizeof(change->name), "%s", e->name);
  change->uid = e->uid;
  change->known = e->known;
  change->error = e->error;
  return true;
}

bool user_cache_take_change(struct user_change *change) {
  pthread_mutex_lock(&lock);
  bool found = cache != NULL && take_change(cache, change);
  pthread_mutex_unlock(&lock);
  return found;
}
