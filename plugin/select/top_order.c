/* SPDX-License-Identifier: MIT */
#include "select/top_order.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const names[TOP_DELAY_KIND] = {[TOP_DELAY] = "delay",
                                                  [TOP_CPU] = "cpu",
                                                  [TOP_IO] = "io",
                                                  [TOP_RSS] = "rss"};

static const char *kind_of(unsigned int order) {
  return delay_name((enum delay)(order - TOP_DELAY_KIND));
}

bool top_order_find(const char *name, enum top_order *order) {
  static const char delay[] = "delay-";
  size_t length = sizeof(delay) - 1;
  bool has_delay = strncasecmp(name, delay, length) == 0;

  for (unsigned int i = 0; i < TOP_ORDERS; i++)
    /* "cpu" without a prefix is the CPU time, which comes first. */
    if (i < TOP_DELAY_KIND
            ? strcasecmp(name, names[i]) == 0
            : strcasecmp(has_delay ? name + length : name, kind_of(i)) == 0) {
      *order = (enum top_order)i;
      return true;
    }
  return false;
}

void top_order_list(char *text, size_t size) {
  size_t used = 0;
  for (unsigned int i = 0; i < TOP_ORDERS && used < size; i++) {
    bool is_kind = i >= TOP_DELAY_KIND;
    used += (size_t)snprintf(text + used, size - used, "%s%s%s",
                             i > 0 ? ", " : "", is_kind ? "delay-" : "",
                             is_kind ? kind_of(i) : names[i]);
  }
}
