/* SPDX-License-Identifier: MIT */
#include "users.h"

#include <errno.h>
#include <pthread.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

/* A prime number: the users of containers are often 65536 apart. */
enum { ENTRIES = 251, NAME_SIZE = 128, KEPT_SECONDS = 300 };

struct entry {
  uid_t uid;
  time_t expires; /* CLOCK_MONOTONIC; 0: none yet */
  char name[NAME_SIZE];
};

/* Each user has one place, where another one may be. */
static struct entry entries[ENTRIES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static time_t seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec;
}

static struct entry get(uid_t uid) {
  pthread_mutex_lock(&lock);
  struct entry entry = entries[uid % ENTRIES];
  pthread_mutex_unlock(&lock);
  return entry;
}

static void set(const struct entry *entry) {
  pthread_mutex_lock(&lock);
  entries[entry->uid % ENTRIES] = *entry;
  pthread_mutex_unlock(&lock);
}

/* Renews an entry, which may be another user's. */
static void look_up(struct entry *entry, uid_t uid) {
  char buffer[4096];
  struct passwd passwd, *found;
  int status = getpwuid_r(uid, &passwd, buffer, sizeof(buffer), &found);
  bool failed = status != 0 && status != ENOENT && status != ESRCH;

  if (found != NULL)
    snprintf(entry->name, sizeof(entry->name), "%s", found->pw_name);
  else if (!failed || entry->expires == 0 || entry->uid != uid)
    snprintf(entry->name, sizeof(entry->name), "%u", uid);
  /* Else the name stays: a directory's outage must not rename groups. */
  entry->uid = uid;
}

void user_name(uid_t uid, char *name, size_t size) {
  time_t now = seconds();
  struct entry entry = get(uid);
  if (entry.uid != uid || entry.expires <= now) {
    look_up(&entry, uid);
    entry.expires = now + KEPT_SECONDS;
    set(&entry);
  }
  snprintf(name, size, "%s", entry.name);
}
