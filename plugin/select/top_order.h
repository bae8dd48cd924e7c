/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TOP_ORDER_H
#define TASKSTATS_TOP_ORDER_H

#include "kernel/record.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The orders of Top: by what groups have used or waited since the last read, or
 * by the memory that they use now.
 */

enum top_order {
  TOP_DELAY, /* sum over all kinds: the default */
  TOP_CPU,
  TOP_IO, /* bytes through calls like read and write */
  TOP_RSS,
  TOP_DELAY_KIND, /* one for each kind follows */
  TOP_ORDERS = TOP_DELAY_KIND + DELAY_KINDS
};

/* Finds an order by its name, such as "delay-blkio" or "blkio". Returns false
 * if it does not exist. */
bool top_order_find(const char *name, enum top_order *order);

/* Writes all names, separated by commas. */
void top_order_list(char *text, size_t size);

#endif
