/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PRIVILEGES_H
#define TASKSTATS_PRIVILEGES_H

#include <stdbool.h>

/* What this process may do. */

/* How collectd gets a capability. Root lacks it only where it was taken away.
 */
#define PRIVILEGES_ROOT_REMEDY                                                 \
  "Extend the capabilities of its container (docker run --cap-add=) or "       \
  "CapabilityBoundingSet= of its service"
#define PRIVILEGES_USER_REMEDY                                                 \
  "Run it as root, or extend AmbientCapabilities= and CapabilityBoundingSet= " \
  "of its service"

/* Whether a capability is effective: a CAP_ number of linux/capability.h. */
bool privileges_have(unsigned int capability);

/* Whether a seccomp filter applies; one that forbids the question says so. */
bool privileges_are_filtered(void);

#endif
