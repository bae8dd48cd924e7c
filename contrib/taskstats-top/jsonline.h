/* SPDX-License-Identifier: MIT */
#ifndef TOP_JSONLINE_H
#define TOP_JSONLINE_H

#include "table.h"

/*
 * The table for programs: an object a table, on a line of its own. Units are
 * those of the table; null is what is not known.
 */

void jsonline_show(const struct table *table);

#endif
