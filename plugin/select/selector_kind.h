/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_SELECTOR_KIND_H
#define TASKSTATS_SELECTOR_KIND_H

/* The kinds of conditions, and their results. SELECTOR_UNKNOWN is neither yes
 * nor no: see selector_match. */

enum selector_kind {
  SELECTOR_COMMAND,
  SELECTOR_PID_FILE,
  SELECTOR_EXECUTABLE,
  SELECTOR_CONTROL_GROUP,
  SELECTOR_UNIT,
  SELECTOR_COMMAND_LINE,
  SELECTOR_USER,
  SELECTOR_KINDS
};

enum selector_match { SELECTOR_NO, SELECTOR_YES, SELECTOR_UNKNOWN };

#endif
