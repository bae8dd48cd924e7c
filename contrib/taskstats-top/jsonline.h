/* SPDX-License-Identifier: MIT */
#ifndef TOP_JSONLINE_H
#define TOP_JSONLINE_H

#include "table.h"

/*
 * The table for programs: each table is an object on its own line. Units are
 * those of the table; null means unknown.
 */

void jsonline_show(const struct table *table);

#endif
