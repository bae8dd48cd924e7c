/* SPDX-License-Identifier: MIT */
#include "select/user_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  USERS_MAX = 20000, /* a single user may run processes of many (subuid(5)) */
  KEPT_S = 300,      /* interval of lookups of users who were found */
  RETRY_S = 10,      /* interval of lookups of others */
  NUMBER_S = 60, /* time without an answer after which the number is used as the
                    name */
};

void user_table_init(struct user_table *table) {
  *table = (struct user_table){.wanted_end = &table->wanted};
}

void user_table_clear(struct user_table *table) {
  for (size_t i = 0; i < USER_BUCKETS; i++)
    while (table->buckets[i] != NULL) {
      struct user *user = table->buckets[i];
      table->buckets[i] = user->next;
      free(user);
    }
  user_table_init(table);
}

static struct user **bucket_of(struct user_table *table, const char *name,
                               uid_t uid) {
  size_t hash = uid;
  for (; name != NULL && *name != '\0'; name++)
    hash = hash * 31 + (unsigned char)*name;
  return &table->buckets[hash % USER_BUCKETS];
}

static struct user *find_or_add(struct user_table *table, const char *name,
                                uid_t uid, time_t now) {
  struct user **bucket = bucket_of(table, name, uid);
  for (struct user *u = *bucket; u != NULL; u = u->next)
    if (name != NULL ? u->is_by_name && strcmp(u->name, name) == 0
                     : !u->is_by_name && u->uid == uid)
      return u;

  if (name == NULL && table->count >= USERS_MAX) {
    table->is_full = true;
    return NULL;
  }
  struct user *user = calloc(1, sizeof(*user));
  if (user == NULL)
    return NULL;
  user->is_by_name = name != NULL;
  user->uid = uid;
  snprintf(user->name, sizeof(user->name), "%s", name != NULL ? name : "");
  user->known = USER_UNKNOWN;
  user->asked = now;
  user->next = *bucket;
  *bucket = user;
  table->count++;
  return user;
}

static void set_trouble(struct user_table *table, struct user *user,
                        enum user_trouble trouble) {
  if (user->trouble != TROUBLE_NONE)
    table->troubles[user->trouble].count--;
  if (trouble != TROUBLE_NONE)
    table->troubles[trouble].count++;
  user->trouble = trouble;
}

/* Uses the number as the name from now on. */
static void use_number(struct user_table *table, struct user *user) {
  set_trouble(table, user, TROUBLE_NONE); /* it is not looked up again */
  snprintf(user->name, sizeof(user->name), "%u", user->uid);
  user->known = USER_FOUND;
  user->is_number = true;
  table->changes++;
}

/* Whether no lookup had an answer for a minute since the name was requested.
 * While others have answers, this one only waits for its turn. */
static bool is_overdue(const struct user_table *table, const struct user *user,
                       time_t now) {
  time_t since = user->asked > table->answered ? user->asked : table->answered;
  return !user->is_by_name && user->known == USER_UNKNOWN &&
         now - since >= NUMBER_S;
}

static void refresh_user(struct user_table *table, struct user *user,
                         time_t now) {
  if (!user->is_wanted && !user->is_number && user->due <= now) {
    user->is_wanted = true;
    user->next_wanted = NULL;
    *table->wanted_end = user;
    table->wanted_end = &user->next_wanted;
  }
  if (is_overdue(table, user, now))
    use_number(table, user);
}

struct user *user_table_ask(struct user_table *table, const char *name,
                            uid_t uid, time_t now) {
  struct user *user = find_or_add(table, name, uid, now);
  if (user != NULL)
    refresh_user(table, user, now);
  return user;
}

void user_table_refresh(struct user_table *table, time_t now) {
  for (size_t i = 0; i < USER_BUCKETS; i++)
    for (struct user *u = table->buckets[i]; u != NULL; u = u->next)
      refresh_user(table, u, now);
}

struct user *user_table_take_wanted(struct user_table *table) {
  struct user *user = table->wanted;
  if (user == NULL)
    return NULL;
  table->wanted = user->next_wanted;
  if (table->wanted == NULL)
    table->wanted_end = &table->wanted;
  return user;
}

bool user_table_is_waiting(const struct user_table *table) {
  for (size_t i = 0; i < USER_BUCKETS; i++)
    for (const struct user *u = table->buckets[i]; u != NULL; u = u->next)
      if (u->is_wanted)
        return true;
  return false;
}

/* A name in use stays unless another one is found. */
static void store_name(struct user_table *table, struct user *user, int status,
                       const char *name, time_t now) {
  if (status == 0) {
    table->changes +=
        user->known != USER_FOUND || strcmp(user->name, name) != 0;
    snprintf(user->name, sizeof(user->name), "%s", name);
    user->known = USER_FOUND;
  } else if (user->known == USER_UNKNOWN &&
             (status == -ENOENT || now - user->failed_since >= NUMBER_S)) {
    use_number(table, user);
  }
}

/* The same applies to a number. */
static void store_uid(struct user_table *table, struct user *user, int status,
                      uid_t uid) {
  if (status != 0 && (status != -ENOENT || user->known == USER_FOUND))
    return;
  enum user_known known = status == 0 ? USER_FOUND : USER_NONE;
  table->changes += user->known != known || (status == 0 && user->uid != uid);
  user->known = known;
  if (status == 0)
    user->uid = uid;
}

/* Users can be looked up again once one lookup succeeds and no other is known
 * to fail. */
static void note_trouble(struct user_table *table, struct user *user,
                         int status) {
  set_trouble(table, user,
              user->is_number || status == 0 ? TROUBLE_NONE
              : status == -ENOENT            ? TROUBLE_GONE
                                             : TROUBLE_FAILED);
  for (size_t i = TROUBLE_FAILED; i < TROUBLES; i++) {
    if (user->trouble == i) {
      table->troubles[i].is_on = true;
      table->troubles[i].uid = user->uid;
      table->troubles[i].error = status;
    } else if (status == 0 && table->troubles[i].count == 0) {
      table->troubles[i].is_on = false;
    }
  }
}

void user_table_store(struct user_table *table, struct user *user, int status,
                      uid_t uid, const char *name, time_t now) {
  user->error = status;
  user->due = now + (status == 0 ? KEPT_S : RETRY_S);
  if (status == 0 || status == -ENOENT) {
    table->answered = now;
    user->failed_since = 0;
  } else if (user->failed_since == 0) {
    user->failed_since = now;
  }
  if (user->is_by_name)
    store_uid(table, user, status, uid);
  else if (!user->is_number)
    store_name(table, user, status, name, now);
  if (!user->is_by_name)
    note_trouble(table, user, status);
  user->is_wanted = false;
}

static bool take_change_of_names(struct user_table *table,
                                 struct user_change *change) {
  for (size_t i = TROUBLE_FAILED; i < TROUBLES; i++) {
    bool is_on = table->troubles[i].is_on;
    if (is_on == table->troubles[i].is_told)
      continue;
    table->troubles[i].is_told = is_on;
    *change = (struct user_change){
        .uid = table->troubles[i].uid,
        .error = is_on ? table->troubles[i].error : 0,
    };
    return true;
  }
  if (!table->is_full || table->is_full_told)
    return false;
  table->is_full_told = true;
  *change = (struct user_change){.error = -ENOSPC};
  return true;
}

/* The next user by name with an unreported change, or NULL. */
static struct user *find_changed(struct user_table *table) {
  for (size_t i = 0; i < USER_BUCKETS; i++)
    for (struct user *u = table->buckets[i]; u != NULL; u = u->next)
      if (u->is_by_name && u->error != u->told_error)
        return u;
  return NULL;
}

bool user_table_take_change(struct user_table *table,
                            struct user_change *change) {
  if (take_change_of_names(table, change))
    return true;
  struct user *user = find_changed(table);
  if (user == NULL)
    return false;
  user->told_error = user->error;
  snprintf(change->name, sizeof(change->name), "%s", user->name);
  change->uid = user->uid;
  change->known = user->known;
  change->error = user->error;
  return true;
}
