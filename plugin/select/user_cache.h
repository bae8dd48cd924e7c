/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_USER_CACHE_H
#define TASKSTATS_USER_CACHE_H

#include "kernel/procfs.h"
#include "select/nss.h"
#include "select/user_table.h"

/*
 * Names and numbers of users. Users may be kept on a server that is slow or
 * down, so a thread of the cache's own looks them up (NSS). Whoever asks gets
 * what is known and never waits. Any thread may ask.
 */

/* Starts the thread. The lookups are called in it; NULL are those of the
 * system. They are the caller's and needed for ever. Returns 0 or a negative
 * errno. */
int user_cache_start(const struct user_lookups *lookups);

/* Ends the thread and forgets all. A thread that waits for a server is left
 * behind after a short while, and touches nothing but memory of its own. */
void user_cache_stop(void);

/* Waits until all that was asked for is looked up, but no longer than that. For
 * the start only. */
void user_cache_wait(unsigned int most_ms);

/*
 * The name of a user. FOUND, or UNKNOWN until the first answer. Groups have the
 * name in theirs, and a server that is down must not rename them. That there is
 * no such user may mean no more than such an outage, so:
 * - A name that was found stays until a lookup, every five minutes, finds
 *   another one for the same number.
 * - A user who has no name when first looked up has the number instead, and
 *   keeps it.
 * - So does a user whose lookups fail for a minute, or who waits for one while
 *   no lookup has any answer for a minute.
 */
enum user_known user_cache_name(uid_t uid, char *name, size_t size);

/* The number of a user. One that was found stays until another one is. */
enum user_known user_cache_uid(const char *name, uid_t *uid);

/* Looks up again what is due. Returns a number that changes whenever an answer
 * has. To be called at each read. */
uint32_t user_cache_refresh(void);

/* As user_table_take_change. */
bool user_cache_take_change(struct user_change *change);

/* Asks for the users of all processes, which procfs lists. Its thread. */
void user_cache_ask_for_all(struct procfs *proc);

#endif
