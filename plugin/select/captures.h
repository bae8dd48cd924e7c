/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CAPTURES_H
#define TASKSTATS_CAPTURES_H

#include "select/pattern.h"

/*
 * The parenthesised parts of regular expressions, %{1} to %{9} in a group's
 * name. Their text is owned by the attributes that were matched.
 */

enum { CAPTURES = 9 };

struct captures {
  struct pattern_part part[CAPTURES];
};

#endif
