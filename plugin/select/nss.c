/* SPDX-License-Identifier: MIT */
#include "select/nss.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>

/* NSS modules also return ENOENT for a server that is down; a user who does not
 * exist is 0 without an entry. But an outage looks like the latter, too, if
 * nsswitch.conf lists another service after it that does not know the user. */
static int error_of(int status) {
  return status == 0 ? -ENOENT : status == ENOENT ? -EAGAIN : -status;
}

static int look_up_name(uid_t uid, char *name, size_t size) {
  char buffer[16384];
  struct passwd entry, *found = NULL;
  int status = getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found);
  if (found == NULL)
    return error_of(status);
  snprintf(name, size, "%s", found->pw_name);
  return 0;
}

static int look_up_uid(const char *name, uid_t *uid) {
  char buffer[16384];
  struct passwd entry, *found = NULL;
  int status = getpwnam_r(name, &entry, buffer, sizeof(buffer), &found);
  if (found == NULL)
    return error_of(status);
  *uid = found->pw_uid;
  return 0;
}

const struct user_lookups nss_lookups = {look_up_name, look_up_uid};
