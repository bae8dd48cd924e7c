/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TEST_PATHS_H
#define TASKSTATS_TEST_PATHS_H

#include "select/path_watch.h"

#include "support/test.h"

/* Reads all paths of selectors now. */
static inline void paths_look(void) {
  assert_int_equal(path_watch_start(), 0);
  path_watch_wait(60000);
  path_watch_stop();
}

#endif
