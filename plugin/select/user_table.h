/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_USER_TABLE_H
#define TASKSTATS_USER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/*
 * What is known of users, which of them are to be looked up, and what there is
 * to tell of that. Times are in seconds of CLOCK_MONOTONIC. The caller
 * serialises the calls.
 */

enum { USER_NAME_SIZE = 128, USER_BUCKETS = 1024 };

/* UNKNOWN: it was not looked up yet, or could not be. */
enum user_known { USER_FOUND, USER_NONE, USER_UNKNOWN };

/* Why a name that is needed was not found. */
enum user_trouble { TROUBLE_NONE, TROUBLE_FAILED, TROUBLE_GONE, TROUBLES };

/* What is known of one user, by name or by number. */
struct user {
  struct user *next;        /* in the bucket */
  struct user *next_wanted; /* in the queue */
  bool is_by_name;
  uid_t uid;
  char name[USER_NAME_SIZE];
  enum user_known known;
  int error;                 /* of the last lookup */
  enum user_trouble trouble; /* of names: the same */
  bool is_wanted;            /* in the queue, or being looked up */
  bool is_number;            /* for good */
  time_t asked, due;
  time_t failed_since; /* 0: it did not fail since it was asked */
  int told_error;      /* by user_table_take_change */
};

/* All 0, but for user_table_init. */
struct user_table {
  struct user *buckets[USER_BUCKETS];
  size_t count;
  struct user *wanted, **wanted_end;
  uint32_t changes; /* of answers */
  time_t answered;  /* when a lookup last had an answer */
  struct {          /* all names that were not found for the same cause */
    size_t count;   /* of users */
    bool is_on, is_told;
    uid_t uid; /* the last */
    int error;
  } troubles[TROUBLES];
  bool is_full, is_full_told;
};

void user_table_init(struct user_table *table);
void user_table_clear(struct user_table *table);

/* The user of that name or, if that is NULL, of that number, who is put into
 * the queue if a lookup is due. Returns NULL if there is no room. */
struct user *user_table_ask(struct user_table *table, const char *name,
                            uid_t uid, time_t now);

/* Puts all into the queue whose lookups are due. */
void user_table_refresh(struct user_table *table, time_t now);

/* Takes the next user from the queue, or returns NULL. */
struct user *user_table_take_wanted(struct user_table *table);

/* Takes what a lookup has come to; see struct user_lookups. */
void user_table_store(struct user_table *table, struct user *user, int status,
                      uid_t uid, const char *name, time_t now);

/* Whether anybody is in the queue, or being looked up. */
bool user_table_is_waiting(const struct user_table *table);

/* How the lookups of a user have come to end, if otherwise than before. */
struct user_change {
  char name[USER_NAME_SIZE]; /* "" for lookups of names by number, all together
                              */
  uid_t uid;
  enum user_known known; /* what is used now */
  int error; /* 0; -ENOENT if there is no such user (any more, if known is
              * FOUND or the lookup was by number); why it cannot be told; or
              * -ENOSPC: there are so many users that others have numbers */
};

/* Takes the next change that nobody was told of. Users who are found at once
 * are none. Returns false if there is none. */
bool user_table_take_change(struct user_table *table,
                            struct user_change *change);

#endif
