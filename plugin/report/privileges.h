/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PRIVILEGES_H
#define TASKSTATS_PRIVILEGES_H

#include <stdbool.h>

/* The privileges of this process. */

/* How collectd gets a capability. Root lacks one only if it was removed. */
#define PRIVILEGES_ROOT_REMEDY                                                 \
  "Extend the capabilities of its container (docker run --cap-add=) or "       \
  "CapabilityBoundingSet= of its service"
#define PRIVILEGES_USER_REMEDY                                                 \
  "Run it as root, or extend AmbientCapabilities= and CapabilityBoundingSet= " \
  "of its service"

/* Whether a capability is effective: a CAP_ number of linux/capability.h. */
bool privileges_have(unsigned int capability);

/* Whether a seccomp filter applies; also true if a filter forbids the query. */
bool privileges_are_filtered(void);

#endif
