/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_NSS_H
#define TASKSTATS_NSS_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Users as the system knows them (nsswitch.conf(5)). A lookup may wait for a
 * server.
 */

/* How to look up a user. Returns 0; -ENOENT if the user does not exist; or
 * another negative errno if this cannot be determined now. */
struct user_lookups {
  int (*name)(uid_t uid, char *name, size_t size);
  int (*uid)(const char *name, uid_t *uid);
};

extern const struct user_lookups nss_lookups;

#endif
