/* SPDX-License-Identifier: MIT */
#include "select/kernel_thread.h"

#include <stdbool.h>
#include <string.h>

/* Pools whose threads have more than a number after the prefix: kernel workers;
 * interrupt handlers; pollers of network devices' queues; and, before Linux
 * 6.4, of virtual machines' devices. */
static const char *const pools[] = {"kworker/", "irq/", "napi/", "vhost-"};

size_t kernel_thread_pool_length(const char *comm) {
  for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
    size_t length = strlen(pools[i]);
    if (strncmp(comm, pools[i], length) == 0)
      return length - 1;
  }
  size_t length = strlen(comm), end = length;
  while (end > 0 && comm[end - 1] >= '0' && comm[end - 1] <= '9')
    end--;
  bool is_numbered =
      end > 1 && end < length && (comm[end - 1] == '/' || comm[end - 1] == '_');
  return is_numbered ? end - 1 : length;
}
