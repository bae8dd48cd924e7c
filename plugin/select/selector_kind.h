/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_SELECTOR_KIND_H
#define TASKSTATS_SELECTOR_KIND_H

/* What a condition of a selector asks, and its answers. UNKNOWN is neither: see
 * selector_match. */

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
