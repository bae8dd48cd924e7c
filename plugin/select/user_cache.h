/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_USER_CACHE_H
#define TASKSTATS_USER_CACHE_H

#include "kernel/procfs.h"
#include "select/nss.h"
#include "select/user_table.h"

/*
 * Names and numbers of users. Users may be stored on a server that is slow or
 * down, so a thread of the cache looks them up (NSS). Callers get what is
 * known, and never wait. Any thread.
 */

/* Starts the thread. It calls the lookups, which must stay valid for ever; NULL
 * means those of the system. Returns 0 or a negative errno. */
int user_cache_start(const struct user_lookups *lookups);

/* Ends the thread and discards all users. A thread that waits for a server is
 * abandoned after a short time; it then accesses only its own memory. */
void user_cache_stop(void);

/* Waits until all requested users have been looked up, but at most most_ms.
 * Only for the start. */
void user_cache_wait(unsigned int most_ms);

/*
 * The name of a user: USER_FOUND, or USER_UNKNOWN until the first answer. Names
 * become part of groups' names, so a server that is down must not rename
 * groups. "No such user" may also mean such an outage. Therefore:
 * - A name that was found stays until a lookup, every five minutes, finds
 *   another name for the number.
 * - A user without a name at the first lookup has the number as the name, and
 *   keeps it.
 * - So does a user whose lookups fail for a minute, or who waits for a lookup
 *   while no lookup has any answer for a minute.
 */
enum user_known user_cache_name(uid_t uid, char *name, size_t size);

/* The number of a user. Once found, it stays until another number is found. */
enum user_known user_cache_uid(const char *name, uid_t *uid);

/* Repeats the lookups that are due. Returns a number that changes whenever a
 * result changes. Must be called at each read. */
uint32_t user_cache_refresh(void);

/* As user_table_take_change. */
bool user_cache_take_change(struct user_change *change);

/* Requests the users of all processes that procfs lists. Called by its thread.
 */
void user_cache_ask_for_all(struct procfs *proc);

#endif
