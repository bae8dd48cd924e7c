/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PRIVILEGES_H
#define TASKSTATS_PRIVILEGES_H

#include <stdbool.h>

/* What this process may do. */

/* Whether a capability is effective: a CAP_ number of linux/capability.h. */
bool privileges_have(unsigned int capability);

/* Whether a seccomp filter applies; one that forbids the question says so. */
bool privileges_are_filtered(void);

#endif
