/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TOP_ORDER_H
#define TASKSTATS_TOP_ORDER_H

#include "kernel/record.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * By what Top orders groups: by what they have used, or waited, since the last
 * read, or by the memory that they use now.
 */

enum top_order {
  TOP_DELAY, /* of all kinds together: the default */
  TOP_CPU,
  TOP_IO, /* bytes through calls like read and write */
  TOP_RSS,
  TOP_DELAY_KIND, /* and one for each kind */
  TOP_ORDERS = TOP_DELAY_KIND + DELAY_KINDS
};

/* Finds an order by its name, such as "delay-blkio", or "blkio". Returns false
 * if there is none. */
bool top_order_find(const char *name, enum top_order *order);

/* The names of all, separated by commas. */
void top_order_list(char *text, size_t size);

#endif
