/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TEST_USERS_H
#define TASKSTATS_TEST_USERS_H

#include "select/user_cache.h"

#include "support/test.h"

/* Starts looking up the system's users; root is resolved when this returns. */
static inline void users_start(void) {
  char name[16];
  uid_t uid;
  assert_int_equal(user_cache_start(NULL), 0);
  user_cache_name(0, name, sizeof(name));
  user_cache_uid("root", &uid);
  user_cache_wait(60000);
  assert_int_equal(user_cache_name(0, name, sizeof(name)), USER_FOUND);
}

#endif
