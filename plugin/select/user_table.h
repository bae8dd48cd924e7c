/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_USER_TABLE_H
#define TASKSTATS_USER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/*
 * What is known of users, which users are to be looked up, and which changes
 * are to be reported. Times are in seconds of CLOCK_MONOTONIC. The caller
 * serialises the calls.
 */

enum { USER_NAME_SIZE = 128, USER_BUCKETS = 1024 };

/* USER_UNKNOWN: not looked up yet, or the lookup failed. */
enum user_known { USER_FOUND, USER_NONE, USER_UNKNOWN };

/* Why a required name was not found. */
enum user_trouble { TROUBLE_NONE, TROUBLE_FAILED, TROUBLE_GONE, TROUBLES };

/* What is known of one user, by name or by number. */
struct user {
  struct user *next;        /* in the hash bucket */
  struct user *next_wanted; /* in the queue */
  bool is_by_name;
  uid_t uid;
  char name[USER_NAME_SIZE];
  enum user_known known;
  int error;                 /* result of the last lookup */
  enum user_trouble trouble; /* for names: the same */
  bool is_wanted;            /* in the queue, or being looked up */
  bool is_number;            /* permanently */
  time_t asked, due;
  time_t failed_since; /* 0: no failure since it was requested */
  int told_error;      /* last reported by user_table_take_change */
};

/* Zeroed, then user_table_init. */
struct user_table {
  struct user *buckets[USER_BUCKETS];
  size_t count;
  struct user *wanted, **wanted_end;
  uint32_t changes; /* number of changed results */
  time_t answered;  /* time of the last answer to any lookup */
  struct {          /* all names that were not found for the same reason */
    size_t count;   /* number of users */
    bool is_on, is_told;
    uid_t uid; /* the last one */
    int error;
  } troubles[TROUBLES];
  bool is_full, is_full_told;
};

void user_table_init(struct user_table *table);
void user_table_clear(struct user_table *table);

/* Returns the user with this name or, if name is NULL, with this number, and
 * queues it if a lookup is due. Returns NULL if the table is full. */
struct user *user_table_ask(struct user_table *table, const char *name,
                            uid_t uid, time_t now);

/* Queues all users whose lookups are due. */
void user_table_refresh(struct user_table *table, time_t now);

/* Takes the next user from the queue, or returns NULL. */
struct user *user_table_take_wanted(struct user_table *table);

/* Stores the result of a lookup; see struct user_lookups. */
void user_table_store(struct user_table *table, struct user *user, int status,
                      uid_t uid, const char *name, time_t now);

/* Whether any user is queued, or being looked up. */
bool user_table_is_waiting(const struct user_table *table);

/* A change in the results of a user's lookups. */
struct user_change {
  /* "" for all lookups of names by number together */
  char name[USER_NAME_SIZE];
  uid_t uid;
  enum user_known known; /* what is used now */
  int error; /* 0; -ENOENT if the user does not exist (any more, if known is
                USER_FOUND or the lookup was by number); the error of the
                lookup; or -ENOSPC if the table is full, and others keep their
                numbers */
};

/* Takes the next unreported change. A user who is found by the first lookup is
 * not a change. Returns false if there is none. */
bool user_table_take_change(struct user_table *table,
                            struct user_change *change);

#endif
